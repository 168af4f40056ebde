/* SPDX-License-Identifier: MIT */
#include "h2_session.h"

#include <stdlib.h>
#include <string.h>

#include "h2_head.h"
#include "h2_limits.h"
#include "h2_output.h"
#include "h2_stream.h"
#include "h2_worker.h"

/* What comes back when the client has read that it may begin no more. */
static const uint8_t notice[8] = "gruvid\r\n";

/* --- frames that come ----------------------------------------------------- */

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame,
                 void *arg)
{
    struct h2 *h2 = arg;
    struct h2_stream *stream = NULL;
    int32_t id = frame->hd.stream_id;

    h2->head = NULL;
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    if (h2->running < H2_STREAMS && !h2->over)
        stream = h2_stream_new(h2, id);
    if (stream == NULL)
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
                                         NGHTTP2_REFUSED_STREAM);
    h2->head = stream;
    return nghttp2_session_set_stream_user_data(session, id, stream);
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame,
          const uint8_t *name, size_t name_size, const uint8_t *value,
          size_t value_size, uint8_t flags, void *arg)
{
    struct h2 *h2 = arg;
    struct h2_stream *stream = h2->head;

    (void)flags;
    if (stream == NULL)
        stream =
            nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (stream == NULL)
        return 0;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        return h2_head_add(stream, name, name_size, value, value_size)
                   ? 0
                   : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (h2_head_count(stream, name_size, value_size))
        stream->body_refused = 431;
    return 0;
}

/* nghttp2 would leave it out. */
static int
on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                  const uint8_t *name, size_t name_size, const uint8_t *value,
                  size_t value_size, uint8_t flags, void *arg)
{
    (void)name;
    (void)name_size;
    (void)value;
    (void)value_size;
    (void)flags;
    (void)arg;
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                              NGHTTP2_PROTOCOL_ERROR);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id,
        const uint8_t *data, size_t size, void *arg)
{
    struct h2_stream *stream =
        nghttp2_session_get_stream_user_data(session, id);

    (void)flags;
    (void)arg;
    nghttp2_session_consume_connection(session, size);
    if (stream == NULL)
        return 0;
    return h2_stream_take(stream, data, size) ? 0 : NGHTTP2_ERR_NOMEM;
}

/* No stream has a parent or a weight: all take turns. */
static void
take_turns(nghttp2_session *session, int32_t id)
{
    nghttp2_extpri turns = {.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY,
                            .inc = 1};

    nghttp2_session_change_extpri_stream_priority(session, id, &turns, 1);
}

static int
on_headers(struct h2 *h2, const nghttp2_frame *frame, struct h2_stream *stream)
{
    const struct http_settings *settings = &h2->hub->settings;
    int32_t id = frame->hd.stream_id;

    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    h2->connection->requests++;
    if (settings->max_requests > 0 && h2->drain != H2_LEAVES &&
        h2->connection->requests >= settings->max_requests)
        h2_session_leave(h2);
    take_turns(h2->session, id);
    if (h2_worker_answer(stream) == 0)
        return 0;
    return nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, id,
                                     NGHTTP2_REFUSED_STREAM);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2 *h2 = arg;
    struct h2_stream *stream;
    bool has_body =
        frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;

    if (frame->hd.type == NGHTTP2_PING && frame->hd.flags & NGHTTP2_FLAG_ACK &&
        h2->drain == H2_NOTICED &&
        memcmp(frame->ping.opaque_data, notice, sizeof notice) == 0)
        h2_session_leave(h2);
    if (!has_body)
        return 0;
    stream = h2->head;
    if (stream == NULL || stream->id != frame->hd.stream_id)
        stream =
            nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (stream == NULL)
        return 0;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        h2_stream_take_end(stream);
    return frame->hd.type == NGHTTP2_HEADERS ? on_headers(h2, frame, stream)
                                             : 0;
}

static int
on_close(nghttp2_session *session, int32_t id, uint32_t error, void *arg)
{
    struct h2_stream *stream =
        nghttp2_session_get_stream_user_data(session, id);

    (void)arg;
    if (stream != NULL)
        h2_stream_closed(stream, error);
    return 0;
}

/* --- frames that go ------------------------------------------------------- */

static bool
is_clients_mistake(uint32_t error)
{
    return error != NGHTTP2_NO_ERROR && error != NGHTTP2_INTERNAL_ERROR &&
           error != NGHTTP2_CANCEL;
}

static int
on_send(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2 *h2 = arg;
    struct h2_stream *stream;

    if (frame->hd.type == NGHTTP2_RST_STREAM &&
        is_clients_mistake(frame->rst_stream.error_code) &&
        h2_frames_count(&h2->frames, H2_RESETS, h2_now(h2)))
        h2->excess = H2_RESETS;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (stream != NULL)
        h2_stream_sent(stream, true, frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    return 0;
}

/* --- the session ---------------------------------------------------------- */

bool
h2_session_lives(const struct h2 *h2)
{
    return !h2->broken && (nghttp2_session_want_read(h2->session) ||
                           nghttp2_session_want_write(h2->session));
}

void
h2_session_end(struct h2 *h2, uint32_t error)
{
    h2->over = true;
    nghttp2_session_terminate_session(h2->session, error);
}

void
h2_session_exceed(struct h2 *h2, enum h2_limit limit)
{
    if (h2->over)
        return;
    gruvid_count(h2->hub->exceeded[limit], 1);
    gruvi_debug("%s: too many %s: ENHANCE_YOUR_CALM", h2->name,
                h2_limit_text(limit));
    h2_session_end(h2, NGHTTP2_ENHANCE_YOUR_CALM);
    h2_wake(h2);
}

void
h2_session_check(struct h2 *h2)
{
    size_t queued = nghttp2_session_get_outbound_queue_size(h2->session);

    if (h2->excess != H2_LIMITS)
        h2_session_exceed(h2, h2->excess);
    else if (h2->queued + queued * 64 > H2_QUEUE)
        h2_session_exceed(h2, H2_QUEUED);
}

/* The code of an error after which nghttp2 has no answer of its own. */
static void
fail(struct h2 *h2, ssize_t err)
{
    switch (err) {
    case NGHTTP2_ERR_FLOODED:
        h2_session_exceed(h2, H2_QUEUED);
        return;
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
        h2_session_end(h2, NGHTTP2_PROTOCOL_ERROR);
        return;
    default:
        h2_session_end(h2, NGHTTP2_INTERNAL_ERROR);
    }
}

void
h2_session_receive(struct h2 *h2, const uint8_t *data, size_t size)
{
    double now = h2_now(h2);
    bool before = h2->frames.in_block;
    enum h2_limit limit;
    size_t n = h2_frames_scan(&h2->frames, data, size, now, &limit);
    ssize_t used = nghttp2_session_mem_recv(h2->session, data, n);

    if (h2->frames.in_block && !before)
        h2->block_begun = now;
    /* Newer versions of nghttp2 may bound the same. */
    if (limit != H2_LIMITS)
        h2_session_exceed(h2, limit);
    else if (used < 0)
        fail(h2, used);
    h2_session_check(h2);
}

void
h2_session_notice(struct h2 *h2)
{
    h2->drain = H2_NOTICED;
    h2->drain_begun = h2_now(h2);
    nghttp2_submit_shutdown_notice(h2->session);
    nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, notice);
}

void
h2_session_leave(struct h2 *h2)
{
    h2->drain = H2_LEAVES;
    nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(h2->session),
                          NGHTTP2_NO_ERROR, NULL, 0);
}

/* --- their life ----------------------------------------------------------- */

static bool
set_callbacks(struct h2_hub *hub)
{
    nghttp2_session_callbacks *to;

    if (nghttp2_session_callbacks_new(&to) != 0)
        return false;
    hub->callbacks = to;
    nghttp2_session_callbacks_set_on_begin_headers_callback(to,
                                                            on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(to, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(to,
                                                             on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(to, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(to, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(to, on_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(to, on_send);
    nghttp2_session_callbacks_set_send_data_callback(to, h2_send_data);
    return true;
}

struct h2_hub *
h2_hub_new(void)
{
    struct h2_hub *hub = calloc(1, sizeof *hub);

    if (hub == NULL)
        return NULL;
    if (!set_callbacks(hub) || nghttp2_option_new(&hub->option) != 0) {
        h2_hub_free(hub);
        return NULL;
    }
    nghttp2_option_set_no_auto_window_update(hub->option, 1);
    nghttp2_option_set_no_closed_streams(hub->option, 1);
    return hub;
}

void
h2_hub_free(struct h2_hub *hub)
{
    if (hub == NULL)
        return;
    h2_streams_forget(hub);
    h2_output_forget(hub);
    h2_memory_forget(&hub->memory);
    nghttp2_option_del(hub->option);
    nghttp2_session_callbacks_del(hub->callbacks);
    free(hub);
}

static bool
begin(struct h2 *h2)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, h2->hub->settings.limits.head},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };

    return nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings,
                                   sizeof settings / sizeof settings[0]) == 0;
}

static void
link_to(struct h2 *h2, struct h2_hub *hub)
{
    h2->next = hub->first;
    h2->link = &hub->first;
    if (h2->next != NULL)
        h2->next->link = &h2->next;
    hub->first = h2;
}

struct h2 *
h2_new(struct http_connection *connection)
{
    struct http_hub *hub = connection->hub;
    nghttp2_mem memory;
    struct h2 *h2;

    if (hub->h2 == NULL)
        hub->h2 = h2_hub_new();
    if (hub->h2 == NULL)
        return NULL;
    h2 = calloc(1, sizeof *h2);
    if (h2 == NULL)
        return NULL;
    h2->refs = 1;
    h2->hub = hub;
    h2->connection = connection;
    h2->stream = connection->stream;
    h2->excess = H2_LIMITS;
    h2->begun = h2->quiet_since = h2_now(h2);
    h2_frames_init(&h2->frames);
    gruvi_event_init(&h2->ended);
    link_to(h2, hub->h2);
    memory = h2_memory_calls(&hub->h2->memory);
    if (nghttp2_session_server_new3(&h2->session, hub->h2->callbacks, h2,
                                    hub->h2->option, &memory) != 0 ||
        !begin(h2)) {
        h2_unref(h2);
        return NULL;
    }
    return h2;
}

void
h2_unref(struct h2 *h2)
{
    if (--h2->refs > 0)
        return;
    if (h2->link != NULL) {
        *h2->link = h2->next;
        if (h2->next != NULL)
            h2->next->link = h2->link;
    }
    h2_output_end(h2);
    nghttp2_session_del(h2->session);
    h2_streams_free(h2);
    gruvi_event_destroy(&h2->ended);
    free(h2);
}
