/* SPDX-License-Identifier: MIT */
/* Waiting for a stream without a fiber, over TCP and Unix sockets. */
#include <malloc.h>

#include "base/stack.h"
#include "core/clock.h"
#include "core/hub.h"
#include "core/thread.h"
#include "io/stream/stream.h"
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

/* Or kept by the hub, for another stream. */
HUB_TEST(test_what_was_taken_is_freed)
{
    size_t before, taken, kept;
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
    kept = hub->spare_buffer == NULL ? 0 : GRUVI__TAKE_SIZE;
    ck_assert_uint_lt(mallinfo2().uordblks, before + kept + 1024);
    ck_assert_ptr_null(a.ends.stream->buffer.data);
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
    size_t before = gruvi__arena_given_out(gruvi__self.hub->arena);
    struct awaiting a;

    begin(&a, i);
    ck_assert_int_eq(finish(spawn(watch_peer, a.ends.stream)), 0);
    turns(1);
    ck_assert_uint_eq(gruvi__arena_given_out(gruvi__self.hub->arena),
                      before + 1);
    awaits(&a);
    turns(1);
    ck_assert_uint_eq(gruvi__arena_given_out(gruvi__self.hub->arena), before);
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

#define MANY 40

static struct awaiting many[MANY];
static unsigned many_woken;

static unsigned many_ran, most_begun;

static int
run_one_of_many(void *arg)
{
    struct awaiting *a = arg;

    hears(a->ends.stream, "x");
    many_ran++;
    return 0;
}

static bool
wake_one_of_many(gruvi__await_t *await)
{
    many_woken++;
    if (many_woken - many_ran > most_begun)
        most_begun = many_woken - many_ran;
    return gruvi_go(run_one_of_many, await) == 0 && wake(await);
}

/* All that await are readable, and the loop has told of them. */
static void
open_many(bool (*wake_them)(gruvi__await_t *await))
{
    many_woken = 0;
    for (int k = 0; k < MANY; k++) {
        begin(&many[k], NET_UNIX);
        many[k].await.wake = wake_them;
        awaits(&many[k]);
    }
    for (int k = 0; k < MANY; k++)
        peer_says(&many[k].ends, "x");
}

static void
close_many(void)
{
    for (int k = 0; k < MANY; k++)
        if (many[k].ends.stream != NULL)
            close_ends(&many[k].ends);
}

/* Each turn wakes a few, and the fibers that they have begun run before the
 * next are woken; nobody is paused meanwhile. */
HUB_TEST(test_many_are_woken_a_few_in_a_turn)
{
    many_ran = most_begun = 0;
    open_many(wake_one_of_many);
    memset(calls, 0, sizeof calls);
    wait_until(many_ran == MANY);
    ck_assert_uint_le(most_begun, MANY / 2);
    ck_assert_uint_le(calls[CALL_EPOLL_CTL], MANY + MANY / 2);
    for (int k = 0; k < MANY; k++)
        ck_assert_uint_eq(many[k].woken, 1);
    close_many();
}

static struct ends other;
static unsigned ran_before_other;

static void
wait_for_a_tick(void)
{
    int64_t tick = gruvi__clock_coarse();

    while (gruvi__clock_coarse() == tick)
        ;
}

static int
run_for_long(void *arg)
{
    if (many_ran == 0)
        peer_says(&other, "x");
    wait_for_a_tick();
    return run_one_of_many(arg);
}

static bool
wake_for_long(gruvi__await_t *await)
{
    many_woken++;
    return gruvi_go(run_for_long, await) == 0 && wake(await);
}

static int
hear_other(void *arg)
{
    (void)arg;
    hears(other.stream, "x");
    ran_before_other = many_ran;
    return 0;
}

/* Their fibers are slow; what comes for another fiber waits for a few of them,
 * not for all. */
HUB_TEST(test_the_loop_is_polled_between_many)
{
    many_ran = 0;
    ran_before_other = MANY;
    open_ends(&other, NET_UNIX);
    ck_assert_int_eq(gruvi_go(hear_other, NULL), 0);
    open_many(wake_for_long);
    wait_until(many_ran == MANY);
    ck_assert_uint_lt(ran_before_other, MANY);
    close_many();
    close_ends(&other);
}

static bool
wake_and_take_back(gruvi__await_t *await)
{
    if (many_woken++ == 0) {
        gruvi__stream_await(many[MANY - 1].ends.stream, NULL);
        close_ends(&many[MANY - 2].ends);
        many[MANY - 2].ends.stream = NULL;
    }
    return wake(await);
}

/* They were readable, and their turn had not come. */
HUB_TEST(test_what_is_taken_back_or_closed_before_its_turn_is_not_woken)
{
    open_many(wake_and_take_back);
    wait_until(many_woken == MANY - 2);
    turns(3);
    ck_assert_uint_eq(many[MANY - 1].woken, 0);
    ck_assert_uint_eq(many[MANY - 2].woken, 0);
    hears(many[MANY - 1].ends.stream, "x");
    close_many();
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
    tcase_add_test(tc, test_many_are_woken_a_few_in_a_turn);
    tcase_add_test(tc, test_the_loop_is_polled_between_many);
    tcase_add_test(
        tc, test_what_is_taken_back_or_closed_before_its_turn_is_not_woken);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
