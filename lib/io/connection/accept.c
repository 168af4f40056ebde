/* SPDX-License-Identifier: MIT */
/*
 * Accepting.
 *
 * A process that is out of descriptors gets EMFILE for every connection that
 * waits, and the listener stays ready: a loop would spin and fill the log.  So
 * the listener logs it once, and sleeps until this thread closes a descriptor,
 * but not for long, because other threads close descriptors, too.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include <gruvi/error.h>
#include <gruvi/log.h>

#include "base/descriptor.h"
#include "base/forks.h"
#include "base/likely.h"
#include "core/clock.h"
#include "core/wait.h"
#include "io/connection/listener.h"
#include "io/socket/starving.h"
#include "io/stream/stream.h"
#include "io/tls/tls.h"

#define STARVE_PAUSE 0.1  /* seconds */
#define QUIET        10.0 /* seconds between two messages */

static void
log_shortage(gruvi_listener_t *listener, int err)
{
    char address[GRUVI_ADDRESS_SIZE];
    uint64_t now = gruvi__clock_now();

    if (listener->shortage_logged || now < listener->quiet_until)
        return;
    listener->shortage_logged = true;
    listener->quiet_until = gruvi__clock_due(QUIET);
    gruvi_listener_address(listener, address, sizeof address);
    gruvi_error("%s: connections wait: %s", address, gruvi_strerror(err));
}

static void
log_recovery(gruvi_listener_t *listener)
{
    char address[GRUVI_ADDRESS_SIZE];

    listener->shortage_logged = false;
    gruvi_listener_address(listener, address, sizeof address);
    gruvi_info("%s: accepts connections again", address);
}

/* The connection has ended in the queue, or its network had an error. */
static bool
is_about_connection(int err)
{
    switch (err) {
    case UV_EINTR:
    case UV_ECONNABORTED:
    case UV_EPROTO:
    case UV_ENETDOWN:
    case UV_ENETUNREACH:
    case UV_EHOSTDOWN:
    case UV_EHOSTUNREACH:
    case UV_ENONET:
    case UV_ENOPROTOOPT:
        return true;
    default:
        return false;
    }
}

static bool
is_shortage(int err)
{
    return err == UV_EMFILE || err == UV_ENFILE || err == UV_ENOBUFS ||
           err == UV_ENOMEM;
}

/* accept4() cannot be told not to wait, and between a look for connections and
 * the accept another holder may take the only one. */
static void
make_nonblocking(int fd)
{
    int on = 1;

    ioctl(fd, FIONBIO, &on);
}

static int
accept_one(gruvi_listener_t *listener, gruvi_stream_t **stream)
{
    union gruvi__sockaddr at;
    socklen_t length = sizeof at;
    gruvi_stream_t *s = listener->spare;
    int fd;

    if (gruvi__unlikely(gruvi__listener_may_block(listener)))
        make_nonblocking(listener->socket.fd);
    s->socket.forks = gruvi__forks();
    fd = gruvi__fd_own(accept4(listener->socket.fd, &at.any, &length,
                               SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd < 0)
        return -errno;
    s->socket.fd = fd;
    gruvi__stream_set_peer(s, &at.any, length);
    listener->spare = NULL;
    *stream = s;
    return 0;
}

/* ready: a connection is there, as far as we know.  Without descriptors the
 * kernel does not look for it, so a wait comes before the log. */
GRUVI_SWITCHPOINT int
gruvi__listener_accept(gruvi_listener_t *listener, struct gruvi__call *call,
                       gruvi_stream_t **stream)
{
    bool ready = false;
    int err;

    if (listener->spare == NULL)
        listener->spare = gruvi__stream_new(listener->socket.hub);
    if (listener->spare == NULL)
        return UV_ENOMEM;
    if (listener->tls != NULL && listener->spare->layer == NULL &&
        (err = gruvi__tls_attach(listener->spare, listener->tls)) < 0)
        return err;
    for (;;) {
        err = accept_one(listener, stream);
        if (err == 0)
            break;
        if (is_shortage(err) && ready) {
            log_shortage(listener, err);
            err = gruvi__starve(call, STARVE_PAUSE);
        } else if (err == UV_EAGAIN || is_shortage(err)) {
            err = gruvi__call_wait(call);
            ready = !call->last_try;
        } else if (is_about_connection(err)) {
            err = gruvi__call_yield_sometimes(call);
        } else {
            listener->forbidden = true;
        }
        if (err < 0)
            return err;
    }
    if (gruvi__unlikely(listener->shortage_logged))
        log_recovery(listener);
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi_accept(gruvi_listener_t *listener, gruvi_stream_t **stream,
             double timeout)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    int err;

    if (stream == NULL)
        return UV_EINVAL;
    *stream = NULL;
    if (listener == NULL)
        return UV_EINVAL;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = gruvi__call_enter(&call, &listener->socket, GRUVI__IN, fiber,
                                 timeout, "accept")) < 0)
        return err;
    err = gruvi__call_yield_sometimes(&call);
    if (err == 0)
        err = gruvi__listener_accept(listener, &call, stream);
    gruvi__listener_leave(listener, &call);
    return err;
}
