/* SPDX-License-Identifier: MIT */
/*
 * TLS: streams of tls:// addresses.
 *
 *     gruvi_connect(&s, "tls://example.org:443", NULL, 10.0);
 *
 * Such a stream is read, written, shut down and closed like any other.  What
 * it needs to be one is a gruvi_tls_t: certificates, and rules.  A client needs
 * none of its own: by default the server has to have a certificate that the
 * system trusts, for the host of the address, be it a name or a number.
 *
 * The handshake of a client is part of gruvi_connect().  That of a server is
 * made by the first call on the stream, in the fiber of the connection, so
 * that nobody who is slow at it holds up gruvi_accept(); or by
 * gruvi_tls_handshake().  It takes handshake_timeout at most.
 *
 *   what happened                            reads return
 *   the peer ended its side (close_notify)   0, and writes go on
 *   the connection ended without that        UV_ECONNRESET
 *   a rule of TLS was broken, or the
 *   peer refuses to go on (an alert)         UV_EPROTO
 *   the peer's certificate is not good       UV_EACCES
 *
 * Once a read or a handshake has found out, writes return the same.
 * gruvi_error_message() says why, in the words of OpenSSL: "certificate
 * has expired".
 *
 * gruvi_stream_shutdown() says close_notify and leaves the connection open;
 * what the peer sends can be read until it ends its own side.
 * gruvi_stream_close() says it, too, but does not wait where there is no room
 * for it; nor does it after a write that has failed, because the peer has to
 * see that something is missing.  gruvi_stream_traffic() counts what the socket
 * moved.
 *
 * Versions are TLS 1.2 and 1.3; there is no renegotiation.  Servers hand out
 * tickets.  Clients keep them in their gruvi_tls_t, and resume sessions with
 * the same host and port by themselves.
 *
 * Where libgruvi was built without OpenSSL, all of it is UV_ENOTSUP.
 */
#ifndef GRUVI_TLS_H
#define GRUVI_TLS_H

#include <gruvi/base.h>
#include <gruvi/stream.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/* What a server wants of its clients. */
typedef enum gruvi_tls_clients {
    GRUVI_TLS_ANY_CLIENT,      /* no certificate */
    GRUVI_TLS_ASK_CLIENT,      /* none, or a good one */
    GRUVI_TLS_CERTIFIED_CLIENT /* a good one */
} gruvi_tls_clients_t;

/* Files are PEM; texts are copied. */
typedef struct gruvi_tls_options {
    const char *certificate; /* a file: our own certificate, and those between
                                it and the authority's; servers need one */
    const char *key;         /* a file: its key, not encrypted; NULL: it is in
                                the file of the certificate */
    const char *authorities; /* a file: whom to trust, in place of those whom
                                the system trusts */
    const char *const *alpn; /* protocols, the best first, ended by NULL; a
                                server that has none of a client's refuses it */
    gruvi_tls_clients_t clients; /* of a server; wants authorities */
    bool unverified; /* of a client: any certificate will do, so that nobody
                        knows who listens in; for tests */
    double handshake_timeout; /* seconds; 0: 30; negative: no limit */
    void *reserved[4];        /* NULL */
} gruvi_tls_options_t;

/*
 * Make credentials, for any number of streams and listeners, of any thread.
 * It reads files, so it may block for a moment.
 *
 *   options  NULL: the defaults, those of a client
 *
 * Returns them, owned (gruvi_tls_unref()); NULL on failure.
 * Errors:  UV_EINVAL (an option, a file without what is wanted from it, a key
 *          that does not match), UV_ENOENT, UV_EACCES, ... of a file;
 *          UV_ENOMEM; UV_ENOTSUP.  gruvi_error_message() says which.
 * Context: any thread.
 */
GRUVI_API gruvi_tls_t *gruvi_tls_new(const gruvi_tls_options_t *options);

/*
 * Share credentials: another reference, owned.
 *
 * Context: any thread.
 */
GRUVI_API gruvi_tls_t *gruvi_tls_ref(gruvi_tls_t *tls);

/*
 * Let go of credentials.  Streams and listeners that use them hold them
 * themselves.  NULL is fine.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_tls_unref(gruvi_tls_t *tls);

/*
 * Have a listener use other credentials from now on, for the connections that
 * it accepts; those it has accepted go on with what they have.  Clients of the
 * old ones cannot resume their sessions.
 *
 *   listener  of a tls:// address
 *   tls       borrowed
 *
 * Returns 0.
 * Errors:  UV_EINVAL (not such a listener, credentials without a certificate),
 *          UV_EPERM (another thread's).
 * Context: hub thread.
 */
GRUVI_API int gruvi_listener_set_tls(gruvi_listener_t *listener,
                                     gruvi_tls_t *tls);

/*
 * Make the handshake now, if it was not made yet.  One that is interrupted can
 * be gone on with; one that has failed, or has taken longer than its limit,
 * has failed for good.
 *
 *   timeout  seconds for this call; 0 does what can be done without waiting;
 *            GRUVI_FOREVER: nothing but handshake_timeout limits it
 *
 * Returns 0.
 * Errors:  UV_EINVAL (not a stream of TLS), UV_EPROTO, UV_EACCES (the
 *          certificate of the peer), UV_ECONNRESET, UV_ETIMEDOUT, UV_ENOMEM;
 *          UV_EBUSY (a fiber is writing), UV_ECONNABORTED (closed meanwhile).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_tls_handshake(gruvi_stream_t *s,
                                                    double timeout);

/* What a handshake has found.  Texts are borrowed from the stream. */
typedef struct gruvi_tls_info_values {
    const char *version;     /* "TLSv1.3" */
    const char *cipher;      /* "TLS_AES_256_GCM_SHA384" */
    const char *alpn;        /* the protocol both have; "": none */
    const char *server_name; /* that the client asked for; "": none */
    bool resumed;            /* an earlier session was */
    bool certified;          /* the peer has shown a certificate, a good one
                                unless options.unverified */
    void *reserved[4];       /* NULL */
} gruvi_tls_info_t;

/*
 * What the handshake of a stream has found.
 *
 * Returns 0.
 * Errors:  UV_EINVAL (not a stream of TLS), UV_ENOTCONN (there was no handshake
 *          yet); info is empty then.
 * Context: hub thread.
 */
GRUVI_API int gruvi_tls_info(const gruvi_stream_t *s, gruvi_tls_info_t *info);

/*
 * Whom the peer's certificate is for: its subject, as in RFC 2253,
 * "CN=alice,O=Example".
 *
 *   buf, len  where to put it, and how many bytes fit
 *
 * Returns 0.
 * Errors:  UV_EINVAL, UV_ENOTCONN, as gruvi_tls_info(); UV_ENOENT (the peer has
 *          none), UV_ENOBUFS, UV_ENOMEM; buf is "" then.
 * Context: hub thread.
 */
GRUVI_API int gruvi_tls_peer_subject(const gruvi_stream_t *s, char *buf,
                                     size_t len);

GRUVI_END_DECLS

#endif
