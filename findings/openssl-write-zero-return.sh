#!/bin/sh
#
# OpenSSL 3.0: a failed write is reported as the orderly end of the peer's data
#
# Expected: SSL_ERROR_ZERO_RETURN, which says that close_notify has come and
# nothing more can be read, answers SSL_read.  A write into a socket that the
# peer has closed gives SSL_ERROR_SYSCALL and EPIPE.
#
# Seen: once close_notify has been read, SSL_get_error gives ZERO_RETURN for the
# failed SSL_write too.  A program that takes this code for an orderly end loses
# in silence what it has not written.
#
# Do: take ZERO_RETURN from anything but SSL_read for a failure, and its reason
# from errno, saved right after the call.

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

cat > write.c << 'END'
#include <errno.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void
write_to_nobody(int close_notify)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    SSL *client, *server;
    int fds[2], result, reason;
    char byte;

    SSL_CTX_use_certificate_file(ctx, "cert.pem", SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(ctx, "key.pem", SSL_FILETYPE_PEM);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
    SSL_set_fd(client = SSL_new(ctx), fds[0]);
    SSL_set_fd(server = SSL_new(ctx), fds[1]);
    while (SSL_connect(client) + SSL_accept(server) != 2)
        ;
    if (close_notify && SSL_shutdown(server) == 0)
        SSL_read(client, &byte, 1);
    close(fds[1]);
    result = SSL_write(client, "x", 1);
    reason = errno;
    printf("SSL_write: %d, %s, SSL_get_error: %d\n", result,
           reason == EPIPE ? "EPIPE" : "?", SSL_get_error(client, result));
}

int
main(void)
{
    signal(SIGPIPE, SIG_IGN);
    printf("%.14s\n", OpenSSL_version(OPENSSL_VERSION));
    write_to_nobody(0); /* SSL_ERROR_SYSCALL is 5 */
    write_to_nobody(1); /* SSL_ERROR_ZERO_RETURN is 6 */
}
END
cc -Isys/usr/include -I"sys/usr/include/${lib##*/}" -o write write.c \
    "$lib"/*.so.3

cat > expected << 'END'
OpenSSL 3.0.20
SSL_write: -1, EPIPE, SSL_get_error: 5
SSL_write: -1, EPIPE, SSL_get_error: 6
END
LD_LIBRARY_PATH=$lib timeout 60 ./write | tee seen
diff expected seen || exit 1
