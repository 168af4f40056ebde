/* A call within a condition is one. */
#include <gruvi.h>

bool
is_up(const char *address) /* gruvi-unmarked: 'gruvi_connect' */
{
    gruvi_stream_t *stream;

    if (gruvi_connect(&stream, address, NULL, 1.0) < 0)
        return false;
    gruvi_stream_close(stream);
    return true;
}
