/* What is taken is taken before the switchpoint. */
#include <gruvi.h>

static bool busy;

GRUVI_SWITCHPOINT int
once(gruvi_stream_t *stream)
{
    int err;

    if (busy)
        return UV_EBUSY;
    busy = true;
    err = gruvi_stream_write(stream, "x", 1);
    busy = false;
    return err;
}
