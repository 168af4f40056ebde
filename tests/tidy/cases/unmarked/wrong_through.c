/* Who calls one that is to be marked is to be marked as well. */
#include <gruvi.h>

static int finish(gruvi_stream_t *stream);

static int
say(gruvi_stream_t *stream) /* gruvi-unmarked: 'gruvi_stream_write' */
{
    return gruvi_stream_write(stream, "x", 1);
}

int
say_twice(gruvi_stream_t *stream) /* gruvi-unmarked: 'say' */
{
    int err = say(stream);

    return err < 0 ? err : finish(stream);
}

static int
finish(gruvi_stream_t *stream) /* gruvi-unmarked: 'say' */
{
    return say(stream);
}
