/* The counter counts whatever the condition said. */
#include <gruvi.h>

static int calls;

GRUVI_SWITCHPOINT int
call(gruvi_stream_t *stream)
{
    int err;

    if (calls > 1000)
        calls = 0;
    err = gruvi_stream_write(stream, "x", 1);
    calls++;
    return err;
}
