/* SPDX-License-Identifier: MIT */
/*
 * The life of streams: close, shutdown, who may use them.
 * Looped tests run over TCP and over a Unix socket.
 */
#include "unit/net.h"

#include <fcntl.h>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/stream/stream.h"

/* --- close ------------------------------------------------------------------
 */

HUB_TEST(test_a_close_wakes_whoever_reads_and_writes)
{
    gruvi_fiber_t *writer;
    struct reader r;
    struct ends ends;

    open_ends(&ends, i);
    begin_read(&r, ends.stream, READ, 100);
    writer = begin_big_write(&ends);
    gruvi_stream_close(ends.stream);
    ends.stream = NULL;
    ck_assert_int_eq(r.result, 0);
    ck_assert_int_eq(end_read(&r), UV_ECONNABORTED);
    ck_assert_int_eq(finish(writer), UV_ECONNABORTED);
    close_ends(&ends);
}

HUB_TEST(test_a_close_wakes_each_kind_of_read)
{
    struct reader r;
    struct ends ends;

    open_ends(&ends, NET_TCP);
    peer_says(&ends, i == READ ? "" : "part");
    begin_read(&r, ends.stream, i, 100);
    gruvi_stream_close(ends.stream);
    ends.stream = NULL;
    ck_assert_int_eq(end_read(&r), UV_ECONNABORTED);
    close_ends(&ends);
}

HUB_TEST(test_the_peer_sees_a_close)
{
    struct ends ends;
    char c;

    open_ends(&ends, i);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "bye", 3), 0);
    gruvi_stream_close(ends.stream);
    ends.stream = NULL;
    peer_hears(&ends, "bye");
    ck_assert_int_eq(recv(ends.peer, &c, 1, 0), 0);
    close_ends(&ends);
}

struct closer {
    struct ends ends;
    gruvi_poller_t *poller;
    gruvi_watch_t *watch;
};

static void
close_when_ready(int fd, int events, void *arg)
{
    struct closer *c = arg;

    (void)fd;
    (void)events;
    ck_assert_int_eq(c->ends.stream->socket.side[GRUVI__IN].granted, 1);
    ck_assert_int_eq(gruvi_poll_remove(c->poller, c->watch), 0);
    gruvi_stream_close(c->ends.stream);
    c->ends.stream = NULL;
}

/* The data and the close come before the reader runs again. */
HUB_TEST(test_a_read_that_was_granted_and_closed_is_closed)
{
    struct closer c;
    struct reader r;

    open_ends(&c.ends, i);
    begin_read(&r, c.ends.stream, READ, 100);
    c.poller = gruvi_hub_poll(hub);
    c.watch = gruvi_poll_add(c.poller, gruvi_stream_fd(c.ends.stream),
                             UV_READABLE, close_when_ready, &c);
    /* From then on it hears of it after the stream does. */
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
    peer_says(&c.ends, "too late");
    ck_assert_int_eq(end_read(&r), UV_ECONNABORTED);
    ck_assert_ptr_null(c.ends.stream);
    close_ends(&c.ends);
}

/* A fiber that lets others run, for the 64th time, is inside a call. */
static int
read_many(void *arg)
{
    struct ends *ends = arg;
    ssize_t n;
    char c;

    do {
        peer_says(ends, "x");
        n = gruvi_stream_read(ends->stream, &c, 1);
    } while (n == 1);
    return (int)n;
}

HUB_TEST(test_a_close_reaches_a_call_that_lets_others_run)
{
    gruvi_fiber_t *fiber;
    struct ends ends;

    open_ends(&ends, i);
    fiber = spawn(read_many, &ends);
    turns(1);
    ck_assert(gruvi_fiber_alive(fiber));
    gruvi_stream_close(ends.stream);
    ck_assert_int_eq(finish(fiber), UV_ECONNABORTED);
    ends.stream = NULL;
    close_ends(&ends);
}

static void
close_in_callback(void *arg)
{
    gruvi_stream_close(arg);
}

HUB_TEST(test_a_callback_may_close)
{
    struct reader r;
    struct ends ends;

    open_ends(&ends, i);
    begin_read(&r, ends.stream, READ, 100);
    ck_assert_int_eq(
        gruvi_hub_run_callback(hub, close_in_callback, ends.stream), 0);
    ck_assert_int_eq(end_read(&r), UV_ECONNABORTED);
    ends.stream = NULL;
    close_ends(&ends);
}

HUB_TEST(test_nothing_can_be_closed)
{
    gruvi_stream_close(NULL);
    gruvi_listener_close(NULL);
}

HUB_TEST(test_a_stream_may_be_closed_after_its_hub)
{
    struct reader r;
    struct ends ends;

    open_ends(&ends, i);
    begin_read(&r, ends.stream, READ, 100);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(r.result, UV_ECANCELED);
    gruvi_fiber_unref(r.fiber);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, r.buf, 1), UV_ESHUTDOWN);
    close_ends(&ends);
}

/* --- shutdown --------------------------------------------------------------
 */

HUB_TEST(test_a_shutdown_ends_one_direction)
{
    struct ends ends;
    char c;

    open_ends(&ends, i);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "last", 4), 0);
    ck_assert_int_eq(gruvi_stream_shutdown(ends.stream), 0);
    ck_assert_int_eq(gruvi_stream_shutdown(ends.stream), 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_EPIPE);
    peer_hears(&ends, "last");
    ck_assert_int_eq(recv(ends.peer, &c, 1, 0), 0);
    peer_says(&ends, "answer");
    hears(ends.stream, "answer");
    close_ends(&ends);
}

HUB_TEST(test_a_shutdown_does_not_cut_into_a_write)
{
    gruvi_fiber_t *writer;
    struct ends ends;

    open_ends(&ends, i);
    writer = begin_big_write(&ends);
    ck_assert_int_eq(gruvi_stream_shutdown(ends.stream), UV_EBUSY);
    for (size_t got = 0; got < BIG_WRITE;) {
        got += peer_drains(&ends);
        turns(1);
    }
    ck_assert_int_eq(finish(writer), 0);
    ck_assert_int_eq(gruvi_stream_shutdown(ends.stream), 0);
    close_ends(&ends);
}

HUB_TEST(test_a_shutdown_of_a_connection_that_is_gone_fails)
{
    struct ends ends;
    char c;

    open_ends(&ends, NET_TCP);
    peer_resets(&ends);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, &c, 1), UV_ECONNRESET);
    ck_assert_int_eq(gruvi_stream_shutdown(ends.stream), UV_ENOTCONN);
    close_ends(&ends);
}

/* --- who may use it ---------------------------------------------------------
 */

HUB_TEST(test_a_second_reader_and_a_second_writer_are_refused)
{
    gruvi_fiber_t *writer;
    uv_buf_t buf = uv_buf_init("x", 1);
    struct reader r;
    struct ends ends;
    char c;

    open_ends(&ends, i);
    begin_read(&r, ends.stream, READ, 100);
    for (int way = 0; way < READS; way++)
        ck_assert_int_eq(read_by(way, ends.stream, &c, 1), UV_EBUSY);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), 0);
    writer = begin_big_write(&ends);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_EBUSY);
    ck_assert_int_eq(gruvi_stream_writev(ends.stream, &buf, 1), UV_EBUSY);
    peer_says(&ends, "first reader's");
    ck_assert_int_eq(end_read(&r), 14);
    for (size_t got = 0; got < BIG_WRITE + 1;) {
        got += peer_drains(&ends);
        turns(1);
    }
    ck_assert_int_eq(finish(writer), 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), 0);
    close_ends(&ends);
}

struct stranger {
    gruvi_stream_t *stream;
    gruvi_listener_t *listener;
};

static void
use_in_another_thread(void *arg)
{
    struct stranger *s = arg;
    gruvi_stream_t *stream;
    char c;

    ck_assert_int_eq(gruvi_stream_read(s->stream, &c, 1), UV_EPERM);
    ck_assert_int_eq(gruvi_stream_write(s->stream, "x", 1), UV_EPERM);
    ck_assert_int_eq(gruvi_stream_shutdown(s->stream), UV_EPERM);
    ck_assert_int_eq(gruvi_accept(s->listener, &stream, 0), UV_EPERM);
    gruvi_stream_close(s->stream);
    ck_assert_int_eq(assertions(), 1);
    gruvi_listener_close(s->listener);
    ck_assert_int_eq(assertions(), 2);
    gruvi_hub_close(gruvi_get_hub());
}

HUB_TEST(test_another_thread_may_not_use_it)
{
    char address[GRUVI_ADDRESS_SIZE];
    struct stranger s;
    struct ends ends;

    catch_assertions();
    open_ends(&ends, NET_TCP);
    s.stream = ends.stream;
    s.listener = net_listen(NET_TCP, address);
    in_thread(use_in_another_thread, &s);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "ours", 4), 0);
    peer_hears(&ends, "ours");
    gruvi_listener_close(s.listener);
    close_ends(&ends);
}

HUB_TEST(test_no_call_is_allowed_where_none_may_switch)
{
    struct ends ends;
    char c;

    catch_assertions();
    open_ends(&ends, i);
    peer_says(&ends, "there");
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        for (int way = 0; way < READS; way++)
            ck_assert_int_eq(read_by(way, ends.stream, &c, 1), UV_EPERM);
        ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_EPERM);
        ck_assert_int_eq(gruvi_stream_shutdown(ends.stream), UV_EPERM);
    }
    ck_assert_int_eq(assertions(), 5);
    hears(ends.stream, "there");
    close_ends(&ends);
}

HUB_TEST(test_a_timeout_that_is_no_number_is_refused)
{
    struct ends ends;
    char c;

    open_ends(&ends, i);
    gruvi_stream_set_timeout(ends.stream, __builtin_nan(""));
    for (int way = 0; way < READS; way++)
        ck_assert_int_eq(read_by(way, ends.stream, &c, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_EINVAL);
    gruvi_stream_set_timeout(ends.stream, -5);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), 0);
    close_ends(&ends);
}

/* --- what it is -------------------------------------------------------------
 */

HUB_TEST(test_a_descriptor_has_the_right_flags)
{
    struct ends ends;
    socklen_t len = sizeof(int);
    int fd, on = 0;

    open_ends(&ends, i);
    fd = gruvi_stream_fd(ends.stream);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    if (i == NET_TCP) {
        ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len),
                         0);
        ck_assert_int_ne(on, 0);
    }
    close_ends(&ends);
}

HUB_TEST(test_what_moves_is_counted)
{
    uv_buf_t bufs[2] = {uv_buf_init("ab", 2), uv_buf_init("c", 1)};
    uint64_t received, sent;
    struct ends ends;

    open_ends(&ends, i);
    ck_assert_uint_eq(gruvi_stream_traffic(ends.stream), 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "hello", 5), 0);
    ck_assert_int_eq(gruvi_stream_writev(ends.stream, bufs, 2), 0);
    ck_assert_uint_eq(gruvi_stream_traffic(ends.stream), 8);
    peer_says(&ends, "line\n");
    ck_assert_uint_eq(gruvi_stream_traffic(ends.stream), 8);
    hears_line(ends.stream, 10, "line\n");
    ck_assert_uint_eq(gruvi_stream_traffic(ends.stream), 13);
    gruvi__stream_bytes(ends.stream, &received, &sent);
    ck_assert_uint_eq(received, 5);
    ck_assert_uint_eq(sent, 8);
    close_ends(&ends);
}

HUB_TEST(test_a_peer_has_an_address)
{
    struct sockaddr_in in;
    socklen_t len = sizeof in;
    char text[GRUVI_ADDRESS_SIZE], expected[GRUVI_ADDRESS_SIZE] = "unix:";
    struct ends ends;

    open_ends(&ends, i);
    if (i == NET_TCP) {
        ck_assert_int_eq(getsockname(ends.peer, (void *)&in, &len), 0);
        snprintf(expected, sizeof expected, "tcp://127.0.0.1:%d",
                 ntohs(in.sin_port));
    }
    ck_assert_int_eq(gruvi_stream_peer(ends.stream, text, sizeof text), 0);
    ck_assert_str_eq(text, expected);
    ck_assert_int_eq(gruvi_stream_peer(ends.stream, text, strlen(expected) + 1),
                     0);
    ck_assert_int_eq(gruvi_stream_peer(ends.stream, text, strlen(expected)),
                     UV_ENOBUFS);
    ck_assert_str_eq(text, "");
    /* It is for logs, so it is still known when the connection is gone. */
    peer_resets(&ends);
    ck_assert_int_le(gruvi_stream_read(ends.stream, text, 1), 0);
    ck_assert_int_eq(gruvi_stream_peer(ends.stream, text, sizeof text), 0);
    ck_assert_str_eq(text, expected);
    close_ends(&ends);
}

static TCase *
closing(void)
{
    TCase *tc = tcase_create("close");

    tcase_add_loop_test(tc, test_a_close_wakes_whoever_reads_and_writes, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_close_wakes_each_kind_of_read, 0, READS);
    tcase_add_loop_test(tc, test_the_peer_sees_a_close, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_read_that_was_granted_and_closed_is_closed,
                        0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_close_reaches_a_call_that_lets_others_run, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_callback_may_close, 0, NET_KINDS);
    tcase_add_test(tc, test_nothing_can_be_closed);
    tcase_add_loop_test(tc, test_a_stream_may_be_closed_after_its_hub, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_shutdown_ends_one_direction, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_shutdown_does_not_cut_into_a_write, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_a_shutdown_of_a_connection_that_is_gone_fails);
    return tc;
}

static TCase *using(void)
{
    TCase *tc = tcase_create("use");

    tcase_add_loop_test(
        tc, test_a_second_reader_and_a_second_writer_are_refused, 0, NET_KINDS);
    tcase_add_test(tc, test_another_thread_may_not_use_it);
    tcase_add_loop_test(tc, test_no_call_is_allowed_where_none_may_switch, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_timeout_that_is_no_number_is_refused, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_descriptor_has_the_right_flags, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_what_moves_is_counted, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_peer_has_an_address, 0, NET_KINDS);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("stream");

    suite_add_tcase(suite, closing());
    suite_add_tcase(suite, using());
    return run_suite(suite);
}
