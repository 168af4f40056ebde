/* A list of <sys/queue.h>: whoever is next may have left. */
#include <string.h>
#include <sys/queue.h>

#include <gruvi.h>

struct client {
    LIST_ENTRY(client) link;
    gruvi_stream_t *stream;
};

static LIST_HEAD(, client) clients;

void
add(struct client *client)
{
    LIST_INSERT_HEAD(&clients, client, link);
}

GRUVI_SWITCHPOINT int
tell_all(const char *line)
{
    struct client *client;
    int err = 0;

    LIST_FOREACH (client, &clients, link) /* gruvi-stale: 'client' */
        err = gruvi_stream_write(client->stream, line, strlen(line));
    return err;
}
