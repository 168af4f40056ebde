/* The exit of a switch back runs what was registered, and that may switch. */
#include <gruvi.h>

GRUVI_SWITCHPOINT static void
flush(void *arg)
{
    (void)gruvi_stream_shutdown(arg);
}

int
guarded(gruvi_stream_t *stream) /* gruvi-unmarked: 'gruvi_switch_back_exit' */
{
    gruvi_switch_back_t sb;
    int err;

    gruvi_switch_back_init(&sb, 1.0);
    err = gruvi_switch_back_add_cleanup(&sb, flush, stream);
    gruvi_switch_back_exit(&sb);
    return err;
}
