/* SPDX-License-Identifier: MIT */
/*
 * What a message costs: the system calls are counted.  Looped tests run over
 * TCP and over a Unix socket.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "support/valgrind.h"
#include "unit/net.h"

#include "unit/calls.h"

/* Without the counted calls. */
static void
say_and_hear(struct ends *ends, const char *text, size_t len)
{
    char buf[64];

    ck_assert_int_eq(write(ends->peer, text, len), (ssize_t)len);
    while (read(ends->peer, buf, sizeof buf) < 0) {
        ck_assert_int_eq(errno, EAGAIN);
        turns(1);
    }
    ck_assert_mem_eq(buf, text, len);
}

static int
echo(void *arg)
{
    struct ends *ends = arg;
    char buf[1000];
    ssize_t n;

    while ((n = gruvi_stream_read(ends->stream, buf, sizeof buf)) > 0)
        ck_assert_int_eq(gruvi_stream_write(ends->stream, buf, (size_t)n), 0);
    return (int)n;
}

static int
echo_lines(void *arg)
{
    struct ends *ends = arg;
    char buf[1000];
    ssize_t n;

    while ((n = gruvi_stream_read_line(ends->stream, buf, sizeof buf)) > 0)
        ck_assert_int_eq(gruvi_stream_write(ends->stream, buf, (size_t)n), 0);
    return (int)n;
}

static int
echo_taken(void *arg)
{
    struct ends *ends = arg;
    char *data;
    ssize_t n;

    while ((n = gruvi_stream_take(ends->stream, &data)) > 0)
        ck_assert_int_eq(gruvi_stream_write(ends->stream, data, (size_t)n), 0);
    return (int)n;
}

/* A header, and a body of the length that it says. */
static int
echo_frames(void *arg)
{
    struct ends *ends = arg;
    gruvi_stream_t *s = ends->stream;
    char header, body[64];
    int err;

    while ((err = gruvi_stream_read_exact(s, &header, 1)) == 0) {
        uv_buf_t bufs[2] = {uv_buf_init(&header, 1),
                            uv_buf_init(body, (unsigned)header)};

        ck_assert_int_eq(gruvi_stream_read_exact(s, body, (size_t)header), 0);
        ck_assert_int_eq(gruvi_stream_writev(s, bufs, 2), 0);
    }
    return err == UV_EOF ? 0 : err;
}

/* A message is received once and sent once, and nothing else. */
HUB_TEST(test_a_message_costs_one_recv_and_one_send)
{
    static const gruvi_fiber_fn servers[] = {echo, echo_lines, echo_taken,
                                             echo_frames};
    const unsigned messages = TRIES(1000);
    gruvi_fiber_t *fiber;
    struct ends ends;

    open_ends(&ends, i % NET_KINDS);
    fiber = spawn(servers[i / NET_KINDS], &ends);
    say_and_hear(&ends, "\006first\n", 7);
    let_hub_poll();
    memset(calls, 0, sizeof calls);
    for (unsigned n = 0; n < messages; n++)
        say_and_hear(&ends, "\006hello\n", 7);
    ck_assert_uint_eq(calls[CALL_RECV], messages);
    ck_assert_uint_eq(calls[CALL_SEND] + calls[CALL_SENDMSG], messages);
    ck_assert_uint_eq(calls[CALL_EPOLL_CTL], 0);
    peer_closes(&ends);
    ck_assert_int_eq(finish(fiber), 0);
    close_ends(&ends);
}

HUB_TEST(test_data_that_nobody_reads_does_not_keep_the_loop_busy)
{
    struct reader r;
    struct ends ends;

    open_ends(&ends, i);
    begin_read(&r, ends.stream, READ, 100);
    peer_says(&ends, "x");
    ck_assert_int_eq(end_read(&r), 1);
    peer_says(&ends, "y");
    memset(calls, 0, sizeof calls);
    ck_assert_int_eq(gruvi_sleep(0.02), 0);
    ck_assert_uint_le(calls[CALL_EPOLL_WAIT], 20);
    ck_assert_uint_le(calls[CALL_EPOLL_CTL], 1);
    hears(ends.stream, "y");
    close_ends(&ends);
}

HUB_TEST(test_room_that_nobody_needs_does_not_keep_the_loop_busy)
{
    gruvi_fiber_t *writer;
    struct ends ends;

    open_ends(&ends, i);
    writer = begin_big_write(&ends);
    for (size_t got = 0; got < BIG_WRITE;) {
        got += peer_drains(&ends);
        turns(1);
    }
    ck_assert_int_eq(finish(writer), 0);
    memset(calls, 0, sizeof calls);
    ck_assert_int_eq(gruvi_sleep(0.02), 0);
    ck_assert_uint_le(calls[CALL_EPOLL_WAIT], 20);
    ck_assert_uint_le(calls[CALL_EPOLL_CTL], 1);
    close_ends(&ends);
}

HUB_TEST(test_a_connection_that_breaks_unseen_does_not_keep_the_loop_busy)
{
    struct reader r;
    struct ends ends;

    open_ends(&ends, NET_TCP);
    begin_read(&r, ends.stream, READ, 100);
    peer_says(&ends, "x");
    ck_assert_int_eq(end_read(&r), 1);
    peer_resets(&ends);
    memset(calls, 0, sizeof calls);
    ck_assert_int_eq(gruvi_sleep(0.02), 0);
    ck_assert_uint_le(calls[CALL_EPOLL_WAIT], 20);
    ck_assert_int_eq(gruvi_stream_read(ends.stream, r.buf, 1), UV_ECONNRESET);
    close_ends(&ends);
}

static void
serve_one(gruvi_listener_t *listener, const char *address)
{
    struct ends ends;
    gruvi_fiber_t *fiber;

    ends.peer = net_connect(address);
    ck_assert_int_eq(fcntl(ends.peer, F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(gruvi_accept(listener, &ends.stream, GRUVI_FOREVER), 0);
    memset(calls, 0, sizeof calls);
    fiber = spawn(echo, &ends);
    say_and_hear(&ends, "hello", 5);
    turns(1);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "read");
    peer_closes(&ends);
    ck_assert_int_eq(finish(fiber), 0);
    close_ends(&ends);
}

HUB_TEST(test_a_connection_costs_no_probes_of_its_descriptor)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);

    let_hub_poll(); /* libuv has what is its own */
    serve_one(listener, address);
    ck_assert_uint_eq(calls[CALL_EPOLL_CTL], 1); /* no two to leave the set */
    ck_assert_uint_eq(calls[CALL_IOCTL], 0);
    ck_assert_uint_eq(calls[CALL_RECV], 2);
    ck_assert_uint_eq(calls[CALL_SEND], 1);
    gruvi_listener_close(listener);
}

/* Another holder of the file of a connection, which goes on with it. */
static pid_t
begin_child(int *pipe_ends)
{
    pid_t child;
    char byte;

    ck_assert_int_eq(pipe2(pipe_ends, O_CLOEXEC), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child != 0)
        return child;
    close(pipe_ends[1]);
    ck_assert_int_eq(read(pipe_ends[0], &byte, 1), 0);
    _exit(0);
}

static void
end_child(pid_t child, const int *pipe_ends)
{
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

static void
leave_a_copy(gruvi_listener_t *listener, const char *address, bool forks)
{
    int pipe_ends[2], copy = -1;
    pid_t child = -1;
    struct reader r;
    struct ends ends;

    ends.peer = net_connect(address);
    ck_assert_int_eq(gruvi_accept(listener, &ends.stream, GRUVI_FOREVER), 0);
    begin_read(&r, ends.stream, READ, 100);
    peer_says(&ends, "x");
    ck_assert_int_eq(end_read(&r), 1);
    if (forks)
        child = begin_child(pipe_ends);
    else
        copy = fcntl(gruvi_stream_fd(ends.stream), F_DUPFD_CLOEXEC, 0);
    gruvi_stream_close(ends.stream);
    peer_says(&ends, "y");
    memset(calls, 0, sizeof calls);
    ck_assert_int_eq(gruvi_sleep(0.02), 0);
    ck_assert_uint_le(calls[CALL_EPOLL_WAIT], 20);
    if (forks)
        end_child(child, pipe_ends);
    else
        close(copy);
    close(ends.peer);
}

/* Closing it does not take it out of the set of epoll then. */
HUB_TEST(test_a_closed_connection_that_others_have_does_not_keep_the_loop_busy)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i % NET_KINDS, address);

    leave_a_copy(listener, address, i / NET_KINDS == 1);
    gruvi_listener_close(listener);
}

static TCase *
costs(void)
{
    TCase *tc = tcase_create("cost");

    tcase_add_loop_test(tc, test_a_message_costs_one_recv_and_one_send, 0,
                        4 * NET_KINDS);
    tcase_add_loop_test(tc, test_a_connection_costs_no_probes_of_its_descriptor,
                        0, NET_KINDS);
    tcase_add_loop_test(tc,
                        test_data_that_nobody_reads_does_not_keep_the_loop_busy,
                        0, NET_KINDS);
    tcase_add_loop_test(tc,
                        test_room_that_nobody_needs_does_not_keep_the_loop_busy,
                        0, NET_KINDS);
    tcase_add_loop_test(
        tc,
        test_a_closed_connection_that_others_have_does_not_keep_the_loop_busy,
        0, 2 * NET_KINDS);
    tcase_add_test(
        tc, test_a_connection_that_breaks_unseen_does_not_keep_the_loop_busy);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("stream_cost");

    suite_add_tcase(suite, costs());
    return run_suite(suite);
}
