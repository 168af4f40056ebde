/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing through TLS.
 *
 * A call tries in OpenSSL, which uses the socket; where that would block, the
 * call waits.  Both directions may be in the same SSL, one after the other:
 * OpenSSL keeps what it needs of a read that was not finished, a write is
 * always finished (tls_bio.c), and no fiber switches inside of it.
 *
 *   read               SSL                       write
 *   first: shaker ---> handshake, waits
 *                                            <-- waits for the shaker
 *   goes on <--------- up ---------------------> goes on
 *   waits for IN                                 waits for OUT
 *
 * A handshake belongs to one call at a time, its shaker.  When that is
 * interrupted, the next one goes on with it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>

#include "io/tls/tls_openssl.h"

/* Of answers to a peer that does not take them, but goes on asking. */
#define MOST_HELD 65536

/* --- tries ------------------------------------------------------------------
 */

static int
fail(struct gruvi__tls *tls, int err, const char *reason)
{
    tls->failed = err;
    snprintf(tls->reason, sizeof tls->reason, "%s", reason);
    return gruvi__tls_refuse(err, tls->reason);
}

void
gruvi__tls_try(struct gruvi__tls *tls, struct gruvi__call *call)
{
    tls->inside = call;
    tls->socket_error = 0;
    ERR_clear_error();
}

int
gruvi__tls_judge(struct gruvi__tls *tls, int result)
{
    struct gruvi__call *call = tls->inside;
    char reason[GRUVI__TLS_REASON_SIZE];
    int err;

    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        call->event = UV_READABLE;
        return UV_EAGAIN;
    case SSL_ERROR_WANT_WRITE:
        call->event = UV_WRITABLE;
        return UV_EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return UV_EOF;
    case SSL_ERROR_SYSCALL:
        err = tls->socket_error != 0 ? tls->socket_error : UV_ECONNRESET;
        return gruvi__tls_refuse(err, gruvi_strerror(err));
    default:
        err = gruvi__tls_explain(tls->ssl, reason);
        if (err == UV_ECONNRESET && tls->stream->broken != 0)
            err = tls->stream->broken;
        return fail(tls, err, reason);
    }
}

int
gruvi__tls_flush_all(struct gruvi__tls *tls, struct gruvi__call *call)
{
    int err;

    while (gruvi__unlikely((err = gruvi__tls_flush(tls)) == UV_EAGAIN)) {
        call->event = UV_WRITABLE;
        err = gruvi__call_wait(call);
        if (err < 0)
            break;
    }
    return err;
}

/* --- handshake --------------------------------------------------------------
 */

/* It is over, one way or the other: whoever waits for that may look. */
static void
end_shake(struct gruvi__tls *tls, struct gruvi__call *call)
{
    struct gruvi__socket *socket = &tls->stream->socket;
    struct gruvi__side *other = &socket->side[call->side == socket->side];

    tls->shaker = NULL;
    if (other->waiting && other->wants == 0)
        gruvi__side_wake(other);
}

static void
note_result(struct gruvi__tls *tls)
{
    const unsigned char *name;
    unsigned len;

    SSL_get0_alpn_selected(tls->ssl, &name, &len);
    if (len < sizeof tls->alpn && len > 0)
        memcpy(tls->alpn, name, len);
    tls->up = true;
}

/* Seconds that a handshake still has. */
static double
time_left(struct gruvi__tls *tls)
{
    uint64_t now;

    if (tls->due == 0)
        tls->due = gruvi__clock_due(tls->credentials->handshake_timeout);
    if (tls->due == UINT64_MAX)
        return GRUVI_FOREVER;
    now = gruvi__clock_now();
    return now < tls->due ? (double)(tls->due - now) * 1e-9 : 0;
}

static int
try_shake(struct gruvi__tls *tls, struct gruvi__call *call)
{
    int err, result;

    for (;;) {
        gruvi__tls_try(tls, call);
        result = SSL_do_handshake(tls->ssl);
        err = result == 1 ? 0 : gruvi__tls_judge(tls, result);
        if (err != 0 && err != UV_EAGAIN && tls->failed == 0)
            fail(tls, err, gruvi_strerror(err));
        if (err != 0 && err != UV_EAGAIN)
            return err;
        /* What it has said is on its way before it waits for the answer. */
        err = gruvi__tls_flush_all(tls, call);
        if (err == 0 && result != 1) {
            call->event = UV_READABLE;
            err = gruvi__call_wait(call);
        } else if (err == 0) {
            note_result(tls);
            return 0;
        }
        if (err < 0)
            return err;
    }
}

/* As the shaker.  The call's own timeout goes on afterwards as if it had begun
 * then. */
static int
shake(struct gruvi__tls *tls, struct gruvi__call *call)
{
    double timeout = call->timeout, left = time_left(tls);
    int err = 0;

    if (tls->ssl == NULL && (err = gruvi__tls_end_open(tls)) < 0)
        return err;
    tls->shaker = call;
    gruvi__call_settle(call);
    if (left >= 0 && (timeout < 0 || left < timeout))
        call->timeout = left;
    err = try_shake(tls, call);
    if (err == UV_ETIMEDOUT && !call->interrupted && time_left(tls) == 0)
        fail(tls, err, "the handshake took too long");
    gruvi__call_settle(call);
    call->timeout = timeout;
    end_shake(tls, call);
    return err;
}

/* What every call begins with. */
static int
ready(struct gruvi__tls *tls, struct gruvi__call *call)
{
    int err = 0;

    while (gruvi__unlikely(!tls->up) && tls->failed == 0 && err == 0) {
        if (tls->shaker == NULL) {
            err = shake(tls, call);
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
    if (s->tls == NULL)
        return gruvi__tls_refuse(UV_EINVAL, "not a stream of TLS");
    err = gruvi__call_enter(&call, &s->socket, GRUVI__OUT, fiber, timeout,
                            "handshake");
    if (err < 0)
        return err;
    err = gruvi__call_breathe(&call);
    if (err == 0)
        err = ready(s->tls, &call);
    gruvi__stream_leave(s, &call);
    return err;
}

/* --- the layer --------------------------------------------------------------
 */

static ssize_t
tls_receive(gruvi_stream_t *s, struct gruvi__call *call, void *buf, size_t len)
{
    struct gruvi__tls *tls = s->tls;
    int err = ready(tls, call);
    size_t n;

    if (gruvi__unlikely(err < 0))
        return err;
    if (gruvi__unlikely(gruvi__buffer_held(&tls->out) > MOST_HELD) &&
        gruvi__tls_flush(tls) == UV_EAGAIN) {
        call->event = UV_WRITABLE;
        return UV_EAGAIN;
    }
    gruvi__tls_try(tls, call);
    if (gruvi__likely(SSL_read_ex(tls->ssl, buf, len, &n)))
        return (ssize_t)n;
    err = gruvi__tls_judge(tls, 0);
    /* Nobody is writing, but there may be an answer to be sent. */
    if (err == UV_EAGAIN && s->socket.side[GRUVI__OUT].fiber == NULL &&
        gruvi__tls_flush(tls) == UV_EAGAIN)
        call->event |= UV_WRITABLE;
    return err == UV_EOF ? 0 : err;
}

static int
tls_write(gruvi_stream_t *s, struct gruvi__call *call, const uv_buf_t bufs[],
          unsigned n)
{
    int err = ready(s->tls, call);

    return err < 0 ? err : gruvi__tls_write_all(s->tls, call, bufs, n);
}

/*
 * close_notify.  The connection stays: TLS may still have to answer.  Where a
 * write has failed it would be wrong: the peer is to see that something is
 * missing.
 */
static int
tls_shutdown(gruvi_stream_t *s, struct gruvi__call *call)
{
    struct gruvi__tls *tls = s->tls;
    int err, result;

    if (tls->said)
        return 0;
    if (s->write_dead && !tls->closing)
        return shutdown(s->socket.fd, SHUT_WR) < 0 ? -errno : 0;
    err = ready(tls, call);
    if (err < 0)
        return err;
    s->write_dead = tls->closing = true;
    if (!(SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN)) {
        gruvi__tls_try(tls, call);
        result = SSL_shutdown(tls->ssl);
        if (result < 0)
            return gruvi__tls_judge(tls, result);
    }
    err = gruvi__tls_flush_all(tls, call);
    tls->said = err == 0;
    return err;
}

/* A client that has read nothing has no tickets yet, and data that nobody
 * has taken makes the kernel reset the connection, so that the server may
 * miss the end of what we wrote. */
static void
take_tickets(struct gruvi__tls *tls)
{
    size_t n;
    char c;

    if (tls->client && !tls->tickets && SSL_version(tls->ssl) >= TLS1_3_VERSION)
        SSL_peek_ex(tls->ssl, &c, 1, &n);
}

static void
tls_close(gruvi_stream_t *s)
{
    struct gruvi__tls *tls = s->tls;

    if (!tls->up || tls->failed < 0 || s->socket.fd < 0)
        return;
    gruvi__tls_try(tls, NULL);
    s->socket.side[GRUVI__IN].spent = false;
    s->socket.side[GRUVI__OUT].spent = false;
    if (!s->write_dead && s->socket.side[GRUVI__OUT].fiber == NULL)
        SSL_shutdown(tls->ssl);
    gruvi__tls_flush(tls);
    if (s->socket.side[GRUVI__IN].fiber == NULL)
        take_tickets(tls);
    ERR_clear_error();
}

const struct gruvi__layer gruvi__tls_layer = {
    .receive = tls_receive,
    .write = tls_write,
    .shutdown = tls_shutdown,
    .close = tls_close,
    .free = gruvi__tls_end_free,
};
