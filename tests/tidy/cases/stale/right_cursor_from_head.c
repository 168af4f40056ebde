/* Each step begins at the head. */
#include <gruvi.h>

struct client {
    struct client *next;
    gruvi_stream_t *stream;
};

static struct client *clients;

GRUVI_SWITCHPOINT int
close_all(void)
{
    struct client *c;
    int err = 0;

    while ((c = clients) != NULL) {
        clients = c->next;
        err = gruvi_stream_shutdown(c->stream);
    }
    return err;
}
