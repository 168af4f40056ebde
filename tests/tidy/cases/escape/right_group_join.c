/* A group of one's own that is joined. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int worker(void *arg);

GRUVI_SWITCHPOINT int
run(void)
{
    gruvi_group_t group;
    int value = 3, err;

    gruvi_group_init(&group, "run");
    gruvi_fiber_unref(gruvi_group_spawn(&group, worker, &value));
    err = gruvi_group_join(&group, GRUVI_FOREVER);
    gruvi_group_destroy(&group);
    return err;
}
