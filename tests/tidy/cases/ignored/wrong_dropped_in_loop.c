/* A loop that counts, with a result that is dropped. */
#include <gruvi.h>

GRUVI_SWITCHPOINT void
dots(gruvi_stream_t *stream, int n)
{
    for (int i = 0; i < n; i++)
        gruvi_stream_write(stream, ".", 1); /* gruvi-ignored: 'gruvi_stream_write' */
}
