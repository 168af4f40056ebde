/* A variable that another file writes. */
#include <gruvi.h>

extern GRUVI_SHARED int tickets;

GRUVI_SWITCHPOINT int
sell(gruvi_stream_t *stream)
{
    int err = 0;

    if (tickets > 0) {
        err = gruvi_stream_write(stream, "sold\n", 5);
        tickets--; /* gruvi-stale: 'tickets' */
    }
    return err;
}
