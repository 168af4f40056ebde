/* The predicate of a condition is called with the lock held. */
#include <gruvi.h>

static bool
is_ready(void *arg)
{
    return gruvi_stream_shutdown(arg) == 0; /* gruvi-no-switch: 'gruvi_stream_shutdown' */
}

GRUVI_SWITCHPOINT int
wait_for(gruvi_cond_t *cond, gruvi_stream_t *stream)
{
    return gruvi_cond_wait_for(cond, is_ready, stream, 1.0);
}
