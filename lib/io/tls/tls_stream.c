/* SPDX-License-Identifier: MIT */
/*
 * The layer between a stream and its socket: reads and writes go through TLS.
 *
 * A call tries in OpenSSL, which uses the socket; where that would block, the
 * call waits.  Both directions may use one SSL in turn: OpenSSL keeps what it
 * needs of an unfinished read, a write is always finished (tls_bio.c), and no
 * fiber switches inside OpenSSL.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>

#include <gruvi/error.h>

#include "base/fork_lock.h"
#include "base/likely.h"
#include "io/tls/tls_openssl.h"

/* Bytes of answers, to a peer that does not take them but goes on asking. */
#define MAX_HELD 65536

#define RECORD 16384 /* bytes, the most in a record (RFC 8446, 5.1) */

/* --- writing ----------------------------------------------------------------
 *
 * A record costs at least a system call and a packet, so small buffers that are
 * written together, a header and its body, share a record.
 */

/* Where a vector of buffers continues. */
struct position {
    const uv_buf_t *bufs;
    unsigned n;
    size_t done; /* of bufs[0] */
};

static GRUVI_SWITCHPOINT int
write_bytes(struct gruvi__tls *tls, struct gruvi__call *call, const char *buf,
            size_t len)
{
    size_t n;
    int err = 0;

    while (len > 0 && err == 0) {
        err = gruvi__tls_flush_all(tls, call);
        if (gruvi__unlikely(err < 0))
            break;
        gruvi__tls_enter(tls, call);
        if (gruvi__likely(SSL_write_ex(tls->ssl, buf, len, &n))) {
            buf += n;
            len -= n;
            if (len > 0)
                err = gruvi__call_yield_sometimes(call);
        } else {
            err = gruvi__tls_failure(tls, 0);
            if (err == UV_EAGAIN)
                err = gruvi__call_wait(call);
        }
    }
    return err;
}

/* What is left of the first buffer. */
static GRUVI_SWITCHPOINT int
write_first(struct gruvi__tls *tls, struct gruvi__call *call,
            struct position *at)
{
    const uv_buf_t *first = at->bufs++;
    size_t done = at->done;

    at->done = 0;
    at->n--;
    return write_bytes(tls, call, first->base + done, first->len - done);
}

/* A record from several buffers. */
static GRUVI_SWITCHPOINT int
write_record(struct gruvi__tls *tls, struct gruvi__call *call,
             struct position *at, char *record)
{
    size_t filled = 0, part;

    while (at->n > 0 && filled < RECORD) {
        part = at->bufs->len - at->done;
        if (part > RECORD - filled)
            part = RECORD - filled;
        if (part > 0)
            memcpy(record + filled, at->bufs->base + at->done, part);
        filled += part;
        at->done += part;
        if (at->done == at->bufs->len) {
            at->bufs++;
            at->n--;
            at->done = 0;
        }
    }
    return write_bytes(tls, call, record, filled);
}

static GRUVI_SWITCHPOINT int
write_all(struct gruvi__tls *tls, struct gruvi__call *call,
          const uv_buf_t bufs[], unsigned n)
{
    struct position at = {bufs, n, 0};
    char *record = NULL;
    int err = 0;

    while (at.n > 0 && err == 0) {
        bool alone = at.n == 1 || at.bufs->len - at.done >= RECORD;

        if (!alone && record == NULL)
            record = malloc(RECORD);
        /* Without memory each buffer is a record. */
        if (alone || record == NULL)
            err = write_first(tls, call, &at);
        else
            err = write_record(tls, call, &at, record);
    }
    free(record);
    return err < 0 ? err : gruvi__tls_flush_all(tls, call);
}

/* --- the layer --------------------------------------------------------------
 */

static ssize_t
tls_receive(gruvi_stream_t *s, struct gruvi__call *call, void *buf, size_t len)
{
    struct gruvi__tls *tls = s->tls;
    int err = gruvi__tls_ready(tls, call);
    size_t n;

    if (gruvi__unlikely(err < 0))
        return err;
    if (gruvi__unlikely(gruvi__buffer_held(&tls->out) > MAX_HELD) &&
        gruvi__tls_flush(tls) == UV_EAGAIN) {
        call->event = UV_WRITABLE;
        return UV_EAGAIN;
    }
    gruvi__tls_enter(tls, call);
    if (gruvi__likely(SSL_read_ex(tls->ssl, buf, len, &n)))
        return (ssize_t)n;
    err = gruvi__tls_failure(tls, 0);
    /* No call writes, but an answer may have to be sent. */
    if (err == UV_EAGAIN && s->socket.side[GRUVI__OUT].fiber == NULL &&
        gruvi__tls_flush(tls) == UV_EAGAIN)
        call->event |= UV_WRITABLE;
    return err == UV_EOF ? 0 : err;
}

static GRUVI_SWITCHPOINT int
tls_write(gruvi_stream_t *s, struct gruvi__call *call, const uv_buf_t bufs[],
          unsigned n)
{
    int err = gruvi__tls_ready(s->tls, call);

    return err < 0 ? err : write_all(s->tls, call, bufs, n);
}

/* Nobody waits for the socket, so it is tried.  Of what OpenSSL has taken a
 * record may be held: no other is begun before it has gone out. */
static ssize_t
tls_try_write(gruvi_stream_t *s, const void *buf, size_t len)
{
    struct gruvi__tls *tls = s->tls;
    size_t n, done = 0;
    int err;

    if (!tls->up || tls->failed < 0)
        return tls->failed < 0 ? tls->failed : UV_EAGAIN;
    s->socket.side[GRUVI__OUT].spent = false;
    err = gruvi__tls_flush(tls);
    while (err == 0 && done < len) {
        gruvi__tls_enter(tls, NULL);
        if (!SSL_write_ex(tls->ssl, (const char *)buf + done, len - done, &n))
            err = gruvi__tls_failure(tls, 0);
        else if ((done += n) < len)
            err = gruvi__tls_flush(tls);
    }
    if (err < 0 && err != UV_EAGAIN)
        return err;
    return done > 0 || err == 0 ? (ssize_t)done : UV_EAGAIN;
}

/*
 * close_notify.  The connection stays: TLS may still have to answer.  After a
 * failed write there is none, so that the peer sees that something is missing.
 */
static int
tls_shutdown(gruvi_stream_t *s, struct gruvi__call *call)
{
    struct gruvi__tls *tls = s->tls;
    int err, result;

    if (tls->close_sent)
        return 0;
    if (s->write_dead && !tls->close_begun)
        return shutdown(s->socket.fd, SHUT_WR) < 0 ? -errno : 0;
    err = gruvi__tls_ready(tls, call);
    if (err < 0)
        return err;
    s->write_dead = tls->close_begun = true;
    if (!(SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN)) {
        gruvi__tls_enter(tls, call);
        result = SSL_shutdown(tls->ssl);
        if (result < 0)
            return gruvi__tls_failure(tls, result);
    }
    err = gruvi__tls_flush_all(tls, call);
    tls->close_sent = err == 0;
    return err;
}

/* A client that has read nothing has left its tickets in the socket.  Unread
 * data makes the kernel reset the connection, and the server may miss the end
 * of what we wrote. */
static void
take_tickets(struct gruvi__tls *tls)
{
    size_t n;
    char c;

    if (tls->client && !tls->has_tickets &&
        SSL_version(tls->ssl) >= TLS1_3_VERSION)
        SSL_peek_ex(tls->ssl, &c, 1, &n);
}

static void
tls_close(gruvi_stream_t *s)
{
    struct gruvi__tls *tls = s->tls;

    if (!tls->up || tls->failed < 0 || s->socket.fd < 0)
        return;
    gruvi__tls_enter(tls, NULL);
    s->socket.side[GRUVI__IN].spent = false;
    s->socket.side[GRUVI__OUT].spent = false;
    if (!s->write_dead && s->socket.side[GRUVI__OUT].fiber == NULL)
        SSL_shutdown(tls->ssl);
    gruvi__tls_flush(tls);
    if (s->socket.side[GRUVI__IN].fiber == NULL)
        take_tickets(tls);
    ERR_clear_error();
}

/* Whether OpenSSL has received a whole record, or what breaks the connection.
 * It only tells what it has decrypted, which a try makes it do. */
static bool
has_record(struct gruvi__tls *tls)
{
    size_t n;
    char c;
    int error;

    if (SSL_pending(tls->ssl) > 0)
        return true;
    if (!SSL_has_pending(tls->ssl))
        return false;
    gruvi__tls_enter(tls, NULL);
    if (SSL_peek_ex(tls->ssl, &c, 1, &n))
        return true;
    error = SSL_get_error(tls->ssl, 0);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return false;
    gruvi__tls_failure(tls, 0); /* notes it for the read */
    return true;
}

/* Part of a record is not enough.  A client speaks first: what waits for the
 * server before would wait for ever. */
static bool
tls_holds(const gruvi_stream_t *s)
{
    struct gruvi__tls *tls = s->tls;

    if (tls->failed < 0)
        return true;
    if (!tls->up)
        return tls->client && tls->due == 0;
    return (SSL_get_shutdown(tls->ssl) & SSL_RECEIVED_SHUTDOWN) != 0 ||
           has_record(tls);
}

static const struct gruvi__layer tls_layer = {
    .holds = tls_holds,
    .receive = tls_receive,
    .write = tls_write,
    .try_write = tls_try_write,
    .shutdown = tls_shutdown,
    .close = tls_close,
    .free = gruvi__tls_end_free,
};

struct gruvi__tls *
gruvi__tls_put_on(gruvi_stream_t *s, gruvi_tls_t *credentials, bool client)
{
    struct gruvi__tls *tls = calloc(1, sizeof *tls);

    if (tls == NULL)
        return NULL;
    tls->stream = s;
    tls->credentials = gruvi_tls_ref(credentials);
    tls->client = client;
    s->tls = tls;
    s->layer = &tls_layer;
    return tls;
}
