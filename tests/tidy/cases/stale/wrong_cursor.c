/* The client may be gone, and freed, when the write returns. */
#include <gruvi.h>

struct client {
    struct client *next;
    gruvi_stream_t *stream;
};

static struct client *clients;

void
add(struct client *client)
{
    client->next = clients;
    clients = client;
}

GRUVI_SWITCHPOINT int
tell_all(const char *text, size_t size)
{
    int err = 0;

    for (struct client *c = clients; c != NULL; c = c->next) /* gruvi-stale: 'c' */
        err = gruvi_stream_write(c->stream, text, size);
    return err;
}
