/* What the variable decided is used later. */
#include <gruvi.h>

static int users;

GRUVI_SWITCHPOINT int
enter(gruvi_stream_t *stream)
{
    bool room = users < 10;
    int err = gruvi_stream_write(stream, "hello\n", 6);

    if (room)
        users++; /* gruvi-stale: 'users' */
    return err;
}
