/* SPDX-License-Identifier: MIT */
/*
 * chat: a room in which each line goes to all others.  To try it, run
 * "nc 127.0.0.1 7011" in several terminals; the first line is your name.
 *
 * A client has two fibers: one reads its lines, one writes those of the others.
 * Between them is a queue with a bound, which nobody waits for: a client that
 * does not read is dropped when it is full.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <gruvid/plugin.h>

#define BACKLOG 65536 /* bytes of lines that may wait for a client */

/* One hub has all of a room, and walks through it never switch: no lock. */
LIST_HEAD(room, client);

struct client {
    LIST_ENTRY(client) link;
    struct room *room;
    gruvi_stream_t *stream; /* borrowed */
    gruvi_fiber_t *writer;  /* borrowed: the fiber of the connection */
    gruvi_queue_t lines;    /* closed: the client is to leave */
    char name[32];
};

/* Give a line to all but its author. */
static void
broadcast(struct room *room, const struct client *author, const char *line)
{
    gruvi_queue_put_options_t put = {.size = strlen(line)};

    for (struct client *to = LIST_FIRST(room); to; to = LIST_NEXT(to, link)) {
        char *copy = to == author ? NULL : strdup(line);
        int err =
            copy == NULL ? 0 : gruvi_queue_try_put(&to->lines, copy, &put);

        if (err < 0)
            free(copy);
        if (err == UV_EAGAIN) {
            gruvi_warning("%s is too slow", to->name);
            gruvi_queue_close(&to->lines);
            gruvi_fiber_cancel(to->writer, "too slow");
        }
    }
}

/* A terminal obeys control bytes, so a client must not send them to others. */
static GRUVI_SWITCHPOINT ssize_t
read_clean(gruvi_stream_t *stream, char *text, size_t size)
{
    ssize_t n = gruvi_stream_read_text(stream, text, size);

    for (ssize_t i = 0; i < n; i++)
        if (iscntrl((unsigned char)text[i]))
            text[i] = '?';
    return n;
}

static GRUVI_SWITCHPOINT int
read_lines(void *arg)
{
    struct client *me = arg;
    char text[1024], line[sizeof text + sizeof me->name + 4];

    while (read_clean(me->stream, text, sizeof text) >= 0) {
        snprintf(line, sizeof line, "%s: %s\n", me->name, text);
        broadcast(me->room, me, line);
    }
    gruvi_queue_close(&me->lines); /* what is in it is still written */
    return 0;
}

static GRUVI_SWITCHPOINT int
write_lines(struct client *me)
{
    void *line;
    int err;

    do {
        err = gruvi_queue_get(&me->lines, &line, GRUVI_FOREVER);
        if (err == 0)
            err = gruvi_stream_write(me->stream, line, strlen(line));
        free(line);
    } while (err == 0);
    return err == UV_EOF ? 0 : err;
}

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct client me = {.room = gruvid_plugin_data(plugin),
                        .stream = stream,
                        .writer = gruvi_current_fiber()};
    ssize_t err = read_clean(stream, me.name, sizeof me.name);
    void *line;

    if (err < 0 || gruvid_plugin_draining(plugin))
        return (int)err;
    gruvi_queue_init(&me.lines, GRUVI_QUEUE_FIFO, BACKLOG);
    LIST_INSERT_HEAD(me.room, &me, link);
    err = gruvi_stream_printf(stream, "Welcome, %s\n", me.name);
    GRUVI_WITH_GROUP (group) {
        if (err == 0)
            err = gruvi_go(read_lines, &me);
        if (err == 0)
            err = write_lines(&me);
    }
    LIST_REMOVE(&me, link);
    while (gruvi_queue_try_get(&me.lines, &line) == 0)
        free(line);
    gruvi_queue_destroy(&me.lines);
    return (int)err;
}

static GRUVI_SWITCHPOINT int
close_room(void *arg)
{
    struct room *room = gruvid_plugin_data(arg);
    int err = gruvi_event_wait(gruvid_plugin_drain_event(arg), GRUVI_FOREVER);

    broadcast(room, NULL, "* the room closes; come again\n");
    for (struct client *to = LIST_FIRST(room); to; to = LIST_NEXT(to, link))
        gruvi_queue_close(&to->lines);
    return err;
}

static int
start(gruvid_plugin_t *plugin)
{
    struct room *room = calloc(1, sizeof *room);
    int err = room == NULL ? UV_ENOMEM : gruvid_set_plugin_data(plugin, room);

    if (err == 0 && (err = gruvi_go(close_room, plugin)) < 0)
        free(room);
    return err;
}

static void
stop(gruvid_plugin_t *plugin)
{
    free(gruvid_plugin_data(plugin));
}

GRUVID_PLUGIN(chat, .summary = "a room in which each line goes to all others",
    .start = start, .connection = connection, .stop = stop);
