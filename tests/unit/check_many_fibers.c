/* SPDX-License-Identifier: MIT */
/* Ten thousand fibers that wait, and are ended all at once. */
#include <stdlib.h>
#include <string.h>

#include "unit/harness.h"

#include "support/valgrind.h"

#define MOST 10000

/* Where a fiber costs much more than it does otherwise, fewer tell as much;
 * and ThreadSanitizer has room for 8,128. */
#if defined(__SANITIZE_THREAD__)
#define MANY 200
#elif defined(__SANITIZE_ADDRESS__)
#define MANY 5000
#else
#define MANY (RUNNING_ON_VALGRIND ? 1000 : MOST)
#endif

static gruvi_fiber_t *fibers[MOST];
static gruvi_event_t event;
static int waiting, woken;

static int
count(int err)
{
    woken++;
    return err;
}

static int
sleep_long(void *arg)
{
    (void)arg;
    waiting++;
    return count(gruvi_sleep(GRUVI_FOREVER));
}

/* Seconds that differ, all of which pass soon. */
static int
sleep_a_little(void *arg)
{
    waiting++;
    return count(gruvi_sleep((double)((intptr_t)arg * 7919 % MANY) * 1e-6));
}

static int
sleep_in_deadline(void *arg)
{
    int err = 0;

    (void)arg;
    waiting++;
    GRUVI_WITH_SWITCH_BACK (sb, 0.01) {
        err = count(gruvi_sleep(GRUVI_FOREVER));
        ck_assert(gruvi_switch_back_timed_out(&sb));
    }
    return err == UV_ETIMEDOUT ? 0 : -1;
}

static int
wait_for_event(void *arg)
{
    (void)arg;
    waiting++;
    return count(gruvi_event_wait(&event, 1000));
}

static int
join_first(void *arg)
{
    (void)arg;
    waiting++;
    return count(gruvi_fiber_join(fibers[0], 1000));
}

static int
switch_to_hub(void *arg)
{
    int err = 0;

    (void)arg;
    waiting++;
    GRUVI_WITH_SWITCH_BACK (sb, 1000) {
        err = count(gruvi_hub_switch(gruvi_get_hub(), NULL));
    }
    return err;
}

/* --- all of them ------------------------------------------------------------
 */

static void
spawn_from(int first, gruvi_fiber_fn fn)
{
    intptr_t n;

    waiting = woken = 0;
    for (n = first; n < MANY; n++)
        fibers[n] = spawn(fn, (void *)n);
    while (waiting < MANY - first)
        turns(1);
}

static void
cancel_from(int first)
{
    int n;

    for (n = first; n < MANY; n++)
        if (gruvi_fiber_cancel(fibers[n], "all") != 0)
            ck_abort();
}

/* Each ends with what was expected.  Assertions are noted: too many of them
 * take long. */
static void
finish_from(int first, int expected)
{
    int n;

    for (n = first; n < MANY; n++)
        if (gruvi_fiber_join(fibers[n], GRUVI_FOREVER) != 0 ||
            gruvi_fiber_status(fibers[n]) != expected)
            ck_abort_msg("fiber %d: %s", n,
                         gruvi_err_name(gruvi_fiber_status(fibers[n])));
    for (n = first; n < MANY; n++)
        gruvi_fiber_unref(fibers[n]);
    ck_assert_int_eq(woken, MANY - first);
}

static const gruvi_fiber_fn waits[] = {sleep_long, wait_for_event,
                                       switch_to_hub, join_first};

HUB_TEST(test_many_are_cancelled_at_once)
{
    gruvi_event_init(&event);
    fibers[0] = spawn(sleep_long, NULL);
    turns(1);
    spawn_from(1, waits[i]);
    ck_assert_uint_eq(fibers_of(hub), MANY);
    cancel_from(1);
    ck_assert_int_eq(woken, 0);
    finish_from(1, UV_ECANCELED);
    ck_assert_uint_eq(fibers_of(hub), 1);
    gruvi_fiber_cancel(fibers[0], NULL);
    finish(fibers[0]);
    gruvi_event_destroy(&event);
}

HUB_TEST(test_many_are_cancelled_before_they_run)
{
    int n;

    woken = 0;
    for (n = 0; n < MANY; n++)
        fibers[n] = spawn(sleep_long, NULL);
    cancel_from(0);
    for (n = 0; n < MANY; n++)
        ck_assert_int_eq(finish(fibers[n]), UV_ECANCELED);
    ck_assert_int_eq(woken, 0);
}

HUB_TEST(test_many_are_ended_by_the_hub)
{
    int n;

    spawn_from(0, sleep_long);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(woken, MANY);
    for (n = 0; n < MANY; n++) {
        if (gruvi_fiber_status(fibers[n]) != UV_ECANCELED)
            ck_abort_msg("fiber %d", n);
        gruvi_fiber_unref(fibers[n]);
    }
}

HUB_TEST(test_many_sleep_each_for_its_time)
{
    spawn_from(0, sleep_a_little);
    finish_from(0, 0);
}

HUB_TEST(test_many_reach_their_deadlines)
{
    spawn_from(0, sleep_in_deadline);
    finish_from(0, 0);
}

/* Those that are not cancelled do not notice. */
HUB_TEST(test_every_second_is_cancelled)
{
    int n;

    gruvi_event_init(&event);
    spawn_from(0, wait_for_event);
    for (n = 0; n < MANY; n += 2)
        gruvi_fiber_cancel(fibers[n], NULL);
    while (woken < MANY / 2)
        turns(1);
    turns(2);
    ck_assert_int_eq(woken, MANY / 2);
    gruvi_event_set(&event);
    for (n = 0; n < MANY; n++)
        if (finish(fibers[n]) != (n % 2 == 0 ? UV_ECANCELED : 0))
            ck_abort_msg("fiber %d", n);
    gruvi_event_destroy(&event);
}

HUB_TEST(test_many_are_granted_and_cancelled_at_once)
{
    gruvi_event_init(&event);
    spawn_from(0, wait_for_event);
    gruvi_event_set(&event);
    cancel_from(0);
    finish_from(0, 0);
    gruvi_event_destroy(&event);
}

HUB_TEST(test_many_join_one)
{
    fibers[0] = spawn(sleep_long, NULL);
    turns(1);
    spawn_from(1, join_first);
    gruvi_fiber_cancel(fibers[0], NULL);
    while (woken < 1)
        turns(1);
    woken--; /* the one itself */
    finish_from(1, 0);
    gruvi_fiber_unref(fibers[0]);
}

HUB_TEST(test_a_group_of_many_is_cancelled_and_joined)
{
    gruvi_group_t group;
    int n;

    waiting = woken = 0;
    ck_assert_int_eq(gruvi_group_init(&group, "many"), 0);
    for (n = 0; n < MANY; n++)
        gruvi_fiber_unref(gruvi_group_spawn(&group, sleep_long, NULL));
    while (waiting < MANY)
        turns(1);
    ck_assert_uint_eq(gruvi_group_size(&group), MANY);
    ck_assert_int_eq(gruvi_group_cancel(&group, "all"), 0);
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    ck_assert_int_eq(woken, MANY);
    gruvi_group_destroy(&group);
}

/* --- one after the other ----------------------------------------------------
 */

static int called;

static void
call_in_order(void *arg)
{
    if ((intptr_t)arg != called++)
        ck_abort_msg("callback %d is number %d", (int)(intptr_t)arg, called);
}

HUB_TEST(test_many_callbacks_keep_their_order)
{
    intptr_t n;

    called = 0;
    for (n = 0; n < MANY; n++)
        if (gruvi_hub_run_callback(hub, call_in_order, (void *)n) != 0)
            ck_abort();
    turns(1);
    ck_assert_int_eq(called, MANY);
}

static int
pass_on(void *arg)
{
    intptr_t n = (intptr_t)arg;
    gruvi_fiber_t *next;
    int status;

    if (n == 0)
        return 42;
    next = gruvi_spawn(pass_on, (void *)(n - 1));
    if (next == NULL)
        return gruvi_last_error();
    if (gruvi_fiber_join(next, GRUVI_FOREVER) != 0)
        return -1;
    status = gruvi_fiber_status(next);
    gruvi_fiber_unref(next);
    return status;
}

/* Each waits for the one that it has spawned. */
HUB_TEST(test_a_chain_of_many_ends_from_its_end)
{
    ck_assert_int_eq(finish(spawn(pass_on, (void *)(intptr_t)(MANY - 1))), 42);
}

int
main(void)
{
    Suite *suite = suite_create("many_fibers");
    TCase *tc = tcase_create("many");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_many_are_cancelled_at_once, 0,
                        sizeof waits / sizeof *waits);
    tcase_add_test(tc, test_many_are_cancelled_before_they_run);
    tcase_add_test(tc, test_many_are_ended_by_the_hub);
    tcase_add_test(tc, test_many_sleep_each_for_its_time);
    tcase_add_test(tc, test_many_reach_their_deadlines);
    tcase_add_test(tc, test_every_second_is_cancelled);
    tcase_add_test(tc, test_many_are_granted_and_cancelled_at_once);
    tcase_add_test(tc, test_many_join_one);
    tcase_add_test(tc, test_a_group_of_many_is_cancelled_and_joined);
    tcase_add_test(tc, test_many_callbacks_keep_their_order);
    tcase_add_test(tc, test_a_chain_of_many_ends_from_its_end);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
