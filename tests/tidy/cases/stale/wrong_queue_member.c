/* The list of a room: as a member, with a mark. */
#include <string.h>
#include <sys/queue.h>

#include <gruvi.h>

struct client {
    LIST_ENTRY(client) link;
    gruvi_stream_t *stream;
};

struct room {
    GRUVI_SHARED LIST_HEAD(, client) clients;
};

GRUVI_SWITCHPOINT int
tell_all(struct room *room, const char *line)
{
    struct client *client;
    int err = 0;

    LIST_FOREACH (client, &room->clients, link) /* gruvi-stale: 'client' */
        err = gruvi_stream_write(client->stream, line, strlen(line));
    return err;
}
