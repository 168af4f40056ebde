/* A list that this function has made, and nobody else sees. */
#include <gruvi.h>

struct item {
    struct item *next;
    const char *text;
};

GRUVI_SWITCHPOINT int
say(gruvi_stream_t *stream)
{
    struct item second = {NULL, "two"}, first = {&second, "one"};
    int err = 0;

    for (struct item *i = &first; i != NULL && err == 0; i = i->next)
        err = gruvi_stream_printf(stream, "%s\n", i->text);
    return err;
}
