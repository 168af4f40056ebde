/* SPDX-License-Identifier: MIT */
#include "http/h2_wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"
#ifdef HAVE_OPENSSL
#include <openssl/ssl.h>
#endif

#define FRAME_HEAD 9

/* --- TLS ------------------------------------------------------------------ */

#ifdef HAVE_OPENSSL

void
h2_wire_open_tls(struct h2_wire *wire, int fd)
{
    static const unsigned char protocols[] = "\x02h2\x08http/1.1";
    const unsigned char *chosen;
    unsigned size;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *tls = SSL_new(context);

    SSL_CTX_free(context);
    h2_wire_open(wire, fd);
    ck_assert_int_eq(SSL_set_alpn_protos(tls, protocols, sizeof protocols - 1),
                     0);
    SSL_set_fd(tls, fd);
    ck_assert_int_eq(SSL_connect(tls), 1);
    SSL_get0_alpn_selected(tls, &chosen, &size);
    ck_assert_uint_eq(size, 2);
    ck_assert_mem_eq(chosen, "h2", 2);
    wire->tls = tls;
}

/* The bytes; 0 at the end. */
static ssize_t
tls_receive(struct h2_wire *wire, char *buf, size_t size)
{
    int n = SSL_read(wire->tls, buf, (int)size);

    if (n > 0)
        return n;
    ck_assert_msg(errno != EAGAIN, "nothing comes");
    return 0;
}

static bool
tls_send(struct h2_wire *wire, const void *data, size_t size)
{
    return size == 0 || SSL_write(wire->tls, data, (int)size) > 0;
}

static void
tls_close(struct h2_wire *wire, bool with_reset)
{
    if (!with_reset)
        SSL_shutdown(wire->tls);
    SSL_free(wire->tls);
}

#else

static ssize_t
tls_receive(struct h2_wire *wire, char *buf, size_t size)
{
    return recv(wire->fd, buf, size, 0);
}

static bool
tls_send(struct h2_wire *wire, const void *data, size_t size)
{
    return send(wire->fd, data, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void
tls_close(struct h2_wire *wire, bool with_reset)
{
    (void)wire;
    (void)with_reset;
}

#endif

/* --- the wire ------------------------------------------------------------- */

void
h2_wire_open(struct h2_wire *wire, int fd)
{
    *wire = (struct h2_wire){.fd = fd};
    /* Nagle's algorithm would wait for acknowledgements that are delayed. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

void
h2_wire_close(struct h2_wire *wire, bool with_reset)
{
    if (wire->tls != NULL)
        tls_close(wire, with_reset);
    if (with_reset)
        reset(wire->fd);
    else
        close(wire->fd);
    free(wire->in.data);
}

/* Drop what was read. */
static void
compact(struct h2_wire *wire)
{
    if (wire->used == 0)
        return;
    wire->in.size -= wire->used;
    memmove(wire->in.data, wire->in.data + wire->used, wire->in.size);
    wire->used = 0;
}

/* Receive something, or the end. */
static void
receive(struct h2_wire *wire)
{
    char buf[65536];
    ssize_t n = wire->tls != NULL ? tls_receive(wire, buf, sizeof buf)
                                  : recv(wire->fd, buf, sizeof buf, 0);

    ck_assert_msg(n >= 0 || errno != EAGAIN, "nothing comes");
    if (n <= 0)
        wire->ended = true;
    else
        bytes_append(&wire->in, buf, (size_t)n);
}

/* Until it can be written; what comes meanwhile is received. */
static void
await_room(struct h2_wire *wire)
{
    struct pollfd pfd = {wire->fd, POLLOUT, 0};

    if (!wire->ended)
        pfd.events |= POLLIN;
    ck_assert_int_gt(poll(&pfd, 1, PATIENCE * 1000), 0);
    if ((pfd.revents & POLLIN) != 0)
        receive(wire);
}

void
h2_wire_send(struct h2_wire *wire, const void *data, size_t size)
{
    const char *at = data;

    if (wire->tls != NULL) {
        tls_send(wire, data, size);
        return;
    }
    while (size > 0) {
        ssize_t n = send(wire->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN) {
            wire->broken = true;
            return;
        }
        if (n < 0) {
            await_room(wire);
            continue;
        }
        at += n;
        size -= (size_t)n;
    }
}

/* Have so many bytes; false at the end. */
static bool
have(struct h2_wire *wire, size_t size)
{
    while (wire->in.size - wire->used < size && !wire->ended) {
        compact(wire);
        receive(wire);
    }
    return wire->in.size - wire->used >= size;
}

bool
h2_wire_read(struct h2_wire *wire, struct h2_frame *frame)
{
    const unsigned char *head;

    if (!have(wire, FRAME_HEAD))
        return false;
    head = (const unsigned char *)wire->in.data + wire->used;
    frame->size = h2_number(head, 3);
    if (!have(wire, FRAME_HEAD + frame->size))
        return false;
    head = (const unsigned char *)wire->in.data + wire->used;
    frame->type = head[3];
    frame->flags = head[4];
    frame->stream = h2_number(head + 5, 4);
    frame->payload = head + FRAME_HEAD;
    wire->used += FRAME_HEAD + frame->size;
    return true;
}
