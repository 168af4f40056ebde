/* Also in a pool of one's own, of threads. */
#include <unistd.h>

#include <gruvi.h>

static int
work(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return usleep(1000);
}

gruvi_future_t *
begin(void *arg)
{
    gruvi_pool_t *pool = gruvi_thread_pool_new(NULL);

    return gruvi_pool_submit(pool, work, arg);
}
