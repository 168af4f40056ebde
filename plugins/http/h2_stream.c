/* SPDX-License-Identifier: MIT */
#include "h2_stream.h"

#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "forwarded.h"
#include "h2_exchange.h"
#include "h2_head.h"
#include "h2_output.h"

/* How many a hub keeps, 2 KB each as a rule: as many as 50 connections with ten
 * each need; and bytes of the text that they keep. */
#define SPARE      512
#define SPARE_TEXT 4096

/* --- memory --------------------------------------------------------------- */

static void
stream_free(struct h2_stream *stream)
{
    free(stream->text);
    free(stream->body);
    free(stream);
}

/* What a stream begins with: all in front of its fields. */
static void
clear(struct h2_stream *stream, char *text, uint32_t room)
{
    memset(stream, 0, offsetof(struct h2_stream, field));
    stream->text = text;
    stream->text_room = room;
}

struct h2_stream *
h2_stream_new(struct h2 *h2, int32_t id)
{
    struct h2_hub *hub = h2_hub(h2);
    struct h2_stream *stream = hub->spare;

    if (stream != NULL) {
        hub->spare = stream->next;
        hub->n_spare--;
        clear(stream, stream->text, stream->text_room);
    } else {
        stream = malloc(sizeof *stream);
        if (stream == NULL)
            return NULL;
        clear(stream, NULL, 0);
    }
    stream->h2 = h2;
    stream->id = id;
    stream->open = true;
    gruvi_event_init(&stream->arrived);
    gruvi_event_init(&stream->drained);
    stream->next = h2->streams;
    stream->link = &h2->streams;
    if (stream->next != NULL)
        stream->next->link = &stream->next;
    h2->streams = stream;
    return stream;
}

static void
stream_give(struct h2_stream *stream)
{
    struct h2_hub *hub = h2_hub(stream->h2);

    if (stream->h2->head == stream)
        stream->h2->head = NULL;
    *stream->link = stream->next;
    if (stream->next != NULL)
        stream->next->link = stream->link;
    stream->h2->queued -= stream->queued;
    gruvi_event_destroy(&stream->arrived);
    gruvi_event_destroy(&stream->drained);
    free(stream->body);
    stream->body = NULL;
    if (hub->n_spare >= SPARE || stream->text_room > SPARE_TEXT) {
        stream_free(stream);
        return;
    }
    stream->next = hub->spare;
    hub->spare = stream;
    hub->n_spare++;
}

void
h2_streams_free(struct h2 *h2)
{
    while (h2->streams != NULL)
        stream_give(h2->streams);
}

void
h2_streams_forget(struct h2_hub *hub)
{
    while (hub->spare != NULL) {
        struct h2_stream *stream = hub->spare;
        hub->spare = stream->next;
        stream_free(stream);
    }
}

/* --- what comes ----------------------------------------------------------- */

bool
h2_stream_take(struct h2_stream *stream, const uint8_t *data, size_t size)
{
    size_t held = stream->body_end - stream->body_at, room = stream->body_room;
    char *grown;

    if (!stream->running || stream->body_refused > 0)
        return true;
    if (room - stream->body_end < size && stream->body_at > 0) {
        memmove(stream->body, stream->body + stream->body_at, held);
        stream->body_at = 0;
        stream->body_end = held;
    }
    if (room - stream->body_end < size) {
        for (room = room > 0 ? room : 4096; room - held < size;)
            room *= 2;
        grown = realloc(stream->body, room);
        if (grown == NULL)
            return false;
        stream->body = grown;
        stream->body_room = room;
    }
    memcpy(stream->body + stream->body_end, data, size);
    stream->body_end += size;
    stream->come += size;
    gruvi_event_set(&stream->arrived);
    return true;
}

void
h2_stream_take_end(struct h2_stream *stream)
{
    stream->body_over = true;
    gruvi_event_set(&stream->arrived);
}

/* --- what went ------------------------------------------------------------ */

static void
stop_client(struct h2_stream *stream)
{
    nghttp2_submit_rst_stream(stream->h2->session, NGHTTP2_FLAG_NONE,
                              stream->id, NGHTTP2_NO_ERROR);
}

void
h2_stream_sent(struct h2_stream *stream, bool head, bool end)
{
    if (head && stream->status != 0) {
        stream->h2->queued -= stream->queued;
        stream->queued = 0;
    }
    if (!end)
        return;
    stream->replied = true;
    if (stream->stops && !stream->body_over)
        stop_client(stream);
}

void
h2_stream_gone(struct h2_stream *stream)
{
    stream->gone = true;
    gruvi_event_set(&stream->arrived);
    gruvi_event_set(&stream->drained);
    if (stream->request != NULL)
        gruvid_request_gone(stream->request);
}

void
h2_stream_closed(struct h2_stream *stream, uint32_t error)
{
    stream->open = false;
    if (!stream->running) {
        stream_give(stream);
        return;
    }
    if (error != NGHTTP2_NO_ERROR || !stream->replied)
        h2_stream_gone(stream);
}

/* --- the answer ------------------------------------------------------------
 */

static const char *
peer_of(void *exchange)
{
    struct h2_stream *stream = exchange;

    if (stream->peer != NULL)
        return stream->peer;
    stream->peer = gruvid_request_alloc(stream->request, GRUVI_ADDRESS_SIZE);
    if (stream->peer == NULL)
        return "";
    *stream->peer = '\0';
    if (stream->h2->connection != NULL)
        http_forwarded_peer(stream->h2->connection, stream->headers,
                            stream->n_headers, stream->peer,
                            GRUVI_ADDRESS_SIZE);
    return stream->peer;
}

static const char *
text(const struct h2_stream *stream, uint32_t at, const char *otherwise)
{
    return at > 0 ? stream->text + at : otherwise;
}

static gruvid_incoming_t
incoming(struct h2_stream *stream)
{
    const struct http_connection *connection = stream->h2->connection;

    h2_head_end(stream);
    return (gruvid_incoming_t){
        .transport = &h2_transport,
        .exchange = stream,
        .method = text(stream, stream->method, "GET"),
        .target = stream->refused > 0 ? "/" : stream->text + stream->path,
        .scheme = http_forwarded_scheme(connection, stream->headers,
                                        stream->n_headers),
        .host = text(stream, stream->authority, ""),
        .peer_of = peer_of,
        .headers = stream->headers,
        .n_headers = stream->n_headers,
        .length = stream->refused > 0 ? 0 : stream->length,
    };
}

static void
log_access(const struct h2_stream *stream)
{
    const struct http_access access = {
        .stream = stream->h2->stream,
        .peer = gruvid_request_peer(stream->request),
        .method = text(stream, stream->method, "-"),
        .target = text(stream, stream->path, "-"),
        .protocol = "HTTP/2.0",
        .referer = h2_head_value(stream, "referer"),
        .agent = h2_head_value(stream, "user-agent"),
        .status = stream->status,
        .sent = stream->sent,
        .begun = stream->begun,
    };

    http_access_write(stream->h2->hub->settings.access_log, &access);
}

/* The reply was sent as far as the client's window has let it. */
static void
finish(struct h2_stream *stream, int status)
{
    struct h2 *h2 = stream->h2;

    if (!stream->open || h2->broken)
        return;
    if (status <= 0) {
        h2_exchange_reset(stream, NGHTTP2_CANCEL);
    } else if (!stream->body_over && stream->replied) {
        stop_client(stream);
        h2_flush(h2);
    } else {
        stream->stops = true;
    }
}

static GRUVI_SWITCHPOINT void
serve(struct h2_stream *stream)
{
    struct h2 *h2 = stream->h2;
    gruvid_incoming_t in = incoming(stream);
    gruvid_request_t *request;
    int status;

    status = gruvid_request_new(&stream->request, h2->hub->plugin, &in);
    if (status < 0) {
        finish(stream, status);
        return;
    }
    request = stream->request;
    if (h2->hub->settings.access_log != HTTP_ACCESS_OFF)
        stream->begun = uv_hrtime();
    if (stream->gone || h2->broken)
        status = 0;
    else if (stream->refused > 0)
        status = gruvid_route_error(request, stream->refused);
    else
        status = gruvid_route(request);
    http_comments_end(&stream->comments);
    http_coding_free(&stream->coding);
    if (stream->begun > 0)
        log_access(stream);
    finish(stream, status);
    stream->request = NULL;
    stream->peer = NULL;
    gruvid_request_free(request);
}

GRUVI_SWITCHPOINT void
h2_stream_answer(struct h2_stream *stream)
{
    struct h2 *h2 = stream->h2;

    serve(stream);
    stream->running = false;
    if (!stream->open)
        stream_give(stream);
    h2->running--;
    if (h2->running == 0)
        h2->quiet_since = h2_now(h2);
    if (h2->over)
        gruvi_event_set(&h2->ended);
}
