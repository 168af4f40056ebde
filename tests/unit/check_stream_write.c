/* SPDX-License-Identifier: MIT */
/* Writing; looped tests run over TCP and over a Unix socket. */
#include "unit/net.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define SHORT 0.002
#define BIG   1000000

enum { WRITE, WRITEV, WRITES };

/* Write one piece of memory, or the same as many. */
static int
write_by(int way, gruvi_stream_t *s, const char *buf, size_t len)
{
    uv_buf_t bufs[7];
    size_t part = len / 7;

    if (way == WRITE)
        return gruvi_stream_write(s, buf, len);
    for (int n = 0; n < 7; n++)
        bufs[n] = uv_buf_init((char *)buf + (size_t)n * part,
                              (unsigned)(n < 6 ? part : len - 6 * part));
    return gruvi_stream_writev(s, bufs, 7);
}

/* A write in a fiber. */
struct writer {
    gruvi_stream_t *stream;
    gruvi_fiber_t *fiber;
    int way;
    const char *buf;
    size_t len;
    int result;
};

static int
run_writer(void *arg)
{
    struct writer *w = arg;

    w->result = write_by(w->way, w->stream, w->buf, w->len);
    return 0;
}

/* It waits when this returns: there has to be more than fits. */
static void
begin_write(struct writer *w, gruvi_stream_t *stream, int way, const char *buf,
            size_t len)
{
    *w = (struct writer){stream, NULL, way, buf, len, 1};
    w->fiber = spawn(run_writer, w);
    wait_until(strcmp(gruvi_fiber_waiting_for(w->fiber), "write") == 0);
}

static int
end_write(struct writer *w)
{
    finish(w->fiber);
    return w->result;
}

/* Read len bytes at the other end, in small pieces, and compare. */
static void
check_received(struct ends *ends, size_t len)
{
    char buf[3000];
    size_t got = 0;
    ssize_t n;

    while (got < len) {
        n = recv(ends->peer, buf, sizeof buf, 0);
        if (n > 0) {
            ck_assert(is_pattern(buf, (size_t)n, got));
            got += (size_t)n;
        } else {
            ck_assert_int_eq(n, -1);
            turns(1);
        }
    }
}

HUB_TEST(test_a_write_arrives)
{
    struct ends ends;

    open_ends(&ends, i);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "hello, ", 7), 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "", 0), 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "world", 5), 0);
    peer_hears(&ends, "hello, world");
    close_ends(&ends);
}

/* i counts both the ways to write and the kinds of sockets. */
HUB_TEST(test_all_of_a_big_write_arrives)
{
    char *data = malloc(BIG);
    struct writer w;
    struct ends ends;

    fill_pattern(data, BIG, 0);
    open_ends(&ends, i % NET_KINDS);
    shrink(&ends);
    begin_write(&w, ends.stream, i / NET_KINDS, data, BIG);
    check_received(&ends, BIG);
    ck_assert_int_eq(end_write(&w), 0);
    close_ends(&ends);
    free(data);
}

/* More buffers than a system call takes, some of them empty. */
struct vector {
    gruvi_stream_t *stream;
    uv_buf_t bufs[1000];
};

static int
run_vector(void *arg)
{
    struct vector *v = arg;

    return gruvi_stream_writev(v->stream, v->bufs, 1000);
}

HUB_TEST(test_many_buffers_arrive_in_order_and_unchanged)
{
    static char data[40000];
    static struct vector v, before;
    struct ends ends;
    size_t len = 0;

    fill_pattern(data, sizeof data, 0);
    open_ends(&ends, i);
    shrink(&ends);
    v.stream = ends.stream;
    for (unsigned n = 0; n < 1000; n++) {
        v.bufs[n] = uv_buf_init(data + len, n % 5 == 0 ? 0 : n % 40);
        len += v.bufs[n].len;
    }
    before = v;
    gruvi_fiber_t *fiber = spawn(run_vector, &v);
    check_received(&ends, len);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_mem_eq(&before, &v, sizeof v);
    close_ends(&ends);
}

HUB_TEST(test_no_buffers_are_written_at_once)
{
    uv_buf_t empty[2] = {{.base = NULL}, {.base = NULL}};
    struct ends ends;

    open_ends(&ends, i);
    fill_up(ends.stream);
    ck_assert_int_eq(gruvi_stream_writev(ends.stream, empty, 0), 0);
    ck_assert_int_eq(gruvi_stream_writev(ends.stream, empty, 2), 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, NULL, 0), 0);
    close_ends(&ends);
}

/* --- failing ----------------------------------------------------------------
 */

static void
check_dead(gruvi_stream_t *s)
{
    for (int way = 0; way < WRITES; way++) {
        ck_assert_int_eq(write_by(way, s, "1234567", 7), UV_EPIPE);
        ck_assert_int_eq(write_by(way, s, "", 0), UV_EPIPE);
    }
}

HUB_TEST(test_after_a_timeout_the_write_side_is_dead)
{
    char *data = calloc(1, BIG);
    struct ends ends;

    open_ends(&ends, i % NET_KINDS);
    shrink(&ends);
    gruvi_stream_set_timeout(ends.stream, SHORT);
    ck_assert_int_eq(write_by(i / NET_KINDS, ends.stream, data, BIG),
                     UV_ETIMEDOUT);
    while (peer_drains(&ends) > 0)
        turns(1);
    check_dead(ends.stream);
    ck_assert_uint_eq(peer_drains(&ends), 0);
    peer_says(&ends, "still read");
    hears(ends.stream, "still read");
    close_ends(&ends);
    free(data);
}

HUB_TEST(test_after_a_cancel_the_write_side_is_dead)
{
    char *data = calloc(1, BIG);
    struct writer w;
    struct ends ends;

    open_ends(&ends, i % NET_KINDS);
    shrink(&ends);
    begin_write(&w, ends.stream, i / NET_KINDS, data, BIG);
    gruvi_fiber_cancel(w.fiber, NULL);
    ck_assert_int_eq(end_write(&w), UV_ECANCELED);
    check_dead(ends.stream);
    close_ends(&ends);
    free(data);
}

HUB_TEST(test_a_timeout_of_zero_writes_what_fits)
{
    struct ends ends;

    open_ends(&ends, i);
    gruvi_stream_set_timeout(ends.stream, 0);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "fits", 4), 0);
    peer_hears(&ends, "fits");
    fill_up(ends.stream);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "not", 3), UV_ETIMEDOUT);
    check_dead(ends.stream);
    close_ends(&ends);
}

/* SIGPIPE would end this process. */
HUB_TEST(test_a_peer_that_is_gone_is_an_error_and_no_signal)
{
    struct ends ends;
    int err = 0;

    signal(SIGPIPE, SIG_DFL);
    open_ends(&ends, i % NET_KINDS);
    peer_closes(&ends);
    while (err == 0)
        err = write_by(i / NET_KINDS, ends.stream, "1234567", 7);
    ck_assert(err == UV_EPIPE || err == UV_ECONNRESET);
    check_dead(ends.stream);
    close_ends(&ends);
}

HUB_TEST(test_a_reset_in_mid_transfer_ends_a_write)
{
    char *data = calloc(1, BIG);
    struct writer w;
    struct ends ends;

    open_ends(&ends, NET_TCP);
    shrink(&ends);
    begin_write(&w, ends.stream, i, data, BIG);
    peer_resets(&ends);
    ck_assert_int_eq(end_write(&w), UV_ECONNRESET);
    check_dead(ends.stream);
    close_ends(&ends);
    free(data);
}

HUB_TEST(test_a_peer_that_closes_in_mid_transfer_ends_a_write)
{
    char *data = calloc(1, BIG);
    struct writer w;
    struct ends ends;

    open_ends(&ends, i % NET_KINDS);
    shrink(&ends);
    begin_write(&w, ends.stream, i / NET_KINDS, data, BIG);
    peer_closes(&ends);
    end_write(&w);
    ck_assert(w.result == UV_EPIPE || w.result == UV_ECONNRESET);
    check_dead(ends.stream);
    close_ends(&ends);
    free(data);
}

/* --- calls that never wait -------------------------------------------------
 */

enum { BY_DEADLINE, BY_CANCEL, ENDS };

struct eager {
    struct ends ends;
    int way, calls;
    size_t sent, received;
};

/* Writes, and makes room for the next. */
static int
write_eagerly(void *arg)
{
    struct eager *e = arg;
    int err;

    do {
        err = write_by(e->way, e->ends.stream, "1234567", 7);
        if (err == 0) {
            e->calls++;
            e->sent += 7;
        }
        e->received += peer_drains(&e->ends);
    } while (err == 0);
    return err;
}

static int
write_eagerly_in_time(void *arg)
{
    int err = 0;

    GRUVI_WITH_SWITCH_BACK (sb, SHORT) {
        err = write_eagerly(arg);
    }
    return err;
}

/* The end comes before anything is sent, so nothing is lost and the write side
 * lives. */
HUB_TEST(test_writes_that_never_wait_are_ended_by_a_deadline_or_a_cancel)
{
    struct eager e = {.way = i % WRITES};
    gruvi_fiber_t *fiber;

    open_ends(&e.ends, NET_UNIX);
    if (i / WRITES == BY_DEADLINE) {
        fiber = spawn(write_eagerly_in_time, &e);
        ck_assert_int_eq(finish(fiber), UV_ETIMEDOUT);
    } else {
        fiber = spawn(write_eagerly, &e);
        turns(2);
        ck_assert_int_ge(e.calls, 63);
        ck_assert_int_le(e.calls, 2 * 64);
        gruvi_fiber_cancel(fiber, NULL);
        ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    }
    ck_assert_uint_eq(e.received, e.sent);
    ck_assert_int_eq(gruvi_stream_write(e.ends.stream, "alive", 5), 0);
    peer_hears(&e.ends, "alive");
    close_ends(&e.ends);
}

/* --- without waiting ------------------------------------------------------ */

/* How much a stream takes, by tries of a size. */
static size_t
try_until_full(gruvi_stream_t *s, size_t len)
{
    static char data[65536];
    size_t taken = 0;
    ssize_t n;

    while ((n = gruvi_stream_try_write(s, data, len)) > 0)
        taken += (size_t)n;
    ck_assert_int_eq(n, UV_EAGAIN);
    return taken;
}

HUB_TEST(test_a_try_takes_what_fits)
{
    struct ends ends;
    size_t taken;

    open_ends(&ends, i);
    ck_assert_int_eq(gruvi_stream_try_write(ends.stream, NULL, 0), 0);
    ck_assert_int_eq(gruvi_stream_try_write(ends.stream, NULL, 1), UV_EINVAL);
    shrink(&ends);
    taken = try_until_full(ends.stream, 10000);
    ck_assert_uint_gt(taken, 0);
    ck_assert_uint_eq(gruvi_stream_traffic(ends.stream), taken);
    ck_assert_uint_eq(peer_drains(&ends), taken);
    /* Nothing has waited for the room that there is now. */
    wait_until(gruvi_stream_try_write(ends.stream, "more", 4) == 4);
    wait_until(recv(ends.peer, (char[4]){0}, 4, MSG_PEEK) == 4);
    peer_hears(&ends, "more");
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "again", 5), 0);
    peer_hears(&ends, "again");
    close_ends(&ends);
}

HUB_TEST(test_a_try_does_not_cut_into_a_write)
{
    struct ends ends;
    gruvi_fiber_t *writer;

    open_ends(&ends, i);
    writer = begin_big_write(&ends);
    ck_assert_int_eq(gruvi_stream_try_write(ends.stream, "x", 1), UV_EBUSY);
    gruvi_fiber_cancel(writer, NULL);
    ck_assert_int_eq(finish(writer), UV_ECANCELED);
    ck_assert_int_eq(gruvi_stream_try_write(ends.stream, "x", 1), UV_EPIPE);
    close_ends(&ends);
}

static void
try_in_callback(void *arg)
{
    ck_assert_int_eq(gruvi_stream_try_write(arg, "called", 6), 6);
}

HUB_TEST(test_callbacks_may_try)
{
    struct ends ends;

    open_ends(&ends, i);
    ck_assert_int_eq(
        gruvi_hub_run_callback(gruvi_get_hub(), try_in_callback, ends.stream),
        0);
    turns(2);
    peer_hears(&ends, "called");
    close_ends(&ends);
}

HUB_TEST(test_a_try_that_fails_ends_the_write_side)
{
    struct ends ends;

    open_ends(&ends, i);
    peer_resets(&ends);
    wait_until(gruvi_stream_try_write(ends.stream, "x", 1) < 0);
    ck_assert_int_eq(gruvi_stream_try_write(ends.stream, "x", 1), UV_EPIPE);
    ck_assert_int_eq(gruvi_stream_write(ends.stream, "x", 1), UV_EPIPE);
    close_ends(&ends);
}

int
main(void)
{
    const int all = NET_KINDS * WRITES;
    Suite *suite = suite_create("stream_write");
    TCase *tc = tcase_create("write");

    tcase_add_loop_test(tc, test_a_write_arrives, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_all_of_a_big_write_arrives, 0, all);
    tcase_add_loop_test(tc, test_many_buffers_arrive_in_order_and_unchanged, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_no_buffers_are_written_at_once, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_after_a_timeout_the_write_side_is_dead, 0,
                        all);
    tcase_add_loop_test(tc, test_after_a_cancel_the_write_side_is_dead, 0, all);
    tcase_add_loop_test(tc, test_a_timeout_of_zero_writes_what_fits, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_peer_that_is_gone_is_an_error_and_no_signal,
                        0, all);
    tcase_add_loop_test(tc, test_a_reset_in_mid_transfer_ends_a_write, 0,
                        WRITES);
    tcase_add_loop_test(
        tc, test_a_peer_that_closes_in_mid_transfer_ends_a_write, 0, all);
    tcase_add_loop_test(
        tc, test_writes_that_never_wait_are_ended_by_a_deadline_or_a_cancel, 0,
        WRITES * ENDS);
    tcase_add_loop_test(tc, test_a_try_takes_what_fits, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_try_does_not_cut_into_a_write, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_callbacks_may_try, 0, NET_KINDS);
    tcase_add_test(tc, test_a_try_that_fails_ends_the_write_side);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
