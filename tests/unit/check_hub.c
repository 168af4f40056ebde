/* SPDX-License-Identifier: MIT */
/*
 * Hubs: callbacks, data of theirs, closing in every state, posts of other
 * threads, SIGINT.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/harness.h"

/* --- what it is ---------------------------------------------------------- */

HUB_TEST(test_there_is_one_hub_a_thread)
{
    ck_assert_ptr_eq(gruvi_get_hub(), hub);
    ck_assert_str_eq(gruvi_hub_name(hub), "Hub");
    ck_assert_ptr_nonnull(gruvi_hub_loop(hub));
    ck_assert_ptr_nonnull(gruvi_hub_poll(hub));
    ck_assert(!gruvi_hub_ignore_interrupt(hub));
}

static void
get_and_close(void *arg)
{
    *(gruvi_hub_t **)arg = gruvi_hub_ref(gruvi_get_hub());
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_each_thread_has_its_own)
{
    gruvi_hub_t *theirs;

    in_thread(get_and_close, &theirs);
    ck_assert_ptr_ne(theirs, hub);
    ck_assert_int_eq(gruvi_hub_run_callback(theirs, note, "x"), UV_ESHUTDOWN);
    gruvi_hub_unref(theirs);
}

/* --- callbacks ------------------------------------------------------------ */

HUB_TEST(test_callbacks_keep_their_order_and_run_in_the_next_iteration)
{
    ck_assert_int_eq(gruvi_hub_run_callback(hub, note, "a"), 0);
    ck_assert_int_eq(gruvi_hub_run_callback(hub, note, "b"), 0);
    ck_assert_int_eq(gruvi_hub_run_callback(hub, note, "c"), 0);
    ck_assert_str_eq(recorded(), "");
    gruvi_sleep(0);
    ck_assert_str_eq(recorded(), "a b c");
    ck_assert_int_eq(gruvi_hub_run_callback(hub, NULL, NULL), UV_EINVAL);
}

static void
call_again(void *arg)
{
    int *left = arg;

    record("%d", *left);
    if (--*left > 0)
        gruvi_hub_run_callback(gruvi_get_hub(), call_again, arg);
}

HUB_TEST(test_a_callback_queued_by_a_callback_runs_in_the_turn_after)
{
    int left = 3;

    gruvi_hub_run_callback(hub, call_again, &left);
    gruvi_sleep(0);
    ck_assert_str_eq(recorded(), "3");
    gruvi_sleep(0);
    ck_assert_str_eq(recorded(), "3 2");
    gruvi_sleep(0);
    ck_assert_str_eq(recorded(), "3 2 1");
}

static void
switch_in_a_callback(void *arg)
{
    *(int *)arg = gruvi_sleep(0);
}

HUB_TEST(test_a_switch_in_a_callback_is_an_assertion_failure)
{
    int err = 0;

    catch_assertions();
    gruvi_hub_run_callback(hub, switch_in_a_callback, &err);
    gruvi_sleep(0);
    ck_assert_int_eq(err, UV_EPERM);
    ck_assert_int_eq(assertions(), 1);
}

enum { PRODUCERS = 4, POSTS = 5000 };

struct producer {
    gruvi_hub_t *hub;
    int next;     /* what the hub expects of this one */
    int *arrived; /* of all */
};

struct post {
    struct producer *producer;
    int number;
};

static void
receive(void *arg)
{
    struct post *post = arg;

    ck_assert_int_eq(post->number, post->producer->next);
    post->producer->next++;
    ++*post->producer->arrived;
    free(post);
}

static void
produce(void *arg)
{
    struct producer *producer = arg;
    struct post *post;
    int n;

    for (n = 0; n < POSTS; n++) {
        post = malloc(sizeof *post);
        *post = (struct post){producer, n};
        ck_assert_int_eq(gruvi_hub_run_callback(producer->hub, receive, post),
                         0);
    }
}

HUB_TEST(test_posts_of_many_threads_all_arrive_in_order)
{
    struct producer producers[PRODUCERS];
    pthread_t threads[PRODUCERS];
    int arrived = 0, n;

    for (n = 0; n < PRODUCERS; n++) {
        producers[n] = (struct producer){hub, 0, &arrived};
        threads[n] = begin_thread(produce, &producers[n]);
    }
    wait_until(arrived == PRODUCERS * POSTS);
    for (n = 0; n < PRODUCERS; n++)
        end_thread(threads[n]);
}

static void
start_the_fiber(void *arg)
{
    ck_assert_int_eq(gruvi_fiber_start(arg), 0);
}

static void
post_a_start(void *arg)
{
    struct producer *producer = arg;

    ck_assert_int_eq(gruvi_hub_run_callback(producer->hub, start_the_fiber,
                                            producer->arrived),
                     0);
}

static int
answer(void *arg)
{
    (void)arg;
    return 42;
}

HUB_TEST(test_a_post_wakes_a_hub_that_blocks)
{
    gruvi_fiber_t *fiber = gruvi_fiber_new(answer, NULL, NULL);
    struct producer producer = {hub, 0, (int *)fiber};
    pthread_t thread = begin_thread(post_a_start, &producer);

    ck_assert_int_eq(finish(fiber), 42);
    end_thread(thread);
}

/* --- wake-ups inside the loop --------------------------------------------- */

static void
on_timer(uv_timer_t *timer)
{
    gruvi_fiber_start(timer->data);
}

/* libuv runs timers before it polls: what they wake must not wait for the
 * next event. */
HUB_TEST(test_what_a_timer_wakes_does_not_wait_for_the_next_event)
{
    gruvi_fiber_t *fiber = gruvi_fiber_new(answer, NULL, NULL);
    uv_timer_t timer;
    int round;

    uv_timer_init(gruvi_hub_loop(hub), &timer);
    for (round = 0; round < 5; round++) {
        fiber = round == 0 ? fiber : gruvi_fiber_new(answer, NULL, NULL);
        timer.data = fiber;
        uv_timer_start(&timer, on_timer, (uint64_t)round, 0);
        ck_assert_int_eq(finish(fiber), 42);
    }
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&timer), 0);
}

/* --- closing ---------------------------------------------------------------
 */

HUB_TEST(test_close_is_final_and_twice_is_fine)
{
    gruvi_switch_back_t sb;

    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_ptr_eq(gruvi_get_hub(), hub);
    ck_assert_ptr_null(gruvi_hub_loop(hub));
    ck_assert_int_eq(gruvi_sleep(0), UV_ESHUTDOWN);
    ck_assert_int_eq(gruvi_hub_switch(hub, NULL), UV_ESHUTDOWN);
    ck_assert_int_eq(gruvi_hub_run_callback(hub, note, "x"), UV_ESHUTDOWN);
    ck_assert_ptr_null(gruvi_spawn(sleep_for_ever, NULL));
    ck_assert_int_eq(gruvi_last_error(), UV_ESHUTDOWN);
    ck_assert_int_eq(gruvi_wait_fd(0, UV_READABLE, 1), UV_ESHUTDOWN);
    gruvi_switch_back_init(&sb, 1);
    ck_assert(!gruvi_switch_back_active(&sb));
    gruvi_switch_back_exit(&sb);
}

static int
close_from_here(void *hub)
{
    return gruvi_hub_close(hub);
}

HUB_TEST(test_close_outside_the_root_fiber_is_refused)
{
    ck_assert_int_eq(finish(spawn(close_from_here, hub)), UV_EPERM);
    ck_assert_int_eq(gruvi_sleep(0), 0);
}

static int
clean_up_when_cancelled(void *arg)
{
    (void)arg;
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ECANCELED);
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ESHUTDOWN);
    ck_assert_int_eq(gruvi_sleep(0), UV_ESHUTDOWN);
    ck_assert_ptr_null(gruvi_spawn(sleep_for_ever, NULL));
    ck_assert_int_eq(gruvi_last_error(), UV_ESHUTDOWN);
    GRUVI_SHIELD
        ck_assert_int_eq(gruvi_sleep(0.001), 0);
    record("ended");
    return 0;
}

HUB_TEST(test_close_cancels_all_fibers_and_waits_for_them)
{
    gruvi_fiber_t *fiber = spawn(clean_up_when_cancelled, NULL);
    gruvi_fiber_t *fresh = gruvi_fiber_new(sleep_for_ever, NULL, NULL);
    gruvi_fiber_t *started;

    gruvi_sleep(0);
    started = spawn(sleep_for_ever, NULL);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "ended");
    /* Handles that are kept stay good. */
    ck_assert(!gruvi_fiber_alive(fiber));
    ck_assert_int_eq(gruvi_fiber_status(fiber), 0);
    ck_assert_int_eq(gruvi_fiber_status(fresh), UV_ECANCELED);
    ck_assert_int_eq(gruvi_fiber_status(started), UV_ECANCELED);
    ck_assert_str_eq(gruvi_fiber_name(fiber), "Fiber-1");
    gruvi_fiber_unref(fiber);
    gruvi_fiber_unref(fresh);
    gruvi_fiber_unref(started);
}

HUB_TEST(test_callbacks_that_are_queued_run_during_close)
{
    gruvi_hub_run_callback(hub, note, "callback");
    ck_assert_int_eq(gruvi_hub_set_data(hub, "key", "destroyed", note), 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_ptr_nonnull(strstr(recorded(), "callback"));
    ck_assert_ptr_nonnull(strstr(recorded(), "destroyed"));
}

HUB_TEST(test_handles_left_on_the_loop_are_closed_and_logged)
{
    uv_timer_t timer;
    uv_idle_t idle;

    uv_timer_init(gruvi_hub_loop(hub), &timer);
    uv_timer_start(&timer, on_timer, 100000, 0);
    uv_idle_init(gruvi_hub_loop(hub), &idle);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(logged("timer handle"), 1);
    ck_assert_int_eq(logged("idle handle"), 1);
}

static void
count_one(void *arg)
{
    ++*(int *)arg;
}

struct racer {
    gruvi_hub_t *hub;
    int accepted, *ran;
};

static void
post_until_refused(void *arg)
{
    struct racer *racer = arg;

    while (gruvi_hub_run_callback(racer->hub, count_one, racer->ran) == 0)
        racer->accepted++;
}

/* Every callback accepted runs exactly once, however close races. */
HUB_TEST(test_posts_racing_with_close_run_or_are_refused)
{
    struct racer racers[3];
    pthread_t threads[3];
    int ran = 0, accepted = 0, n;

    for (n = 0; n < 3; n++) {
        racers[n] = (struct racer){gruvi_hub_ref(hub), 0, &ran};
        threads[n] = begin_thread(post_until_refused, &racers[n]);
    }
    wait_until(ran > 100);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    for (n = 0; n < 3; n++) {
        end_thread(threads[n]);
        accepted += racers[n].accepted;
        gruvi_hub_unref(hub);
    }
    ck_assert_int_eq(ran, accepted);
}

static void
leave_an_idle_hub(void *arg)
{
    *(gruvi_hub_t **)arg = gruvi_hub_ref(gruvi_get_hub());
    gruvi_sleep(0);
}

THREAD_TEST(test_a_thread_that_ends_closes_its_idle_hub)
{
    gruvi_hub_t *theirs;

    in_thread(leave_an_idle_hub, &theirs);
    ck_assert_int_eq(gruvi_hub_run_callback(theirs, note, "x"), UV_ESHUTDOWN);
    gruvi_hub_unref(theirs);
    ck_assert_int_eq(logged(NULL), 0);
}

static void
count_fiber(gruvi_fiber_t *fiber, void *arg)
{
    ck_assert(gruvi_fiber_alive(fiber));
    ++*(int *)arg;
}

HUB_TEST(test_each_fiber_visits_all_that_live)
{
    gruvi_fiber_t *a = spawn(sleep_for_ever, NULL);
    int count = 0;

    gruvi_hub_each_fiber(hub, count_fiber, &count);
    ck_assert_int_eq(count, 3);
    gruvi_fiber_cancel(a, NULL);
    finish(a);
    count = 0;
    gruvi_hub_each_fiber(hub, count_fiber, &count);
    ck_assert_int_eq(count, 2);
}

int
main(void)
{
    Suite *suite = suite_create("hub");
    TCase *tc = tcase_create("hub");

    tcase_add_test(tc, test_there_is_one_hub_a_thread);
    tcase_add_test(tc, test_each_thread_has_its_own);
    tcase_add_test(
        tc, test_callbacks_keep_their_order_and_run_in_the_next_iteration);
    tcase_add_test(tc,
                   test_a_callback_queued_by_a_callback_runs_in_the_turn_after);
    tcase_add_test(tc, test_a_switch_in_a_callback_is_an_assertion_failure);
    tcase_add_test(tc, test_posts_of_many_threads_all_arrive_in_order);
    tcase_add_test(tc, test_a_post_wakes_a_hub_that_blocks);
    tcase_add_test(tc,
                   test_what_a_timer_wakes_does_not_wait_for_the_next_event);
    tcase_add_test(tc, test_close_is_final_and_twice_is_fine);
    tcase_add_test(tc, test_close_outside_the_root_fiber_is_refused);
    tcase_add_test(tc, test_close_cancels_all_fibers_and_waits_for_them);
    tcase_add_test(tc, test_callbacks_that_are_queued_run_during_close);
    tcase_add_test(tc, test_handles_left_on_the_loop_are_closed_and_logged);
    tcase_add_test(tc, test_posts_racing_with_close_run_or_are_refused);
    tcase_add_test(tc, test_a_thread_that_ends_closes_its_idle_hub);
    tcase_add_test(tc, test_each_fiber_visits_all_that_live);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
