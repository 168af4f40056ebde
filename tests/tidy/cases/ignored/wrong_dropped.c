/* A write that fails is not seen. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int
greet(gruvi_stream_t *stream)
{
    gruvi_stream_write(stream, "hello\n", 6); /* gruvi-ignored: 'gruvi_stream_write' */
    return 0;
}
