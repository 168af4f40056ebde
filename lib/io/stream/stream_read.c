/* SPDX-License-Identifier: MIT */
/*
 * Reading.
 *
 * gruvi_stream_read() receives into the caller's memory.  gruvi_stream_
 * read_line() does not know how much belongs to its line, so it receives into
 * the stream's buffer.  So does gruvi_stream_read_exact() for small lengths, so
 * that a header and its body come in one piece.  Every read begins with what
 * the buffer holds.
 *
 * gruvi_stream_take() lends that buffer to its caller.
 *
 * A read that fails takes nothing out: what it received is in the buffer.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/likely.h"
#include "core/wait.h"
#include "io/stream/stream.h"

/* The kernel receives less than 2 GiB at once; with this limit, less than was
 * asked for is always a short read. */
#define MAX_TRANSFER ((size_t)1 << 30)

/*
 * Receive what is there.  Returns how many bytes, 0 at the end of the stream,
 * UV_EAGAIN where it is time to wait, or the error.
 */
static inline GRUVI_SWITCHPOINT ssize_t
receive(gruvi_stream_t *s, struct gruvi__call *call, void *buf, size_t len)
{
    ssize_t n;

    if (gruvi__unlikely(s->layer != NULL))
        return s->layer->receive(s, call, buf, len);
    if (s->socket.side[GRUVI__IN].spent)
        return UV_EAGAIN;
    if (len > MAX_TRANSFER)
        len = MAX_TRANSFER;
    do
        n = recv(s->socket.fd, buf, len, MSG_DONTWAIT);
    while (gruvi__unlikely(n < 0) && errno == EINTR);
    if (gruvi__likely(n > 0)) {
        s->socket.side[GRUVI__IN].spent = (size_t)n < len;
        s->received += (uint64_t)n;
        return n;
    }
    if (n == 0)
        return s->broken;
    if (errno == EAGAIN)
        return UV_EAGAIN;
    n = -errno;
    if (n != UV_ENOMEM && n != UV_ENOBUFS)
        s->broken = (int)n;
    return gruvi__result_with(n, buf, len);
}

/* Receive, and wait for data if there is none. */
static inline GRUVI_SWITCHPOINT ssize_t
receive_some(gruvi_stream_t *s, struct gruvi__call *call, void *buf, size_t len)
{
    ssize_t n;
    int err;

    while ((n = receive(s, call, buf, len)) == UV_EAGAIN) {
        err = gruvi__call_wait(call);
        if (err < 0)
            return err;
    }
    return n;
}

/* The same into the buffer, which has first and up to max bytes.  While the
 * call waits, an empty buffer has no memory. */
static GRUVI_SWITCHPOINT ssize_t
fill(gruvi_stream_t *s, struct gruvi__call *call, size_t first, size_t max)
{
    struct gruvi__buffer *buffer = &s->buffer;
    ssize_t n;
    int err;

    for (;;) {
        if (!call->side->spent || s->layer != NULL) {
            err = first == GRUVI__TAKE_SIZE
                      ? gruvi__buffer_lend(buffer, s->socket.hub)
                      : gruvi__buffer_reserve(buffer, first, max);
            if (err < 0)
                return err;
            n = receive(s, call, buffer->data + buffer->end,
                        buffer->size - buffer->end);
            if (n > 0)
                buffer->end += (size_t)n;
            else
                gruvi__buffer_give_back(buffer, s->socket.hub);
            if (n != UV_EAGAIN)
                return n;
        }
        err = gruvi__call_wait(call);
        if (err < 0)
            return err;
    }
}

/* Every read begins with this. */
static inline GRUVI_SWITCHPOINT int
begin(gruvi_stream_t *s, struct gruvi__call *call, gruvi_fiber_t *fiber)
{
    int err;

    if (gruvi__unlikely(s == NULL))
        return UV_EINVAL;
    err = gruvi__call_enter(call, &s->socket, GRUVI__IN, fiber, s->timeout,
                            "read");
    if (gruvi__unlikely(err < 0))
        return err;
    if (s->lent)
        gruvi__buffer_give_back(&s->buffer, s->socket.hub);
    s->lent = false;
    err = gruvi__call_yield_sometimes(call);
    if (gruvi__unlikely(s->read_dead) && err == 0)
        err = UV_ENOMEM;
    if (gruvi__unlikely(err < 0))
        gruvi__stream_leave(s, call, err);
    return err;
}

GRUVI_SWITCHPOINT ssize_t
gruvi_stream_read(gruvi_stream_t *s, void *buf, size_t len)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    ssize_t n;
    int err;

    if (gruvi__unlikely(buf == NULL && len > 0))
        return UV_EINVAL;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = begin(s, &call, fiber)) < 0)
        return err;
    if (gruvi__unlikely(len == 0))
        n = 0;
    else if (gruvi__unlikely(s->buffer.data != NULL))
        n = (ssize_t)gruvi__buffer_take(&s->buffer, buf, len);
    else
        n = receive_some(s, &call, buf, len);
    gruvi__stream_leave_read(s, &call, len > 0 ? n : 1);
    return n;
}

/* Up to GRUVI__BUFFER_SIZE: taken from the buffer when all is there. */
static GRUVI_SWITCHPOINT int
read_small(gruvi_stream_t *s, struct gruvi__call *call, void *buf, size_t len)
{
    struct gruvi__buffer *buffer = &s->buffer;
    size_t held;
    ssize_t n;

    while ((held = gruvi__buffer_held(buffer)) < len) {
        n = fill(s, call, GRUVI__BUFFER_SIZE, len);
        if (n <= 0) {
            if (held > 0)
                memcpy(buf, buffer->data + buffer->start, held);
            return n == 0 ? UV_EOF : (int)n;
        }
    }
    gruvi__buffer_take(buffer, buf, len);
    return 0;
}

/* More than that is received straight into buf. */
static GRUVI_SWITCHPOINT int
read_large(gruvi_stream_t *s, struct gruvi__call *call, char *buf, size_t len)
{
    size_t got = gruvi__buffer_take(&s->buffer, buf, len);
    ssize_t n = 0;

    while (got < len) {
        n = gruvi__call_yield_sometimes(call);
        if (n == 0)
            n = receive_some(s, call, buf + got, len - got);
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    if (got == len)
        return 0;
    if (gruvi__buffer_put_back(&s->buffer, buf, got) < 0) {
        s->read_dead = true;
        return UV_ENOMEM;
    }
    return n == 0 ? UV_EOF : (int)n;
}

GRUVI_SWITCHPOINT int
gruvi_stream_read_exact(gruvi_stream_t *s, void *buf, size_t len)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    int err;

    if (gruvi__unlikely(buf == NULL && len > 0))
        return UV_EINVAL;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = begin(s, &call, fiber)) < 0)
        return err;
    if (len <= GRUVI__BUFFER_SIZE)
        err = read_small(s, &call, buf, len);
    else
        err = read_large(s, &call, buf, len);
    gruvi__stream_leave(s, &call, err);
    return err;
}

/* Receive until a line is held whose end is within len bytes.  Returns the
 * length of the line in the buffer; 0 at the end of the stream. */
static GRUVI_SWITCHPOINT ssize_t
await_line(gruvi_stream_t *s, struct gruvi__call *call, size_t len)
{
    struct gruvi__buffer *buffer = &s->buffer;
    size_t seen = 0, held;
    const char *line, *end;
    ssize_t n;

    for (;;) {
        held = gruvi__buffer_held(buffer);
        if (held > len)
            held = len;
        if (held > seen) {
            line = buffer->data + buffer->start;
            end = memchr(line + seen, '\n', held - seen);
            if (end != NULL)
                return end + 1 - line;
        }
        if (held == len)
            return UV_E2BIG;
        seen = held;
        n = fill(s, call, GRUVI__BUFFER_SIZE, len);
        if (n == 0)
            return (ssize_t)held;
        if (n < 0)
            return n;
    }
}

static GRUVI_SWITCHPOINT ssize_t
read_line(gruvi_stream_t *s, struct gruvi__call *call, char *buf, size_t len)
{
    ssize_t n = await_line(s, call, len);

    if (n > 0)
        gruvi__buffer_take(&s->buffer, buf, (size_t)n);
    return n;
}

GRUVI_SWITCHPOINT ssize_t
gruvi_stream_read_line(gruvi_stream_t *s, char *buf, size_t len)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    ssize_t n;
    int err;

    if (gruvi__unlikely(buf == NULL && len > 0))
        return UV_EINVAL;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = begin(s, &call, fiber)) < 0)
        return err;
    n = read_line(s, &call, buf, len);
    gruvi__stream_leave_read(s, &call, n);
    return n;
}

/* A line in the buffer without its end: "\n" or "\r\n". */
static size_t
text_length(const struct gruvi__buffer *buffer, size_t len)
{
    const char *line = buffer->data + buffer->start;

    if (line[len - 1] != '\n')
        return len;
    len--;
    return len > 0 && line[len - 1] == '\r' ? len - 1 : len;
}

/* Room for len - 1 bytes of text, which "\r\n" may follow. */
static GRUVI_SWITCHPOINT ssize_t
read_text(gruvi_stream_t *s, struct gruvi__call *call, char *buf, size_t len)
{
    ssize_t n = await_line(s, call, len < SIZE_MAX ? len + 1 : len);
    size_t text;
    char end[2];

    if (n <= 0)
        return n == 0 ? UV_EOF : n;
    text = text_length(&s->buffer, (size_t)n);
    if (text >= len)
        return UV_E2BIG;
    gruvi__buffer_take(&s->buffer, buf, text);
    gruvi__buffer_take(&s->buffer, end, (size_t)n - text);
    buf[text] = '\0';
    return (ssize_t)text;
}

GRUVI_SWITCHPOINT ssize_t
gruvi_stream_read_text(gruvi_stream_t *s, char *buf, size_t len)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    ssize_t n;
    int err;

    if (buf == NULL || len == 0)
        return UV_EINVAL;
    buf[0] = '\0';
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = begin(s, &call, fiber)) < 0)
        return err;
    n = read_text(s, &call, buf, len);
    gruvi__stream_leave(s, &call, n);
    return n;
}

/* Receive until least bytes are held, and copy up to len of what is. */
static GRUVI_SWITCHPOINT ssize_t
peek(gruvi_stream_t *s, struct gruvi__call *call, void *buf, size_t len,
     size_t least)
{
    struct gruvi__buffer *buffer = &s->buffer;
    ssize_t n = 1;
    size_t held;

    while ((held = gruvi__buffer_held(buffer)) < least && n > 0)
        n = fill(s, call, GRUVI__BUFFER_SIZE, least);
    if (held > len)
        held = len;
    if (held > 0)
        memcpy(buf, buffer->data + buffer->start, held);
    return n < 0 ? n : (ssize_t)held;
}

static GRUVI_SWITCHPOINT ssize_t
peek_by(const char *function, gruvi_stream_t *s, void *buf, size_t len,
        size_t least)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    ssize_t n;
    int err;

    if (buf == NULL && len > 0)
        return UV_EINVAL;
    if ((err = gruvi__enter(function, &fiber)) < 0 ||
        (err = begin(s, &call, fiber)) < 0)
        return err;
    n = peek(s, &call, buf, len, least);
    gruvi__stream_leave_read(s, &call, len > 0 ? n : 1);
    return n;
}

GRUVI_SWITCHPOINT ssize_t
gruvi_stream_peek(gruvi_stream_t *s, void *buf, size_t len)
{
    return peek_by(__func__, s, buf, len, len > 0);
}

GRUVI_SWITCHPOINT int
gruvi_stream_peek_exact(gruvi_stream_t *s, void *buf, size_t len)
{
    ssize_t n = peek_by(__func__, s, buf, len, len);

    if (n < 0)
        return (int)n;
    return (size_t)n == len ? 0 : UV_EOF;
}

/* All that is held; the next read frees it. */
static GRUVI_SWITCHPOINT ssize_t
take(gruvi_stream_t *s, struct gruvi__call *call, char **data)
{
    struct gruvi__buffer *buffer = &s->buffer;
    ssize_t n = (ssize_t)gruvi__buffer_held(buffer);

    if (n == 0)
        n = fill(s, call, GRUVI__TAKE_SIZE, GRUVI__TAKE_SIZE);
    if (n <= 0)
        return n;
    *data = buffer->data + buffer->start;
    buffer->start = buffer->end;
    s->lent = true;
    return n;
}

GRUVI_SWITCHPOINT ssize_t
gruvi_stream_take(gruvi_stream_t *s, char **data)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    ssize_t n;
    int err;

    if (gruvi__unlikely(data == NULL))
        return UV_EINVAL;
    *data = NULL;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = begin(s, &call, fiber)) < 0)
        return err;
    n = take(s, &call, data);
    gruvi__stream_leave_read(s, &call, n);
    return n;
}

int
gruvi_stream_unread(gruvi_stream_t *s, const void *buf, size_t len)
{
    int err;

    if (s == NULL || (buf == NULL && len > 0))
        return UV_EINVAL;
    if (!gruvi__is_own(s->socket.hub))
        return UV_EPERM;
    if (s->socket.side[GRUVI__IN].fiber != NULL)
        return UV_EBUSY;
    err = gruvi__buffer_unread(&s->buffer, buf, len);
    if (err == 0 && len > 0)
        s->lent = false;
    return err;
}
