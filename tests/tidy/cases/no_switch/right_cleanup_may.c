/* A cleanup of a switch back may switch. */
#include <gruvi.h>

GRUVI_SWITCHPOINT static void
flush(void *arg)
{
    (void)gruvi_stream_shutdown(arg);
}

int
add(gruvi_switch_back_t *sb, gruvi_stream_t *stream)
{
    return gruvi_switch_back_add_cleanup(sb, flush, stream);
}
