/* SPDX-License-Identifier: MIT */
/*
 * What a handler writes is copied once, into the output of the connection.
 * Where there is no room, or the client's windows are empty, the handler waits
 * until all of it was taken.
 */
#include "h2_exchange.h"

#include <string.h>

#include "h2_output.h"

/* Header fields that need no memory of the request. */
#define FEW 24

/* --- replies -------------------------------------------------------------- */

/* What nghttp2 calls for data: how much it may have. */
static ssize_t
offer(nghttp2_session *session, int32_t id, uint8_t *buf, size_t most,
      uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct h2_stream *stream = source->ptr;

    (void)session;
    (void)id;
    (void)buf;
    (void)arg;
    if (stream->left == 0 && (!stream->final || stream->torn)) {
        stream->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (stream->left > most)
        return (ssize_t)most;
    if (stream->final)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)stream->left;
}

static bool
is_gone(const struct h2_stream *stream)
{
    return stream->gone || !stream->open || stream->h2->broken;
}

/* There is more to send. */
static void
resume(struct h2_stream *stream)
{
    if (stream->deferred) {
        stream->deferred = false;
        nghttp2_session_resume_data(stream->h2->session, stream->id);
    }
    h2_flush(stream->h2);
}

/* Wait for a while; 0 where something was taken. */
static GRUVI_SWITCHPOINT int
wait_a_while(struct h2_stream *stream)
{
    double limit = stream->h2->hub->settings.write_timeout;
    uint64_t before = stream->sent;
    int err;

    gruvi_event_clear(&stream->drained);
    err = gruvi_event_wait(&stream->drained, limit > 0 ? limit : GRUVI_FOREVER);
    /* It may be the handler's time that is over. */
    if (err == UV_ETIMEDOUT && gruvi_deadline_remaining() > 0 &&
        stream->sent != before)
        return 0;
    return err;
}

/* Wait until what is written was taken.  What is left else is lost, so the
 * reply can only be reset: its end, or a comment behind, would have it look
 * whole. */
static GRUVI_SWITCHPOINT int
wait_until_taken(struct h2_stream *stream)
{
    int err = 0;

    while (err == 0 && stream->left > 0)
        err = is_gone(stream) ? UV_ECONNRESET : wait_a_while(stream);
    if (stream->left > 0)
        stream->torn = true;
    stream->left = 0;
    stream->data = NULL;
    return err;
}

/* Bytes as they are; for a caller that has entered the comments, as the next.
 */
static GRUVI_SWITCHPOINT int
send_raw(void *exchange, const void *data, size_t size)
{
    struct h2_stream *stream = exchange;

    if (is_gone(stream))
        return UV_ECONNRESET;
    if (stream->torn)
        return UV_EPIPE;
    stream->data = data;
    stream->left = size;
    resume(stream);
    return wait_until_taken(stream);
}

static GRUVI_SWITCHPOINT int
put(struct h2_stream *stream, const void *data, size_t size)
{
    return http_coding_is_on(&stream->coding)
               ? http_coding_write(&stream->coding, data, size)
               : send_raw(stream, data, size);
}

static GRUVI_SWITCHPOINT int
send_piece(struct h2_stream *stream, const void *data, size_t size)
{
    int err = http_comments_enter(&stream->comments);

    if (err < 0)
        return err;
    err = put(stream, data, size);
    http_comments_leave(&stream->comments);
    return err;
}

/* --- the head of a reply -------------------------------------------------- */

struct number {
    char digits[24];
};

static size_t
put_number(struct number *to, uint64_t n)
{
    char digits[20];
    size_t i = sizeof digits;

    do
        digits[--i] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    memcpy(to->digits, digits + i, sizeof digits - i);
    return sizeof digits - i;
}

static nghttp2_nv
field(const char *name, size_t name_size, const char *value, size_t size,
      uint8_t flags)
{
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name,
        .value = (uint8_t *)(uintptr_t)value,
        .namelen = name_size,
        .valuelen = size,
        .flags = flags,
    };
}

/* The name is a literal in lower case. */
#define FIELD(name, value, size)                                               \
    field(name, sizeof(name) - 1, value, size, NGHTTP2_NV_FLAG_NO_COPY_NAME)

/* nghttp2 copies the rest, with names in lower case. */
static int
submit_head(struct h2_stream *stream, const gruvid_reply_t *reply,
            nghttp2_nv *fields, bool has_body)
{
    struct h2 *h2 = stream->h2;
    nghttp2_data_provider data = {.source.ptr = stream, .read_callback = offer};
    struct number status, length;
    const char *date = http_date(h2->hub);
    size_t n = 0;

    fields[n++] = FIELD(":status", status.digits,
                        put_number(&status, (uint64_t)reply->status));
    fields[n++] = FIELD("date", date, strlen(date));
    if (!reply->bodiless && reply->length >= 0)
        fields[n++] = FIELD("content-length", length.digits,
                            put_number(&length, (uint64_t)reply->length));
    for (size_t i = 0; i < reply->n_headers; i++) {
        const gruvid_header_t *header = &reply->headers[i];
        fields[n++] = field(header->name, strlen(header->name), header->value,
                            strlen(header->value), NGHTTP2_NV_FLAG_NONE);
    }
    for (size_t i = 0; i < n; i++)
        stream->queued += fields[i].namelen + fields[i].valuelen;
    h2->queued += stream->queued;
    stream->status = reply->status;
    return nghttp2_submit_response(h2->session, stream->id, fields, n,
                                   has_body ? &data : NULL);
}

static int
send_head(struct h2_stream *stream, const gruvid_reply_t *reply, bool has_body)
{
    size_t n = reply->n_headers + 3;
    nghttp2_nv few[FEW], *fields = few;

    if (n > FEW)
        fields = gruvid_request_alloc(stream->request, n * sizeof *fields);
    if (fields == NULL ||
        submit_head(stream, reply, fields, has_body) == NGHTTP2_ERR_NOMEM)
        return UV_ENOMEM;
    return 0;
}

/* A client that takes no comment is gone: the handler, which may write nothing
 * for long, would not see it. */
static GRUVI_SWITCHPOINT int
send_comment(void *arg)
{
    struct h2_stream *stream = arg;
    int err = put(stream, HTTP_COMMENT, sizeof HTTP_COMMENT - 1);

    if (err < 0 && err != UV_ECANCELED)
        gruvid_request_gone(stream->request);
    return err;
}

/* --- the functions -------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
decide_coding(struct h2_stream *stream, gruvid_reply_t *reply)
{
    struct http_hub *hub = stream->h2->hub;
    struct http_coding_wish wish = {
        .coders = &hub->coders,
        .settings = &hub->settings,
        .headers = stream->headers,
        .n_headers = stream->n_headers,
        .send = send_raw,
        .exchange = stream,
    };

    return http_coding_begin(&stream->coding, &wish, reply);
}

/* The last of the body was taken.  Returns 0, or UV_EPIPE where some was not.
 */
static int
finish(struct h2_stream *stream)
{
    if (stream->torn)
        return UV_EPIPE;
    if (stream->final || is_gone(stream))
        return 0;
    stream->final = true;
    resume(stream);
    return 0;
}

/* The body that came with a head which has been sent. */
static GRUVI_SWITCHPOINT int
begin_coded(struct h2_stream *stream, const gruvid_reply_t *reply)
{
    int err = 0;

    if (!reply->whole)
        return reply->size > 0 ? send_piece(stream, reply->data, reply->size)
                               : 0;
    err = http_coding_end(&stream->coding, reply->data, reply->size);
    return err < 0 ? err : finish(stream);
}

static GRUVI_SWITCHPOINT int
send_reply(struct h2_stream *stream, const gruvid_reply_t *reply)
{
    bool has_body =
        !reply->head && !reply->bodiless && !(reply->whole && reply->size == 0);
    int err;

    stream->reply_length = has_body ? reply->length : 0;
    stream->final = reply->whole;
    stream->data = reply->data;
    stream->left = has_body ? reply->size : 0;
    err = send_head(stream, reply, has_body);
    if (err < 0)
        return err;
    h2_flush(stream->h2);
    return wait_until_taken(stream);
}

/* The client sends the body when it has read this. */
static void
say_continue(struct h2_stream *stream)
{
    const nghttp2_nv status = FIELD(":status", "100", 3);

    if (!stream->expects || is_gone(stream))
        return;
    stream->expects = false;
    if (stream->come > 0 || stream->body_over || stream->status != 0)
        return;
    nghttp2_submit_headers(stream->h2->session, NGHTTP2_FLAG_NONE, stream->id,
                           NULL, &status, 1, NULL);
    h2_flush(stream->h2);
}

static GRUVI_SWITCHPOINT int
begin(void *exchange, const gruvid_reply_t *reply)
{
    struct h2_stream *stream = exchange;
    gruvid_reply_t coded = *reply;
    int err = decide_coding(stream, &coded);

    if (err == 0 && is_gone(stream))
        err = UV_ECONNRESET;
    if (err == 0 && !reply->whole && reply->status < 300)
        say_continue(stream);
    if (err == 0)
        err = send_reply(stream, &coded);
    if (err == 0 && http_coding_is_on(&stream->coding))
        err = begin_coded(stream, reply);
    if (err == 0 && reply->events)
        err = http_comments_begin(&stream->comments, stream->h2->hub->plugin,
                                  stream->h2->hub->settings.event_comment,
                                  send_comment, stream);
    return err;
}

static GRUVI_SWITCHPOINT int
write_piece(void *exchange, const void *data, size_t size)
{
    struct h2_stream *stream = exchange;

    if (size == 0)
        return 0;
    if (stream->reply_length >= 0 &&
        stream->sent + size == (uint64_t)stream->reply_length)
        stream->final = true;
    return send_piece(stream, data, size);
}

static GRUVI_SWITCHPOINT int
end(void *exchange)
{
    struct h2_stream *stream = exchange;
    int err = 0;

    http_comments_end(&stream->comments);
    if (http_coding_is_on(&stream->coding))
        err = http_coding_end(&stream->coding, "", 0);
    return err < 0 ? err : finish(stream);
}

void
h2_exchange_reset(struct h2_stream *stream, uint32_t error)
{
    if (!stream->open || stream->h2->broken)
        return;
    nghttp2_submit_rst_stream(stream->h2->session, NGHTTP2_FLAG_NONE,
                              stream->id, error);
    h2_flush(stream->h2);
}

static void
reset(void *exchange, int why)
{
    h2_exchange_reset(exchange, why == UV_ECANCELED ? NGHTTP2_CANCEL
                                                    : NGHTTP2_INTERNAL_ERROR);
}

/* --- the body of the request ---------------------------------------------- */

static ssize_t
refuse(struct h2_stream *stream, int status)
{
    stream->body_refused = status;
    gruvid_request_refuse(stream->request, status);
    return UV_EPROTO;
}

/* How long the client may still take. */
static double
patience(const struct h2_stream *stream)
{
    const struct http_settings *settings = &stream->h2->hub->settings;
    double left = settings->header_timeout - stream->waited;

    if (settings->body_rate == 0 || settings->header_timeout <= 0)
        return GRUVI_FOREVER;
    left += (double)stream->come / (double)settings->body_rate;
    return left > 0 ? left : 0;
}

static GRUVI_SWITCHPOINT int
wait_for_more(struct h2_stream *stream)
{
    uint64_t begun = uv_hrtime();
    int err;

    gruvi_event_clear(&stream->arrived);
    err = gruvi_event_wait(&stream->arrived, patience(stream));
    stream->waited += (double)(uv_hrtime() - begun) / 1e9;
    /* It may be the handler's time that is over. */
    return err == UV_ETIMEDOUT && gruvi_deadline_remaining() > 0
               ? (int)refuse(stream, 408)
               : err;
}

static ssize_t
take(struct h2_stream *stream, void *buf, size_t len)
{
    size_t n = stream->body_end - stream->body_at;

    if (n > len)
        n = len;
    memcpy(buf, stream->body + stream->body_at, n);
    stream->body_at += n;
    if (stream->open && !stream->body_over) {
        nghttp2_session_consume_stream(stream->h2->session, stream->id, n);
        h2_flush(stream->h2);
    }
    return (ssize_t)n;
}

static GRUVI_SWITCHPOINT ssize_t
read_body(void *exchange, void *buf, size_t len)
{
    struct h2_stream *stream = exchange;
    int err;

    say_continue(stream);
    for (;;) {
        if (stream->body_refused > 0)
            return refuse(stream, stream->body_refused);
        if (stream->body_at < stream->body_end)
            return take(stream, buf, len);
        if (stream->body_over || len == 0)
            return 0;
        if (is_gone(stream))
            return UV_ECONNRESET;
        err = wait_for_more(stream);
        if (err < 0)
            return err;
    }
}

const gruvid_transport_t h2_transport = {
    .size = sizeof h2_transport,
    .name = "http",
    .read = read_body,
    .begin = begin,
    .write = write_piece,
    .end = end,
    .reset = reset,
};
