/* Two fibers both open it. */
#include <gruvi.h>

static gruvi_stream_t *upstream;

GRUVI_SWITCHPOINT int
open_upstream(const char *address)
{
    if (upstream == NULL) {
        gruvi_stream_t *stream;
        int err = gruvi_connect(&stream, address, NULL, 1.0);
        if (err < 0)
            return err;
        upstream = stream; /* gruvi-stale: 'upstream' */
    }
    return 0;
}

void
close_upstream(void)
{
    gruvi_stream_close(upstream);
    upstream = NULL;
}
