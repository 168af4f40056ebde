/* A member of a variable at file scope. */
#include <gruvi.h>

static struct {
    int used;
    int size;
} slots = {0, 10};

GRUVI_SWITCHPOINT int
take(gruvi_stream_t *stream)
{
    if (slots.used < slots.size) {
        int err = gruvi_stream_write(stream, "yours\n", 6);
        slots.used++; /* gruvi-stale: 'slots.used' */
        return err;
    }
    return UV_EBUSY;
}
