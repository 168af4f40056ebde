/* SPDX-License-Identifier: MIT */
/* Connections of TLS that have nothing to do any more. */
#include <unistd.h>

#include "bench/bench.h"
#include "bench/net/net.h"

#ifdef HAVE_OPENSSL

#include <openssl/ssl.h>

static void
ask(SSL *ssl, const char *request, size_t answer_bytes)
{
    size_t length = strlen(request), came = 0;
    char buf[4096];

    bench_check(SSL_write(ssl, request, (int)length) == (int)length,
                "SSL_write");
    while (came < answer_bytes) {
        int n = SSL_read(ssl, buf, sizeof buf);

        bench_check(n > 0, "SSL_read");
        came += (size_t)n;
    }
}

int
idle_tls_open(long n, const char *request, size_t answer_bytes)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    bench_check(context != NULL, "SSL_CTX_new");
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    for (long i = 0; i < n; i++) {
        SSL *ssl = SSL_new(context);

        bench_check(ssl != NULL && SSL_set_fd(ssl, load_connect()) == 1 &&
                        SSL_connect(ssl) == 1,
                    "a handshake");
        ask(ssl, request, answer_bytes);
    }
    return 1;
}

#else

int
idle_tls_open(long n, const char *request, size_t answer_bytes)
{
    (void)n;
    (void)request;
    (void)answer_bytes;
    return 0;
}

#endif
