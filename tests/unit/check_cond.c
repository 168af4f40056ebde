/* SPDX-License-Identifier: MIT */
/*
 * Conditions: who is woken, and that the lock is held again afterwards.
 * (wait_for, and other threads: check_cond_wait_for.c.)
 */
#include <math.h>
#include <string.h>

#include "unit/conds.h"

#define SHORT 0.002
/* For what has to happen before it is over. */
#define LONGER 0.1

/* A condition, the thing it is about, and one that waits for it. */
struct actor {
    gruvi_cond_t *cond;
    const char *name;
    double timeout;
    gruvi_fiber_t *fiber;
    int result, next;
};

static int
wait_once(void *arg)
{
    struct actor *actor = arg;

    acquire(actor->cond);
    actor->result = gruvi_cond_wait(actor->cond, actor->timeout);
    record("%s", actor->name);
    ck_assert(is_held(actor->cond));
    release(actor->cond);
    actor->next = gruvi_sleep(0);
    return 0;
}

/* For calls that are refused before they look. */
static bool
look(void *arg)
{
    (void)arg;
    ck_abort_msg("it looked");
}

static void
begin(struct actor *actor, gruvi_cond_t *cond, const char *name, double timeout)
{
    *actor = (struct actor){.cond = cond, .name = name, .timeout = timeout};
    actor->fiber = spawn(wait_once, actor);
    turns(1);
    if (timeout < 0) /* else it may be over by now */
        ck_assert_str_eq(gruvi_fiber_waiting_for(actor->fiber), "condition");
}

/* --- the lock --------------------------------------------------------------
 */

HUB_TEST(test_it_has_a_reentrant_lock_of_its_own_or_takes_one)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    gruvi_cond_t own, other;

    ck_assert_int_eq(gruvi_cond_init(&own, NULL), 0);
    ck_assert_int_eq(gruvi_cond_init(&other, &lock), 0);
    ck_assert_ptr_eq(gruvi_cond_lock(&other), &lock);
    acquire(&own);
    acquire(&own);
    release(&own);
    release(&own);
    gruvi_cond_destroy(&own);
    gruvi_cond_destroy(&other);
}

static int
use_without_the_lock(void *arg)
{
    gruvi_cond_t *cond = arg;

    ck_assert_int_eq(gruvi_cond_wait(cond, GRUVI_FOREVER), UV_EPERM);
    ck_assert_int_eq(gruvi_cond_wait_for(cond, look, NULL, GRUVI_FOREVER),
                     UV_EPERM);
    ck_assert_int_eq(gruvi_cond_notify(cond, 1), UV_EPERM);
    ck_assert_int_eq(gruvi_cond_notify_all(cond), UV_EPERM);
    return 0;
}

HUB_TEST(test_the_lock_has_to_be_held_by_the_caller)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    gruvi_cond_t cond;

    gruvi_cond_init(&cond, i == 0 ? NULL : &lock);
    use_without_the_lock(&cond);
    acquire(&cond);
    ck_assert_int_eq(finish(spawn(use_without_the_lock, &cond)), 0);
    ck_assert_int_eq(gruvi_cond_wait(&cond, NAN), UV_EINVAL);
    ck_assert_int_eq(gruvi_cond_wait_for(&cond, look, NULL, NAN), UV_EINVAL);
    ck_assert_int_eq(gruvi_cond_notify(&cond, 1), 0);
    ck_assert_int_eq(gruvi_cond_notify_all(&cond), 0);
    release(&cond);
    gruvi_cond_destroy(&cond);
}

static int
wait_inside_twice(void *arg)
{
    struct actor *actor = arg;

    acquire(actor->cond);
    acquire(actor->cond);
    actor->result = gruvi_cond_wait(actor->cond, GRUVI_FOREVER);
    release(actor->cond);
    ck_assert(is_held(actor->cond));
    release(actor->cond);
    ck_assert_int_eq(gruvi_lock_release(lock_of(actor->cond)), UV_EPERM);
    return 0;
}

HUB_TEST(test_it_lets_go_of_the_lock_however_often_it_was_acquired)
{
    gruvi_cond_t cond;
    struct actor actor = {.cond = &cond};

    gruvi_cond_init(&cond, NULL);
    actor.fiber = spawn(wait_inside_twice, &actor);
    turns(1);
    ck_assert(!gruvi_lock_locked(lock_of(&cond)));
    notify(&cond, 1);
    finish(actor.fiber);
    ck_assert_int_eq(actor.result, 0);
    gruvi_cond_destroy(&cond);
}

HUB_TEST(test_a_timeout_of_zero_does_not_let_go)
{
    gruvi_cond_t cond;

    gruvi_cond_init(&cond, NULL);
    acquire(&cond);
    ck_assert_int_eq(gruvi_cond_wait(&cond, 0), UV_ETIMEDOUT);
    ck_assert(is_held(&cond));
    release(&cond);
    gruvi_cond_destroy(&cond);
}

/* --- waking ----------------------------------------------------------------
 */

HUB_TEST(test_those_that_waited_longest_are_woken)
{
    gruvi_cond_t cond;
    struct actor actors[4];
    const char *names[] = {"a", "b", "c", "d"};
    int n;

    gruvi_cond_init(&cond, NULL);
    for (n = 0; n < 4; n++)
        begin(&actors[n], &cond, names[n], GRUVI_FOREVER);
    notify(&cond, 0);
    turns(3);
    ck_assert_str_eq(recorded(), "");
    notify(&cond, 1);
    turns(3);
    ck_assert_str_eq(recorded(), "a");
    notify(&cond, 2);
    turns(5);
    ck_assert_str_eq(recorded(), "a b c");
    notify(&cond, 7);
    for (n = 0; n < 4; n++)
        finish(actors[n].fiber);
    ck_assert_str_eq(recorded(), "a b c d");
    gruvi_cond_destroy(&cond);
}

/* Nothing is kept for later, and nobody who comes later is woken. */
HUB_TEST(test_only_those_waiting_at_the_time_are_woken)
{
    gruvi_cond_t cond;
    struct actor first, second;

    gruvi_cond_init(&cond, NULL);
    notify(&cond, 5);
    begin(&first, &cond, "first", GRUVI_FOREVER);
    acquire(&cond);
    ck_assert_int_eq(gruvi_cond_notify_all(&cond), 0);
    second = (struct actor){
        .cond = &cond, .name = "second", .timeout = GRUVI_FOREVER};
    second.fiber = spawn(wait_once, &second);
    turns(2);
    ck_assert_str_eq(recorded(), "");
    release(&cond);
    finish(first.fiber);
    turns(3);
    ck_assert_str_eq(recorded(), "first");
    ck_assert_str_eq(gruvi_fiber_waiting_for(second.fiber), "condition");
    notify(&cond, 1);
    finish(second.fiber);
    gruvi_cond_destroy(&cond);
}

HUB_TEST(test_all_of_them_are_woken_and_have_the_lock_in_turn)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    gruvi_cond_t cond;
    struct actor actors[3];
    int n;

    gruvi_cond_init(&cond, &lock);
    begin(&actors[0], &cond, "a", GRUVI_FOREVER);
    begin(&actors[1], &cond, "b", GRUVI_FOREVER);
    begin(&actors[2], &cond, "c", GRUVI_FOREVER);
    acquire(&cond);
    ck_assert_int_eq(gruvi_cond_notify_all(&cond), 0);
    release(&cond);
    for (n = 0; n < 3; n++) {
        finish(actors[n].fiber);
        ck_assert_int_eq(actors[n].result, 0);
    }
    ck_assert_str_eq(recorded(), "a b c");
    gruvi_cond_destroy(&cond);
}

/* Of two that wait the first gives up: the second gets the notification. */
HUB_TEST(test_no_notification_is_spent_on_one_that_gave_up)
{
    gruvi_cond_t cond;
    struct actor cancelled, timed_out, waiter;

    gruvi_cond_init(&cond, NULL);
    begin(&cancelled, &cond, "cancelled", GRUVI_FOREVER);
    begin(&timed_out, &cond, "timed-out", LONGER);
    begin(&waiter, &cond, "waiter", GRUVI_FOREVER);
    acquire(&cond);
    gruvi_fiber_cancel(cancelled.fiber, NULL);
    ck_assert_int_eq(gruvi_sleep(2 * LONGER), 0);
    turns(2);
    /* Both have given up, and wait for the lock. */
    ck_assert_str_eq(recorded(), "");
    ck_assert_str_eq(gruvi_fiber_waiting_for(cancelled.fiber), "lock");
    ck_assert_str_eq(gruvi_fiber_waiting_for(timed_out.fiber), "lock");
    ck_assert_int_eq(gruvi_cond_notify(&cond, 1), 0);
    release(&cond);
    finish(waiter.fiber);
    finish(cancelled.fiber);
    finish(timed_out.fiber);
    ck_assert_int_eq(waiter.result, 0);
    ck_assert_int_eq(cancelled.result, UV_ECANCELED);
    ck_assert_int_eq(timed_out.result, UV_ETIMEDOUT);
    gruvi_cond_destroy(&cond);
}

HUB_TEST(test_notified_and_cancelled_at_once_it_was_notified)
{
    gruvi_cond_t cond;
    struct actor actor;

    gruvi_cond_init(&cond, NULL);
    begin(&actor, &cond, "waiter", GRUVI_FOREVER);
    acquire(&cond);
    if (i == 1)
        gruvi_fiber_cancel(actor.fiber, NULL);
    ck_assert_int_eq(gruvi_cond_notify(&cond, 1), 0);
    if (i == 0)
        gruvi_fiber_cancel(actor.fiber, NULL);
    release(&cond);
    finish(actor.fiber);
    ck_assert_int_eq(actor.result, 0);
    ck_assert_int_eq(actor.next, UV_ECANCELED);
    gruvi_cond_destroy(&cond);
}

/* Cancelled while it waits for the lock: it goes on waiting for it. */
HUB_TEST(test_the_lock_is_taken_back_whatever_is_pending)
{
    gruvi_cond_t cond;
    struct actor actor;

    gruvi_cond_init(&cond, NULL);
    begin(&actor, &cond, "waiter", LONGER);
    acquire(&cond);
    if (i == 0)
        ck_assert_int_eq(gruvi_cond_notify(&cond, 1), 0);
    else
        gruvi_fiber_cancel(actor.fiber, NULL);
    turns(2);
    ck_assert_str_eq(gruvi_fiber_waiting_for(actor.fiber), "lock");
    gruvi_fiber_cancel(actor.fiber, NULL);
    ck_assert_int_eq(gruvi_sleep(2 * LONGER), 0);
    turns(2);
    ck_assert_str_eq(gruvi_fiber_waiting_for(actor.fiber), "lock");
    ck_assert_str_eq(recorded(), "");
    release(&cond);
    finish(actor.fiber);
    ck_assert_int_eq(actor.result, i == 0 ? 0 : UV_ECANCELED);
    ck_assert_int_eq(actor.next, UV_ECANCELED);
    gruvi_cond_destroy(&cond);
}

/* --- misuse, and where it may be used -------------------------------------
 */

HUB_TEST(test_destroying_one_that_is_waited_for_is_an_assertion)
{
    gruvi_cond_t cond;
    struct actor actor;

    catch_assertions();
    gruvi_cond_init(&cond, NULL);
    begin(&actor, &cond, "waiter", GRUVI_FOREVER);
    gruvi_cond_destroy(&cond);
    ck_assert_int_eq(assertions(), 1);
    ck_assert_ptr_nonnull(strstr(last_assertion(), "gruvi_cond_destroy"));
    notify(&cond, 1);
    finish(actor.fiber);
    gruvi_cond_destroy(&cond);
    ck_assert_int_eq(assertions(), 1);
}

static void
use_in_a_callback(void *arg)
{
    gruvi_cond_t *cond = arg;

    ck_assert_int_eq(gruvi_lock_try_acquire(lock_of(cond)), 0);
    ck_assert_int_eq(gruvi_cond_notify(cond, 1), 0);
    ck_assert_int_eq(gruvi_cond_wait(cond, 0), UV_EPERM);
    ck_assert_int_eq(assertions(), 1);
    ck_assert_int_eq(gruvi_cond_wait_for(cond, look, NULL, 0), UV_EPERM);
    ck_assert_int_eq(assertions(), 2);
    release(cond);
    record("callback");
}

HUB_TEST(test_only_waiting_is_refused_in_callbacks_and_no_switch_sections)
{
    gruvi_cond_t cond;
    struct actor actor;

    catch_assertions();
    gruvi_cond_init(&cond, NULL);
    begin(&actor, &cond, "notified", GRUVI_FOREVER);
    gruvi_hub_run_callback(hub, use_in_a_callback, &cond);
    turns(2);
    ck_assert_str_eq(recorded(), "callback notified");
    finish(actor.fiber);
    acquire(&cond);
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        ck_assert_int_eq(gruvi_cond_notify_all(&cond), 0);
        ck_assert_int_eq(assertions(), 2);
        ck_assert_int_eq(gruvi_cond_wait(&cond, 0), UV_EPERM);
    }
    ck_assert_int_eq(assertions(), 3);
    release(&cond);
    gruvi_cond_destroy(&cond);
}

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, test_it_has_a_reentrant_lock_of_its_own_or_takes_one);
    tcase_add_loop_test(tc, test_the_lock_has_to_be_held_by_the_caller, 0, 2);
    tcase_add_test(tc,
                   test_it_lets_go_of_the_lock_however_often_it_was_acquired);
    tcase_add_test(tc, test_a_timeout_of_zero_does_not_let_go);
    tcase_add_test(tc, test_those_that_waited_longest_are_woken);
    tcase_add_test(tc, test_only_those_waiting_at_the_time_are_woken);
    tcase_add_test(tc, test_all_of_them_are_woken_and_have_the_lock_in_turn);
    tcase_add_test(tc, test_no_notification_is_spent_on_one_that_gave_up);
    tcase_add_loop_test(tc, test_notified_and_cancelled_at_once_it_was_notified,
                        0, 2);
    tcase_add_loop_test(tc, test_the_lock_is_taken_back_whatever_is_pending, 0,
                        2);
    tcase_add_test(tc, test_destroying_one_that_is_waited_for_is_an_assertion);
    tcase_add_test(
        tc, test_only_waiting_is_refused_in_callbacks_and_no_switch_sections);
}

int
main(void)
{
    Suite *suite = suite_create("cond");
    TCase *tc = tcase_create("cond");

    tcase_set_timeout(tc, 60);
    add_tests(tc);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
