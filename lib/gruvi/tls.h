/* SPDX-License-Identifier: MIT */
/*
 * TLS: streams of tls:// addresses.
 *
 *     gruvi_connect(&s, "tls://example.org:443", NULL, 10.0);
 *
 * Such a stream is read, written, shut down and closed like any other.  A
 * gruvi_tls_t holds its credentials: certificates, and rules.  A client may do
 * without: by default the server has to have a certificate that the system
 * trusts, for the host of the address, which may be a name or a number.
 *
 * gruvi_tls_start_client() and gruvi_tls_start_server() begin TLS on a stream
 * that is open.
 *
 * gruvi_connect() makes the handshake of a client.  The first call on the
 * stream, or gruvi_tls_handshake(), makes the handshake of a server, in the
 * fiber of the connection, so that slow clients do not delay gruvi_accept().
 * It takes handshake_timeout at most.
 *
 *   what happened                            reads return
 *   the peer ended its side (close_notify)   0, and writes go on
 *   the connection ended without that        UV_ECONNRESET
 *   a rule of TLS was broken, or the
 *   peer refuses to go on (an alert)         UV_EPROTO
 *   the peer's certificate is not good       UV_EACCES
 *
 * After a read or a handshake has failed so, writes return that error, too.  A
 * write or shutdown that the peer does not take any more returns UV_EPIPE or
 * UV_ECONNRESET, also after the peer's close_notify.
 * gruvi_error_message() returns the reason, in OpenSSL's words: "certificate
 * has expired".
 *
 * gruvi_stream_shutdown() sends a close_notify and leaves the connection open:
 * reading goes on until the peer ends its own side.  gruvi_stream_close() sends
 * a close_notify, too, but does not wait if the kernel has no room for it.  It
 * sends none after a write that has failed, so that the peer sees that data is
 * missing.  gruvi_stream_traffic() counts the bytes of the socket.
 *
 * Versions are TLS 1.2 and 1.3; there is no renegotiation.  Servers hand out
 * tickets.  Clients keep them in their gruvi_tls_t, 64 in all and 16 for a host
 * and port, and the next connection there resumes the session.
 *
 * If libgruvi was built without OpenSSL, all of this fails with UV_ENOTSUP.
 */
#ifndef GRUVI_TLS_H
#define GRUVI_TLS_H

#include <sys/socket.h>
#include <sys/types.h>

#include <gruvi/base.h>
#include <gruvi/stream.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/* What a server requires of its clients. */
typedef enum gruvi_tls_clients {
    GRUVI_TLS_ANY_CLIENT,      /* no certificate */
    GRUVI_TLS_ASK_CLIENT,      /* no certificate, or a good certificate */
    GRUVI_TLS_CERTIFIED_CLIENT /* a good certificate */
} gruvi_tls_clients_t;

/* Files are PEM; texts are copied. */
typedef struct gruvi_tls_options {
    const char *certificate; /* a file: the own certificate, and intermediate
                                certificates; required for servers */
    const char *key;         /* a file: its key, not encrypted; NULL: it is in
                                the file of the certificate */
    const char *authorities; /* a file: the authorities to trust, in place of
                                the system's; and their lists of revoked
                                certificates (CRL), of all or of none */
    const char *const *alpn; /* protocols, the best first, ended by NULL; a
                                server refuses a client if none is common */
    gruvi_tls_clients_t clients; /* for servers; needs authorities */
    bool unverified; /* for clients in tests: accept any certificate; anyone
                        may listen in */
    double handshake_timeout; /* seconds; 0: 30; negative: no limit */
    void *reserved[4];        /* NULL */
} gruvi_tls_options_t;

/*
 * Make credentials, for any number of streams and listeners, of any thread.
 * It reads files, so it may block for a moment.
 *
 *   options  NULL: the defaults, those of a client
 *
 * Returns credentials, owned (gruvi_tls_unref()); NULL on failure.
 * Errors:  UV_EINVAL (an option; a file that does not contain what it should; a
 *          key that does not match), UV_ENOENT, UV_EACCES, ... of a file;
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
 * Release a reference to credentials.  Streams and listeners that use them have
 * references of their own.  NULL is fine.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_tls_unref(gruvi_tls_t *tls);

/*
 * Change the credentials of a listener for the connections that it will accept.
 * Accepted connections go on with the old credentials, also where the handshake
 * was not made yet; sessions of these cannot be resumed any more.  A failure
 * leaves the old credentials.
 *
 *   listener  of TCP; if it has no TLS, it has from now on.  Duplicates of it
 *             (gruvi_listener_dup()) keep what they have
 *   tls       borrowed
 *
 * Returns 0.
 * Errors:  UV_EINVAL (a listener of a Unix socket, credentials without a
 *          certificate), UV_EPERM (a listener of another thread), UV_ENOMEM.
 * Context: hub thread.
 */
GRUVI_API int gruvi_listener_set_tls(gruvi_listener_t *listener,
                                     gruvi_tls_t *tls);

/*
 * Make the handshake now, if it was not made yet.  If the call is interrupted,
 * the next call goes on with the handshake.  A handshake that has failed, or
 * has taken longer than its limit, has failed for good.
 *
 *   timeout  seconds for this call; 0 does what needs no wait; GRUVI_FOREVER:
 *            only handshake_timeout limits it
 *
 * Returns 0.
 * Errors:  UV_EINVAL (not a stream of TLS), UV_EPROTO, UV_EACCES (the
 *          certificate of the peer), UV_ECONNRESET, UV_ETIMEDOUT, UV_ENOMEM;
 *          UV_EBUSY (a fiber is writing), UV_ECONNABORTED (closed meanwhile).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_tls_handshake(gruvi_stream_t *s,
                                                    double timeout);

/*
 * Begin TLS on an open stream, as the client: after the peers have agreed on it
 * in clear, as SMTP, LDAP, PostgreSQL and NATS do (STARTTLS).  The call makes
 * the handshake.  From then on the stream is as if its address had been
 * tls://.
 *
 * Bytes that the stream has received and not given out yet end it: UV_EPROTO.
 * They came in clear, maybe from an attacker, and the next read would take them
 * for what came through TLS.  They are dropped.  A program that has read more
 * than it used has to do the same, because the stream does not know of it.
 *
 *   s            a stream without TLS
 *   tls          borrowed; NULL: the defaults
 *   server_name  whose certificate the server has to have, a name or a number
 *   timeout      seconds for the handshake; its own limit, handshake_timeout,
 *                holds as well
 *
 * Returns 0.
 * Errors:  before anything is done, and the stream goes on as it was: UV_EINVAL
 *          (server_name is no name), UV_EALREADY (it has TLS), UV_EBUSY (a
 * fiber reads or writes), UV_EPIPE (the writing side has ended), UV_ENOMEM,
 * UV_ENOTSUP. Later the stream is of no more use, and has to be closed; nothing
 * is read or written in clear any more: UV_EPROTO, UV_EACCES (the certificate
 * of the server), UV_ECONNRESET, UV_ETIMEDOUT, UV_ENOMEM, UV_ECANCELED,
 * UV_ECONNABORTED (closed meanwhile). Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_tls_start_client(gruvi_stream_t *s,
                                                       gruvi_tls_t *tls,
                                                       const char *server_name,
                                                       double timeout);

/*
 * The same as the server.
 *
 *   tls  borrowed; it has a certificate
 *
 * Returns 0.
 * Errors:  as gruvi_tls_start_client(); UV_EINVAL (no certificate).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_tls_start_server(gruvi_stream_t *s, gruvi_tls_t *tls, double timeout);

/* The results of a handshake.  Texts are borrowed from the stream. */
typedef struct gruvi_tls_info_values {
    const char *version;     /* "TLSv1.3" */
    const char *cipher;      /* "TLS_AES_256_GCM_SHA384" */
    const char *alpn;        /* the common protocol; "": none */
    const char *server_name; /* that the client asked for; "": none */
    bool resumed;            /* an earlier session was resumed */
    bool certified;          /* the peer has shown a certificate; it was
                                verified unless options.unverified */
    void *reserved[4];       /* NULL */
} gruvi_tls_info_t;

/*
 * The results of a stream's handshake.
 *
 * Returns 0.
 * Errors:  UV_EINVAL (not a stream of TLS), UV_ENOTCONN (there was no handshake
 *          yet); info is empty then.
 * Context: hub thread.
 */
GRUVI_API int gruvi_tls_info(const gruvi_stream_t *s, gruvi_tls_info_t *info);

/*
 * The subject of the peer's certificate, as in RFC 2253: "CN=alice,O=Example".
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

/* For gruvid; not to be used directly. */

/*
 * Wait for bytes of the socket itself, below TLS, and look at them: before
 * anything was read from the stream.  They stay where they are.
 *
 *   timeout  seconds; 0 looks once, GRUVI_FOREVER waits without limit
 *
 * Returns how many, at most len; 0 at the end.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EBUSY, and those of recv().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT ssize_t gruvi__stream_front(gruvi_stream_t *s,
                                                        void *buf, size_t len,
                                                        double timeout);

/* Take len bytes that were seen there.  0 or an error.  Context: hub thread. */
GRUVI_API int gruvi__stream_front_take(gruvi_stream_t *s, void *buf,
                                       size_t len);

/*
 * From now on gruvi_stream_peer() says this, because a proxy has.
 *
 *   at  of AF_INET, AF_INET6, or AF_UNIX, whose path is left out
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi__stream_change_peer(gruvi_stream_t *s,
                                         const struct sockaddr *at,
                                         socklen_t length);

GRUVI_END_DECLS

#endif
