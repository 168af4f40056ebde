/* What is not evaluated is not called. */
#include <gruvi.h>

size_t
size_of_a_result(gruvi_stream_t *stream)
{
    return sizeof(gruvi_stream_read(stream, NULL, 0));
}
