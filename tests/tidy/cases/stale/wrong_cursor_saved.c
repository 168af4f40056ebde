/* To save the next one first does not help: it may go as well. */
#include <gruvi.h>

struct client {
    struct client *next;
    gruvi_stream_t *stream;
};

struct room {
    GRUVI_SHARED struct client *members;
};

GRUVI_SWITCHPOINT int
close_all(struct room *room)
{
    struct client *next;
    int err = 0;

    for (struct client *c = room->members; c != NULL; c = next) { /* gruvi-stale: 'next' */
        next = c->next;
        err = gruvi_stream_shutdown(c->stream);
    }
    return err;
}
