/* Work of a fiber pool may switch; its type is that of all work. */
#include <gruvi.h>

GRUVI_SWITCHPOINT static int
work(void *arg, void **result)
{
    (void)result;
    return gruvi_stream_shutdown(arg);
}

gruvi_future_t *
begin(gruvi_pool_t *pool, gruvi_stream_t *stream)
{
    return gruvi_pool_submit(pool, work, stream);
}
