/* SPDX-License-Identifier: MIT */
/* Handshakes that are slow, shared by two, or go wrong. */
#include "unit/tls.h"

#include <fcntl.h>
#include <stdio.h>

static int
read_one_line(void *arg)
{
    char buf[8];

    return (int)gruvi_stream_read_line(arg, buf, sizeof buf);
}

static int
read_exactly(void *arg)
{
    char buf[2];

    return gruvi_stream_read_exact(arg, buf, sizeof buf);
}

static int
write_one(void *arg)
{
    return gruvi_stream_write(arg, "w", 1);
}

/* --- who is slow ------------------------------------------------------------
 */

HUB_TEST(test_a_client_that_says_nothing_does_not_hold_up_the_others)
{
    char address[GRUVI_ADDRESS_SIZE], tcp[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = tls_listen(server_of("good"), address);
    gruvi_stream_t *silent, *stream;
    gruvi_fiber_t *fiber, *waits;
    struct peer peer;
    int fd;

    snprintf(tcp, sizeof tcp, "tcp%s", address + 3);
    fd = net_connect(tcp);
    ck_assert_int_eq(gruvi_accept(listener, &silent, GRUVI_FOREVER), 0);
    waits = spawn(read_one, silent);
    peer_open(&peer, net_connect(tcp), NULL);
    ck_assert_int_eq(gruvi_accept(listener, &stream, GRUVI_FOREVER), 0);
    fiber = spawn(read_one, stream);
    peer_shakes(&peer);
    tls_peer_sends(&peer, "x");
    ck_assert_int_eq(finish(fiber), 'x');
    ck_assert_str_eq(gruvi_fiber_waiting_for(waits), "read");
    gruvi_stream_close(stream);
    gruvi_stream_close(silent);
    ck_assert_int_eq(finish(waits), UV_ECONNABORTED);
    gruvi_listener_close(listener);
    peer_free(&peer);
    close(fd);
}

/* i: it says nothing, or the beginning of a hello. */
HUB_TEST(test_a_handshake_has_a_time_limit)
{
    gruvi_tls_options_t options = {.certificate = certificate("good.pem"),
                                   .key = certificate("good.key"),
                                   .handshake_timeout = 0.01};
    char address[GRUVI_ADDRESS_SIZE], c;
    gruvi_listener_t *listener = tls_listen(gruvi_tls_new(&options), address);
    struct ends ends;

    memcpy(address, "tcp", 3);
    ends.peer = net_connect(address);
    ck_assert_int_eq(gruvi_accept(listener, &ends.stream, GRUVI_FOREVER), 0);
    if (i == 1)
        peer_writes(&ends, "\x16\x03\x01\x02\x00\x01", 6);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), UV_ETIMEDOUT);
    ck_assert_str_eq(gruvi_error_message(), "the handshake took too long");
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_tls_handshake(ends.stream, GRUVI_FOREVER),
                     UV_ETIMEDOUT);
    gruvi_listener_close(listener);
    close_ends(&ends);
}

HUB_TEST(test_the_time_of_a_call_is_not_that_of_the_handshake)
{
    struct tls_ends ends;
    gruvi_fiber_t *fiber;
    gruvi_tls_info_t info;
    char c;

    open_tls(&ends, false);
    ck_assert_int_eq(gruvi_tls_handshake(ends.stream, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_tls_info(ends.stream, &info), UV_ENOTCONN);
    ck_assert_str_eq(info.version, "");
    ck_assert_int_lt(SSL_do_handshake(ends.peer.ssl), 0);
    gruvi_stream_set_timeout(ends.stream, 0.001);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), UV_ETIMEDOUT);
    gruvi_stream_set_timeout(ends.stream, GRUVI_FOREVER);
    fiber = spawn(shake, ends.stream);
    peer_shakes(&ends.peer);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(gruvi_tls_info(ends.stream, &info), 0);
    ck_assert_int_eq(gruvi_tls_handshake(ends.stream, 0), 0);
    close_tls(&ends);
}

/* i: a timeout of the call; of the credentials */
HUB_TEST(test_a_client_does_not_wait_for_a_silent_server)
{
    gruvi_tls_options_t impatient = {.handshake_timeout = 0.01};
    gruvi_tls_t *client = gruvi_tls_new(i == 0 ? NULL : &impatient);
    gruvi_connect_options_t options = {.tls = client};
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    gruvi_stream_t *stream;

    memcpy(address, "tls", 3);
    ck_assert_int_eq(gruvi_connect(&stream, address, &options,
                                   i == 0 ? 0.05 : GRUVI_FOREVER),
                     UV_ETIMEDOUT);
    ck_assert_ptr_null(stream);
    gruvi_listener_close(listener);
    gruvi_tls_unref(client);
}

/* --- what is no handshake ---------------------------------------------------
 */

struct nonsense {
    const char *bytes;
    const char *message;
};

HUB_TEST(test_what_is_no_tls_is_refused)
{
    static const struct nonsense cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", "http request"},
        {"hello, I would like to talk\n", "wrong version number"},
        {"\x15\x03\x01\x00\x02\x02\x28", "unexpected message"},
    };
    struct tls_ends ends;
    ssize_t len;
    char c;

    open_tls(&ends, false);
    len = i == 2 ? 7 : (ssize_t)strlen(cases[i].bytes);
    ck_assert_int_eq(send(ends.peer.fd, cases[i].bytes, (size_t)len, 0), len);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), UV_EPROTO);
    ck_assert_msg(strstr(gruvi_error_message(), cases[i].message) != NULL, "%s",
                  gruvi_error_message());
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_EPROTO);
    close_tls(&ends);
}

/* i: 1.0 and 1.1 are not, 1.2 is */
HUB_TEST(test_old_versions_are_refused)
{
    static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION,
                                   TLS1_2_VERSION};
    struct tls_ends ends;
    gruvi_tls_info_t info;
    gruvi_fiber_t *fiber;

    open_tls(&ends, false);
    SSL_set_security_level(ends.peer.ssl, 0);
    ck_assert_int_eq(SSL_set_min_proto_version(ends.peer.ssl, TLS1_VERSION), 1);
    ck_assert_int_eq(SSL_set_max_proto_version(ends.peer.ssl, versions[i]), 1);
    ck_assert_int_eq(SSL_set_cipher_list(ends.peer.ssl, "ALL"), 1);
    fiber = spawn(shake, ends.stream);
    if (versions[i] == TLS1_2_VERSION) {
        peer_shakes(&ends.peer);
        ck_assert_int_eq(finish(fiber), 0);
        ck_assert_int_eq(gruvi_tls_info(ends.stream, &info), 0);
        ck_assert_str_eq(info.version, "TLSv1.2");
    } else {
        ck_assert_int_lt(SSL_do_handshake(ends.peer.ssl), 0);
        ck_assert_int_eq(SSL_get_error(ends.peer.ssl, -1), SSL_ERROR_WANT_READ);
        ck_assert_int_eq(finish(fiber), UV_EPROTO);
        peer_ends_with(&ends.peer, SSL_ERROR_SSL);
    }
    close_tls(&ends);
}

/* i: a reset; an end; each in the beginning and after the hello */
HUB_TEST(test_a_peer_that_goes_in_the_middle_is_noticed)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    struct tls_ends ends;
    gruvi_fiber_t *fiber;

    open_tls(&ends, false);
    fiber = spawn(read_one, ends.stream);
    turns(1);
    if (i >= 2) {
        ck_assert_int_lt(SSL_do_handshake(ends.peer.ssl), 0);
        ck_assert_int_ge(
            gruvi_wait_fd(ends.peer.fd, UV_READABLE, GRUVI_FOREVER), 0);
    }
    if (i % 2 == 0)
        setsockopt(ends.peer.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(ends.peer.fd);
    ends.peer.fd = -1;
    ck_assert_int_eq(finish(fiber), UV_ECONNRESET);
    ck_assert_int_eq(read_one(ends.stream), UV_ECONNRESET);
    ck_assert_str_ne(gruvi_error_message(), "");
    close_tls(&ends);
}

/* --- who makes it -----------------------------------------------------------
 */

/* Each call makes the handshake, if it is the first one. */
HUB_TEST(test_any_first_call_makes_the_handshake)
{
    static const gruvi_fiber_fn calls[] = {
        shake, read_one, read_one_line, read_exactly, write_one, shut_down};
    static const int results[] = {0, 'a', 2, 0, 0, 0};
    struct tls_ends ends;
    gruvi_fiber_t *fiber;

    open_tls(&ends, false);
    fiber = spawn(calls[i], ends.stream);
    peer_shakes(&ends.peer);
    tls_peer_sends(&ends.peer, "a\n");
    ck_assert_int_eq(finish(fiber), results[i]);
    if (calls[i] == write_one)
        tls_peer_gets(&ends.peer, "w");
    if (calls[i] == shut_down)
        peer_ends_with(&ends.peer, SSL_ERROR_ZERO_RETURN);
    close_tls(&ends);
}

/* The reader makes it, the writer waits; the peer says something at once. */
HUB_TEST(test_a_reader_and_a_writer_may_both_be_first)
{
    struct tls_ends ends;
    gruvi_fiber_t *one, *two;

    open_tls(&ends, false);
    one = spawn(i == 0 ? read_one : write_one, ends.stream);
    two = spawn(i == 0 ? write_one : read_one, ends.stream);
    turns(1);
    peer_shakes(&ends.peer);
    tls_peer_sends(&ends.peer, "r");
    tls_peer_gets(&ends.peer, "w");
    ck_assert_int_eq(finish(one), i == 0 ? 'r' : 0);
    ck_assert_int_eq(finish(two), i == 0 ? 0 : 'r');
    close_tls(&ends);
}

/* Whoever makes it is interrupted; the other one goes on with it. */
HUB_TEST(test_the_other_one_goes_on_with_a_handshake)
{
    struct tls_ends ends;
    gruvi_fiber_t *one, *two;

    open_tls(&ends, false);
    one = spawn(i == 0 ? read_one : write_one, ends.stream);
    turns(1);
    two = spawn(i == 0 ? write_one : read_one, ends.stream);
    turns(1);
    ck_assert_int_lt(SSL_do_handshake(ends.peer.ssl), 0);
    turns(2);
    gruvi_fiber_cancel(one, NULL);
    ck_assert_int_eq(finish(one), UV_ECANCELED);
    peer_shakes(&ends.peer);
    tls_peer_sends(&ends.peer, "r");
    if (i == 0)
        tls_peer_gets(&ends.peer, "w");
    ck_assert_int_eq(finish(two), i == 0 ? 0 : 'r');
    close_tls(&ends);
}

HUB_TEST(test_a_close_reaches_both_who_wait_for_a_handshake)
{
    struct tls_ends ends;
    gruvi_fiber_t *one, *two;

    open_tls(&ends, false);
    one = spawn(read_one, ends.stream);
    two = spawn(write_one, ends.stream);
    turns(1);
    gruvi_stream_close(ends.stream);
    ends.stream = NULL;
    ck_assert_int_eq(finish(one), UV_ECONNABORTED);
    ck_assert_int_eq(finish(two), UV_ECONNABORTED);
    close_tls(&ends);
}

HUB_TEST(test_a_failure_reaches_both_who_wait_for_a_handshake)
{
    struct tls_ends ends;
    gruvi_fiber_t *one, *two;

    open_tls(&ends, false);
    one = spawn(read_one, ends.stream);
    two = spawn(write_one, ends.stream);
    turns(1);
    ck_assert_int_eq(send(ends.peer.fd, "nonsense", 8, 0), 8);
    ck_assert_int_eq(finish(one), UV_EPROTO);
    ck_assert_int_eq(finish(two), UV_EPROTO);
    close_tls(&ends);
}

static TCase *
slow(void)
{
    TCase *tc = tcase_create("slow");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc,
                   test_a_client_that_says_nothing_does_not_hold_up_the_others);
    tcase_add_loop_test(tc, test_a_handshake_has_a_time_limit, 0, 2);
    tcase_add_test(tc, test_the_time_of_a_call_is_not_that_of_the_handshake);
    tcase_add_loop_test(tc, test_a_client_does_not_wait_for_a_silent_server, 0,
                        2);
    return tc;
}

static TCase *
wrong(void)
{
    TCase *tc = tcase_create("wrong");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_what_is_no_tls_is_refused, 0, 3);
    tcase_add_loop_test(tc, test_old_versions_are_refused, 0, 3);
    tcase_add_loop_test(tc, test_a_peer_that_goes_in_the_middle_is_noticed, 0,
                        4);
    return tc;
}

static TCase *
sharing(void)
{
    TCase *tc = tcase_create("shared");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_any_first_call_makes_the_handshake, 0, 6);
    tcase_add_loop_test(tc, test_a_reader_and_a_writer_may_both_be_first, 0, 2);
    tcase_add_loop_test(tc, test_the_other_one_goes_on_with_a_handshake, 0, 2);
    tcase_add_test(tc, test_a_close_reaches_both_who_wait_for_a_handshake);
    tcase_add_test(tc, test_a_failure_reaches_both_who_wait_for_a_handshake);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("tls_handshake");

    certificate("ca.pem");
    suite_add_tcase(suite, slow());
    suite_add_tcase(suite, wrong());
    suite_add_tcase(suite, sharing());
    return run_suite(suite);
}
