/* Static functions are marked as well: a reader looks at them, too. */
#include <gruvi.h>

static int
greet(gruvi_stream_t *stream) /* gruvi-unmarked: 'gruvi_stream_write' */
{
    return gruvi_stream_write(stream, "hello\n", 6);
}

GRUVI_SWITCHPOINT int
serve(gruvi_stream_t *stream)
{
    return greet(stream);
}
