/* Said to be dropped. */
#include <gruvi.h>

GRUVI_SWITCHPOINT void
bye(gruvi_stream_t *stream)
{
    (void)gruvi_stream_write(stream, "bye\n", 4);
    (void)gruvi_stream_shutdown(stream);
}
