/* SPDX-License-Identifier: MIT */
/*
 * A body is read from what came with its head, and then from the stream: with a
 * length into the memory of whoever reads, in chunks into the input.
 *
 * A client that is slower than body_rate is refused.  Only the time is counted
 * that the server waits for it, and as much is free as a header may take.
 */
#include "body.h"

#include <string.h>

#include "wire.h"

#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

static ssize_t
fail(struct http_work *work, int status)
{
    work->exchange.body_failed = true;
    gruvid_request_refuse(work->exchange.request, status);
    return UV_EPROTO;
}

/* How long the client may still take. */
static double
patience(const struct http_work *work)
{
    const struct http_settings *settings = &work->connection->hub->settings;
    uint64_t rate = settings->body_rate;
    const struct http_exchange *x = &work->exchange;
    double left = settings->header_timeout - x->waited;

    if (rate == 0 || settings->header_timeout <= 0)
        return GRUVI_FOREVER;
    left += (double)x->come / (double)rate;
    return left > 0 ? left : 0;
}

static GRUVI_SWITCHPOINT ssize_t
receive(struct http_work *work, char *buf, size_t len)
{
    gruvi_stream_t *stream = work->connection->stream;
    struct http_exchange *x = &work->exchange;
    uint64_t begun;
    ssize_t n;

    /* A client may wait for earlier replies before it goes on. */
    if (work->out_length > 0 && work->connection->waits != HTTP_WRITING) {
        int err = http_flush(work);
        if (err < 0)
            return err;
    }
    begun = uv_hrtime();
    gruvi_stream_set_timeout(stream, patience(work));
    n = gruvi_stream_read(stream, buf, len);
    x->waited += (double)(uv_hrtime() - begun) / 1e9;
    if (n > 0)
        x->come += (uint64_t)n;
    if (n == 0)
        return fail(work, 400);
    /* It may be the handler's time that is over. */
    return n == UV_ETIMEDOUT && gruvi_deadline_remaining() > 0 ? fail(work, 408)
                                                               : n;
}

int
http_body_continue(struct http_work *work)
{
    struct http_exchange *x = &work->exchange;
    char *out;

    if (!x->expects)
        return 0;
    x->expects = false;
    if (work->position < work->end)
        return 0;
    if (x->status != 0)
        return (int)fail(work, 400);
    out = http_reserve(work, sizeof CONTINUE - 1);
    if (out == NULL)
        return UV_ENOMEM;
    memcpy(out, CONTINUE, sizeof CONTINUE - 1);
    work->out_length += sizeof CONTINUE - 1;
    return 0;
}

static size_t
smaller(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

static GRUVI_SWITCHPOINT ssize_t
read_length(struct http_work *work, char *buf, size_t len)
{
    struct http_exchange *x = &work->exchange;
    ssize_t n;

    len = smaller(x->left, len);
    if (work->position < work->end) {
        n = (ssize_t)smaller(work->end - work->position, len);
        memcpy(buf, work->in + work->position, (size_t)n);
        work->position += (size_t)n;
    } else {
        n = receive(work, buf, len);
    }
    if (n > 0) {
        x->left -= (uint64_t)n;
        x->body_over = x->left == 0;
    }
    return n;
}

/* More of the chunks, where the head does not have to stay. */
static GRUVI_SWITCHPOINT ssize_t
receive_chunks(struct http_work *work)
{
    ssize_t n;

    work->position = work->end = work->start + work->head.size;
    n = receive(work, work->in + work->end, work->in_size - work->end);
    if (n > 0)
        work->end += (size_t)n;
    return n;
}

static GRUVI_SWITCHPOINT ssize_t
read_chunks(struct http_work *work, char *buf, size_t len)
{
    struct http_exchange *x = &work->exchange;

    for (;;) {
        const char *data = work->in + work->position;
        size_t used, piece;
        enum http_result result;
        if (work->position == work->end) {
            ssize_t n = receive_chunks(work);
            if (n < 0)
                return n;
            continue;
        }
        result = http_chunks_next(&work->chunks, data,
                                  smaller(work->end - work->position, len),
                                  &used, &piece);
        work->position += used;
        if (result == HTTP_REFUSED)
            return fail(work, work->chunks.status);
        if (piece > 0) {
            memcpy(buf, data + used - piece, piece);
            return (ssize_t)piece;
        }
        if (result == HTTP_DONE) {
            x->body_over = true;
            return 0;
        }
    }
}

GRUVI_SWITCHPOINT ssize_t
http_body_read(struct http_work *work, void *buf, size_t len)
{
    struct http_exchange *x = &work->exchange;
    int err;

    if (x->body_failed)
        return UV_EPROTO;
    if (x->body_over || len == 0)
        return 0;
    err = http_body_continue(work);
    if (err < 0)
        return err;
    if (x->framing == HTTP_LENGTH)
        return read_length(work, buf, len);
    return read_chunks(work, buf, len);
}

bool
http_body_may_end(const struct http_work *work)
{
    const struct http_exchange *x = &work->exchange;

    if (x->body_over)
        return true;
    if (x->body_failed || x->expects)
        return false;
    return x->framing == HTTP_CHUNKED || x->left <= HTTP_DISCARD;
}

GRUVI_SWITCHPOINT int
http_body_discard(struct http_work *work)
{
    struct http_exchange *x = &work->exchange;
    size_t dropped = 0;
    char buf[4096];

    if (!http_body_may_end(work))
        return UV_EPROTO;
    while (!x->body_over && dropped <= HTTP_DISCARD) {
        ssize_t n = http_body_read(work, buf, sizeof buf);
        if (n < 0)
            return (int)n;
        dropped += (size_t)n;
    }
    return x->body_over ? 0 : UV_EPROTO;
}
