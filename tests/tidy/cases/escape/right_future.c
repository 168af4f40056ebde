/* The result is waited for. */
#include <gruvi.h>

int work(void *arg, void **result);

GRUVI_SWITCHPOINT int
run(int n)
{
    gruvi_future_t *future = gruvi_pool_submit(gruvi_get_io_pool(), work, &n);
    int err;

    if (future == NULL)
        return gruvi_last_error();
    err = gruvi_future_result(future, NULL, GRUVI_FOREVER);
    gruvi_future_unref(future);
    return err;
}
