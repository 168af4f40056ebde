/* SPDX-License-Identifier: MIT */
/*
 * The handshake.  The first call that reads or writes makes it.
 *
 *   read                    SSL                    write
 *   first: handshaker ----> handshake, waits
 *                                              <-- waits for the handshaker
 *   goes on <-------------- up ------------------> goes on
 *   waits for IN                                   waits for OUT
 *
 * A handshake belongs to one call at a time, its handshaker.  When that call is
 * interrupted, the next call goes on with the handshake.
 */
#include <stdlib.h>
#include <string.h>

#include <gruvi/error.h>

#include "base/likely.h"
#include "core/clock.h"
#include "core/wait.h"
#include "io/tls/tls_openssl.h"

/* It has succeeded or failed: wake the call that waits for it. */
static void
end_handshake(struct gruvi__tls *tls, struct gruvi__call *call)
{
    struct gruvi__socket *socket = &tls->stream->socket;
    struct gruvi__side *other = &socket->side[call->side == socket->side];

    tls->handshaker = NULL;
    if (other->waiting && other->events == 0)
        gruvi__side_wake(other);
}

/* 0, or an error for good. */
static int
note_result(struct gruvi__tls *tls)
{
    const unsigned char *name;
    unsigned len;

    SSL_get0_alpn_selected(tls->ssl, &name, &len);
    if (len > 0) {
        tls->alpn = malloc(len + 1);
        if (tls->alpn == NULL)
            return gruvi__tls_fail(tls, UV_ENOMEM, gruvi_strerror(UV_ENOMEM));
        memcpy(tls->alpn, name, len);
        tls->alpn[len] = '\0';
    }
    tls->up = true;
    return 0;
}

/* Seconds that are left for the handshake. */
static double
time_left(struct gruvi__tls *tls)
{
    if (tls->due == 0)
        tls->due = gruvi__clock_due(tls->credentials->handshake_timeout);
    return gruvi__clock_left(tls->due);
}

static int
try_handshake(struct gruvi__tls *tls, struct gruvi__call *call)
{
    int err, result;

    for (;;) {
        gruvi__tls_enter(tls, call);
        result = SSL_do_handshake(tls->ssl);
        err = result == 1 ? 0 : gruvi__tls_failure(tls, result);
        if (err == UV_EOF)
            err = gruvi__tls_fail(tls, UV_ECONNRESET,
                                  "the peer has ended the handshake");
        if (err != 0 && err != UV_EAGAIN && tls->failed == 0)
            gruvi__tls_fail(tls, err, gruvi_strerror(err));
        if (err != 0 && err != UV_EAGAIN)
            return err;
        /* Send what was written before waiting for the answer. */
        err = gruvi__tls_flush_all(tls, call);
        if (err == 0 && result != 1) {
            call->event = UV_READABLE;
            err = gruvi__call_wait(call);
        } else if (err == 0) {
            return note_result(tls);
        }
        if (err < 0)
            return err;
    }
}

/* As the handshaker.  The call's own timeout begins afterwards. */
static int
do_handshake(struct gruvi__tls *tls, struct gruvi__call *call)
{
    double timeout = call->timeout, left = time_left(tls);
    int err = 0;

    if (tls->ssl == NULL && (err = gruvi__tls_end_open_server(tls)) < 0)
        return err;
    tls->handshaker = call;
    gruvi__call_stop_timeout(call);
    if (left >= 0 && (timeout < 0 || left < timeout))
        call->timeout = left;
    err = try_handshake(tls, call);
    if (err == UV_ETIMEDOUT && !call->interrupted && time_left(tls) == 0)
        gruvi__tls_fail(tls, err, "the handshake took too long");
    gruvi__call_stop_timeout(call);
    call->timeout = timeout;
    end_handshake(tls, call);
    return err;
}

int
gruvi__tls_await_handshake(struct gruvi__tls *tls, struct gruvi__call *call)
{
    int err = 0;

    while (gruvi__unlikely(!tls->up) && tls->failed == 0 && err == 0) {
        if (tls->handshaker == NULL) {
            err = do_handshake(tls, call);
        } else {
            call->event = 0;
            err = gruvi__call_wait(call);
        }
    }
    if (gruvi__unlikely(tls->failed < 0))
        err = gruvi__tls_refuse(tls->failed, tls->reason);
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_tls_handshake(gruvi_stream_t *s, double timeout)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    int err;

    if ((err = gruvi__enter(__func__, &fiber)) < 0)
        return err;
    if (s == NULL || s->tls == NULL)
        return gruvi__tls_refuse(UV_EINVAL, "not a stream of TLS");
    err = gruvi__call_enter(&call, &s->socket, GRUVI__OUT, fiber, timeout,
                            "handshake");
    if (err < 0)
        return err;
    err = gruvi__call_yield_sometimes(&call);
    if (err == 0)
        err = gruvi__tls_ready(s->tls, &call);
    gruvi__stream_leave(s, &call, err);
    return err;
}
