/* A member that is marked. */
#include <gruvi.h>

struct command {
    const char *name;
    GRUVI_SWITCHPOINT int (*run)(gruvi_stream_t *stream);
};

GRUVI_SWITCHPOINT static int
quit(gruvi_stream_t *stream)
{
    return gruvi_stream_shutdown(stream);
}

const struct command commands[] = {{"quit", quit}, {"none", NULL}};
