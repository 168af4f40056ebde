/* SPDX-License-Identifier: MIT */
/* Streams of TLS: how they end, and how calls do. */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "unit/tls.h"

/* --- ends -------------------------------------------------------------------
 */

HUB_TEST(test_close_notify_is_the_end_of_the_stream)
{
    struct tls_ends ends;
    char buf[10];

    open_tls(&ends, true);
    tls_peer_sends(&ends.peer, "last");
    SSL_shutdown(ends.peer.ssl);
    hears(ends.stream, "last");
    for (int n = 0; n < 2; n++) {
        ck_assert_int_eq(read_by(READ, ends.stream, buf, 10), 0);
        ck_assert_int_eq(read_by(READ_LINE, ends.stream, buf, 10), 0);
        ck_assert_int_eq(read_by(READ_EXACT, ends.stream, buf, 10), UV_EOF);
    }
    /* Our own side goes on. */
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "answer", 6), 0);
    SSL_set_shutdown(ends.peer.ssl, SSL_SENT_SHUTDOWN);
    tls_peer_gets(&ends.peer, "answer");
    close_tls(&ends);
}

/* i: the way to read; with an end, and with a reset. */
HUB_TEST(test_an_end_without_close_notify_is_an_error)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    int way = i % READS;
    bool resets = i >= READS;
    struct tls_ends ends;
    char buf[10];

    open_tls(&ends, true);
    if (resets)
        setsockopt(ends.peer.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    else
        tls_peer_sends(&ends.peer, "part");
    /* What it has not taken would make the kernel reset the connection. */
    ck_assert_int_lt(SSL_read(ends.peer.ssl, buf, 1), 0);
    close(ends.peer.fd);
    ends.peer.fd = -1;
    if (way == READ && !resets)
        hears(ends.stream, "part");
    for (int n = 0; n < 2; n++) {
        ck_assert_int_eq(read_by(way, ends.stream, buf, 10), UV_ECONNRESET);
        if (!resets)
            ck_assert_str_eq(gruvi_error_message(),
                             "the connection ended without close_notify");
    }
    /* What there was is not lost. */
    if (way != READ && !resets)
        hears(ends.stream, "part");
    ck_assert_int_lt(gruvi_stream_write(ends.stream, "x", 1), 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_EPIPE);
    close_tls(&ends);
}

static bool
is_closed(const gruvi_stream_t *s)
{
    struct tcp_info info;
    socklen_t length = sizeof info;

    ck_assert_int_eq(
        getsockopt(gruvi_stream_fd(s), IPPROTO_TCP, TCP_INFO, &info, &length),
        0);
    return info.tcpi_state == TCP_CLOSE;
}

/* The peer says close_notify and is gone; the kernel tells that to the first
 * write, which gets through.  i: what comes second */
HUB_TEST(test_a_peer_that_closes_in_order_breaks_a_write)
{
    struct tls_ends ends;
    uv_buf_t bufs[2] = {uv_buf_init("x", 1), uv_buf_init("y", 1)};
    char c;
    int err;

    open_tls(&ends, true);
    /* What it has not taken would make the kernel reset the connection. */
    ck_assert_int_lt(SSL_read(ends.peer.ssl, &c, 1), 0);
    SSL_shutdown(ends.peer.ssl);
    close(ends.peer.fd);
    ends.peer.fd = -1;
    ck_assert_int_eq(read_one(ends.stream), 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), 0);
    wait_until(is_closed(ends.stream));
    if (i == 0)
        err = gruvi_stream_write(ends.stream, "x", 1);
    else if (i == 1)
        err = gruvi_stream_writev(ends.stream, bufs, 2);
    else
        err = gruvi_stream_shutdown(ends.stream);
    ck_assert_int_eq(err, UV_EPIPE);
    ck_assert_str_eq(gruvi_error_message(), gruvi_strerror(UV_EPIPE));
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_EPIPE);
    close_tls(&ends);
}

/* A server that answers the client's first record with a close_notify. */
static int
end_handshake(void *arg)
{
    static const char notify[] = {21, 3, 3, 0, 2, 1, 0};
    gruvi_stream_t *s;
    char buf[4096];

    ck_assert_int_eq(gruvi_accept(arg, &s, GRUVI_FOREVER), 0);
    ck_assert_int_gt(gruvi_stream_read(s, buf, sizeof buf), 0);
    ck_assert_int_eq(gruvi_stream_write(s, notify, sizeof notify), 0);
    ck_assert_int_eq(gruvi_stream_read(s, buf, sizeof buf), 0);
    gruvi_stream_close(s);
    return 0;
}

HUB_TEST(test_a_peer_that_ends_the_handshake_breaks_it)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    gruvi_fiber_t *fiber = spawn(end_handshake, listener);
    gruvi_stream_t *s;

    memcpy(address, "tls", 3);
    ck_assert_int_eq(gruvi_connect(&s, address, NULL, 60), UV_ECONNRESET);
    ck_assert_str_eq(gruvi_error_message(), "the peer has ended the handshake");
    ck_assert_int_eq(finish(fiber), 0);
    gruvi_listener_close(listener);
}

static int
sleep_watched(void *arg)
{
    ck_assert_int_eq(gruvi_stream_watch_peer(arg, true), 0);
    return gruvi_sleep(GRUVI_FOREVER);
}

/* What it wrote before stays readable. */
HUB_TEST(test_a_peer_that_goes_cancels_whoever_watches)
{
    struct tls_ends ends;
    gruvi_fiber_t *fiber;

    open_tls(&ends, true);
    fiber = spawn(sleep_watched, ends.stream);
    tls_peer_sends(&ends.peer, "last");
    turns(5);
    ck_assert(gruvi_fiber_alive(fiber));
    SSL_shutdown(ends.peer.ssl);
    shutdown(ends.peer.fd, SHUT_WR);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    hears(ends.stream, "last");
    ck_assert_int_eq(read_one(ends.stream), 0);
    close_tls(&ends);
}

HUB_TEST(test_a_shutdown_ends_one_direction)
{
    struct tls_ends ends;

    open_tls(&ends, true);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "last", 4), 0);
    ck_assert_int_eq(gruvi_stream_shutdown(ends.stream), 0);
    ck_assert_int_eq(gruvi_stream_shutdown(ends.stream), 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_EPIPE);
    tls_peer_gets(&ends.peer, "last");
    peer_ends_with(&ends.peer, SSL_ERROR_ZERO_RETURN);
    tls_peer_sends(&ends.peer, "answer");
    hears(ends.stream, "answer");
    close_tls(&ends);
}

HUB_TEST(test_a_close_says_so_to_the_peer)
{
    struct tls_ends ends;

    open_tls(&ends, true);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "bye", 3), 0);
    gruvi_stream_close(ends.stream);
    ends.stream = NULL;
    tls_peer_gets(&ends.peer, "bye");
    peer_ends_with(&ends.peer, SSL_ERROR_ZERO_RETURN);
    close_tls(&ends);
}

/* i: it is closed afterwards, or shut down. */
HUB_TEST(test_the_peer_sees_that_a_write_was_cut_off)
{
    struct tls_ends ends;
    gruvi_fiber_t *fiber;
    char buf[1000];
    int n;

    open_tls(&ends, true);
    fiber = begin_large_write(&ends);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_EPIPE);
    if (i == 0) {
        gruvi_stream_close(ends.stream);
        ends.stream = NULL;
    } else {
        ck_assert_int_eq(gruvi_stream_shutdown(ends.stream), 0);
    }
    do {
        n = SSL_read(ends.peer.ssl, buf, sizeof buf);
        turns(1);
    } while (n > 0 || SSL_get_error(ends.peer.ssl, n) == SSL_ERROR_WANT_READ);
    ck_assert_int_ne(SSL_get_error(ends.peer.ssl, n), SSL_ERROR_ZERO_RETURN);
    close_tls(&ends);
}

HUB_TEST(test_a_shutdown_does_not_cut_into_a_write)
{
    struct tls_ends ends;
    gruvi_fiber_t *fiber;
    char buf[10000];
    size_t got = 0;

    open_tls(&ends, true);
    fiber = begin_large_write(&ends);
    ck_assert_int_eq(gruvi_stream_shutdown(ends.stream), UV_EBUSY);
    while (got < TLS_LARGE) {
        got += peer_takes(&ends.peer, buf, sizeof buf);
    }
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(gruvi_stream_shutdown(ends.stream), 0);
    peer_ends_with(&ends.peer, SSL_ERROR_ZERO_RETURN);
    close_tls(&ends);
}

/* Where there is no room for it, it waits; interrupted, it can be gone on with.
 */
HUB_TEST(test_a_shutdown_waits_for_room)
{
    struct tls_ends ends;
    struct ends plain;
    gruvi_fiber_t *fiber;

    open_tls(&ends, true);
    plain = (struct ends){ends.stream, ends.peer.fd};
    fill_up(ends.stream);
    for (int n = 0; n < 2; n++) {
        gruvi_stream_set_timeout(ends.stream, n == 0 ? 0 : 0.001);
        ck_assert_int_eq(gruvi_stream_shutdown(ends.stream), UV_ETIMEDOUT);
    }
    gruvi_stream_set_timeout(ends.stream, GRUVI_FOREVER);
    fiber = spawn(shut_down, ends.stream);
    turns(2);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "shutdown");
    while (gruvi_fiber_alive(fiber)) {
        peer_drains(&plain);
        ck_assert_int_eq(gruvi_sleep(0), 0);
    }
    ck_assert_int_eq(finish(fiber), 0);
    close_tls(&ends);
}

/* --- interruptions ----------------------------------------------------------
 */

HUB_TEST(test_a_read_that_was_interrupted_has_taken_nothing)
{
    struct tls_ends ends;
    struct reader r;
    char buf[10];

    open_tls(&ends, true);
    tls_peer_sends(&ends.peer, "ab");
    gruvi_stream_set_timeout(ends.stream, 0.01);
    if (i != READ) {
        ck_assert_int_eq(read_by(i, ends.stream, buf, 10), UV_ETIMEDOUT);
    } else {
        hears(ends.stream, "ab");
        ck_assert_int_eq(read_by(i, ends.stream, buf, 10), UV_ETIMEDOUT);
        tls_peer_sends(&ends.peer, "ab");
        gruvi_stream_set_timeout(ends.stream, GRUVI_FOREVER);
        hears(ends.stream, "ab");
        tls_peer_sends(&ends.peer, "ab");
    }
    gruvi_stream_set_timeout(ends.stream, GRUVI_FOREVER);
    if (i != READ) {
        begin_read(&r, ends.stream, i, 10);
        gruvi_fiber_cancel(r.fiber, NULL);
        ck_assert_int_eq(end_read(&r), UV_ECANCELED);
    }
    hears(ends.stream, "ab");
    close_tls(&ends);
}

HUB_TEST(test_a_close_wakes_whoever_reads_and_writes)
{
    struct tls_ends ends;
    gruvi_fiber_t *writer;
    struct reader r;

    open_tls(&ends, true);
    begin_read(&r, ends.stream, i, 100);
    writer = begin_large_write(&ends);
    gruvi_stream_close(ends.stream);
    ends.stream = NULL;
    ck_assert_int_eq(end_read(&r), UV_ECONNABORTED);
    ck_assert_int_eq(finish(writer), UV_ECONNABORTED);
    close_tls(&ends);
}

HUB_TEST(test_a_stream_may_be_closed_after_its_hub)
{
    struct tls_ends ends;
    struct reader r;

    open_tls(&ends, true);
    begin_read(&r, ends.stream, READ, 100);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(r.result, UV_ECANCELED);
    gruvi_fiber_unref(r.fiber);
    close_tls(&ends);
}

HUB_TEST(test_a_second_reader_and_a_second_writer_are_refused)
{
    struct tls_ends ends;
    gruvi_fiber_t *writer;
    struct reader r;
    char c;

    open_tls(&ends, true);
    begin_read(&r, ends.stream, READ, 100);
    for (int way = 0; way < READS; way++)
        ck_assert_int_eq(read_by(way, ends.stream, &c, 1), UV_EBUSY);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), 0);
    writer = begin_large_write(&ends);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_EBUSY);
    tls_peer_sends(&ends.peer, "first reader's");
    ck_assert_int_eq(end_read(&r), 14);
    gruvi_fiber_cancel(writer, NULL);
    ck_assert_int_eq(finish(writer), UV_ECANCELED);
    close_tls(&ends);
}

/* --- a socket that another process has made blocking ------------------------
 */

static void
make_blocking(gruvi_stream_t *s)
{
    int fd = gruvi_stream_fd(s), flags = fcntl(fd, F_GETFL);

    ck_assert_int_eq(fcntl(fd, F_SETFL, flags & ~O_NONBLOCK), 0);
}

HUB_TEST(test_calls_on_a_blocking_socket_wait_in_the_hub)
{
    char *big = calloc(1, TLS_LARGE), c;
    struct tls_ends ends;

    open_tls(&ends, true);
    shrink(&(struct ends){ends.stream, ends.peer.fd});
    gruvi_stream_set_timeout(ends.stream, 0.001);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), UV_ETIMEDOUT);
    make_blocking(ends.stream);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, big, TLS_LARGE),
                     UV_ETIMEDOUT);
    free(big);
    close_tls(&ends);
}

HUB_TEST(test_a_handshake_on_a_blocking_socket_waits_in_the_hub)
{
    struct tls_ends ends;

    open_tls(&ends, false);
    ck_assert_int_eq(gruvi_tls_handshake(ends.stream, 0.001), UV_ETIMEDOUT);
    make_blocking(ends.stream);
    ck_assert_int_eq(gruvi_tls_handshake(ends.stream, 0.001), UV_ETIMEDOUT);
    close_tls(&ends);
}

static TCase *
ending(void)
{
    TCase *tc = tcase_create("end");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_close_notify_is_the_end_of_the_stream);
    tcase_add_loop_test(tc, test_an_end_without_close_notify_is_an_error, 0,
                        2 * READS);
    tcase_add_loop_test(tc, test_a_peer_that_closes_in_order_breaks_a_write, 0,
                        3);
    tcase_add_test(tc, test_a_peer_that_ends_the_handshake_breaks_it);
    tcase_add_test(tc, test_a_peer_that_goes_cancels_whoever_watches);
    tcase_add_test(tc, test_a_shutdown_ends_one_direction);
    tcase_add_test(tc, test_a_close_says_so_to_the_peer);
    tcase_add_loop_test(tc, test_the_peer_sees_that_a_write_was_cut_off, 0, 2);
    tcase_add_test(tc, test_a_shutdown_does_not_cut_into_a_write);
    tcase_add_test(tc, test_a_shutdown_waits_for_room);
    return tc;
}

static TCase *
interrupting(void)
{
    TCase *tc = tcase_create("interrupt");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_a_read_that_was_interrupted_has_taken_nothing,
                        0, READS);
    tcase_add_loop_test(tc, test_a_close_wakes_whoever_reads_and_writes, 0,
                        READS);
    tcase_add_test(tc, test_a_stream_may_be_closed_after_its_hub);
    tcase_add_test(tc, test_a_second_reader_and_a_second_writer_are_refused);
    tcase_add_test(tc, test_calls_on_a_blocking_socket_wait_in_the_hub);
    tcase_add_test(tc, test_a_handshake_on_a_blocking_socket_waits_in_the_hub);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("tls_stream");

    certificate("ca.pem");
    suite_add_tcase(suite, ending());
    suite_add_tcase(suite, interrupting());
    return run_suite(suite);
}
