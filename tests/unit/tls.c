/* SPDX-License-Identifier: MIT */
#include "unit/tls.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>

#include <openssl/err.h>

gruvi_tls_t *
server_of(const char *name)
{
    char pem[32], key[32];
    gruvi_tls_options_t options = {0};
    gruvi_tls_t *tls;

    snprintf(pem, sizeof pem, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    options.certificate = certificate(pem);
    options.key = certificate(key);
    tls = gruvi_tls_new(&options);
    ck_assert_ptr_nonnull(tls);
    return tls;
}

gruvi_tls_t *
client_of(const char *authorities)
{
    gruvi_tls_options_t options = {.authorities = certificate(authorities)};
    gruvi_tls_t *tls = gruvi_tls_new(&options);

    ck_assert_ptr_nonnull(tls);
    return tls;
}

gruvi_listener_t *
tls_listen(gruvi_tls_t *tls, char address[GRUVI_ADDRESS_SIZE])
{
    gruvi_listen_options_t options = {.tls = tls};
    gruvi_listener_t *listener;

    ck_assert_int_eq(gruvi_listen(&listener, "tls://127.0.0.1:0", &options), 0);
    ck_assert_int_eq(
        gruvi_listener_address(listener, address, GRUVI_ADDRESS_SIZE), 0);
    gruvi_tls_unref(tls);
    return listener;
}

/* --- peers ------------------------------------------------------------------
 */

void
peer_open(struct peer *peer, int fd, const char *name)
{
    char pem[32], key[32];
    int on = 1;

    signal(SIGPIPE, SIG_IGN); /* OpenSSL itself does not care */
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peer->fd = fd;
    peer->context = SSL_CTX_new(TLS_method());
    ck_assert_ptr_nonnull(peer->context);
    if (name != NULL) {
        snprintf(pem, sizeof pem, "%s.pem", name);
        snprintf(key, sizeof key, "%s.key", name);
        ck_assert_int_eq(
            SSL_CTX_use_certificate_chain_file(peer->context, certificate(pem)),
            1);
        ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(
                             peer->context, certificate(key), SSL_FILETYPE_PEM),
                         1);
    }
    peer->ssl = SSL_new(peer->context);
    ck_assert_ptr_nonnull(peer->ssl);
    ck_assert_int_eq(SSL_set_fd(peer->ssl, fd), 1);
    SSL_set_mode(peer->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (name != NULL)
        SSL_set_accept_state(peer->ssl);
    else
        SSL_set_connect_state(peer->ssl);
}

void
peer_free(struct peer *peer)
{
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->context);
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    peer->ssl = NULL;
    peer->context = NULL;
}

/* Whether a try has to be made again; anything but that is a mistake. */
static bool
blocks(struct peer *peer, int result)
{
    int error = SSL_get_error(peer->ssl, result);

    if (result > 0)
        return false;
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        ck_abort_msg("the peer: %d, %s", error,
                     ERR_reason_error_string(ERR_peek_error()));
    turns(1);
    return true;
}

void
peer_shakes(struct peer *peer)
{
    while (blocks(peer, SSL_do_handshake(peer->ssl)))
        ;
}

void
tls_peer_sends(struct peer *peer, const char *text)
{
    while (blocks(peer, SSL_write(peer->ssl, text, (int)strlen(text))))
        ;
}

size_t
peer_takes(struct peer *peer, char *buf, size_t len)
{
    int n = SSL_read(peer->ssl, buf, (int)len);

    return blocks(peer, n) ? 0 : (size_t)n;
}

void
tls_peer_gets(struct peer *peer, const char *text)
{
    size_t len = strlen(text), got = 0;
    char buf[4096];
    int n;

    ck_assert_uint_lt(len, sizeof buf);
    while (got < len) {
        n = SSL_read(peer->ssl, buf + got, (int)(len - got));
        if (!blocks(peer, n))
            got += (size_t)n;
    }
    buf[len] = '\0';
    ck_assert_str_eq(buf, text);
}

void
peer_ends_with(struct peer *peer, int error)
{
    int n, got;
    char c;

    do {
        n = SSL_read(peer->ssl, &c, 1);
        got = SSL_get_error(peer->ssl, n);
        turns(1);
    } while (got == SSL_ERROR_WANT_READ);
    ck_assert_int_eq(got, error);
}

/* --- ends -------------------------------------------------------------------
 */

int
shake(void *stream)
{
    return gruvi_tls_handshake(stream, GRUVI_FOREVER);
}

int
read_one(void *stream)
{
    char c = 0;
    ssize_t n = gruvi_stream_read(stream, &c, 1);

    return n == 1 ? c : (int)n;
}

int
shut_down(void *stream)
{
    return gruvi_stream_shutdown(stream);
}

static int
connect_to(const char *address)
{
    char tcp[GRUVI_ADDRESS_SIZE];

    snprintf(tcp, sizeof tcp, "tcp%s", address + 3);
    return net_connect(tcp);
}

void
open_tls(struct tls_ends *ends, bool shaken)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = tls_listen(server_of("good"), address);
    gruvi_fiber_t *fiber;

    peer_open(&ends->peer, connect_to(address), NULL);
    ck_assert_int_eq(gruvi_accept(listener, &ends->stream, GRUVI_FOREVER), 0);
    gruvi_listener_close(listener);
    if (shaken) {
        fiber = spawn(shake, ends->stream);
        peer_shakes(&ends->peer);
        ck_assert_int_eq(finish(fiber), 0);
    }
}

void
close_tls(struct tls_ends *ends)
{
    gruvi_stream_close(ends->stream);
    ends->stream = NULL;
    peer_free(&ends->peer);
}

static int
write_large(void *arg)
{
    static const char zeros[TLS_LARGE];

    return gruvi_stream_write(arg, zeros, sizeof zeros);
}

gruvi_fiber_t *
begin_large_write(struct tls_ends *ends)
{
    struct ends plain = {ends->stream, ends->peer.fd};
    gruvi_fiber_t *fiber;

    shrink(&plain);
    fiber = spawn(write_large, ends->stream);
    wait_until(strcmp(gruvi_fiber_waiting_for(fiber), "write") == 0);
    return fiber;
}

/* --- pairs ------------------------------------------------------------------
 */

static int
serve_pair(void *arg)
{
    struct tls_pair *pair = arg;
    gruvi_stream_t *stream;

    ck_assert_int_eq(gruvi_accept(pair->listener, &stream, GRUVI_FOREVER), 0);
    pair->server_result = gruvi_tls_handshake(stream, GRUVI_FOREVER);
    snprintf(pair->server_message, sizeof pair->server_message, "%s",
             gruvi_error_message());
    if (pair->server_result == 0)
        pair->server = stream;
    else
        gruvi_stream_close(stream);
    return 0;
}

void
open_pair(struct tls_pair *pair, gruvi_tls_t *server,
          const gruvi_connect_options_t *options)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_fiber_t *fiber;

    memset(pair, 0, sizeof *pair);
    pair->listener = tls_listen(gruvi_tls_ref(server), address);
    fiber = spawn(serve_pair, pair);
    pair->client_result =
        gruvi_connect(&pair->client, address, options, GRUVI_FOREVER);
    snprintf(pair->client_message, sizeof pair->client_message, "%s",
             gruvi_error_message());
    ck_assert_int_eq(pair->client == NULL, pair->client_result < 0);
    ck_assert_int_eq(finish(fiber), 0);
}

void
close_pair(struct tls_pair *pair)
{
    gruvi_stream_close(pair->client);
    gruvi_stream_close(pair->server);
    gruvi_listener_close(pair->listener);
}

/* --- TLS on an open stream --------------------------------------------------
 */

#define SECRET "never in clear"

int
clear_start(struct clear *c, double timeout)
{
    gruvi_stream_t *s = c->ends.stream;

    return c->is_server
               ? gruvi_tls_start_server(s, c->tls, timeout)
               : gruvi_tls_start_client(s, c->tls, "localhost", timeout);
}

int
clear_start_it(void *arg)
{
    return clear_start(arg, GRUVI_FOREVER);
}

/* It is TCP: what is sent arrives, and what is reset is reset. */
void
open_clear(struct clear *c, bool is_server)
{
    struct ends plain;

    open_ends(&plain, NET_TCP);
    c->is_server = is_server;
    c->tls = is_server ? server_of("good") : client_of("ca.pem");
    c->ends.stream = plain.stream;
    peer_says(&plain, "hello\n");
    hears_line(plain.stream, 100, "hello\n");
    ck_assert_int_eq(gruvi_stream_write(plain.stream, "go\n", 3), 0);
    peer_hears(&plain, "go\n");
    peer_open(&c->ends.peer, plain.peer, is_server ? NULL : "good");
}

void
close_clear(struct clear *c)
{
    close_tls(&c->ends);
    gruvi_tls_unref(c->tls);
}

gruvi_fiber_t *
clear_start_and_wait(struct clear *c)
{
    gruvi_fiber_t *fiber = spawn(clear_start_it, c);

    wait_until(strcmp(gruvi_fiber_waiting_for(fiber), "handshake") == 0);
    return fiber;
}

void
clear_is_of_no_use(struct clear *c, int err)
{
    gruvi_stream_t *s = c->ends.stream;
    char byte[1];

    ck_assert_int_eq(gruvi_stream_read(s, byte, 1), err);
    ck_assert_int_eq(gruvi_stream_write(s, SECRET, strlen(SECRET)), err);
    ck_assert_int_eq(gruvi_stream_try_write(s, SECRET, strlen(SECRET)),
                     UV_EPIPE);
    ck_assert_int_eq(gruvi_tls_handshake(s, GRUVI_FOREVER), err);
    ck_assert_str_ne(gruvi_error_message(), "");
    ck_assert_int_eq(clear_start(c, GRUVI_FOREVER), UV_EALREADY);
}

/* Close it, and look at all that the peer has got. */
void
clear_end_unheard(struct clear *c)
{
    char buf[8192];
    size_t got = 0;
    ssize_t n;

    gruvi_stream_close(c->ends.stream);
    c->ends.stream = NULL;
    while ((n = recv(c->ends.peer.fd, buf + got, sizeof buf - got, 0)) != 0) {
        if (n < 0 && errno != EAGAIN)
            break;
        got += n > 0 ? (size_t)n : 0;
        turns(1);
    }
    ck_assert_ptr_null(memmem(buf, got, SECRET, strlen(SECRET)));
    close_clear(c);
}
