/* SPDX-License-Identifier: MIT */
/*
 * Semaphores: permits go to whoever has waited longest, and none is lost.
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/thread.h"
#include "unit/harness.h"

#define SHORT 0.002

struct actor {
    gruvi_semaphore_t *sem;
    const char *name;
    double timeout;
    gruvi_fiber_t *fiber;
    int result, next;
};

static int
take_one(void *arg)
{
    struct actor *actor = arg;

    actor->result = gruvi_semaphore_acquire(actor->sem, actor->timeout);
    record("%s", actor->name);
    actor->next = gruvi_sleep(0);
    return 0;
}

static void
begin(struct actor *actor, gruvi_semaphore_t *sem, const char *name,
      double timeout)
{
    *actor = (struct actor){.sem = sem, .name = name, .timeout = timeout};
    actor->fiber = spawn(take_one, actor);
    turns(1);
    if (timeout < 0) /* else it may be over by now */
        ck_assert_str_eq(gruvi_fiber_waiting_for(actor->fiber), "semaphore");
}

/* How many permits there are, taking them. */
static int
drain(gruvi_semaphore_t *sem)
{
    int n = 0;

    while (gruvi_semaphore_try_acquire(sem) == 0)
        n++;
    return n;
}

HUB_TEST(test_it_has_as_many_permits_as_it_was_made_with)
{
    gruvi_semaphore_t sem;

    ck_assert_int_eq(gruvi_semaphore_init(&sem, 2), 0);
    ck_assert_int_eq(gruvi_semaphore_acquire(&sem, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_semaphore_acquire(&sem, 0), 0);
    ck_assert_int_eq(gruvi_semaphore_acquire(&sem, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_semaphore_acquire(&sem, SHORT), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_semaphore_acquire(&sem, NAN), UV_EINVAL);
    ck_assert_int_eq(gruvi_semaphore_try_acquire(&sem), UV_EAGAIN);
    ck_assert_int_eq(gruvi_semaphore_release(&sem), 0);
    ck_assert_int_eq(gruvi_semaphore_release(&sem), 0);
    ck_assert_int_eq(gruvi_semaphore_release(&sem), 0);
    ck_assert_int_eq(drain(&sem), 3);
    gruvi_semaphore_destroy(&sem);
}

HUB_TEST(test_it_holds_no_more_than_UINT_MAX)
{
    gruvi_semaphore_t sem;

    ck_assert_int_eq(gruvi_semaphore_init(&sem, UINT_MAX), 0);
    ck_assert_int_eq(gruvi_semaphore_release(&sem), UV_EOVERFLOW);
    ck_assert_int_eq(gruvi_semaphore_acquire(&sem, 0), 0);
    ck_assert_int_eq(gruvi_semaphore_release(&sem), 0);
    ck_assert_int_eq(gruvi_semaphore_release(&sem), UV_EOVERFLOW);
    gruvi_semaphore_destroy(&sem);
}

HUB_TEST(test_permits_are_handed_over_in_the_order_of_arrival)
{
    gruvi_semaphore_t sem;
    struct actor actors[3];

    gruvi_semaphore_init(&sem, 0);
    begin(&actors[0], &sem, "a", GRUVI_FOREVER);
    begin(&actors[1], &sem, "b", GRUVI_FOREVER);
    begin(&actors[2], &sem, "c", GRUVI_FOREVER);
    gruvi_semaphore_release(&sem);
    ck_assert_int_eq(gruvi_semaphore_try_acquire(&sem), UV_EAGAIN);
    turns(2);
    ck_assert_str_eq(recorded(), "a");
    gruvi_semaphore_release(&sem);
    gruvi_semaphore_release(&sem);
    ck_assert_int_eq(gruvi_semaphore_acquire(&sem, 0), UV_ETIMEDOUT);
    finish(actors[0].fiber);
    finish(actors[1].fiber);
    finish(actors[2].fiber);
    ck_assert_str_eq(recorded(), "a b c");
    ck_assert_int_eq(drain(&sem), 0);
    gruvi_semaphore_destroy(&sem);
}

HUB_TEST(test_a_waiter_that_gives_up_takes_no_permit)
{
    gruvi_semaphore_t sem;
    struct actor cancelled, timed_out, waiter;

    gruvi_semaphore_init(&sem, 0);
    begin(&cancelled, &sem, "cancelled", GRUVI_FOREVER);
    begin(&timed_out, &sem, "timed-out", SHORT);
    begin(&waiter, &sem, "waiter", GRUVI_FOREVER);
    gruvi_fiber_cancel(cancelled.fiber, NULL);
    finish(cancelled.fiber);
    finish(timed_out.fiber);
    ck_assert_int_eq(cancelled.result, UV_ECANCELED);
    ck_assert_int_eq(timed_out.result, UV_ETIMEDOUT);
    gruvi_semaphore_release(&sem);
    finish(waiter.fiber);
    ck_assert_int_eq(waiter.result, 0);
    ck_assert_int_eq(drain(&sem), 0);
    gruvi_semaphore_destroy(&sem);
}

HUB_TEST(test_handed_over_and_cancelled_at_once_it_has_the_permit)
{
    gruvi_semaphore_t sem;
    struct actor waiter;

    gruvi_semaphore_init(&sem, 0);
    begin(&waiter, &sem, "waiter", GRUVI_FOREVER);
    if (i == 1)
        gruvi_fiber_cancel(waiter.fiber, NULL);
    gruvi_semaphore_release(&sem);
    if (i == 0)
        gruvi_fiber_cancel(waiter.fiber, NULL);
    finish(waiter.fiber);
    ck_assert_int_eq(waiter.result, 0);
    ck_assert_int_eq(waiter.next, UV_ECANCELED);
    ck_assert_int_eq(drain(&sem), 0);
    gruvi_semaphore_destroy(&sem);
}

/* --- other threads -------------------------------------------------------- */

static void
release_one(void *sem)
{
    ck_assert_int_eq(gruvi_semaphore_release(sem), 0);
}

/* Whoever waited frees it while the other is still in its call. */
static void
wait_and_free(void)
{
    gruvi_semaphore_t *sem = malloc(sizeof *sem);
    pthread_t thread;

    gruvi_semaphore_init(sem, 0);
    thread = begin_thread(release_one, sem);
    ck_assert_int_eq(gruvi_semaphore_acquire(sem, GRUVI_FOREVER), 0);
    gruvi_semaphore_destroy(sem);
    memset(sem, 0xff, sizeof *sem);
    free(sem);
    end_thread(thread);
}

HUB_TEST(test_whoever_waited_may_free_it_at_once)
{
    int n;

    for (n = 0; n < 300; n++)
        wait_and_free();
}

THREAD_TEST(test_a_thread_without_a_hub_waits_and_gets_none)
{
    gruvi_semaphore_t sem;
    int n;

    gruvi_semaphore_init(&sem, 0);
    ck_assert_int_eq(gruvi_semaphore_acquire(&sem, SHORT), UV_ETIMEDOUT);
    for (n = 0; n < 300; n++)
        wait_and_free();
    ck_assert_ptr_null(gruvi__self.hub);
    gruvi_semaphore_destroy(&sem);
}

/* Of a release and a timeout at the same moment one wins, wholly. */
static void
race_release_with_timeout(void)
{
    gruvi_semaphore_t sem;
    pthread_t thread;
    int n, err;

    gruvi_semaphore_init(&sem, 0);
    for (n = 0; n < 300; n++) {
        thread = begin_thread(release_one, &sem);
        err = gruvi_semaphore_acquire(&sem, (n % 10 + 1) * 1e-5);
        ck_assert(err == 0 || err == UV_ETIMEDOUT);
        end_thread(thread);
        ck_assert_int_eq(drain(&sem), err == 0 ? 0 : 1);
    }
    gruvi_semaphore_destroy(&sem);
}

HUB_TEST(test_a_release_that_races_with_a_timeout_loses_nothing)
{
    race_release_with_timeout();
}

THREAD_TEST(test_a_release_that_races_with_a_threads_timeout_loses_nothing)
{
    race_release_with_timeout();
}

/* --- misuse, and where it may be used -------------------------------------
 */

HUB_TEST(test_destroying_one_that_is_waited_for_is_an_assertion)
{
    gruvi_semaphore_t sem;
    struct actor waiter;

    catch_assertions();
    gruvi_semaphore_init(&sem, 0);
    begin(&waiter, &sem, "waiter", GRUVI_FOREVER);
    gruvi_semaphore_destroy(&sem);
    ck_assert_int_eq(assertions(), 1);
    ck_assert_ptr_nonnull(strstr(last_assertion(), "gruvi_semaphore_destroy"));
    gruvi_semaphore_release(&sem);
    finish(waiter.fiber);
    gruvi_semaphore_destroy(&sem);
    ck_assert_int_eq(assertions(), 1);
}

static void
use_in_a_callback(void *sem)
{
    ck_assert_int_eq(gruvi_semaphore_try_acquire(sem), 0);
    ck_assert_int_eq(gruvi_semaphore_release(sem), 0);
    ck_assert_int_eq(assertions(), 0);
    ck_assert_int_eq(gruvi_semaphore_acquire(sem, 0), UV_EPERM);
    ck_assert_int_eq(assertions(), 1);
    record("callback");
}

HUB_TEST(test_only_waiting_is_refused_in_callbacks_and_no_switch_sections)
{
    gruvi_semaphore_t sem;

    catch_assertions();
    gruvi_semaphore_init(&sem, 1);
    gruvi_hub_run_callback(hub, use_in_a_callback, &sem);
    turns(1);
    ck_assert_str_eq(recorded(), "callback");
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        ck_assert_int_eq(gruvi_semaphore_try_acquire(&sem), 0);
        ck_assert_int_eq(gruvi_semaphore_release(&sem), 0);
        ck_assert_int_eq(assertions(), 1);
        ck_assert_int_eq(gruvi_semaphore_acquire(&sem, 0), UV_EPERM);
    }
    ck_assert_int_eq(assertions(), 2);
    ck_assert_int_eq(drain(&sem), 1);
    gruvi_semaphore_destroy(&sem);
}

int
main(void)
{
    Suite *suite = suite_create("semaphore");
    TCase *tc = tcase_create("semaphore");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_it_has_as_many_permits_as_it_was_made_with);
    tcase_add_test(tc, test_it_holds_no_more_than_UINT_MAX);
    tcase_add_test(tc, test_permits_are_handed_over_in_the_order_of_arrival);
    tcase_add_test(tc, test_a_waiter_that_gives_up_takes_no_permit);
    tcase_add_loop_test(
        tc, test_handed_over_and_cancelled_at_once_it_has_the_permit, 0, 2);
    tcase_add_test(tc, test_whoever_waited_may_free_it_at_once);
    tcase_add_test(tc, test_a_thread_without_a_hub_waits_and_gets_none);
    tcase_add_test(tc, test_a_release_that_races_with_a_timeout_loses_nothing);
    tcase_add_test(
        tc, test_a_release_that_races_with_a_threads_timeout_loses_nothing);
    tcase_add_test(tc, test_destroying_one_that_is_waited_for_is_an_assertion);
    tcase_add_test(
        tc, test_only_waiting_is_refused_in_callbacks_and_no_switch_sections);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
