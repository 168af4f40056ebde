/* SPDX-License-Identifier: MIT */
/* A fiber that is cancelled when its peer goes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/calls.h"
#include "unit/net.h"

/* A fiber that watches, and sleeps until it is cancelled. */
struct watch {
    struct ends ends;
    bool end;
    gruvi_fiber_t *fiber;
    int began, slept; /* what the calls returned; 1: not yet */
    char message[64];
};

static void
note_sleep(struct watch *w, double secs)
{
    w->slept = gruvi_sleep(secs);
    snprintf(w->message, sizeof w->message, "%s", gruvi_error_message());
}

static int
watch_and_sleep(void *arg)
{
    struct watch *w = arg;

    w->began = gruvi_stream_watch_peer(w->ends.stream, w->end);
    note_sleep(w, GRUVI_FOREVER);
    return 0;
}

static void
begin_watch(struct watch *w, int kind, bool end)
{
    *w = (struct watch){.end = end, .began = 1, .slept = 1};
    open_ends(&w->ends, kind);
    w->fiber = spawn(watch_and_sleep, w);
    turns(2);
    ck_assert_int_eq(w->began, 0);
}

static void
check_told(struct watch *w)
{
    finish(w->fiber);
    ck_assert_int_eq(w->slept, UV_ECANCELED);
    ck_assert_str_eq(w->message, "the peer has gone");
}

/* It sleeps on, though the loop has been polled. */
static void
check_sleeps(const struct watch *w)
{
    for (int n = 0; n < 5; n++)
        ck_assert_int_eq(gruvi_sleep(0.001), 0);
    ck_assert_int_eq(w->slept, 1);
}

static void
end_watch(struct watch *w)
{
    gruvi_fiber_cancel(w->fiber, "the test ends");
    finish(w->fiber);
    ck_assert_str_eq(w->message, "the test ends");
    close_ends(&w->ends);
}

/* i: whether the end counts */
HUB_TEST(test_a_reset_cancels)
{
    struct watch w;

    begin_watch(&w, NET_TCP, i);
    peer_resets(&w.ends);
    check_told(&w);
    close_ends(&w.ends);
}

/* A Unix socket tells that the peer has closed all of it. */
HUB_TEST(test_a_close_of_a_unix_socket_cancels)
{
    struct watch w;

    begin_watch(&w, NET_UNIX, i);
    peer_closes(&w.ends);
    check_told(&w);
    close_ends(&w.ends);
}

HUB_TEST(test_the_end_of_the_peers_side_cancels_if_asked)
{
    struct watch w;

    begin_watch(&w, i, true);
    check_sleeps(&w);
    ck_assert_int_eq(shutdown(w.ends.peer, SHUT_WR), 0);
    check_told(&w);
    /* The peer still reads. */
    ck_assert_int_eq(gruvi_stream_write(w.ends.stream, "answer", 6), 0);
    peer_hears(&w.ends, "answer");
    close_ends(&w.ends);
}

/* And a reset after it does. */
HUB_TEST(test_the_end_does_not_if_not_asked)
{
    struct watch w;

    begin_watch(&w, NET_TCP, false);
    ck_assert_int_eq(shutdown(w.ends.peer, SHUT_WR), 0);
    check_sleeps(&w);
    peer_resets(&w.ends);
    check_told(&w);
    close_ends(&w.ends);
}

/* Both sides have ended in order: that is no break. */
HUB_TEST(test_nor_does_the_end_of_both_sides)
{
    struct watch w;

    begin_watch(&w, i, false);
    ck_assert_int_eq(gruvi_stream_shutdown(w.ends.stream), 0);
    ck_assert_int_eq(shutdown(w.ends.peer, SHUT_WR), 0);
    check_sleeps(&w);
    end_watch(&w);
}

HUB_TEST(test_bytes_before_the_end_stay_readable)
{
    struct watch w;
    char c;

    begin_watch(&w, i, true);
    peer_says(&w.ends, "bytes");
    check_sleeps(&w);
    ck_assert_int_eq(shutdown(w.ends.peer, SHUT_WR), 0);
    check_told(&w);
    hears(w.ends.stream, "bytes");
    ck_assert_int_eq(gruvi_stream_read(w.ends.stream, &c, 1), 0);
    close_ends(&w.ends);
}

/* i: bytes that nobody reads, an end that does not count */
HUB_TEST(test_what_nobody_waits_for_does_not_spin)
{
    struct watch w;

    begin_watch(&w, NET_TCP, false);
    if (i == 0)
        peer_says(&w.ends, "bytes");
    else
        ck_assert_int_eq(shutdown(w.ends.peer, SHUT_WR), 0);
    check_sleeps(&w);
    memset(calls, 0, sizeof calls);
    ck_assert_int_eq(gruvi_sleep(0.05), 0);
    ck_assert_uint_lt(calls[CALL_EPOLL_WAIT], 20);
    end_watch(&w);
}

/* --- a fiber that is inside a call ------------------------------------------
 */

static int
read_and_sleep(void *arg)
{
    struct watch *w = arg;
    char buf[10];

    w->began = gruvi_stream_watch_peer(w->ends.stream, w->end);
    w->began = (int)gruvi_stream_read(w->ends.stream, buf, sizeof buf);
    note_sleep(w, w->began > 0 ? 60 : 0.005);
    return 0;
}

static void
begin_read_and_sleep(struct watch *w, int kind)
{
    *w = (struct watch){.end = true, .began = 1, .slept = 1};
    open_ends(&w->ends, kind);
    w->fiber = spawn(read_and_sleep, w);
    turns(2);
    ck_assert_str_eq(gruvi_fiber_waiting_for(w->fiber), "read");
}

HUB_TEST(test_a_read_that_tells_the_end_is_enough)
{
    struct watch w;

    begin_read_and_sleep(&w, i);
    ck_assert_int_eq(shutdown(w.ends.peer, SHUT_WR), 0);
    finish(w.fiber);
    ck_assert_int_eq(w.began, 0);
    ck_assert_int_eq(w.slept, 0);
    close_ends(&w.ends);
}

HUB_TEST(test_a_read_that_tells_a_reset_is_enough)
{
    struct watch w;

    begin_read_and_sleep(&w, NET_TCP);
    peer_resets(&w.ends);
    finish(w.fiber);
    ck_assert_int_eq(w.began, UV_ECONNRESET);
    ck_assert_int_eq(w.slept, 0);
    close_ends(&w.ends);
}

HUB_TEST(test_a_read_of_bytes_before_the_end_is_not)
{
    struct watch w;

    begin_read_and_sleep(&w, i);
    peer_says(&w.ends, "abc");
    ck_assert_int_eq(shutdown(w.ends.peer, SHUT_WR), 0);
    check_told(&w);
    ck_assert_int_eq(w.began, 3);
    close_ends(&w.ends);
}

/* It has gone before. */
HUB_TEST(test_what_was_before_counts)
{
    struct watch w = {.end = true, .slept = 1};

    open_ends(&w.ends, i);
    ck_assert_int_eq(shutdown(w.ends.peer, SHUT_WR), 0);
    w.fiber = spawn(watch_and_sleep, &w);
    check_told(&w);
    close_ends(&w.ends);
}

/* --- who watches, and how long ----------------------------------------------
 */

static int
unwatch_and_sleep(void *arg)
{
    struct watch *w = arg;

    w->began = gruvi_stream_watch_peer(w->ends.stream, true);
    gruvi_stream_unwatch_peer(w->ends.stream);
    gruvi_stream_unwatch_peer(w->ends.stream);
    note_sleep(w, GRUVI_FOREVER);
    return 0;
}

HUB_TEST(test_a_watch_that_was_ended_cancels_nobody)
{
    struct watch w = {.slept = 1};

    open_ends(&w.ends, i);
    w.fiber = spawn(unwatch_and_sleep, &w);
    turns(2);
    peer_closes(&w.ends);
    check_sleeps(&w);
    end_watch(&w);
}

static int
watch_once(void *arg)
{
    return gruvi_stream_watch_peer(arg, true);
}

HUB_TEST(test_one_fiber_watches_at_a_time)
{
    struct watch w;

    begin_watch(&w, i, true);
    ck_assert_int_eq(finish(spawn(watch_once, w.ends.stream)), UV_EBUSY);
    ck_assert_int_eq(gruvi_stream_watch_peer(w.ends.stream, true), UV_EINVAL);
    ck_assert_int_eq(gruvi_stream_watch_peer(NULL, true), UV_EINVAL);
    gruvi_fiber_cancel(w.fiber, "the test ends");
    finish(w.fiber);
    /* The one that has ended does not count any more. */
    ck_assert_int_eq(finish(spawn(watch_once, w.ends.stream)), 0);
    peer_closes(&w.ends);
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
    gruvi_stream_unwatch_peer(NULL);
    close_ends(&w.ends);
}

static void
use_elsewhere(void *arg)
{
    ck_assert_int_eq(gruvi_stream_watch_peer(arg, true), UV_EPERM);
}

HUB_TEST(test_a_stream_of_another_thread_is_refused)
{
    struct ends ends;

    open_ends(&ends, i);
    in_thread(use_elsewhere, ends.stream);
    close_ends(&ends);
}

#define MANY 100

HUB_TEST(test_many_peers_go_at_once)
{
    struct watch *w = calloc(MANY, sizeof *w);

    for (int n = 0; n < MANY; n++)
        begin_watch(&w[n], NET_UNIX, true);
    for (int n = 0; n < MANY; n++)
        peer_closes(&w[n].ends);
    for (int n = 0; n < MANY; n++) {
        check_told(&w[n]);
        close_ends(&w[n].ends);
    }
    free(w);
}

HUB_TEST(test_the_hub_may_close_before_the_stream)
{
    struct watch w;

    begin_watch(&w, i, true);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(w.slept, UV_ECANCELED);
    gruvi_fiber_unref(w.fiber);
    close_ends(&w.ends);
}

HUB_TEST(test_without_descriptors_nothing_is_watched)
{
    struct ends ends;
    int err;

    open_ends(&ends, i);
    net_spare(0);
    err = finish(spawn(watch_once, ends.stream));
    net_spare_all();
    ck_assert_int_eq(err, UV_EMFILE);
    ck_assert_int_eq(finish(spawn(watch_once, ends.stream)), 0);
    close_ends(&ends);
}

/* --- processes --------------------------------------------------------------
 */

/* A pipe to a process is never read, and its process has gone when it has
 * ended. */
HUB_TEST(test_a_process_that_ends_is_a_peer_that_goes)
{
    char *args[] = {"cat", NULL};
    gruvi_process_options_t options = {.args = args};
    struct watch w = {.end = true, .slept = 1, .ends.peer = -1};
    gruvi_process_t *cat;

    options.stdio[0].kind = options.stdio[1].kind = GRUVI_STDIO_PIPE;
    ck_assert_int_eq(gruvi_process_spawn(&cat, &options), 0);
    w.ends.stream = gruvi_process_stream(cat, i);
    w.fiber = spawn(watch_and_sleep, &w);
    check_sleeps(&w);
    ck_assert_int_eq(gruvi_process_kill(cat, SIGKILL), 0);
    check_told(&w);
    ck_assert_int_ge(gruvi_process_wait(cat, NULL, NULL, 60), 0);
    gruvi_process_close(cat);
}

static TCase *
going(void)
{
    TCase *tc = tcase_create("going");

    tcase_add_loop_test(tc, test_a_reset_cancels, 0, 2);
    tcase_add_loop_test(tc, test_a_close_of_a_unix_socket_cancels, 0, 2);
    tcase_add_loop_test(tc, test_the_end_of_the_peers_side_cancels_if_asked, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_the_end_does_not_if_not_asked);
    tcase_add_loop_test(tc, test_nor_does_the_end_of_both_sides, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_bytes_before_the_end_stay_readable, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_what_nobody_waits_for_does_not_spin, 0, 2);
    tcase_add_loop_test(tc, test_a_read_that_tells_the_end_is_enough, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_a_read_that_tells_a_reset_is_enough);
    tcase_add_loop_test(tc, test_a_read_of_bytes_before_the_end_is_not, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_what_was_before_counts, 0, NET_KINDS);
    return tc;
}

static TCase *
watching(void)
{
    TCase *tc = tcase_create("watching");

    tcase_add_loop_test(tc, test_a_watch_that_was_ended_cancels_nobody, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_one_fiber_watches_at_a_time, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_stream_of_another_thread_is_refused, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_many_peers_go_at_once);
    tcase_add_loop_test(tc, test_the_hub_may_close_before_the_stream, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_process_that_ends_is_a_peer_that_goes, 0, 2);
    /* Such tests run last. */
    tcase_add_loop_test(tc, test_without_descriptors_nothing_is_watched, 0,
                        NET_KINDS);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("stream_watch");

    suite_add_tcase(suite, going());
    suite_add_tcase(suite, watching());
    return run_suite(suite);
}
