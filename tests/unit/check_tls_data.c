/* SPDX-License-Identifier: MIT */
/* Data through TLS: a lot of it, with new keys, and what it costs. */
#include "unit/tls.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/calls.h"

/* --- a lot ------------------------------------------------------------------
 */

struct half {
    gruvi_stream_t *stream;
    char *data;
};

static int
send_pattern(void *arg)
{
    struct half *half = arg;
    size_t third = TLS_LARGE / 3;
    uv_buf_t bufs[5] = {
        uv_buf_init(half->data + third, 10),
        uv_buf_init(half->data + third + 10, 20000),
        uv_buf_init(NULL, 0),
        uv_buf_init(half->data + third + 20010, 100),
        uv_buf_init(half->data + third + 20110,
                    (unsigned)(TLS_LARGE - third - 20110)),
    };
    int err = gruvi_stream_write(half->stream, half->data, third);

    if (err == 0)
        err = gruvi_stream_writev(half->stream, bufs, 5);
    return err < 0 ? err : gruvi_stream_shutdown(half->stream);
}

static int
receive_pattern(void *arg)
{
    static const size_t parts[] = {1, 100, 5000, 65536, 16384};
    struct half *half = arg;
    size_t got = 0, n, turn = 0;
    char *buf = malloc(65536), c;
    int err = 0;

    while (got < TLS_LARGE) {
        n = parts[turn++ % 5];
        if (n > TLS_LARGE - got)
            n = TLS_LARGE - got;
        err = gruvi_stream_read_exact(half->stream, buf, n);
        ck_assert_int_eq(err, 0);
        ck_assert(is_pattern(buf, n, got));
        got += n;
    }
    free(buf);
    return (int)gruvi_stream_read(half->stream, &c, 1);
}

/* i: of 1.2, of 1.3 */
HUB_TEST(test_a_lot_goes_both_ways_at_once)
{
    gruvi_tls_t *server = server_of("good"), *client = client_of("ca.pem");
    gruvi_connect_options_t options = {.tls = client};
    gruvi_fiber_t *fibers[4];
    struct half halves[2];
    struct tls_pair pair;
    char *data = malloc(TLS_LARGE);

    fill_pattern(data, TLS_LARGE, 0);
    open_pair(&pair, server, &options);
    halves[0] = (struct half){pair.client, data};
    halves[1] = (struct half){pair.server, data};
    for (int n = 0; n < 2; n++) {
        fibers[2 * n] = spawn(send_pattern, &halves[n]);
        fibers[2 * n + 1] = spawn(receive_pattern, &halves[n]);
    }
    for (int n = 0; n < 4; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    close_pair(&pair);
    free(data);
    gruvi_tls_unref(server);
    gruvi_tls_unref(client);
}

/* New keys in the middle, asked for by the peer, while we read and write. */
HUB_TEST(test_new_keys_disturb_nothing)
{
    char *data = calloc(1, TLS_LARGE), buf[10000], c;
    struct tls_ends ends;
    gruvi_fiber_t *writer;
    struct reader r;
    size_t got = 0;
    int updates = 0;

    open_tls(&ends, true);
    writer = begin_large_write(&ends);
    begin_read(&r, ends.stream, READ, 100);
    while (got < TLS_LARGE) {
        got += peer_takes(&ends.peer, buf, sizeof buf);
        if (updates < 20 && got > TLS_LARGE / 30 * (size_t)(updates + 1)) {
            updates++;
            ck_assert_int_eq(
                SSL_key_update(ends.peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
            ck_assert_int_eq(SSL_do_handshake(ends.peer.ssl), 1);
        }
    }
    ck_assert_int_eq(finish(writer), 0);
    ck_assert_int_eq(updates, 20);
    tls_peer_sends(&ends.peer, "read");
    ck_assert_int_eq(end_read(&r), 4);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "w", 1), 0);
    tls_peer_gets(&ends.peer, "w");
    SSL_shutdown(ends.peer.ssl);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), 0);
    free(data);
    close_tls(&ends);
}

/* Of the last record a part is held until there is room. */
HUB_TEST(test_a_try_takes_what_fits)
{
    static char data[50000], buf[50000];
    struct tls_ends ends;
    size_t taken = 0, got = 0;
    ssize_t n;

    open_tls(&ends, true);
    fill_pattern(data, sizeof data, 0);
    while ((n = gruvi_stream_try_write(ends.stream, data, sizeof data)) > 0)
        taken += (size_t)n;
    ck_assert_int_eq(n, UV_EAGAIN);
    ck_assert_uint_gt(taken, 0);
    while (got < taken) {
        got += peer_takes(&ends.peer, buf, sizeof buf);
        n = gruvi_stream_try_write(ends.stream, NULL, 0);
        ck_assert_msg(n == 0 || n == UV_EAGAIN, "%zd", n);
    }
    ck_assert_uint_eq(got, taken);
    ck_assert_int_eq(gruvi_stream_try_write(ends.stream, "more", 4), 4);
    tls_peer_gets(&ends.peer, "more");
    SSL_shutdown(ends.peer.ssl);
    close_tls(&ends);
}

HUB_TEST(test_a_try_waits_for_no_handshake)
{
    struct tls_ends ends;

    open_tls(&ends, false);
    ck_assert_int_eq(gruvi_stream_try_write(ends.stream, "x", 1), UV_EAGAIN);
    close_tls(&ends);
}

HUB_TEST(test_what_is_given_back_is_read_again)
{
    struct tls_ends ends;

    open_tls(&ends, true);
    tls_peer_sends(&ends.peer, "two");
    ck_assert_int_eq(gruvi_stream_unread(ends.stream, "one", 3), 0);
    hears(ends.stream, "one");
    hears(ends.stream, "two");
    close_tls(&ends);
}

/* A file goes through TLS, too. */
HUB_TEST(test_a_file_is_sent)
{
    char expected[4096] = "";
    struct tls_ends ends;
    gruvi_file_t *file;
    FILE *plain = fopen(certificate("good.pem"), "re");
    size_t n;

    ck_assert_ptr_nonnull(plain);
    n = fread(expected, 1, sizeof expected - 1, plain);
    fclose(plain);
    open_tls(&ends, true);
    ck_assert_int_eq(
        gruvi_file_open(&file, certificate("good.pem"), O_RDONLY, 0), 0);
    ck_assert_int_eq(gruvi_stream_sendfile(ends.stream, file, 0, -1),
                     (int64_t)n);
    tls_peer_gets(&ends.peer, expected);
    ck_assert_int_eq(gruvi_file_close(file), 0);
    close_tls(&ends);
}

/* A client of TLS 1.2 that wants to begin again is told no, and what it had
 * said before has arrived. */
HUB_TEST(test_there_is_no_renegotiation)
{
    struct tls_ends ends;
    gruvi_fiber_t *fiber;
    struct reader r;

    open_tls(&ends, false);
    SSL_set_max_proto_version(ends.peer.ssl, TLS1_2_VERSION);
    fiber = spawn(shake, ends.stream);
    peer_shakes(&ends.peer);
    ck_assert_int_eq(finish(fiber), 0);
    tls_peer_sends(&ends.peer, "x");
    ck_assert_int_eq(SSL_renegotiate(ends.peer.ssl), 1);
    ck_assert_int_lt(SSL_do_handshake(ends.peer.ssl), 0);
    hears(ends.stream, "x");
    begin_read(&r, ends.stream, READ, 1);
    peer_ends_with(&ends.peer, SSL_ERROR_SSL);
    gruvi_fiber_cancel(r.fiber, NULL);
    ck_assert_int_lt(end_read(&r), 0);
    close_tls(&ends);
}

/* --- costs ------------------------------------------------------------------
 */

static int
echo(void *arg)
{
    char buf[1000];
    ssize_t n;

    while ((n = gruvi_stream_read(arg, buf, sizeof buf)) > 0)
        ck_assert_int_eq(gruvi_stream_write(arg, buf, (size_t)n), 0);
    return (int)n;
}

static int
echo_lines(void *arg)
{
    char buf[1000];
    ssize_t n;

    while ((n = gruvi_stream_read_line(arg, buf, sizeof buf)) > 0) {
        uv_buf_t bufs[2] = {uv_buf_init(buf, 1),
                            uv_buf_init(buf + 1, (unsigned)n - 1)};

        ck_assert_int_eq(gruvi_stream_writev(arg, bufs, 2), 0);
    }
    return (int)n;
}

/* OpenSSL's own calls at the peer are read() and write(). */
HUB_TEST(test_a_message_costs_one_recv_and_one_send)
{
    const unsigned messages = 100;
    struct tls_ends ends;
    gruvi_fiber_t *fiber;

    open_tls(&ends, true);
    fiber = spawn(i == 0 ? echo : echo_lines, ends.stream);
    tls_peer_sends(&ends.peer, "first\n");
    tls_peer_gets(&ends.peer, "first\n");
    turns(2);
    memset(calls, 0, sizeof calls);
    for (unsigned n = 0; n < messages; n++) {
        tls_peer_sends(&ends.peer, "hello\n");
        tls_peer_gets(&ends.peer, "hello\n");
    }
    ck_assert_uint_eq(calls[CALL_RECV], messages);
    ck_assert_uint_eq(calls[CALL_SEND], messages);
    /* One at most where it let others run between two messages. */
    ck_assert_uint_le(calls[CALL_EPOLL_CTL], 4);
    SSL_shutdown(ends.peer.ssl);
    ck_assert_int_eq(finish(fiber), 0);
    close_tls(&ends);
}

HUB_TEST(test_data_that_nobody_reads_does_not_keep_the_loop_busy)
{
    struct tls_ends ends;
    struct reader r;

    open_tls(&ends, true);
    begin_read(&r, ends.stream, READ, 100);
    tls_peer_sends(&ends.peer, "x");
    ck_assert_int_eq(end_read(&r), 1);
    tls_peer_sends(&ends.peer, "y");
    memset(calls, 0, sizeof calls);
    ck_assert_int_eq(gruvi_sleep(0.02), 0);
    ck_assert_uint_le(calls[CALL_EPOLL_WAIT], 20);
    ck_assert_uint_le(calls[CALL_EPOLL_CTL], 1);
    hears(ends.stream, "y");
    close_tls(&ends);
}

/* i: the call that fails, EINTR first */
HUB_TEST(test_system_calls_that_fail_are_reported)
{
    struct tls_ends ends;
    char c;

    open_tls(&ends, true);
    fail_calls(i == 0 ? CALL_RECV : CALL_SEND, EINTR, 3);
    tls_peer_sends(&ends.peer, "x");
    hears(ends.stream, "x");
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "y", 1), 0);
    tls_peer_gets(&ends.peer, "y");
    if (i == 0) {
        tls_peer_sends(&ends.peer, "z");
        fail_calls(CALL_RECV, ENOBUFS, 1);
        ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), UV_ENOBUFS);
        hears(ends.stream, "z");
        tls_peer_sends(&ends.peer, "z");
        fail_calls(CALL_RECV, EHOSTUNREACH, 1);
        ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1),
                         UV_EHOSTUNREACH);
    } else {
        fail_calls(CALL_SEND, EPIPE, 1);
        ck_assert_int_eq(gruvi_stream_write(ends.stream, "z", 1), UV_EPIPE);
        tls_peer_sends(&ends.peer, "still read");
        hears(ends.stream, "still read");
    }
    close_tls(&ends);
}

HUB_TEST(test_what_moves_is_counted)
{
    struct tls_ends ends;
    uint64_t before;

    open_tls(&ends, true);
    before = gruvi_stream_traffic(ends.stream);
    ck_assert_uint_gt(before, 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "hello", 5), 0);
    ck_assert_uint_gt(gruvi_stream_traffic(ends.stream), before + 5);
    before = gruvi_stream_traffic(ends.stream);
    tls_peer_sends(&ends.peer, "x");
    hears(ends.stream, "x");
    ck_assert_uint_gt(gruvi_stream_traffic(ends.stream), before + 1);
    close_tls(&ends);
}

/* --- gruvi_wait() -----------------------------------------------------------
 */

static int
wait_readable(gruvi_stream_t *stream, double timeout)
{
    gruvi_waitable_t *object = gruvi_stream_waitable(stream);

    return gruvi_wait(&object, 1, 0, timeout, NULL);
}

/* A record that was read in part leaves nothing in the socket. */
HUB_TEST(test_what_is_left_of_a_record_is_ready)
{
    struct tls_ends ends;
    char c;

    open_tls(&ends, true);
    gruvi_stream_set_timeout(ends.stream, 0);
    while (gruvi_stream_read(ends.stream, &c, 1) > 0)
        ;
    ck_assert_int_eq(wait_readable(ends.stream, 0), 0);
    tls_peer_sends(&ends.peer, "ab");
    ck_assert_int_eq(wait_readable(ends.stream, GRUVI_FOREVER), 1);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), 1);
    ck_assert_int_eq(wait_readable(ends.stream, 0), 1);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), 1);
    ck_assert_int_eq(c, 'b');
    ck_assert_int_eq(wait_readable(ends.stream, 0), 0);
    close_tls(&ends);
}

/* OpenSSL receives as many records as there are, and gives them one by one. */
HUB_TEST(test_a_record_that_was_received_with_another_is_ready)
{
    struct tls_ends ends;
    char c;

    open_tls(&ends, true);
    tls_peer_sends(&ends.peer, "a");
    tls_peer_sends(&ends.peer, "b");
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), 1);
    ck_assert_int_eq(wait_readable(ends.stream, 0), 1);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), 1);
    ck_assert_int_eq(c, 'b');
    ck_assert_int_eq(wait_readable(ends.stream, 0), 0);
    close_tls(&ends);
}

static TCase *
moving(void)
{
    TCase *tc = tcase_create("data");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_a_lot_goes_both_ways_at_once);
    tcase_add_test(tc, test_new_keys_disturb_nothing);
    tcase_add_test(tc, test_a_try_takes_what_fits);
    tcase_add_test(tc, test_a_try_waits_for_no_handshake);
    tcase_add_test(tc, test_what_is_given_back_is_read_again);
    tcase_add_test(tc, test_a_file_is_sent);
    tcase_add_test(tc, test_there_is_no_renegotiation);
    tcase_add_loop_test(tc, test_a_message_costs_one_recv_and_one_send, 0, 2);
    tcase_add_test(tc, test_data_that_nobody_reads_does_not_keep_the_loop_busy);
    tcase_add_loop_test(tc, test_system_calls_that_fail_are_reported, 0, 2);
    tcase_add_test(tc, test_what_moves_is_counted);
    tcase_add_test(tc, test_what_is_left_of_a_record_is_ready);
    tcase_add_test(tc, test_a_record_that_was_received_with_another_is_ready);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("tls_data");

    certificate("ca.pem");
    suite_add_tcase(suite, moving());
    return run_suite(suite);
}
