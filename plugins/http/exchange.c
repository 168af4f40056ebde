/* SPDX-License-Identifier: MIT */
/*
 * A request and its reply.
 *
 * A reply that is small stays in the output: the connection sends it, with
 * those to requests that came along with this.  The head of a longer reply goes
 * out with the first piece of its body, or when the handler has switched away.
 */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "body.h"
#include "events.h"
#include "forwarded.h"
#include "held.h"
#include "reason.h"
#include "wire.h"

/* Bytes of a body that are copied, so that replies leave together. */
#define COPIED 4096

/* Bytes for the lines of a head that are not the handler's: the status line,
 * Date, Content-Length, Transfer-Encoding, Connection and the end. */
#define FIXED 256

/* --- the head of a reply -------------------------------------------------- */

static char *
put(char *p, const char *text, size_t size)
{
    memcpy(p, text, size);
    return p + size;
}

#define LAST_CHUNK "0\r\n\r\n"

#define PUT(p, text) put(p, text, sizeof(text) - 1)

static char *
put_number(char *p, uint64_t n)
{
    char digits[20];
    size_t i = sizeof digits;

    do
        digits[--i] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    return put(p, digits + i, sizeof digits - i);
}

static char *
put_text(char *p, const char *text)
{
    return put(p, text, strlen(text));
}

static char *
put_status(char *p, int status)
{
    if (status == 200)
        return PUT(p, "HTTP/1.1 200 OK\r\n");
    p = PUT(p, "HTTP/1.1 ");
    p = put_number(p, (uint64_t)status);
    *p++ = ' ';
    p = put_text(p, http_reason(status));
    return PUT(p, "\r\n");
}

static char *
put_headers(char *p, const gruvid_reply_t *reply)
{
    for (size_t i = 0; i < reply->n_headers; i++) {
        p = put_text(p, reply->headers[i].name);
        p = PUT(p, ": ");
        p = put_text(p, reply->headers[i].value);
        p = PUT(p, "\r\n");
    }
    return p;
}

/* What is said of the body's length, and whether the connection goes on. */
static char *
put_framing(char *p, struct http_work *work, const gruvid_reply_t *reply)
{
    struct http_exchange *x = &work->exchange;

    if (!reply->bodiless && reply->length >= 0) {
        p = PUT(p, "Content-Length: ");
        p = put_number(p, (uint64_t)reply->length);
        p = PUT(p, "\r\n");
    }
    if (x->chunked)
        p = PUT(p, "Transfer-Encoding: chunked\r\n");
    if (!x->keep_alive)
        p = PUT(p, "Connection: close\r\n");
    else if (x->minor == 0)
        p = PUT(p, "Connection: keep-alive\r\n");
    return p;
}

static size_t
head_size(const gruvid_reply_t *reply)
{
    size_t size = FIXED;

    for (size_t i = 0; i < reply->n_headers; i++)
        size += strlen(reply->headers[i].name) +
                strlen(reply->headers[i].value) + 4;
    return size;
}

static int
put_head(struct http_work *work, const gruvid_reply_t *reply)
{
    char *p = http_reserve(work, head_size(reply));

    if (p == NULL)
        return UV_ENOMEM;
    p = put_status(p, reply->status);
    p = PUT(p, "Date: ");
    p = put_text(p, http_date(work->connection->hub));
    p = PUT(p, "\r\n");
    p = put_framing(p, work, reply);
    p = put_headers(p, reply);
    p = PUT(p, "\r\n");
    work->out_length = (size_t)(p - work->out);
    return 0;
}

/* --- the functions -------------------------------------------------------- */

static int
keep_text(struct http_work *work, const char *text)
{
    char *p = http_reserve(work, strlen(text));

    if (p == NULL)
        return UV_ENOMEM;
    work->out_length += (size_t)(put_text(p, text) - p);
    return 0;
}

/* The line in front of a chunk. */
static int
put_chunk(struct http_work *work, uint64_t size)
{
    char line[24];

    snprintf(line, sizeof line, "%llx\r\n", (unsigned long long)size);
    return keep_text(work, line);
}

static GRUVI_SWITCHPOINT int
send_chunk(struct http_work *work, const void *data, size_t size)
{
    uv_buf_t bufs[2] = {http_buf(data, size), http_buf("\r\n", 2)};
    int err = put_chunk(work, size);

    return err < 0 ? err : http_send(work, bufs, 2);
}

/* Bytes as they are. */
static GRUVI_SWITCHPOINT int
send_raw(void *exchange, const void *data, size_t size)
{
    struct http_work *work = exchange;
    uv_buf_t buf = http_buf(data, size);

    work->exchange.sent += size;
    return work->exchange.chunked ? send_chunk(work, data, size)
                                  : http_send(work, &buf, 1);
}

GRUVI_SWITCHPOINT int
http_exchange_put(struct http_work *work, const void *data, size_t size)
{
    return http_coding_is_on(&work->exchange.coding)
               ? http_coding_write(&work->exchange.coding, data, size)
               : send_raw(work, data, size);
}

static GRUVI_SWITCHPOINT int
send_piece(struct http_work *work, const void *data, size_t size)
{
    int err = http_comments_enter(&work->exchange.comments);

    if (err < 0)
        return err;
    err = http_exchange_put(work, data, size);
    http_comments_leave(&work->exchange.comments);
    return err;
}

/* A whole reply, for the connection to send. */
static int
keep(struct http_work *work, const void *data, size_t size)
{
    char *p = http_reserve(work, size);

    if (p == NULL)
        return UV_ENOMEM;
    if (size > 0)
        memcpy(p, data, size);
    work->out_length += size;
    work->exchange.sent += size;
    return 0;
}

/* Where the body of a reply ends, and whether the connection goes on. */
static void
decide_framing(struct http_work *work, const gruvid_reply_t *reply)
{
    struct http_exchange *x = &work->exchange;

    if (!http_body_may_end(work) ||
        gruvid_plugin_draining(work->connection->hub->plugin))
        x->keep_alive = false;
    if (reply->whole || reply->length >= 0 || reply->head || reply->bodiless)
        return;
    x->chunked = x->minor > 0;
    x->unbounded = !x->chunked;
    if (x->unbounded)
        x->keep_alive = false;
}

/* The body of a reply whose head is in the output. */
static GRUVI_SWITCHPOINT int
begin_body(struct http_work *work, const gruvid_reply_t *reply)
{
    int err = 0;

    if (reply->whole && reply->size <= COPIED)
        return keep(work, reply->data, reply->size);
    if (reply->size > 0)
        err = send_piece(work, reply->data, reply->size);
    else if (reply->events || !http_held_begin(work))
        err = http_flush(work);
    return err == 0 && reply->events ? http_events_begin(work) : err;
}

/* The same for one that is coded while it is sent. */
static GRUVI_SWITCHPOINT int
begin_coded(struct http_work *work, const gruvid_reply_t *reply)
{
    struct http_exchange *x = &work->exchange;
    int err;

    if (!reply->whole)
        return begin_body(work, reply);
    err = http_coding_end(&x->coding, reply->data, reply->size);
    return err == 0 && x->chunked ? keep_text(work, LAST_CHUNK) : err;
}

static GRUVI_SWITCHPOINT int
decide_coding(struct http_work *work, gruvid_reply_t *reply)
{
    struct http_hub *hub = work->connection->hub;
    struct http_coding_wish wish = {
        .coders = &hub->coders,
        .settings = &hub->settings,
        .headers = work->headers,
        .n_headers = work->n_headers,
        .send = send_raw,
        .exchange = work,
    };

    return http_coding_begin(&work->exchange.coding, &wish, reply);
}

static GRUVI_SWITCHPOINT int
begin(void *exchange, const gruvid_reply_t *reply)
{
    struct http_work *work = exchange;
    gruvid_reply_t coded = *reply;
    int err = decide_coding(work, &coded);

    /* What streams may read the body later, and a client that has the head
     * sends none any more. */
    if (err == 0 && !reply->whole && reply->status < 300)
        err = http_body_continue(work);
    if (err < 0)
        return err;
    decide_framing(work, &coded);
    work->exchange.status = reply->status;
    err = put_head(work, &coded);
    if (err < 0)
        return err;
    return http_coding_is_on(&work->exchange.coding) ? begin_coded(work, reply)
                                                     : begin_body(work, &coded);
}

static GRUVI_SWITCHPOINT int
write_piece(void *exchange, const void *data, size_t size)
{
    return size > 0 ? send_piece(exchange, data, size) : 0;
}

/* The lines around a chunk go with the file, and with what follows. */
static GRUVI_SWITCHPOINT int
send_file(void *exchange, gruvi_file_t *file, uint64_t offset, uint64_t length)
{
    struct http_work *work = exchange;
    bool chunked = work->exchange.chunked;
    int err;

    if (length == 0)
        return 0;
    if (http_coding_is_on(&work->exchange.coding))
        return UV_ENOTSUP; /* files are not coded: see worth.c */
    if (chunked && put_chunk(work, length) < 0)
        return UV_ENOMEM;
    work->exchange.sent += length;
    err = http_send_file(work, file, offset, length);
    if (err == 0 && chunked)
        err = keep_text(work, "\r\n");
    return err == 0 && !http_held_begin(work) ? http_flush(work) : err;
}

static GRUVI_SWITCHPOINT int
end(void *exchange)
{
    struct http_work *work = exchange;
    struct http_exchange *x = &work->exchange;
    int err = 0;

    http_comments_end(&x->comments);
    if (http_coding_is_on(&x->coding))
        err = http_coding_end(&x->coding, "", 0);
    return err == 0 && x->chunked ? keep_text(work, LAST_CHUNK) : err;
}

static void
reset(void *exchange, int why)
{
    struct http_work *work = exchange;

    (void)why;
    work->exchange.reset = true;
    work->exchange.keep_alive = false;
}

static GRUVI_SWITCHPOINT ssize_t
read_body(void *exchange, void *buf, size_t len)
{
    return http_body_read(exchange, buf, len);
}

/* --- another protocol ----------------------------------------------------- */

static char *
put_upgrade(char *p, const char *protocol, const gruvid_reply_t *reply)
{
    p = PUT(p, "HTTP/1.1 101 Switching Protocols\r\n"
               "Connection: Upgrade\r\nUpgrade: ");
    p = put_text(p, protocol);
    p = PUT(p, "\r\n");
    p = put_headers(p, reply);
    return PUT(p, "\r\n");
}

/* A client may send before it has the 101: what came with the head is given
 * back to the stream. */
static GRUVI_SWITCHPOINT int
upgrade(void *exchange, const char *protocol, const gruvid_reply_t *reply,
        gruvi_stream_t **stream)
{
    struct http_work *work = exchange;
    char *p;
    int err;

    *stream = NULL;
    if (!work->exchange.body_over)
        return UV_ENOTSUP;
    p = http_reserve(work, head_size(reply) + strlen(protocol));
    if (p == NULL)
        return UV_ENOMEM;
    err =
        gruvi_stream_unread(work->connection->stream, work->in + work->position,
                            work->end - work->position);
    if (err < 0)
        return err;
    work->position = work->end;
    work->exchange.status = 101;
    work->exchange.keep_alive = false;
    p = put_upgrade(p, protocol, reply);
    work->out_length = (size_t)(p - work->out);
    err = http_flush(work);
    if (err < 0)
        return err;
    gruvi_stream_set_timeout(work->connection->stream, GRUVI_FOREVER);
    work->given = true;
    *stream = work->connection->stream;
    return 0;
}

static void
finish(void *exchange)
{
    struct http_work *work = exchange;

    work->connection->request = NULL;
}

const gruvid_transport_t http_transport = {
    .size = sizeof http_transport,
    .name = "http",
    .read = read_body,
    .begin = begin,
    .write = write_piece,
    .end = end,
    .sendfile = send_file,
    .reset = reset,
    .upgrade = upgrade,
    .finish = finish,
};

/* --- its begin ------------------------------------------------------------ */

const char *
http_peer(struct http_work *work)
{
    http_forwarded_peer(work->connection, work->headers, work->n_headers,
                        work->peer, sizeof work->peer);
    return work->peer;
}

void
http_exchange_begin(struct http_work *work, bool keep_alive)
{
    const struct http_head *head = &work->head;
    struct http_exchange *x = &work->exchange;

    memset(x, 0, sizeof *x);
    x->minor = head->minor;
    x->keep_alive = keep_alive && head->keep_alive;
    x->framing = head->framing;
    x->left = head->length;
    x->expects = head->expect_continue;
    x->body_over = head->framing == HTTP_NO_BODY;
    if (head->framing == HTTP_CHUNKED)
        http_chunks_init(&work->chunks, head->limits);
}
