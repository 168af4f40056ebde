/* The fiber is joined. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int worker(void *arg);

GRUVI_SWITCHPOINT int
run(void)
{
    int value = 3, err;
    gruvi_fiber_t *fiber = gruvi_spawn(worker, &value);

    if (fiber == NULL)
        return gruvi_last_error();
    err = gruvi_fiber_join(fiber, GRUVI_FOREVER);
    gruvi_fiber_unref(fiber);
    return err;
}
