/* SPDX-License-Identifier: MIT */
/*
 * What the files of TLS share.
 *
 *   gruvi_tls_t          credentials, of any thread: an SSL_CTX
 *      ^ each end holds one reference
 *   struct gruvi__tls    a stream's end of a connection: an SSL
 *
 * OpenSSL reads and writes the stream's socket by itself, through a BIO of
 * ours (tls_bio.c).  A pair of memory BIOs would copy each record once more,
 * and a reader would have to send what OpenSSL has to write, and a writer to
 * receive.  With our BIO OpenSSL says what to wait for, which need not be the
 * event of the caller's direction (gruvi__call.event).
 */
#ifndef GRUVI_IO_TLS_OPENSSL_H
#define GRUVI_IO_TLS_OPENSSL_H

#include <pthread.h>

#include <openssl/ssl.h>

#include "base/likely.h"
#include "io/tls/tls.h"

#define GRUVI__TLS_REASON_SIZE 64 /* as long as gruvi_error_message() */
#define GRUVI__TLS_SESSIONS    64 /* kept by a client */
#define GRUVI__TLS_OF_A_HOST   16 /* of these at most */

/* A session that may be resumed once more. */
struct gruvi__tls_session {
    char *key; /* NULL: no session */
    SSL_SESSION *session;
    uint64_t stored; /* of gruvi_tls.stored: the least is the oldest */
};

struct gruvi_tls {
    unsigned refs; /* atomic */
    SSL_CTX *context;
    gruvi_tls_clients_t clients;
    bool certified; /* it has a certificate */
    bool unverified;
    double handshake_timeout;

    /* Protocols, in the form of the offer: a length, a name, a length, ... */
    unsigned char *alpn;
    size_t alpn_length;

    pthread_mutex_t lock; /* of what follows */
    uint64_t stored;
    struct gruvi__tls_session sessions[GRUVI__TLS_SESSIONS];
};

struct gruvi__tls {
    gruvi_stream_t *stream;
    gruvi_tls_t *credentials;
    SSL *ssl; /* NULL until the handshake begins */
    bool client;
    bool up;          /* the handshake is over */
    bool has_tickets; /* a client's */
    bool close_begun; /* close_notify is written */
    bool close_sent;  /* and has gone out */

    /* The call that makes the handshake.  A second call waits for its end. */
    struct gruvi__call *handshaker;
    uint64_t due; /* of the handshake; 0: not begun */

    struct gruvi__buffer out;   /* to be sent */
    struct gruvi__call *inside; /* the call in OpenSSL; NULL: the close */
    int socket_error;           /* of its last try; 0: none */

    int failed; /* the error, for good; 0: none */
    char reason[GRUVI__TLS_REASON_SIZE];
    char *alpn; /* that was agreed on; NULL: none */
    char *key;  /* of a client, for sessions; NULL: none are kept */
};

/* tls_bio.c: a BIO of an end, or NULL. */
BIO *gruvi__tls_bio_new(struct gruvi__tls *tls);

/* Send what is held, as far as it goes: 0, UV_EAGAIN, or an error. */
int gruvi__tls_flush(struct gruvi__tls *tls);

/* Send all that is held, and wait for that; inside the call. */
int gruvi__tls_flush_all(struct gruvi__tls *tls, struct gruvi__call *call);

/* tls_stream.c: the layer on a stream that has none; NULL without memory. */
struct gruvi__tls *gruvi__tls_put_on(gruvi_stream_t *s,
                                     gruvi_tls_t *credentials, bool client);

/* tls_end.c */

/* Make the SSL of a server; 0, UV_ENOMEM. */
int gruvi__tls_end_open_server(struct gruvi__tls *tls);

/*
 * Make the SSL of a client.
 *
 *   name  of the server, to be checked; with the port it finds a session
 *
 * Returns 0, UV_EINVAL with a message, UV_ENOMEM.
 */
int gruvi__tls_end_open_client(struct gruvi__tls *tls, const char *name,
                               uint16_t port);

void gruvi__tls_end_free(gruvi_stream_t *s);

/* tls_handshake.c */

/* Make the handshake, or wait for the call that makes it.  0 or an error. */
int gruvi__tls_await_handshake(struct gruvi__tls *tls,
                               struct gruvi__call *call);

/* Every read and write begins with this. */
static inline int
gruvi__tls_ready(struct gruvi__tls *tls, struct gruvi__call *call)
{
    if (gruvi__likely(tls->up && tls->failed == 0))
        return 0;
    return gruvi__tls_await_handshake(tls, call);
}

/* tls_session.c: a copy, or NULL without memory. */
char *gruvi__tls_copy(const char *text);

/* What was kept for an end, owned, or NULL; and the callback that keeps. */
SSL_SESSION *gruvi__tls_session_take(gruvi_tls_t *tls, const char *key);
int gruvi__tls_session_keep(SSL *ssl, SSL_SESSION *session);
void gruvi__tls_sessions_free(gruvi_tls_t *tls);

/*
 * tls_revoked.c: use the lists of revoked certificates that were loaded with
 * the authorities, if there are any.
 *
 * Returns 0, UV_EINVAL with a message, UV_ENOMEM.
 */
int gruvi__tls_use_lists(SSL_CTX *context);

/* tls_error.c */

/* Before a call tries in OpenSSL.  NULL: no call does, the stream is closed. */
void gruvi__tls_enter(struct gruvi__tls *tls, struct gruvi__call *call);

/* What a try means that returned result, and not success: UV_EAGAIN where the
 * call has to wait, UV_EOF after the peer's close_notify, or the error. */
int gruvi__tls_failure(struct gruvi__tls *tls, int result);

/* Note that a connection has failed for good.  Returns err. */
int gruvi__tls_fail(struct gruvi__tls *tls, int err, const char *reason);

/*
 * What OpenSSL's queue of errors says, after which it is empty.
 *
 *   ssl     NULL: not about a connection
 *   reason  room for GRUVI__TLS_REASON_SIZE bytes
 *
 * Returns UV_EPROTO, or what fits better: UV_ENOMEM, UV_EACCES for the peer's
 * certificate, UV_ECONNRESET for an end without a close_notify, the error of a
 * file.
 */
int gruvi__tls_explain(const SSL *ssl, char *reason);

/* Set the message of a call that fails.  Returns err. */
int gruvi__tls_refuse(int err, const char *reason);

#endif
