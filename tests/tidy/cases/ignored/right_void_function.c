/* It has no result. */
#include <gruvi.h>

GRUVI_SWITCHPOINT void flush(gruvi_stream_t *stream);

GRUVI_SWITCHPOINT void
finish(gruvi_stream_t *stream)
{
    flush(stream);
}
