/* SPDX-License-Identifier: MIT */
/* Waiting for a stream without a fiber, over TCP and Unix sockets. */
#include <malloc.h>

#include "core/hub.h"
#include "core/thread.h"
#include "unit/calls.h"
#include "unit/net.h"

struct awaiting {
    gruvi__await_t await;
    struct ends ends;
    unsigned woken;
    bool reads; /* what wake returns */
};

static bool
wake(gruvi__await_t *await)
{
    struct awaiting *a = (struct awaiting *)await;

    a->woken++;
    return a->reads;
}

static void
begin(struct awaiting *a, int kind)
{
    memset(a, 0, sizeof *a);
    a->await.wake = wake;
    a->reads = true;
    open_ends(&a->ends, kind);
}

static void
awaits(struct awaiting *a)
{
    ck_assert_int_eq(gruvi__stream_await(a->ends.stream, &a->await), 0);
}

HUB_TEST(test_bytes_wake_once)
{
    struct awaiting a;

    begin(&a, i);
    awaits(&a);
    turns(3);
    ck_assert_uint_eq(a.woken, 0);
    peer_says(&a.ends, "one");
    wait_until(a.woken == 1);
    peer_says(&a.ends, "two");
    turns(3);
    ck_assert_uint_eq(a.woken, 1);
    hears(a.ends.stream, "onetwo");
    close_ends(&a.ends);
}

HUB_TEST(test_it_can_be_begun_again_and_again)
{
    struct awaiting a;

    begin(&a, i);
    for (unsigned n = 1; n <= 3; n++) {
        awaits(&a);
        peer_says(&a.ends, "x");
        wait_until(a.woken == n);
        hears(a.ends.stream, "x");
    }
    close_ends(&a.ends);
}

HUB_TEST(test_bytes_that_came_before_wake)
{
    struct awaiting a;

    begin(&a, i);
    peer_says(&a.ends, "x");
    awaits(&a);
    wait_until(a.woken == 1);
    hears(a.ends.stream, "x");
    close_ends(&a.ends);
}

HUB_TEST(test_the_end_wakes)
{
    struct awaiting a;
    char c;

    begin(&a, i);
    awaits(&a);
    peer_closes(&a.ends);
    wait_until(a.woken == 1);
    ck_assert_int_eq(gruvi_stream_read(a.ends.stream, &c, 1), 0);
    close_ends(&a.ends);
}

HUB_TEST(test_a_reset_wakes)
{
    struct awaiting a;
    char c;

    begin(&a, NET_TCP);
    awaits(&a);
    peer_resets(&a.ends);
    wait_until(a.woken == 1);
    ck_assert_int_eq(gruvi_stream_read(a.ends.stream, &c, 1), UV_ECONNRESET);
    close_ends(&a.ends);
}

/* The socket has nothing, so no event would come. */
HUB_TEST(test_bytes_that_the_stream_holds_are_told_at_once)
{
    struct awaiting a;
    char c;

    begin(&a, i);
    peer_says(&a.ends, "ab");
    ck_assert_int_eq(gruvi_stream_peek(a.ends.stream, &c, 1), 1);
    ck_assert_int_eq(gruvi__stream_await(a.ends.stream, &a.await), 1);
    hears(a.ends.stream, "ab");
    awaits(&a);
    peer_says(&a.ends, "c");
    wait_until(a.woken == 1);
    close_ends(&a.ends);
}

HUB_TEST(test_it_can_be_taken_back)
{
    struct awaiting a;

    begin(&a, i);
    awaits(&a);
    ck_assert_int_eq(gruvi__stream_await(a.ends.stream, NULL), 0);
    peer_says(&a.ends, "x");
    hears(a.ends.stream, "x");
    ck_assert_uint_eq(a.woken, 0);
    awaits(&a);
    close_ends(&a.ends);
    turns(3);
    ck_assert_uint_eq(a.woken, 0);
}

HUB_TEST(test_a_call_that_is_inside_comes_first)
{
    struct awaiting a;
    struct reader r;

    begin(&a, i);
    begin_read(&r, a.ends.stream, READ, 10);
    ck_assert_int_eq(gruvi__stream_await(a.ends.stream, &a.await), UV_EBUSY);
    peer_says(&a.ends, "x");
    ck_assert_int_eq(end_read(&r), 1);
    close_ends(&a.ends);
}

HUB_TEST(test_what_was_taken_is_freed)
{
    size_t before, taken;
    struct awaiting a;
    char *data;

    begin(&a, i);
    awaits(&a); /* for the first time, which makes a watch */
    before = mallinfo2().uordblks;
    peer_says(&a.ends, "x");
    wait_until(a.woken == 1);
    ck_assert_int_eq(gruvi_stream_take(a.ends.stream, &data), 1);
    taken = mallinfo2().uordblks;
    awaits(&a);
    /* It had 32 KiB, where malloc() is the one that tells. */
    ck_assert(taken == 0 || taken >= before + 32768);
    ck_assert_uint_lt(mallinfo2().uordblks, before + 1024);
    close_ends(&a.ends);
}

static int
watch_peer(void *arg)
{
    return gruvi_stream_watch_peer(arg, true);
}

/* The watcher keeps the fiber, and so its stack. */
HUB_TEST(test_whoever_watched_the_peer_is_let_go)
{
    size_t before = gruvi__self.hub->blocks;
    struct awaiting a;

    begin(&a, i);
    ck_assert_int_eq(finish(spawn(watch_peer, a.ends.stream)), 0);
    turns(1);
    ck_assert_uint_eq(gruvi__self.hub->blocks, before + 1);
    awaits(&a);
    turns(1);
    ck_assert_uint_eq(gruvi__self.hub->blocks, before);
    close_ends(&a.ends);
}

HUB_TEST(test_a_stream_that_nobody_reads_does_not_keep_the_loop_busy)
{
    struct awaiting a;

    begin(&a, i);
    a.reads = false;
    awaits(&a);
    peer_says(&a.ends, "x");
    wait_until(a.woken == 1);
    memset(calls, 0, sizeof calls);
    ck_assert_int_eq(gruvi_sleep(0.02), 0);
    ck_assert_uint_le(calls[CALL_EPOLL_WAIT], 20);
    ck_assert_uint_le(calls[CALL_EPOLL_CTL], 1);
    hears(a.ends.stream, "x");
    close_ends(&a.ends);
}

/* What a server does whose fibers live as long as a message. */
static int
serve(void *arg)
{
    struct awaiting *a = arg;

    hears(a->ends.stream, "x");
    ck_assert_int_eq(gruvi_stream_write(a->ends.stream, "y", 1), 0);
    awaits(a);
    return 0;
}

static bool
wake_server(gruvi__await_t *await)
{
    return gruvi_go(serve, await) == 0;
}

/* A message is received once and sent once, as if a fiber had waited. */
HUB_TEST(test_a_message_costs_one_recv_and_one_send)
{
    const unsigned messages = 100;
    struct awaiting a;
    char c;

    begin(&a, i);
    a.await.wake = wake_server;
    awaits(&a);
    for (unsigned n = 0; n <= messages; n++) {
        if (n == 1)
            memset(calls, 0, sizeof calls);
        ck_assert_int_eq(write(a.ends.peer, "x", 1), 1);
        wait_until(read(a.ends.peer, &c, 1) == 1);
        ck_assert_int_eq(c, 'y');
    }
    ck_assert_uint_eq(calls[CALL_RECV], messages);
    ck_assert_uint_eq(calls[CALL_SEND], messages);
    ck_assert_uint_eq(calls[CALL_EPOLL_CTL], 0);
    close_ends(&a.ends);
}

int
main(void)
{
    Suite *suite = suite_create("stream_await");
    TCase *tc = tcase_create("await");

    tcase_add_loop_test(tc, test_bytes_wake_once, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_it_can_be_begun_again_and_again, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_bytes_that_came_before_wake, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_the_end_wakes, 0, NET_KINDS);
    tcase_add_test(tc, test_a_reset_wakes);
    tcase_add_loop_test(tc, test_bytes_that_the_stream_holds_are_told_at_once,
                        0, NET_KINDS);
    tcase_add_loop_test(tc, test_it_can_be_taken_back, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_call_that_is_inside_comes_first, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_what_was_taken_is_freed, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_whoever_watched_the_peer_is_let_go, 0,
                        NET_KINDS);
    tcase_add_loop_test(
        tc, test_a_stream_that_nobody_reads_does_not_keep_the_loop_busy, 0,
        NET_KINDS);
    tcase_add_loop_test(tc, test_a_message_costs_one_recv_and_one_send, 0,
                        NET_KINDS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
