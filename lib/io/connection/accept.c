/* SPDX-License-Identifier: MIT */
/*
 * Accepting.
 *
 * A process that is out of descriptors gets EMFILE for every connection that
 * waits, and the listener stays ready: a loop would spin and fill the log.  So
 * the listener starves: it says so once, and sleeps until a stream of this
 * thread is closed, or for a while, because descriptors may become free
 * elsewhere, too.
 */
#include <errno.h>

#include <gruvi/error.h>
#include <gruvi/log.h>

#include "base/likely.h"
#include "core/clock.h"
#include "core/wait.h"
#include "io/connection/listener.h"
#include "io/socket/starving.h"
#include "io/stream/stream.h"
#include "io/tls/tls.h"

#define STARVE_PAUSE 0.1  /* seconds */
#define QUIET        10.0 /* seconds between two complaints */

static void
complain(gruvi_listener_t *listener, int err)
{
    char address[GRUVI_ADDRESS_SIZE];
    uint64_t now = gruvi__clock_now();

    if (listener->complained || now < listener->quiet_until)
        return;
    listener->complained = true;
    listener->quiet_until = gruvi__clock_due(QUIET);
    gruvi_listener_address(listener, address, sizeof address);
    gruvi_error("%s: connections wait: %s", address, gruvi_strerror(err));
}

static void
relieve(gruvi_listener_t *listener)
{
    char address[GRUVI_ADDRESS_SIZE];

    listener->complained = false;
    gruvi_listener_address(listener, address, sizeof address);
    gruvi_info("%s: accepts connections again", address);
}

/* Connections that ended in the queue, and what their network had to say. */
static bool
is_passed_over(int err)
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

static int
take(gruvi_listener_t *listener, gruvi_stream_t **stream)
{
    union gruvi__sockaddr at;
    socklen_t length = sizeof at;
    gruvi_stream_t *s = listener->spare;
    int fd;

    fd = accept4(listener->socket.fd, &at.any, &length,
                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return -errno;
    s->socket.fd = fd;
    gruvi__stream_set_peer(s, &at.any, length);
    listener->spare = NULL;
    *stream = s;
    return 0;
}

/* ready: there is a connection, as far as we know.  Without descriptors the
 * kernel does not look, so before anybody complains that has to be sure. */
int
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
        err = take(listener, stream);
        if (err == 0)
            break;
        if (is_shortage(err) && ready) {
            complain(listener, err);
            err = gruvi__starve(call, STARVE_PAUSE);
        } else if (err == UV_EAGAIN || is_shortage(err)) {
            err = gruvi__call_wait(call);
            ready = !call->last;
        } else if (is_passed_over(err)) {
            err = gruvi__call_breathe(call);
        }
        if (err < 0)
            return err;
    }
    if (gruvi__unlikely(listener->complained))
        relieve(listener);
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
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = gruvi__call_enter(&call, &listener->socket, GRUVI__IN, fiber,
                                 timeout, "accept")) < 0)
        return err;
    err = gruvi__call_breathe(&call);
    if (err == 0)
        err = gruvi__listener_accept(listener, &call, stream);
    gruvi__listener_leave(listener, &call);
    return err;
}
