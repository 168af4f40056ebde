/* SPDX-License-Identifier: MIT */
/*
 * What a proxy has put in front of a connection.  It is received from the
 * socket itself, below TLS, and not a byte of what follows it is taken: so
 * whoever reads next, the stream or TLS, finds all that is its own.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <gruvi/tls.h>

#include "core/wait.h"
#include "io/stream/stream.h"

/* Receive what is there; UV_EAGAIN where it is time to wait. */
static ssize_t
receive(gruvi_stream_t *s, void *buf, size_t len, int flags)
{
    ssize_t n;

    do
        n = recv(s->socket.fd, buf, len, flags | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    return errno == EAGAIN ? UV_EAGAIN : -errno;
}

GRUVI_SWITCHPOINT ssize_t
gruvi__stream_front(gruvi_stream_t *s, void *buf, size_t len, double timeout)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    ssize_t n;
    int err;

    if (s == NULL || buf == NULL || len == 0)
        return UV_EINVAL;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = gruvi__call_enter(&call, &s->socket, GRUVI__IN, fiber, timeout,
                                 "front")) < 0)
        return err;
    n = gruvi__call_yield_sometimes(&call);
    if (n == 0)
        while ((n = receive(s, buf, len, MSG_PEEK)) == UV_EAGAIN)
            if ((n = gruvi__call_wait(&call)) < 0)
                break;
    gruvi__stream_leave_read(s, &call, n);
    return n;
}

int
gruvi__stream_front_take(gruvi_stream_t *s, void *buf, size_t len)
{
    size_t taken = 0;

    while (taken < len) {
        ssize_t n = receive(s, (char *)buf + taken, len - taken, 0);
        if (n <= 0)
            return n == 0 ? UV_EOF : (int)n;
        taken += (size_t)n;
        s->received += (uint64_t)n;
    }
    return 0;
}

void
gruvi__stream_change_peer(gruvi_stream_t *s, const struct sockaddr *at,
                          socklen_t length)
{
    memset(&s->peer, 0, sizeof s->peer);
    if (at->sa_family == AF_UNIX || length > sizeof s->peer) {
        s->peer.any.sa_family = at->sa_family;
        s->peer_length = sizeof s->peer.any.sa_family;
        return;
    }
    memcpy(&s->peer, at, length);
    s->peer_length = length;
}
