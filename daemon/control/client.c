/* SPDX-License-Identifier: MIT */
/*
 * A connection: a fiber reads lines and runs their commands, one after another;
 * another one writes the answers.  So a client that sends and does not read
 * meets the limit of unread answers, and keeps nobody waiting but itself.
 */
#include "control/client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "control/request.h"
#include "control/state.h"

/* A long answer goes on when less than this is unread. */
#define LOW (GRUVID__CONTROL_UNREAD / 4)

/* Seconds in which a client has to read something while there is more for it,
 * or while its connection ends. */
#define PATIENCE 60.0
#define LINGER   5.0

/* --- writing -------------------------------------------------------------- */

static size_t
unread(const struct gruvid__client *client)
{
    return client->length + client->writing;
}

/* The connection ends, and with it the fiber that waits for another line: the
 * client would wait for its answer for ever. */
static void
drop(struct gruvid__client *client)
{
    client->dropped = true;
    gruvi_event_set(&client->changed);
    gruvi_event_set(&client->has_room);
    gruvid__client_finish(client);
}

/* Make room for more answers.  False: there is no memory. */
static bool
reserve(struct gruvid__client *client, size_t more)
{
    size_t capacity = client->capacity > 0 ? client->capacity : 4096;
    char *out;

    if (client->capacity - client->length >= more)
        return true;
    while (capacity - client->length < more)
        capacity *= 2;
    out = realloc(client->out, capacity);
    if (out == NULL)
        return false;
    client->out = out;
    client->capacity = capacity;
    return true;
}

void
gruvid__client_put(struct gruvid__client *client, const char *text,
                   size_t length)
{
    char who[64];

    if (client->dropped)
        return;
    if (unread(client) + length > GRUVID__CONTROL_UNREAD) {
        gruvi_warning("a client of the control socket (%s) leaves its answers "
                      "unread; dropped",
                      gruvid__peer_text(&client->peer, who, sizeof who));
        drop(client);
    } else if (!reserve(client, length)) {
        drop(client);
    } else {
        memcpy(client->out + client->length, text, length);
        client->length += length;
        gruvi_event_set(&client->changed);
    }
}

/* Write all that there is at this moment. */
static GRUVI_SWITCHPOINT int
write_some(struct gruvid__client *client)
{
    char *text = client->out;
    int err;

    client->writing = client->length;
    client->out = NULL;
    client->length = client->capacity = 0;
    err = gruvi_stream_write(client->stream, text, client->writing);
    free(text);
    client->writing = 0;
    client->idle_since = gruvid__now();
    if (unread(client) < LOW)
        gruvi_event_set(&client->has_room);
    return err;
}

static GRUVI_SWITCHPOINT int
write_answers(void *arg)
{
    struct gruvid__client *client = arg;
    int err = 0;

    while (err == 0 && !client->dropped) {
        if (client->length > 0)
            err = write_some(client);
        else if (client->ended)
            break;
        else if ((err = gruvi_event_wait(&client->changed, GRUVI_FOREVER)) == 0)
            gruvi_event_clear(&client->changed);
    }
    drop(client);
    return 0;
}

GRUVI_SWITCHPOINT int
gruvid__client_wait(struct gruvid__client *client)
{
    while (!client->dropped && unread(client) >= LOW) {
        size_t before = unread(client);
        int err;

        gruvi_event_clear(&client->has_room);
        err = gruvi_event_wait(&client->has_room, PATIENCE);
        if (err == UV_ETIMEDOUT && unread(client) >= before)
            drop(client);
        else if (err < 0 && err != UV_ETIMEDOUT)
            return err;
    }
    return client->dropped ? UV_EPIPE : 0;
}

static void
put(struct gruvid__outlet *outlet, const char *text, size_t length)
{
    gruvid__client_put((struct gruvid__client *)outlet, text, length);
}

static GRUVI_SWITCHPOINT int
wait(struct gruvid__outlet *outlet)
{
    return gruvid__client_wait((struct gruvid__client *)outlet);
}

struct gruvid__outlet *
gruvid__client_outlet(struct gruvid__client *client)
{
    client->outlet = (struct gruvid__outlet){.put = put, .wait = wait};
    return &client->outlet;
}

/* --- reading -------------------------------------------------------------- */

/* line: NULL, where it is too long. */
static GRUVI_SWITCHPOINT void
run_line(struct gruvid__client *client, const char *line, size_t length)
{
    client->busy = true;
    client->serve(client, line, length);
    client->busy = false;
    client->idle_since = gruvid__now();
}

/* Returns whether there may be another line. */
static GRUVI_SWITCHPOINT bool
serve_line(struct gruvid__client *client)
{
    ssize_t n = gruvi_stream_read_line(client->stream, client->line,
                                       GRUVID__CONTROL_LINE);

    if (n == UV_E2BIG)
        run_line(client, NULL, 0);
    /* The end of what a client that has gone was about to send. */
    if (n <= 0 || client->line[n - 1] != '\n')
        return false;
    run_line(client, client->line, (size_t)n - 1);
    return !client->dropped;
}

/* Let the writer finish, if the client reads. */
static GRUVI_SWITCHPOINT void
end_writer(struct gruvid__client *client)
{
    client->ended = true;
    gruvi_event_set(&client->changed);
    if (client->dropped || gruvi_fiber_join(client->writer, LINGER) < 0)
        gruvi_fiber_cancel(client->writer, "the client does not read");
    GRUVI_SHIELD {
        (void)gruvi_fiber_join(client->writer, GRUVI_FOREVER);
    }
    gruvi_fiber_unref(client->writer);
}

GRUVI_SWITCHPOINT void
gruvid__client_serve(struct gruvid__client *client)
{
    gruvi_event_init(&client->changed);
    gruvi_event_init(&client->has_room);
    client->line = malloc(GRUVID__CONTROL_LINE);
    if (client->line != NULL)
        client->writer = gruvid__control_spawn(client->control, write_answers,
                                               client, "control-writer");
    if (client->writer != NULL) {
        while (serve_line(client))
            ;
        end_writer(client);
    }
    gruvi_stream_close(client->stream);
    gruvi_event_destroy(&client->changed);
    gruvi_event_destroy(&client->has_room);
    free(client->line);
    free(client->out);
}

/* The reading fiber sees the end of the stream behind what has come. */
void
gruvid__client_finish(struct gruvid__client *client)
{
    shutdown(gruvi_stream_fd(client->stream), SHUT_RD);
}

void
gruvid__client_dismiss(struct gruvid__client *client, const char *why)
{
    client->leaving = true;
    gruvid__refuse_line(gruvid__client_outlet(client), UV_ETIMEDOUT, why);
    gruvid__client_finish(client);
}
