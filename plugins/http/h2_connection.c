/* SPDX-License-Identifier: MIT */
/*
 * The fiber that reads.
 *
 *   what comes --> nghttp2 --> fibers of streams --> what goes
 *   a second without streams, and nothing comes: park
 *
 * It waits only for input, so it sees at once when the client goes.  An end of
 * the client's side is its end: it could neither open a window nor answer.
 */
#include "h2_connection.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "h2_drain.h"
#include "h2_limits.h"
#include "h2_output.h"
#include "h2_session.h"
#include "h2_stream.h"

/* Seconds that a connection keeps its fiber without streams. */
#define LULL 1.0

/* Bytes and seconds of a slow close. */
#define LINGER_BYTES (1 << 20)
#define LINGER       5.0

enum { GO_ON = 1, CLOSE = 0 };

/* --- time ----------------------------------------------------------------- */

static double
sooner(double a, double b)
{
    return a < b ? a : b;
}

/* When the client has to have sent a header block; GRUVI_FOREVER: it need not.
 */
static double
header_end(const struct h2 *h2)
{
    double limit = h2->hub->settings.header_timeout;

    if (limit <= 0)
        return GRUVI_FOREVER;
    if (h2->connection->requests == 0)
        return h2->begun + limit;
    return h2->frames.in_block ? h2->block_begun + limit : GRUVI_FOREVER;
}

static bool
is_quiet(const struct h2 *h2)
{
    return h2->running == 0 && !h2->writes;
}

/* How long a read may wait. */
static double
patience(const struct h2 *h2)
{
    double now = h2_now(h2), left = LULL, end = header_end(h2);

    if (!is_quiet(h2) && h2->reads_long)
        left = GRUVI_FOREVER;
    if (end != GRUVI_FOREVER)
        left = left == GRUVI_FOREVER ? end - now : sooner(left, end - now);
    if (h2->drain == H2_NOTICED)
        left = left == GRUVI_FOREVER
                   ? h2->drain_begun + H2_NOTICE - now
                   : sooner(left, h2->drain_begun + H2_NOTICE - now);
    return left == GRUVI_FOREVER || left > 0 ? left : 0;
}

/* A client that pings holds the connection no longer than a silent one. */
static bool
is_late(const struct h2 *h2)
{
    double now = h2_now(h2), end = header_end(h2);
    double idle = h2->hub->settings.keepalive_timeout;

    return (end != GRUVI_FOREVER && now >= end) ||
           (h2->connection->requests > 0 && is_quiet(h2) && idle > 0 &&
            now >= h2->quiet_since + idle);
}

/* Nothing has come for as long as that. */
static int
silent(struct h2 *h2)
{
    double now = h2_now(h2);

    if (h2->drain == H2_NOTICED && now >= h2->drain_begun + H2_NOTICE) {
        h2_session_leave(h2);
        return GO_ON;
    }
    if (is_late(h2))
        return GO_ON;
    h2->reads_long = !is_quiet(h2);
    return is_quiet(h2) && !h2->frames.in_block && h2->drain == H2_SERVES
               ? GRUVID_PARK
               : GO_ON;
}

/* --- input ---------------------------------------------------------------- */

static GRUVI_SWITCHPOINT ssize_t
receive(struct h2 *h2, char **data)
{
    ssize_t n;

    gruvi_stream_set_timeout(h2->stream, patience(h2));
    h2->reads = true;
    n = gruvi_stream_take(h2->stream, data);
    h2->reads = false;
    /* The wake came too late for the read, and is for no other wait. */
    if (h2->woken && n != UV_ECANCELED) {
        (void)gruvi_sleep(0);
        h2->woken = false;
    }
    return n;
}

/* Returns GO_ON, CLOSE, GRUVID_PARK or a code. */
static GRUVI_SWITCHPOINT int
read_some(struct h2 *h2)
{
    char *data;
    ssize_t n = receive(h2, &data);

    if (n == UV_ECANCELED && h2->woken) {
        h2->woken = false;
        return GO_ON;
    }
    if (n == UV_ETIMEDOUT)
        return silent(h2);
    if (n == 0 && h2->connection->expired && !h2->broken) {
        h2_session_end(h2, NGHTTP2_NO_ERROR);
        return GO_ON;
    }
    if (n == 0 && h2->drain == H2_LEAVES)
        return CLOSE;
    if (n == 0)
        h2_break(h2);
    if (n <= 0)
        return (int)n;
    h2_session_receive(h2, (const uint8_t *)data, (size_t)n);
    return GO_ON;
}

static GRUVI_SWITCHPOINT int
serve(struct h2 *h2)
{
    int result = GO_ON;

    while (result == GO_ON) {
        if (h2->drain == H2_SERVES && gruvid_plugin_draining(h2->hub->plugin))
            h2_session_notice(h2);
        if (is_quiet(h2))
            h2_write(h2, false, GRUVI_FOREVER);
        else
            h2_flush(h2);
        if (h2->over || !h2_session_lives(h2))
            return CLOSE;
        result = read_some(h2);
        if (result == GO_ON && !h2->over && is_late(h2))
            h2_session_end(h2, NGHTTP2_NO_ERROR);
    }
    return result;
}

/* --- the end -------------------------------------------------------------- */

/* Wait until the streams have ended; those that the client is gone for, unless
 * they go on all the same.  Returns 0, UV_ECANCELED. */
static GRUVI_SWITCHPOINT int
end_streams(struct h2 *h2)
{
    double patience = LINGER;
    int err = 0;

    for (struct h2_stream *s = h2->streams, *next; s != NULL; s = next) {
        next = s->next;
        if (s->running)
            h2_stream_gone(s);
    }
    while (err == 0 && !is_quiet(h2)) {
        gruvi_event_clear(&h2->ended);
        err = gruvi_event_wait(&h2->ended, patience);
        if (err == UV_ETIMEDOUT && h2->writes)
            h2_break(h2);
        if (err == UV_ETIMEDOUT)
            patience = GRUVI_FOREVER;
        if (err == UV_ETIMEDOUT || (err == UV_ECANCELED && h2->woken))
            err = 0;
        h2->woken = false;
    }
    return err;
}

/* The client may not have read yet what was sent, and a reset would take it. */
static GRUVI_SWITCHPOINT void
linger(struct h2 *h2)
{
    double end = h2_now(h2) + LINGER, left = LINGER;
    size_t dropped = 0;
    ssize_t n = 1;
    char *data;

    gruvi_stream_set_timeout(h2->stream, left);
    if (gruvi_stream_shutdown(h2->stream) < 0)
        return;
    while (n > 0 && left > 0 && dropped < LINGER_BYTES) {
        gruvi_stream_set_timeout(h2->stream, left);
        n = gruvi_stream_take(h2->stream, &data);
        dropped += n > 0 ? (size_t)n : 0;
        left = end - h2_now(h2);
    }
}

static GRUVI_SWITCHPOINT int
finish(struct h2 *h2, int result)
{
    int err = result;

    h2->over = true;
    if (err != UV_ECANCELED) {
        if (err < 0)
            h2_break(h2);
        if (!h2->broken)
            h2_flush(h2);
        err = end_streams(h2);
    }
    if (err < 0) {
        h2_break(h2);
        return err;
    }
    if (!h2->broken)
        h2_write(h2, false, LINGER);
    if (!h2->broken)
        linger(h2);
    return result;
}

/* --- calls ---------------------------------------------------------------- */

static void
set_name(struct h2 *h2)
{
    char peer[GRUVI_ADDRESS_SIZE];
    const char *text = peer;

    if (gruvi_stream_peer(h2->stream, peer, sizeof peer) < 0)
        text = "http2";
    else if (strncmp(peer, "tcp://", 6) == 0 || strncmp(peer, "tls://", 6) == 0)
        text = peer + 6;
    snprintf(h2->name, sizeof h2->name, "%.*s", (int)sizeof h2->name - 1, text);
}

/* The group ends with its fibers, so none is left that uses the stream. */
GRUVI_SWITCHPOINT int
h2_serve(struct http_connection *connection)
{
    struct h2 *h2 = connection->h2;
    int result = CLOSE;

    h2_drain_await(h2);
    http_wait(connection, HTTP_BUSY);
    GRUVI_WITH_GROUP (group) {
        h2->group = &group;
        h2->reader = gruvi_current_fiber();
        h2->woken = h2->reads_long = false;
        if (h2->n_first > 0)
            h2_session_receive(h2, (const uint8_t *)h2->first, h2->n_first);
        h2->n_first = 0;
        result = serve(h2);
        if (result != GRUVID_PARK)
            result = finish(h2, result);
    }
    h2->group = NULL;
    h2->reader = NULL;
    h2->unanswered = NULL; /* where fibers were cancelled before they began */
    h2->worker_comes = false;
    if (result == GRUVID_PARK)
        http_wait(connection,
                  connection->requests > 0 ? HTTP_IDLE : HTTP_FRESH);
    return result;
}

enum h2_preface
h2_preface(const struct http_connection *connection, const char *data,
           size_t size)
{
    size_t n = size < H2_PREFACE_SIZE ? size : H2_PREFACE_SIZE;

    if (connection->secure || memcmp(data, H2_PREFACE, n) != 0)
        return H2_NONE;
    return size < H2_PREFACE_SIZE ? H2_MAYBE : H2_BEGINS;
}

int
h2_begin(struct http_connection *connection, const char *data, size_t size)
{
    struct h2 *h2 = h2_new(connection);

    if (h2 == NULL)
        return UV_ENOMEM;
    connection->h2 = h2;
    set_name(h2);
    h2->first = data;
    h2->n_first = size;
    return 0;
}

void
h2_end(struct http_connection *connection)
{
    struct h2 *h2 = connection->h2;

    if (h2 == NULL)
        return;
    connection->h2 = NULL;
    /* gruvid closes what is parked, and may do so before the fiber that tells
     * of the drain has come to it. */
    if (h2->reader == NULL && !h2->over && h2->drain != H2_LEAVES) {
        h2_session_leave(h2);
        h2_write_last(h2);
    }
    h2->broken = h2->over = true;
    h2->stream = NULL;
    h2->connection = NULL;
    h2_unref(h2);
}

int
h2_start(struct http_hub *hub)
{
    return h2_limits_count(hub->plugin, hub->exceeded);
}

void
h2_forget(struct http_hub *hub)
{
    h2_hub_free(hub->h2);
    hub->h2 = NULL;
}
