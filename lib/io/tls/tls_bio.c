/* SPDX-License-Identifier: MIT */
/*
 * The socket, as OpenSSL sees it: it receives and sends where the records are,
 * without waiting.
 *
 * As with a plain stream, after a try that got less than it asked for there is
 * no other try before the socket is ready again.
 *
 * What does not fit into the kernel is held here, and OpenSSL takes it for
 * sent.  Otherwise OpenSSL would keep an unfinished record, and meanwhile a
 * read that has to answer (a peer may ask for new keys at any time) would fail
 * with "bad length".  A write ends when nothing is held, so at most a record is
 * held, and answers.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/bio.h>

#include <gruvi/error.h>

#include "base/likely.h"
#include "base/threads.h"
#include "io/tls/tls_openssl.h"

static BIO_METHOD *method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/*
 * A call that waits until the socket is readable may wait in vain: another call
 * has received the data, and OpenSSL has it now.
 */
static void
tell_other(struct gruvi__tls *tls)
{
    struct gruvi__socket *socket = &tls->stream->socket;

    for (int i = GRUVI__IN; i <= GRUVI__OUT; i++) {
        struct gruvi__side *side = &socket->side[i];

        if ((side->events & UV_READABLE) &&
            (tls->inside == NULL || tls->inside->side != side))
            gruvi__side_wake(side);
    }
}

static int
bio_read(BIO *bio, char *buf, int len)
{
    struct gruvi__tls *tls = BIO_get_data(bio);
    gruvi_stream_t *s = tls->stream;
    struct gruvi__side *side = &s->socket.side[GRUVI__IN];
    ssize_t n;

    BIO_clear_retry_flags(bio);
    if (side->spent) {
        BIO_set_retry_read(bio);
        return -1;
    }
    do
        n = recv(s->socket.fd, buf, (size_t)len, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        side->spent = n < len;
        s->received += (uint64_t)n;
        tell_other(tls);
        return (int)n;
    }
    if (n < 0 && errno == EAGAIN) {
        BIO_set_retry_read(bio);
    } else if (n < 0) {
        tls->socket_error = -errno;
        if (errno != ENOMEM && errno != ENOBUFS)
            s->broken = -errno;
    } else {
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    }
    return (int)n;
}

/* send(), without waiting: how many bytes, 0 where nothing fits, or an error.
 */
static ssize_t
send_some(struct gruvi__tls *tls, const char *buf, size_t len)
{
    gruvi_stream_t *s = tls->stream;
    struct gruvi__side *side = &s->socket.side[GRUVI__OUT];
    ssize_t n;
    int err;

    if (side->spent)
        return 0;
    do
        n = send(s->socket.fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0) {
        side->spent = (size_t)n < len;
        s->sent += (uint64_t)n;
        return n;
    }
    err = -errno;
    if (err == UV_EAGAIN) {
        side->spent = true;
        return 0;
    }
    if (err != UV_EPIPE && err != UV_ENOMEM && err != UV_ENOBUFS)
        s->broken = err;
    return err;
}

static int
hold(struct gruvi__tls *tls, const char *buf, size_t len)
{
    struct gruvi__buffer *out = &tls->out;
    size_t part;

    while (len > 0) {
        if (gruvi__buffer_reserve(out, GRUVI__BUFFER_SIZE, SIZE_MAX / 2) < 0)
            return UV_ENOMEM;
        part = out->size - out->end;
        if (part > len)
            part = len;
        memcpy(out->data + out->end, buf, part);
        out->end += part;
        buf += part;
        len -= part;
    }
    return 0;
}

/* Everything, or an error for good: part of it may have been sent. */
static int
bio_write(BIO *bio, const char *buf, int len)
{
    struct gruvi__tls *tls = BIO_get_data(bio);
    ssize_t n = 0;

    BIO_clear_retry_flags(bio);
    if (gruvi__buffer_held(&tls->out) == 0)
        n = send_some(tls, buf, (size_t)len);
    if (n >= 0 && n < len) {
        int err = hold(tls, buf + n, (size_t)(len - n));

        if (err < 0)
            n = err;
    }
    if (n >= 0)
        return len;
    tls->socket_error = (int)n;
    return -1;
}

int
gruvi__tls_flush(struct gruvi__tls *tls)
{
    struct gruvi__buffer *out = &tls->out;
    ssize_t n;

    while (gruvi__unlikely(gruvi__buffer_held(out) > 0)) {
        n = send_some(tls, out->data + out->start, gruvi__buffer_held(out));
        if (n < 0)
            return gruvi__tls_refuse((int)n, gruvi_strerror((int)n));
        if (n == 0)
            return UV_EAGAIN;
        out->start += (size_t)n;
        gruvi__buffer_trim(out);
    }
    return 0;
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

static long
bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_EOF:
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    case BIO_CTRL_FLUSH: /* the calls do it: they can wait */
        return 1;
    default:
        return 0;
    }
}

static void
make_method(void)
{
    int type = BIO_get_new_index();

    method =
        type < 0 ? NULL : BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "gruvi");
    if (method != NULL && !(BIO_meth_set_read(method, bio_read) &&
                            BIO_meth_set_write(method, bio_write) &&
                            BIO_meth_set_ctrl(method, bio_ctrl))) {
        BIO_meth_free(method);
        method = NULL;
    }
}

BIO *
gruvi__tls_bio_new(struct gruvi__tls *tls)
{
    BIO *bio;

    gruvi__once(&once, make_method);
    if (method == NULL)
        return NULL;
    bio = BIO_new(method);
    if (bio != NULL) {
        BIO_set_data(bio, tls);
        BIO_set_init(bio, 1);
    }
    return bio;
}
