/* SPDX-License-Identifier: MIT */
/*
 * Writing.  A write that fails ends the write side, because the peer may have
 * got any part of the message.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/likely.h"
#include "core/wait.h"
#include "io/stream/stream.h"

/* The kernel sends less than 2 GiB at once; with this limit, less than was
 * given is always a short write. */
#define MAX_TRANSFER ((size_t)1 << 30)

/* Buffers in a system call; a copy of them is on the stack. */
#define CHUNK 64

/*
 * The result of sending len bytes: how many went out, UV_EAGAIN, or the error.
 * A short write has filled the kernel's buffer, so the next one waits.
 */
static inline ssize_t
sent(gruvi_stream_t *s, ssize_t n, size_t len)
{
    s->socket.side[GRUVI__OUT].spent = n < (ssize_t)len;
    if (gruvi__likely(n >= 0)) {
        s->sent += (uint64_t)n;
        return n;
    }
    n = -errno;
    if (n != UV_EAGAIN && n != UV_EPIPE && n != UV_ENOMEM && n != UV_ENOBUFS)
        s->broken = (int)n;
    return n;
}

int
gruvi__stream_write_all(gruvi_stream_t *s, struct gruvi__call *call,
                        const char *buf, size_t len)
{
    ssize_t n;
    size_t part;
    int err;

    while (len > 0) {
        if (call->side->spent && (err = gruvi__call_wait(call)) < 0)
            return err;
        part = len < MAX_TRANSFER ? len : MAX_TRANSFER;
        do
            n = send(s->socket.fd, buf, part, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (gruvi__unlikely(n < 0) && errno == EINTR);
        n = sent(s, n, part);
        if (gruvi__unlikely(n == UV_EAGAIN))
            continue;
        if (gruvi__unlikely(n < 0))
            return (int)gruvi__result_with(n, buf, len);
        buf += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Where a vector of buffers continues. */
struct position {
    const uv_buf_t *bufs;
    unsigned n;
    size_t done; /* of bufs[0] */
};

/* The next part, as an iovec; returns its bytes. */
static size_t
gather(struct position at, struct iovec *iov, size_t *count)
{
    size_t total = 0;

    for (*count = 0; at.n > 0 && *count < CHUNK; at.bufs++, at.n--) {
        size_t len = at.bufs->len - at.done;

        if (len > MAX_TRANSFER - total)
            len = MAX_TRANSFER - total;
        if (len > 0) {
            iov[*count].iov_base = at.bufs->base + at.done;
            iov[*count].iov_len = len;
            ++*count;
        }
        total += len;
        at.done = 0;
    }
    return total;
}

static void
advance(struct position *at, size_t sent)
{
    while (at->n > 0 && sent >= at->bufs->len - at->done) {
        sent -= at->bufs->len - at->done;
        at->done = 0;
        at->bufs++;
        at->n--;
    }
    at->done += sent;
}

static GRUVI_SWITCHPOINT int
writev_all(gruvi_stream_t *s, struct gruvi__call *call, struct position at)
{
    struct iovec iov[CHUNK];
    struct msghdr message = {.msg_iov = iov};
    ssize_t n;
    size_t total;
    int err;

    while ((total = gather(at, iov, &message.msg_iovlen)) > 0) {
        if (call->side->spent && (err = gruvi__call_wait(call)) < 0)
            return err;
        do
            n = sendmsg(s->socket.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        n = sent(s, n, total);
        if (n == UV_EAGAIN)
            continue;
        if (n < 0)
            return (int)n;
        advance(&at, (size_t)n);
        if (at.n > 0 && (err = gruvi__call_yield_sometimes(call)) < 0)
            return err;
    }
    return 0;
}

/* Not with uv_buf_init(), whose length is 32 bits. */
static GRUVI_SWITCHPOINT int
write_through(gruvi_stream_t *s, struct gruvi__call *call, const char *buf,
              size_t len)
{
    uv_buf_t part = {.base = (char *)(uintptr_t)buf, .len = len};

    return s->layer->write(s, call, &part, 1);
}

/* Every write begins with this. */
static inline GRUVI_SWITCHPOINT int
begin(gruvi_stream_t *s, struct gruvi__call *call, gruvi_fiber_t *fiber)
{
    int err;

    if (gruvi__unlikely(s == NULL))
        return UV_EINVAL;
    err = gruvi__call_enter(call, &s->socket, GRUVI__OUT, fiber, s->timeout,
                            "write");
    if (gruvi__unlikely(err < 0))
        return err;
    err = gruvi__call_yield_sometimes(call);
    if (gruvi__unlikely(s->write_dead) && err == 0)
        err = UV_EPIPE;
    if (gruvi__unlikely(err < 0))
        gruvi__stream_leave(s, call, err);
    return err;
}

static inline int
end(gruvi_stream_t *s, struct gruvi__call *call, int err)
{
    if (gruvi__unlikely(err < 0))
        s->write_dead = true;
    gruvi__stream_leave(s, call, err);
    return err;
}

static inline GRUVI_SWITCHPOINT int
write_by(const char *function, gruvi_stream_t *s, const void *buf, size_t len)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    int err;

    if (gruvi__unlikely(buf == NULL && len > 0))
        return UV_EINVAL;
    if ((err = gruvi__enter(function, &fiber)) < 0 ||
        (err = begin(s, &call, fiber)) < 0)
        return err;
    if (gruvi__unlikely(s->layer != NULL))
        err = write_through(s, &call, buf, len);
    else
        err = gruvi__stream_write_all(s, &call, buf, len);
    return end(s, &call, err);
}

GRUVI_SWITCHPOINT int
gruvi_stream_write(gruvi_stream_t *s, const void *buf, size_t len)
{
    return write_by(__func__, s, buf, len);
}

GRUVI_SWITCHPOINT int
gruvi__stream_write(const char *function, gruvi_stream_t *s, const void *buf,
                    size_t len)
{
    return write_by(function, s, buf, len);
}

/* Whether there is less than was said. */
static bool
is_missing(const uv_buf_t bufs[], unsigned n)
{
    if (bufs == NULL)
        return n > 0;
    for (unsigned i = 0; i < n; i++) {
        if (gruvi__unlikely(bufs[i].base == NULL && bufs[i].len > 0))
            return true;
    }
    return false;
}

GRUVI_SWITCHPOINT int
gruvi_stream_writev(gruvi_stream_t *s, const uv_buf_t bufs[], unsigned n)
{
    struct position at = {bufs, n, 0};
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    int err;

    if (gruvi__unlikely(is_missing(bufs, n)))
        return UV_EINVAL;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = begin(s, &call, fiber)) < 0)
        return err;
    if (gruvi__unlikely(s->layer != NULL))
        err = s->layer->write(s, &call, bufs, n);
    else
        err = writev_all(s, &call, at);
    for (unsigned i = 0; gruvi__unlikely(err == UV_EFAULT) && i < n; i++)
        gruvi__result_with(err, bufs[i].base, bufs[i].len);
    return end(s, &call, err);
}

/* --- without waiting ------------------------------------------------------ */

static ssize_t
send_once(gruvi_stream_t *s, const void *buf, size_t len)
{
    ssize_t n;

    if (len > MAX_TRANSFER)
        len = MAX_TRANSFER;
    do
        n = send(s->socket.fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return sent(s, n, len);
}

ssize_t
gruvi_stream_try_write(gruvi_stream_t *s, const void *buf, size_t len)
{
    ssize_t n;

    if (s == NULL || (buf == NULL && len > 0))
        return UV_EINVAL;
    if (!gruvi__is_own(s->socket.hub))
        return UV_EPERM;
    if (s->socket.side[GRUVI__OUT].fiber != NULL)
        return UV_EBUSY;
    if (s->write_dead)
        return UV_EPIPE;
    if (s->layer != NULL)
        n = s->layer->try_write(s, buf, len);
    else
        n = len > 0 ? send_once(s, buf, len) : 0;
    if (n < 0 && n != UV_EAGAIN)
        s->write_dead = true;
    return n;
}
