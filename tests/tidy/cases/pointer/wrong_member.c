/* A member of a table. */
#include <gruvi.h>

struct command {
    const char *name;
    int (*run)(gruvi_stream_t *stream);
};

GRUVI_SWITCHPOINT static int
quit(gruvi_stream_t *stream)
{
    return gruvi_stream_shutdown(stream);
}

const struct command commands[] = {
    {"quit", quit}, /* gruvi-pointer: 'quit' */
};
