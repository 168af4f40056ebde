/* SPDX-License-Identifier: MIT */
/*
 * Connecting: the addresses of a name are tried in turn.
 *
 * Where there is a timeout, one that does not answer may not take all of it:
 * it gets its share of what is left, but a quarter of a second if there is one.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "io/resolve.h"
#include "io/stream.h"

#define SHARE_LEAST 0.25  /* seconds */
#define QUEUE_PAUSE 0.001 /* seconds, doubled up to */
#define QUEUE_MOST  0.064

/* Seconds until a point in time. */
static double
remaining(uint64_t due)
{
    uint64_t now;

    if (due == UINT64_MAX)
        return GRUVI_FOREVER;
    now = gruvi__clock_now();
    return now < due ? (double)(due - now) * 1e-9 : 0;
}

static double
share_of(double left, size_t addresses)
{
    double share = left / (double)addresses;

    if (left < 0 || addresses == 1)
        return left;
    if (share < SHARE_LEAST)
        share = SHARE_LEAST;
    return share < left ? share : left;
}

/*
 * A socket that connects to a port of its own machine on which nobody listens
 * may be given that very port for itself, and then it meets itself.
 */
static bool
is_connected_to_itself(int fd, const struct addrinfo *info)
{
    union gruvi__sockaddr at;
    socklen_t length = sizeof at;

    if (info->ai_family == AF_UNIX || getsockname(fd, &at.any, &length) < 0)
        return false;
    if (info->ai_family == AF_INET) {
        const struct sockaddr_in *to = (const void *)info->ai_addr;

        return at.in.sin_port == to->sin_port &&
               at.in.sin_addr.s_addr == to->sin_addr.s_addr;
    } else {
        const struct sockaddr_in6 *to = (const void *)info->ai_addr;

        return at.in6.sin6_port == to->sin6_port &&
               memcmp(&at.in6.sin6_addr, &to->sin6_addr,
                      sizeof to->sin6_addr) == 0;
    }
}

/*
 * The result is asked for by connecting again, not by SO_ERROR: that says 0 of
 * a socket that is still on its way, too.  A Unix socket whose queue is full
 * has no readiness to wait for.
 */
static int
establish(gruvi_stream_t *s, struct gruvi__call *call,
          const struct addrinfo *info)
{
    double pause = QUEUE_PAUSE;
    int err;

    while (connect(s->socket.fd, info->ai_addr, info->ai_addrlen) < 0 &&
           errno != EISCONN) {
        if (errno == EAGAIN && info->ai_family == AF_UNIX) {
            err = gruvi__call_sleep(call, pause);
            if (pause < QUEUE_MOST)
                pause *= 2;
        } else if (errno == EINPROGRESS || errno == EALREADY ||
                   errno == EINTR) {
            err = gruvi__call_wait(call);
        } else {
            return -errno;
        }
        if (err < 0)
            return err;
    }
    return is_connected_to_itself(s->socket.fd, info) ? UV_ECONNREFUSED : 0;
}

/* One address.  *stop where there is no point in trying another one. */
static int
try(gruvi_fiber_t *fiber, const struct addrinfo *info, bool delay,
    double timeout, gruvi_stream_t **stream, bool *stop)
{
    gruvi_stream_t *s = gruvi__stream_new(fiber->hub);
    struct gruvi__call call;
    int fd, err, on = 1;

    *stop = true;
    if (s == NULL)
        return UV_ENOMEM;
    fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        err = -errno;
        *stop = err == UV_EMFILE || err == UV_ENFILE;
        gruvi__stream_free(s);
        return err;
    }
    s->socket.fd = fd;
    gruvi__stream_set_peer(s, info->ai_addr, info->ai_addrlen);
    if (info->ai_family != AF_UNIX && !delay)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    gruvi__call_enter(&call, &s->socket, GRUVI__OUT, fiber, timeout, "connect");
    err = establish(s, &call, info);
    *stop = call.interrupted;
    gruvi__stream_leave(s, &call);
    if (err < 0)
        gruvi_stream_close(s);
    else
        *stream = s;
    return err;
}

static int
try_all(gruvi_fiber_t *fiber, const struct addrinfo *first, bool delay,
        uint64_t due, gruvi_stream_t **stream)
{
    const struct addrinfo *info;
    size_t left = 0;
    bool stop;
    int err;

    for (info = first; info != NULL; info = info->ai_next)
        left++;
    for (info = first;; info = info->ai_next, left--) {
        err = try(fiber, info, delay, share_of(remaining(due), left), stream,
                  &stop);
        if (err == 0 || stop || left == 1)
            return err;
    }
}

GRUVI_SWITCHPOINT int
gruvi_connect(gruvi_stream_t **stream, const char *text,
              const gruvi_connect_options_t *options, double timeout)
{
    struct gruvi__address address;
    struct gruvi__lookup lookup;
    gruvi_fiber_t *fiber;
    uint64_t due;
    int err;

    if (stream == NULL)
        return UV_EINVAL;
    *stream = NULL;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = gruvi__timeout_check(timeout)) < 0 ||
        (err = gruvi__address_parse(&address, text)) < 0)
        return err;
    if (options != NULL && gruvi__reserved(options->reserved))
        return UV_EINVAL;
    if ((err = gruvi__breathe(fiber)) < 0)
        return err;
    due = gruvi__clock_due(timeout);
    err = gruvi__resolve(fiber, &address, timeout, &lookup);
    if (err < 0)
        return err;
    err = try_all(fiber, lookup.first, options != NULL && options->delay, due,
                  stream);
    gruvi__lookup_free(&lookup);
    return err;
}
