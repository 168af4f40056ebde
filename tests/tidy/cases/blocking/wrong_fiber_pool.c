/* Work of a pool of fibers is fiber code. */
#include <unistd.h>

#include <gruvi.h>

static int
work(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return usleep(1000); /* gruvi-blocking: gruvi_sleep */
}

gruvi_future_t *
begin(void *arg)
{
    gruvi_pool_t *pool = gruvi_fiber_pool_new(NULL);

    return gruvi_pool_submit(pool, work, arg);
}
