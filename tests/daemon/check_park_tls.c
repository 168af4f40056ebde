/* SPDX-License-Identifier: MIT */
/* GRUVID_PARK over TLS; the client is OpenSSL itself. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "daemon/run_gruvid.h"
#include "unit/certificates.h"

/* Nothing here may wait for the end of a drain. */
#define PATIENT "[gruvid]\ndrain_timeout = 1000s\n"

static struct gruvid *
begin(const char *more)
{
    char text[1024];

    snprintf(text, sizeof text,
             PATIENT "[plugin parks]\nlisten = tls://127.0.0.1:0\n"
                     "tls_certificate = %s\ntls_key = %s\n%s",
             certificate("good.pem"), certificate("good.key"), more);
    return gruvid_ready(text, NULL);
}

struct client {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
};

static void
open_client(struct client *c, struct gruvid *g)
{
    c->fd = connect_port(atoi(gruvid_says(g, "listening on tls://127.0.0.1:")));
    ck_assert_int_ge(c->fd, 0);
    c->context = SSL_CTX_new(TLS_client_method());
    c->ssl = SSL_new(c->context);
    ck_assert_ptr_nonnull(c->ssl);
    SSL_set_fd(c->ssl, c->fd);
    ck_assert_int_eq(SSL_connect(c->ssl), 1);
}

static void
close_client(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->context);
    close(c->fd);
}

static void
tells(struct client *c, const char *text)
{
    ck_assert_int_eq(SSL_write(c->ssl, text, (int)strlen(text)),
                     (int)strlen(text));
}

static void
hears(struct client *c, const char *text)
{
    char buf[100];
    size_t got = 0, len = strlen(text);

    while (got < len) {
        int n = SSL_read(c->ssl, buf + got, (int)(len - got));

        ck_assert_int_gt(n, 0);
        got += (size_t)n;
    }
    ck_assert_mem_eq(buf, text, len);
}

static void
hears_the_end(struct client *c)
{
    char byte;

    ck_assert_int_eq(SSL_read(c->ssl, &byte, 1), 0);
    ck_assert_int_eq(SSL_get_error(c->ssl, 0), SSL_ERROR_ZERO_RETURN);
}

START_TEST(test_each_message_is_a_call)
{
    struct gruvid *g = begin("");
    struct client c;

    open_client(&c, g);
    tells(&c, "one\n");
    hears(&c, "one\n");
    tells(&c, "two\n");
    hears(&c, "two\n");
    tells(&c, "calls\n");
    hears(&c, "4\n");
    ck_assert_int_ge(SSL_shutdown(c.ssl), 0);
    hears_the_end(&c);
    close_client(&c);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "1 connections, 1 gone, 0 failed, 0 cut");
}
END_TEST

/* OpenSSL receives all of them at once, and the socket has nothing then. */
START_TEST(test_records_that_come_at_once_are_answered_in_order)
{
    struct gruvid *g = begin("");
    int on = 1, off = 0;
    struct client c;

    open_client(&c, g);
    tells(&c, "line\n");
    hears(&c, "line\n");
    for (int round = 0; round < 10; round++) {
        setsockopt(c.fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
        tells(&c, "one\n");
        tells(&c, "two\nthree\n");
        tells(&c, "four\n");
        setsockopt(c.fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
        hears(&c, "one\ntwo\nthree\nfour\n");
    }
    close_client(&c);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* The bytes of a record, one at a time, so that it wakes before it is whole. */
START_TEST(test_a_record_may_come_in_pieces)
{
    struct gruvid *g = begin("");
    char record[200];
    struct client c;
    BIO *memory;
    int n;

    open_client(&c, g);
    tells(&c, "line\n");
    hears(&c, "line\n");
    memory = BIO_new(BIO_s_mem());
    SSL_set0_wbio(c.ssl, memory);
    tells(&c, "slowly\n");
    n = BIO_read(memory, record, sizeof record);
    ck_assert_int_gt(n, 7);
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(send(c.fd, &record[i], 1, MSG_NOSIGNAL), 1);
        usleep(1000); /* not to be waited for: they may also come at once */
    }
    hears(&c, "slowly\n");
    close_client(&c);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_client_that_does_not_shake_hands_is_not_called_for)
{
    struct gruvid *g = begin("");
    int fd =
        connect_port(atoi(gruvid_says(g, "listening on tls://127.0.0.1:")));

    send_text(fd, "no handshake, but a line\n");
    expect_end(fd);
    close(fd);
    gruvid_says(g, "TLS handshake failed");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "a session of"), 0);
}
END_TEST

START_TEST(test_idle_timeout_says_the_end_in_order)
{
    /* It holds while hands are shaken, which may take a busy machine a while.
     */
    struct gruvid *g = begin("idle_timeout = 1s\n");
    struct client c;

    open_client(&c, g);
    hears_the_end(&c);
    close_client(&c);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "1 connections, 1 gone, 0 failed, 0 cut");
}
END_TEST

START_TEST(test_a_stop_says_the_end_in_order)
{
    struct gruvid *g = begin("");
    struct client c;

    open_client(&c, g);
    tells(&c, "line\n");
    hears(&c, "line\n");
    gruvid_signal(g, SIGTERM);
    hears_the_end(&c);
    close_client(&c);
    ck_assert_int_eq(gruvid_wait(g), 0);
    gruvid_says(g, "1 connections, 0 gone, 0 failed, 0 cut");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("park_tls");
    TCase *tc = gruvid_case(suite, "tls");

    certificate("ca.pem");
    tcase_add_test(tc, test_each_message_is_a_call);
    tcase_add_test(tc, test_records_that_come_at_once_are_answered_in_order);
    tcase_add_test(tc, test_a_record_may_come_in_pieces);
    tcase_add_test(tc,
                   test_a_client_that_does_not_shake_hands_is_not_called_for);
    tcase_add_test(tc, test_idle_timeout_says_the_end_in_order);
    tcase_add_test(tc, test_a_stop_says_the_end_in_order);
    return run_suite(suite);
}
