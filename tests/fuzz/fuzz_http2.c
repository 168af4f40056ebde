/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as what a client of HTTP/2 sends behind its preface.
 *
 *   client's fiber --socket pair--> the connection, with its streams and fibers
 *   bytes, then waits               plugins/http/h2_*.c on a hub
 *
 * What is around that is replaced, see http2_gruvid.h.  Time is virtual, so
 * timeouts are over at once.  The last byte of the input says how the client
 * behaves: whether all comes at once, how it ends, and whether the plugin
 * drains meanwhile.
 *
 * What comes back has to be whole frames, and nothing of a reply may follow its
 * end.  At the end no fiber, stream or connection may be left.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../plugins/http/h2.h"
#include "../../plugins/http/h2_connection.h"
#include "core/clock.h"
#include "http2_gruvid.h"
#include "io/stream/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Streams whose replies are followed. */
#define STREAMS 4096

/* How the client behaves. */
enum { IN_TWO = 1, HALF_CLOSES = 2, DRAINS = 4, LEAVES = 8, READS_LATE = 16 };

struct client {
    gruvi_stream_t *stream;
    const uint8_t *data;
    size_t size;
    unsigned how;
    struct gruvid_plugin *plugin;
};

/* --- in place of hub.c ---------------------------------------------------- */

double
http_now(const struct http_hub *hub)
{
    (void)hub;
    return (double)gruvi__clock_now() / 1e9;
}

const char *
http_date(struct http_hub *hub)
{
    (void)hub;
    return "Sun, 06 Nov 1994 08:49:37 GMT";
}

/* A write of the connection has no timeout of its own. */
void
http_wait(struct http_connection *connection, enum http_wait wait)
{
    connection->waits = wait;
}

/* --- the client ----------------------------------------------------------- */

/* What has come back. */
struct reply {
    uint8_t frame[9 + 16384];
    size_t have;
    bool began[STREAMS], ended[STREAMS];
};

static uint32_t
number(const uint8_t *at, unsigned size)
{
    uint32_t n = 0;

    while (size-- > 0)
        n = n << 8 | *at++;
    return n;
}

static void
fail(const char *what, const uint8_t *frame)
{
    fprintf(stderr, "%s: type %u, flags %u, stream %u, %u bytes\n", what,
            frame[3], frame[4], number(frame + 5, 4), number(frame, 3));
    abort();
}

static void
look_at_frame(struct reply *reply)
{
    const uint8_t *frame = reply->frame;
    uint32_t id = number(frame + 5, 4);

    if (frame[3] > NGHTTP2_CONTINUATION)
        fail("unknown", frame);
    if (id == 0 || id / 2 >= STREAMS)
        return;
    if (frame[3] == NGHTTP2_DATA && !reply->began[id / 2])
        fail("a body without a head", frame);
    if (frame[3] == NGHTTP2_DATA || frame[3] == NGHTTP2_HEADERS) {
        if (reply->ended[id / 2])
            fail("behind the end", frame);
        reply->began[id / 2] = true;
        reply->ended[id / 2] = frame[4] & NGHTTP2_FLAG_END_STREAM;
    }
    if (frame[3] == NGHTTP2_RST_STREAM)
        reply->ended[id / 2] = true;
}

static void
look(struct reply *reply, const char *data, size_t size)
{
    for (; size > 0; data++, size--) {
        reply->frame[reply->have++] = (uint8_t)*data;
        if (reply->have < 9)
            continue;
        if (number(reply->frame, 3) > 16384)
            fail("too long", reply->frame);
        if (reply->have < 9 + number(reply->frame, 3))
            continue;
        look_at_frame(reply);
        reply->have = 0;
    }
}

/* Until the server ends, or is silent for long. */
static GRUVI_SWITCHPOINT void
read_replies(struct client *client)
{
    static struct reply reply;
    ssize_t n = 1;
    char *data;

    memset(&reply, 0, sizeof reply);
    gruvi_stream_set_timeout(client->stream, 300);
    while (n > 0) {
        n = gruvi_stream_take(client->stream, &data);
        if (n > 0)
            look(&reply, data, (size_t)n);
    }
}

static GRUVI_SWITCHPOINT int
send_all(struct client *client)
{
    size_t first = client->how & IN_TWO ? client->size / 2 : 0;
    int err;

    gruvi_stream_set_timeout(client->stream, 300);
    err = gruvi_stream_write(client->stream, H2_PREFACE, H2_PREFACE_SIZE);
    if (err == 0 && first > 0)
        err = gruvi_stream_write(client->stream, client->data, first);
    if (err == 0 && client->how & IN_TWO)
        err = gruvi_sleep(0.5);
    if (client->how & DRAINS) {
        client->plugin->drains = true;
        gruvi_event_set(&client->plugin->drain);
    }
    if (err == 0)
        err = gruvi_stream_write(client->stream, client->data + first,
                                 client->size - first);
    return err;
}

static GRUVI_SWITCHPOINT int
run_client(void *arg)
{
    struct client *client = arg;
    int err = send_all(client);

    if (err == 0 && client->how & READS_LATE)
        gruvi_sleep(70);
    if (err == 0 && client->how & HALF_CLOSES)
        gruvi_stream_shutdown(client->stream);
    if (err == 0 && client->how & LEAVES)
        gruvi_sleep(0);
    else
        read_replies(client);
    gruvi_stream_close(client->stream);
    return 0;
}

/* --- the server ----------------------------------------------------------- */

static const struct http_settings settings = {
    .limits = {8192, 32768, HTTP_FIELDS},
    .header_timeout = 10,
    .write_timeout = 60,
    .keepalive_timeout = 60,
    .event_comment = 15,
    .body_rate = 1024,
    .access_log = HTTP_ACCESS_OFF,
    .codings = {-1, -1},
};

/* A connection that is parked is called again when something comes; the hub
 * would end it after a time. */
static GRUVI_SWITCHPOINT void
serve(struct http_connection *connection)
{
    gruvi_waitable_t *one[] = {gruvi_stream_waitable(connection->stream)};
    int result = h2_serve(connection);

    while (result == GRUVID_PARK) {
        if (gruvi_wait(one, 1, 1, 60, NULL) == 0) {
            connection->expired = true;
            shutdown(gruvi_stream_fd(connection->stream), SHUT_RD);
        }
        result = h2_serve(connection);
    }
}

static gruvi_stream_t *
stream_of(int fd)
{
    gruvi_stream_t *stream = gruvi__stream_new(gruvi_get_hub());

    if (stream == NULL)
        abort();
    fcntl(fd, F_SETFL, O_NONBLOCK);
    stream->socket.fd = fd;
    return stream;
}

static GRUVI_SWITCHPOINT void
talk(struct http_connection *connection, struct client *client)
{
    gruvi_fiber_t *fiber = gruvi_spawn(run_client, client);
    char preface[H2_PREFACE_SIZE];

    if (fiber == NULL || gruvi_stream_read_exact(connection->stream, preface,
                                                 sizeof preface) < 0)
        abort();
    if (h2_preface(connection, preface, sizeof preface) != H2_BEGINS ||
        h2_begin(connection, preface, sizeof preface) < 0)
        abort();
    serve(connection);
    h2_end(connection);
    gruvi_stream_close(connection->stream);
    gruvi_fiber_join(fiber, GRUVI_FOREVER);
    gruvi_fiber_unref(fiber);
}

static GRUVI_SWITCHPOINT void
run(struct http_hub *hub, struct client *client)
{
    struct http_connection connection = {.hub = hub, .trusted = true};
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        abort();
    connection.stream = stream_of(ends[0]);
    client->stream = stream_of(ends[1]);
    GRUVI_WITH_GROUP (group) {
        client->plugin->group = &group;
        talk(&connection, client);
    }
    if (hub->h2->first != NULL)
        abort();
    h2_forget(hub);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gruvi_hub_t *ours;
    struct gruvid_plugin plugin = {.drains = false};
    struct http_hub hub = {.settings = settings, .plugin = &plugin};
    struct client client = {.data = data, .plugin = &plugin};

    if (ours == NULL) {
        gruvi__clock_make_virtual();
        ours = gruvi_get_hub();
    }
    if (size == 0)
        return 0;
    client.size = size - 1;
    client.how = data[size - 1];
    gruvi_event_init(&plugin.drain);
    run(&hub, &client);
    gruvi_event_destroy(&plugin.drain);
    return 0;
}
