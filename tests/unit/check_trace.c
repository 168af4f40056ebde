/* SPDX-License-Identifier: MIT */
/*
 * Traces of a hub's switches: what is noted, and that nothing is while nobody
 * asks.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <gruvi/inspect.h>

#include "core/fiber.h"
#include "core/hub.h"
#include "unit/harness.h"

#define RING 64

static gruvi__switch_t ring[RING];

/* "begin a, out a timer, in a, end a" of what was noted of this fiber. */
static const char *
story(const char *name, uint64_t noted)
{
    static const char *const kinds[] = {"begin", "in", "out", "end"};
    static char text[4096];
    size_t length = 0;

    text[0] = '\0';
    for (uint64_t i = noted > RING ? noted - RING : 0; i < noted; i++) {
        const gruvi__switch_t *note = &ring[i % RING];

        if (note->kind <= GRUVI__SWITCH_END &&
            (name == NULL || strcmp(note->name, name) == 0))
            length += (size_t)snprintf(
                text + length, sizeof text - length, "%s%s%s%s%s%s",
                length == 0 ? "" : ", ", kinds[note->kind],
                name == NULL ? " " : "", name == NULL ? note->name : "",
                note->waits[0] == '\0' ? "" : " ", note->waits);
    }
    return text;
}

static gruvi_fiber_t *
spawn_named(const char *name, gruvi_fiber_fn target, void *arg)
{
    gruvi_fiber_options_t options = {.name = name};
    gruvi_fiber_t *fiber = gruvi_spawn_ex(target, arg, &options);

    ck_assert_ptr_nonnull(fiber);
    return fiber;
}

static void
start_trace(gruvi_hub_t *hub)
{
    memset(ring, 0, sizeof ring);
    ck_assert_int_eq(gruvi__trace_start(hub, ring, RING, NULL), 0);
}

static int
yield_and_sleep(void *arg)
{
    (void)arg;
    if (gruvi_sleep(0) < 0)
        return 1;
    return gruvi_sleep(0.001);
}

HUB_TEST(test_each_switch_of_a_fiber_is_noted)
{
    gruvi_fiber_t *fiber;
    uint64_t noted;

    start_trace(hub);
    fiber = spawn_named("a", yield_and_sleep, NULL);
    ck_assert_int_eq(finish(fiber), 0);
    noted = gruvi__trace_stop(hub);
    ck_assert_str_eq(story("a", noted), "begin, out, in, out timer, in, end");
    ck_assert_str_eq(story("Root", noted), "out join, in");
    for (uint64_t k = 1; k < noted; k++)
        ck_assert_uint_ge(ring[k].at, ring[k - 1].at);
}

HUB_TEST(test_fibers_take_turns_in_the_trace)
{
    gruvi_fiber_t *a, *b;
    uint64_t noted;

    start_trace(hub);
    a = spawn_named("a", end_at_once, NULL);
    b = spawn_named("b", end_at_once, NULL);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    noted = gruvi__trace_stop(hub);
    ck_assert_str_eq(story(NULL, noted), "out Root, begin a, end a, begin b, "
                                         "end b, in Root");
    ck_assert_int_eq(finish(a), 0);
    ck_assert_int_eq(finish(b), 0);
}

HUB_TEST(test_nothing_is_noted_before_or_after)
{
    gruvi_fiber_t *fiber = spawn_named("a", sleep_for_ever, NULL);
    uint64_t noted;

    ck_assert_uint_eq(gruvi__trace_stop(hub), 0);
    turns(3);
    start_trace(hub);
    noted = gruvi__trace_stop(hub);
    ck_assert_uint_eq(noted, 0);
    turns(3);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_uint_eq(ring[0].at, 0);
}

/* It began before: only what it does meanwhile is known. */
HUB_TEST(test_a_fiber_that_was_there_already)
{
    gruvi_fiber_t *fiber = spawn_named("a", yield_and_sleep, NULL);
    uint64_t noted;

    ck_assert_int_eq(gruvi_sleep(0), 0);
    start_trace(hub);
    ck_assert_int_eq(finish(fiber), 0);
    noted = gruvi__trace_stop(hub);
    ck_assert_str_eq(story("a", noted), "out timer, in");
}

HUB_TEST(test_a_fiber_that_begins_after_the_end)
{
    gruvi_fiber_t *fiber;

    start_trace(hub);
    fiber = spawn_named("a", return_arg, (void *)7);
    ck_assert_uint_eq(gruvi__trace_stop(hub), 0);
    ck_assert_int_eq(finish(fiber), 7);
    ck_assert_uint_eq(ring[0].at, 0);
}

HUB_TEST(test_the_oldest_is_overwritten)
{
    uint64_t noted;

    start_trace(hub);
    for (int k = 0; k < 50; k++)
        ck_assert_int_eq(gruvi_sleep(0), 0);
    noted = gruvi__trace_stop(hub);
    ck_assert_uint_ge(noted, 100); /* the hub's own, too */
    ck_assert_uint_ge(ring[(noted - 1) % RING].at, ring[noted % RING].at);
}

HUB_TEST(test_one_trace_of_a_hub_at_a_time)
{
    gruvi__switch_t other[2];

    start_trace(hub);
    ck_assert_int_eq(gruvi__trace_start(hub, other, 2, NULL), UV_EBUSY);
    gruvi__trace_stop(hub);
    ck_assert_int_eq(gruvi__trace_start(hub, other, 3, NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi__trace_start(hub, NULL, 2, NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi__trace_start(hub, other, 2, NULL), 0);
    gruvi__trace_stop(hub);
}

/* An error that waits for a fiber before it begins, is still there. */
HUB_TEST(test_a_traced_fiber_may_be_cancelled_before_it_begins)
{
    gruvi_fiber_t *fiber;
    uint64_t noted;

    start_trace(hub);
    fiber = spawn_named("a", end_at_once, NULL);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    noted = gruvi__trace_stop(hub);
    ck_assert_str_eq(story("a", noted), "");
}

static const char *
label(const gruvi_fiber_t *fiber)
{
    return strcmp(gruvi_fiber_name(fiber), "a") == 0 ? "its label" : "";
}

HUB_TEST(test_a_label_goes_with_each_switch)
{
    gruvi_fiber_t *fiber;

    memset(ring, 0, sizeof ring);
    ck_assert_int_eq(gruvi__trace_start(hub, ring, RING, label), 0);
    fiber = spawn_named("a", end_at_once, NULL);
    ck_assert_int_eq(finish(fiber), 0);
    gruvi__trace_stop(hub);
    ck_assert_str_eq(ring[1].name, "a");
    ck_assert_str_eq(ring[1].label, "its label");
    ck_assert_str_eq(ring[0].label, "");
}

/* --- the hub itself --------------------------------------------------------
 */

/* The next note of a kind, from *k on, which is then behind it; or NULL. */
static const gruvi__switch_t *
next_of(enum gruvi__switch_kind kind, uint64_t noted, uint64_t *k)
{
    ck_assert_uint_le(noted, RING);
    while (*k < noted)
        if (ring[(*k)++].kind == kind)
            return &ring[*k - 1];
    return NULL;
}

static unsigned
count_of(enum gruvi__switch_kind kind, uint64_t noted)
{
    uint64_t k = 0;
    unsigned n = 0;

    while (next_of(kind, noted, &k) != NULL)
        n++;
    return n;
}

/* Polls and turns take turns; where it sleeps, it may wait. */
HUB_TEST(test_the_hub_polls_and_turns)
{
    const gruvi__switch_t *poll, *turn, *before = NULL;
    uint64_t noted, k;
    double seconds = 0.002;

    /* A machine that is busy may have slept for so long already. */
    do {
        k = 0;
        start_trace(hub);
        ck_assert_int_eq(gruvi_sleep(seconds), 0);
        noted = gruvi__trace_stop(hub);
        seconds *= 2;
        poll = next_of(GRUVI__HUB_POLL, noted, &k);
    } while ((poll == NULL || poll->number == 0) && seconds < 60);
    k = 0;
    while ((poll = next_of(GRUVI__HUB_POLL, noted, &k)) != NULL) {
        turn = next_of(GRUVI__HUB_TURN, noted, &k);
        ck_assert_ptr_nonnull(turn);
        ck_assert_uint_ge(turn->at, poll->at);
        ck_assert_uint_ge(turn->cpu, poll->cpu);
        ck_assert_uint_gt(poll->cpu, 0);
        if (before != NULL)
            ck_assert_uint_eq(turn->number, before->number + 1);
        before = turn;
    }
    ck_assert_ptr_nonnull(before);
    k = 0;
    ck_assert_uint_eq(next_of(GRUVI__HUB_POLL, noted, &k)->number, 1);
    ck_assert_uint_eq(count_of(GRUVI__HUB_TURN, noted),
                      count_of(GRUVI__HUB_POLL, noted));
}

static void
do_nothing(void *arg)
{
    (void)arg;
}

/* A callback is for the hub, which polls when the turn is over. */
HUB_TEST(test_a_poll_does_not_wait_where_fibers_are_ready)
{
    uint64_t noted, k = 0;

    start_trace(hub);
    for (int n = 0; n < 2; n++) {
        ck_assert_int_eq(gruvi_hub_run_callback(hub, do_nothing, NULL), 0);
        turns(1);
    }
    noted = gruvi__trace_stop(hub);
    ck_assert_uint_ge(count_of(GRUVI__HUB_POLL, noted), 1);
    ck_assert_uint_eq(next_of(GRUVI__HUB_POLL, noted, &k)->number, 0);
}

HUB_TEST(test_timers_that_are_due_are_counted)
{
    gruvi_fiber_t *fiber;
    uint64_t noted, k = 0, n = 0;
    const gruvi__switch_t *note;

    start_trace(hub);
    fiber = spawn_named("a", yield_and_sleep, NULL);
    ck_assert_int_eq(finish(fiber), 0);
    noted = gruvi__trace_stop(hub);
    while ((note = next_of(GRUVI__HUB_TIMERS, noted, &k)) != NULL)
        n += note->number;
    ck_assert_uint_eq(n, 1);
}

HUB_TEST(test_callbacks_are_counted)
{
    uint64_t noted, k = 0;

    start_trace(hub);
    for (int n = 0; n < 3; n++)
        ck_assert_int_eq(gruvi_hub_run_callback(hub, do_nothing, NULL), 0);
    turns(1);
    noted = gruvi__trace_stop(hub);
    ck_assert_uint_eq(next_of(GRUVI__HUB_CALLBACKS, noted, &k)->number, 3);
    ck_assert_uint_eq(count_of(GRUVI__HUB_POSTS, noted), 0);
}

static void *
post_twice(void *hub)
{
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(gruvi_hub_run_callback(hub, do_nothing, NULL), 0);
    return NULL;
}

HUB_TEST(test_messages_of_other_threads_are_posts)
{
    uint64_t noted, k = 0;
    pthread_t thread;

    start_trace(hub);
    ck_assert_int_eq(pthread_create(&thread, NULL, post_twice, hub), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    turns(1);
    noted = gruvi__trace_stop(hub);
    ck_assert_uint_eq(next_of(GRUVI__HUB_POSTS, noted, &k)->number, 2);
    ck_assert_uint_eq(count_of(GRUVI__HUB_CALLBACKS, noted), 0);
}

int
main(void)
{
    Suite *suite = suite_create("trace");
    TCase *tc = tcase_create("trace");

    tcase_add_test(tc, test_each_switch_of_a_fiber_is_noted);
    tcase_add_test(tc, test_fibers_take_turns_in_the_trace);
    tcase_add_test(tc, test_nothing_is_noted_before_or_after);
    tcase_add_test(tc, test_a_fiber_that_was_there_already);
    tcase_add_test(tc, test_a_fiber_that_begins_after_the_end);
    tcase_add_test(tc, test_the_oldest_is_overwritten);
    tcase_add_test(tc, test_one_trace_of_a_hub_at_a_time);
    tcase_add_test(tc, test_a_traced_fiber_may_be_cancelled_before_it_begins);
    tcase_add_test(tc, test_a_label_goes_with_each_switch);
    tcase_add_test(tc, test_the_hub_polls_and_turns);
    tcase_add_test(tc, test_a_poll_does_not_wait_where_fibers_are_ready);
    tcase_add_test(tc, test_timers_that_are_due_are_counted);
    tcase_add_test(tc, test_callbacks_are_counted);
    tcase_add_test(tc, test_messages_of_other_threads_are_posts);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
