/* What a cleanup attribute calls on the way out is a call. */
#include <gruvi.h>

GRUVI_SWITCHPOINT static void
say_goodbye(gruvi_stream_t **stream)
{
    (void)gruvi_stream_write(*stream, "bye\n", 4);
}

int
visit(gruvi_stream_t *peer) /* gruvi-unmarked: 'say_goodbye' */
{
    __attribute__((cleanup(say_goodbye))) gruvi_stream_t *stream = peer;

    return gruvi_stream_fd(stream);
}
