/* SPDX-License-Identifier: MIT */
/*
 * What the tests of TLS share.  A peer is OpenSSL itself on a plain descriptor,
 * without libgruvi.  It acts only when a test calls it.
 */
#ifndef TESTS_UNIT_TLS_H
#define TESTS_UNIT_TLS_H

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "unit/certificates.h"
#include "unit/net.h"

/* Credentials: of a server with this certificate, of a client that trusts these
 * authorities. */
gruvi_tls_t *server_of(const char *name);
gruvi_tls_t *client_of(const char *authorities);

/* A listener on 127.0.0.1, which takes over the reference to tls. */
gruvi_listener_t *tls_listen(gruvi_tls_t *tls,
                             char address[GRUVI_ADDRESS_SIZE]);

struct peer {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
};

/* Open a peer on a descriptor, which it owns from then on: a client if name is
 * NULL, else a server with this certificate. */
void peer_open(struct peer *peer, int fd, const char *name);
void peer_free(struct peer *peer);

/* The peer makes its handshake, sends, or receives, while other fibers run. */
void peer_shakes(struct peer *peer);
void tls_peer_sends(struct peer *peer, const char *text);
void tls_peer_gets(struct peer *peer, const char *text);

/* The peer reads what is there; returns the number of bytes. */
size_t peer_takes(struct peer *peer, char *buf, size_t len);

/* The next read of the peer ends with this, SSL_ERROR_ZERO_RETURN ... */
void peer_ends_with(struct peer *peer, int error);

/* A stream that was accepted, and its peer, a client; if shaken, after the
 * handshake. */
struct tls_ends {
    gruvi_stream_t *stream;
    struct peer peer;
};
void open_tls(struct tls_ends *ends, bool shaken);
void close_tls(struct tls_ends *ends);

/* A write of TLS_LARGE bytes, in a fiber, that waits for room. */
#ifdef __SANITIZE_THREAD__
#define TLS_LARGE 300000
#else
#define TLS_LARGE 4000000
#endif
gruvi_fiber_t *begin_large_write(struct tls_ends *ends);

/* What fibers do with a stream: shake hands, read a byte, which they return, or
 * shut it down. */
int shake(void *stream);
int read_one(void *stream);
int shut_down(void *stream);

/* A client and a server of libgruvi, in fibers of one hub. */
struct tls_pair {
    gruvi_listener_t *listener;
    gruvi_stream_t *client, *server; /* NULL: failed */
    int client_result, server_result;
    char client_message[64], server_message[64];
};

/* Connect to 127.0.0.1, as options say, and make both handshakes. */
void open_pair(struct tls_pair *pair, gruvi_tls_t *server,
               const gruvi_connect_options_t *options);
void close_pair(struct tls_pair *pair);

/* A stream without TLS, with OpenSSL at its other end, after a word in clear.
 */
struct clear {
    struct tls_ends ends;
    gruvi_tls_t *tls; /* for the stream */
    bool is_server;   /* the stream is to be */
};
void open_clear(struct clear *c, bool is_server);
void close_clear(struct clear *c);

/* Begin TLS on it; the same with a struct clear; in a fiber, which waits. */
int clear_start(struct clear *c, double timeout);
int clear_start_it(void *clear);
gruvi_fiber_t *clear_start_and_wait(struct clear *c);

/* All calls fail with err, after a write writes with UV_EPIPE; close it, and
 * see that none has said anything. */
void clear_is_of_no_use(struct clear *c, int err);
void clear_end_unheard(struct clear *c);

#endif
