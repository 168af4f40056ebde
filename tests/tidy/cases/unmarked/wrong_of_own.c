/* A switchpoint of one's own counts as those of the library do. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int
ask(gruvi_stream_t *stream)
{
    return gruvi_stream_write(stream, "?", 1);
}

int
ask_twice(gruvi_stream_t *stream) /* gruvi-unmarked: 'ask' */
{
    int err = ask(stream);

    return err < 0 ? err : ask(stream);
}
