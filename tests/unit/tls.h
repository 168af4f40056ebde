/* SPDX-License-Identifier: MIT */
/*
 * What the tests of TLS share.  A peer is OpenSSL itself on a plain descriptor,
 * without libgruvi, and moves when told to.
 */
#ifndef TESTS_UNIT_TLS_H
#define TESTS_UNIT_TLS_H

#include <openssl/ssl.h>

#include "unit/certificates.h"
#include "unit/net.h"

/* Credentials: of a server with that certificate, of a client that trusts the
 * authority ca. */
gruvi_tls_t *server_of(const char *name);
gruvi_tls_t *client_of(const char *authorities);

/* A listener on 127.0.0.1 with these, which it then has alone. */
gruvi_listener_t *tls_listen(gruvi_tls_t *tls,
                             char address[GRUVI_ADDRESS_SIZE]);

struct peer {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
};

/* A peer on a descriptor, which it then has; a client where name is NULL, else
 * a server with that certificate. */
void peer_open(struct peer *peer, int fd, const char *name);
void peer_free(struct peer *peer);

/* Have the peer move until it is done, while others run. */
void peer_shakes(struct peer *peer);
void tls_peer_sends(struct peer *peer, const char *text);
void tls_peer_gets(struct peer *peer, const char *text);

/* Have it read what is there; returns how many bytes. */
size_t peer_takes(struct peer *peer, char *buf, size_t len);

/* The next read of the peer ends with this, SSL_ERROR_ZERO_RETURN ... */
void peer_ends_with(struct peer *peer, int error);

/* A stream that was accepted, and its peer, a client; after the handshake
 * where shaken. */
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

/* A client of ours and a server of ours, in fibers of one hub. */
struct tls_pair {
    gruvi_listener_t *listener;
    gruvi_stream_t *client, *server; /* NULL: failed */
    int client_result, server_result;
    char client_message[64], server_message[64];
};

/* Connects to 127.0.0.1, as options say; both handshakes are over then. */
void open_pair(struct tls_pair *pair, gruvi_tls_t *server,
               const gruvi_connect_options_t *options);
void close_pair(struct tls_pair *pair);

#endif
