/* SPDX-License-Identifier: MIT */
/*
 * Where TLS begins: on a stream that was accepted or connected for it, and on
 * an open stream, whose peers have agreed on it in clear (STARTTLS).
 *
 * What came in clear must not be taken for what came through TLS.  So there is
 * nothing in the stream's buffer when TLS begins, or TLS fails; what is still
 * in the socket is for OpenSSL, which fails where it is no TLS.  And once TLS
 * was asked for, no failure leads back to plain text: the layer stays.
 */
#include <stdio.h>
#include <stdlib.h>

#include <gruvi/error.h>

#include "base/fork_lock.h"
#include "base/threads.h"
#include "core/wait.h"
#include "io/tls/tls_openssl.h"

/* Of clients that were given none; made on first use, never freed. */
static gruvi_tls_t *defaults;
GRUVI__FORK_LOCK(lock);

static gruvi_tls_t *
default_credentials(void)
{
    gruvi_tls_t *tls;

    gruvi__mutex_lock(&lock);
    if (defaults == NULL)
        defaults = gruvi_tls_new(NULL);
    tls = defaults;
    gruvi__mutex_unlock(&lock);
    return tls;
}

int
gruvi__tls_attach(gruvi_stream_t *s, gruvi_tls_t *credentials)
{
    gruvi_tls_t *old;

    if (s->tls == NULL)
        return gruvi__tls_put_on(s, credentials, false) == NULL ? UV_ENOMEM : 0;
    old = s->tls->credentials;
    s->tls->credentials = gruvi_tls_ref(credentials);
    gruvi_tls_unref(old);
    return 0;
}

/* The host of an address, a name or a number. */
static const char *
host_of(const struct gruvi__address *address, char *buf, size_t size)
{
    if (address->host[0] != '\0')
        return address->host;
    if (address->at.any.sa_family == AF_INET6)
        uv_ip6_name(&address->at.in6, buf, size);
    else
        uv_ip4_name(&address->at.in, buf, size);
    return buf;
}

GRUVI_SWITCHPOINT int
gruvi__tls_connect(gruvi_stream_t *s, const struct gruvi__address *address,
                   const gruvi_connect_options_t *options, double timeout)
{
    gruvi_tls_t *credentials = options == NULL ? NULL : options->tls;
    const char *name = options == NULL ? NULL : options->server_name;
    char buf[INET6_ADDRSTRLEN];
    int err;

    if (credentials == NULL)
        credentials = default_credentials();
    if (credentials == NULL)
        return gruvi_last_error();
    if (gruvi__tls_put_on(s, credentials, true) == NULL)
        return UV_ENOMEM;
    if (name == NULL)
        name = host_of(address, buf, sizeof buf);
    err = gruvi__tls_end_open_client(s->tls, name, address->port);
    return err < 0 ? err : gruvi_tls_handshake(s, timeout);
}

/* --- on an open stream ------------------------------------------------------
 */

/* How a stream has to be, before anything is done. */
static int
check_stream(const gruvi_stream_t *s)
{
    if (s->tls != NULL)
        return gruvi__tls_refuse(UV_EALREADY, "the stream has TLS already");
    if (s->socket.side[GRUVI__IN].fiber != NULL || s->socket.await != NULL)
        return UV_EBUSY;
    if (s->broken != 0)
        return s->broken;
    if (s->read_dead)
        return UV_ENOMEM;
    return s->write_dead ? UV_EPIPE : 0;
}

/* name: NULL for a server.  If it fails, the stream is as it was. */
static int
open_end(gruvi_stream_t *s, gruvi_tls_t *credentials, const char *name)
{
    uint16_t port = 0;
    int err;

    if (gruvi__tls_put_on(s, credentials, name != NULL) == NULL)
        return UV_ENOMEM;
    if (s->peer_length > 0 && s->peer.any.sa_family != AF_UNIX)
        port = ntohs(s->peer.in.sin_port); /* where IPv6 has it, too */
    err = name == NULL ? gruvi__tls_end_open_server(s->tls)
                       : gruvi__tls_end_open_client(s->tls, name, port);
    if (err < 0) {
        gruvi__tls_end_free(s);
        s->tls = NULL;
        s->layer = NULL;
    }
    return err;
}

/* A handshake that was not finished does not go on: the next read or write
 * could not know whether it was made. */
static int
shake(gruvi_stream_t *s, struct gruvi__call *call)
{
    struct gruvi__tls *tls = s->tls;
    int err;

    if (gruvi__buffer_held(&s->buffer) > 0) {
        s->buffer.start = s->buffer.end;
        gruvi__buffer_trim(&s->buffer);
        return gruvi__tls_fail(tls, UV_EPROTO,
                               "there were bytes in clear before TLS began");
    }
    err = gruvi__tls_ready(tls, call);
    if (err == 0 || tls->failed != 0)
        return err;
    tls->failed = call->interrupted ? UV_EPROTO : err;
    snprintf(tls->reason, sizeof tls->reason, "%s",
             call->interrupted ? "the handshake was interrupted"
                               : gruvi_strerror(err));
    return err;
}

static GRUVI_SWITCHPOINT int
start(const char *function, gruvi_stream_t *s, gruvi_tls_t *credentials,
      const char *name, double timeout)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    int err;

    if ((err = gruvi__enter(function, &fiber)) < 0 ||
        (err = gruvi__call_enter(&call, &s->socket, GRUVI__OUT, fiber, timeout,
                                 "handshake")) < 0)
        return err;
    err = gruvi__call_yield_sometimes(&call);
    if (err == 0)
        err = check_stream(s);
    if (err == 0)
        err = open_end(s, credentials, name);
    if (err == 0)
        err = shake(s, &call);
    gruvi__stream_leave(s, &call, err);
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_tls_start_client(gruvi_stream_t *s, gruvi_tls_t *tls,
                       const char *server_name, double timeout)
{
    if (s == NULL || server_name == NULL)
        return UV_EINVAL;
    if (tls == NULL)
        tls = default_credentials();
    if (tls == NULL)
        return gruvi_last_error();
    return start(__func__, s, tls, server_name, timeout);
}

GRUVI_SWITCHPOINT int
gruvi_tls_start_server(gruvi_stream_t *s, gruvi_tls_t *tls, double timeout)
{
    int err;

    if (s == NULL || tls == NULL)
        return UV_EINVAL;
    err = gruvi__tls_check_change(tls);
    return err < 0 ? err : start(__func__, s, tls, NULL, timeout);
}
