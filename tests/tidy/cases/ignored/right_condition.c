/* The result is the condition. */
#include <gruvi.h>

GRUVI_SWITCHPOINT ssize_t
drain(gruvi_stream_t *stream)
{
    char buf[1000];
    ssize_t n;

    while ((n = gruvi_stream_read(stream, buf, sizeof buf)) > 0)
        continue;
    return n;
}
