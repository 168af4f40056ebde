/* SPDX-License-Identifier: MIT */
/* Connecting: to an address, or to one of the addresses of a name. */
#include "base/forks.h"
#include "core/clock.h"
#include "core/fiber.h"
#include "core/wait.h"
#include "io/socket/dial.h"
#include "io/socket/resolve.h"
#include "io/stream/stream.h"
#include "io/tls/tls.h"

#define QUEUE_PAUSE     0.001 /* seconds, doubled up to the next */
#define QUEUE_PAUSE_MAX 0.064

/* A Unix socket whose queue is full has no readiness to wait for. */
static int
establish(gruvi_stream_t *s, struct gruvi__call *call,
          const struct addrinfo *info)
{
    double pause = QUEUE_PAUSE;
    int err;

    while ((err = gruvi__dial_step(s->socket.fd, info)) < 0) {
        if (err == UV_EAGAIN && info->ai_family == AF_UNIX) {
            err = gruvi__call_sleep(call, pause);
            if (pause < QUEUE_PAUSE_MAX)
                pause *= 2;
        } else if (err == UV_EALREADY) {
            err = gruvi__call_wait(call);
        }
        if (err < 0)
            return err;
    }
    return 0;
}

static int
try_one(gruvi_fiber_t *fiber, const struct addrinfo *info,
        const struct gruvi__dial *dial, double timeout, gruvi_stream_t *s)
{
    struct gruvi__call call;
    int fd, err;

    if (!gruvi__dial_fits(dial, info))
        return UV_EAFNOSUPPORT;
    fd = gruvi__dial_socket(dial, info);
    if (fd < 0)
        return fd;
    s->socket.fd = fd;
    gruvi__stream_set_peer(s, info->ai_addr, info->ai_addrlen);
    gruvi__call_enter(&call, &s->socket, GRUVI__OUT, fiber, timeout, "connect");
    err = establish(s, &call, info);
    gruvi__stream_leave(s, &call, err);
    return err;
}

static int
race(gruvi_fiber_t *fiber, const struct addrinfo *first,
     const struct gruvi__dial *dial, double timeout, gruvi_stream_t *s)
{
    const struct addrinfo *winner;
    int fd = gruvi__dial_race(fiber, dial, first, timeout, &winner);

    if (fd < 0)
        return fd;
    s->socket.fd = fd;
    gruvi__stream_set_peer(s, winner->ai_addr, winner->ai_addrlen);
    return 0;
}

static int
try_all(gruvi_fiber_t *fiber, const struct addrinfo *first,
        const struct gruvi__dial *dial, uint64_t due, gruvi_stream_t **stream)
{
    gruvi_stream_t *s = gruvi__stream_new(fiber->hub);
    int err;

    if (s == NULL)
        return UV_ENOMEM;
    s->socket.forks = gruvi__forks();
    if (first->ai_next == NULL)
        err = try_one(fiber, first, dial, gruvi__clock_left(due), s);
    else
        err = race(fiber, first, dial, gruvi__clock_left(due), s);
    if (err == 0)
        *stream = s;
    else if (s->socket.fd < 0)
        gruvi__stream_free(s);
    else
        gruvi_stream_close(s);
    return err;
}

static GRUVI_SWITCHPOINT int
begin_tls(gruvi_stream_t **stream, const struct gruvi__address *address,
          const gruvi_connect_options_t *options, uint64_t due)
{
    int err =
        gruvi__tls_connect(*stream, address, options, gruvi__clock_left(due));

    if (err < 0) {
        gruvi_stream_close(*stream);
        *stream = NULL;
    }
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_connect(gruvi_stream_t **stream, const char *text,
              const gruvi_connect_options_t *options, double timeout)
{
    struct gruvi__address address;
    struct gruvi__resolved resolved;
    struct gruvi__dial dial;
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
    if ((err = gruvi__tls_check(&address, options != NULL ? options->tls : NULL,
                                false)) < 0 ||
        (err = gruvi__dial_init(&dial, options, &address)) < 0 ||
        (err = gruvi__yield_sometimes(fiber)) < 0)
        return err;
    due = gruvi__clock_due(timeout);
    err = gruvi__resolve(fiber, &address, timeout, &resolved);
    if (err < 0)
        return err;
    err = try_all(fiber, resolved.first, &dial, due, stream);
    gruvi__resolved_free(&resolved);
    if (err == 0 && address.tls)
        err = begin_tls(stream, &address, options, due);
    return err;
}
