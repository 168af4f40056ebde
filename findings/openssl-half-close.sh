#!/bin/sh
#
# OpenSSL 3.0: a peer that ends its side by TCP alone gets no answer
#
# Expected: a client calls shutdown(fd, SHUT_WR) without SSL_shutdown and waits
# for an answer.  SSL_read says so ("unexpected eof while reading"), but the
# answer can be written: the socket is open that way.
#
# Seen: SSL_read sends the alert decode_error, and each SSL_write after it fails
# with SSL_ERROR_SYSCALL while errno is 0 and the error queue is empty.
#
# Do: set SSL_OP_IGNORE_UNEXPECTED_EOF where the protocol above TLS says where
# its data end: SSL_read gives ZERO_RETURN and SSL_write works.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
cd "$work"
command -v cc > /dev/null || { echo "skipped: no cc"; exit 77; }
apt-get -q download libssl3=3.0.20-1~deb12u2 libssl-dev=3.0.20-1~deb12u2 \
    > log 2>&1 || { cat log; exit 77; }
for deb in *.deb; do dpkg -x "$deb" sys; done
lib=$(dirname sys/usr/lib/*/libssl.so.3)
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem \
    -out cert.pem > log 2>&1 || { cat log; exit 77; }

cat > half.c << 'END'
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>

static void
answer(uint64_t options)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    SSL *client, *server;
    int fds[2], result, error;
    char byte;

    SSL_CTX_use_certificate_file(ctx, "cert.pem", SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(ctx, "key.pem", SSL_FILETYPE_PEM);
    SSL_CTX_set_options(ctx, options);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
    SSL_set_fd(client = SSL_new(ctx), fds[0]);
    SSL_set_fd(server = SSL_new(ctx), fds[1]);
    while (SSL_connect(client) + SSL_accept(server) != 2)
        ;
    shutdown(fds[0], SHUT_WR);
    error = SSL_get_error(server, SSL_read(server, &byte, 1));
    ERR_clear_error();
    errno = 0;
    result = SSL_write(server, "x", 1);
    printf("SSL_read: error %d; SSL_write: %d, errno %d, error %d\n", error,
           result, errno, SSL_get_error(server, result));
}

int
main(void)
{
    printf("%.14s\n", OpenSSL_version(OPENSSL_VERSION));
    answer(0); /* SSL_ERROR_SSL is 1, SSL_ERROR_SYSCALL is 5 */
    answer(SSL_OP_IGNORE_UNEXPECTED_EOF); /* SSL_ERROR_ZERO_RETURN is 6 */
    return 0;
}
END
cc -Isys/usr/include -I"sys/usr/include/${lib##*/}" -o half half.c "$lib"/*.so.3

cat > expected << 'END'
OpenSSL 3.0.20
SSL_read: error 1; SSL_write: -1, errno 0, error 5
SSL_read: error 6; SSL_write: 1, errno 0, error 0
END
LD_LIBRARY_PATH=$lib timeout 60 ./half | tee seen
diff expected seen || exit 1
