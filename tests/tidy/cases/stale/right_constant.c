/* A variable that is never written. */
#include <gruvi.h>

struct limits {
    int most;
};

static struct limits *const limits = &(struct limits){10};
static int level = 3;

GRUVI_SWITCHPOINT int
say(gruvi_stream_t *stream)
{
    int err = 0;

    if (level > 2 && limits != NULL) {
        err = gruvi_stream_write(stream, "x", 1);
        if (err == 0)
            err = gruvi_stream_printf(stream, "%d %d", level, limits->most);
    }
    return err;
}
