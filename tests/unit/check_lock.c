/* SPDX-License-Identifier: MIT */
/*
 * Locks: who has one, who gets it next, and that it is never lost.
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/thread.h"
#include "sync/lock.h"
#include "unit/harness.h"

#define SHORT 0.002

/* How many wait for a lock. */
static int
waiters_of(gruvi_lock_t *public)
{
    struct gruvi__lock *lock = gruvi__lock_real(public);
    struct gruvi__list *link;
    int n = 0;

    gruvi__spin_lock(&lock->spin);
    if (lock->waiters.next != NULL)
        for (link = lock->waiters.next; link != &lock->waiters;
             link = link->next)
            n++;
    gruvi__spin_unlock(&lock->spin);
    return n;
}

/* One that wants the lock, holds it until the next turn, and says so. */
struct actor {
    gruvi_lock_t *lock;
    const char *name;
    double timeout;
    gruvi_fiber_t *fiber;
    int result, next;
};

static int
hold_for_a_turn(void *arg)
{
    struct actor *actor = arg;

    actor->result = gruvi_lock_acquire(actor->lock, actor->timeout);
    record("%s", actor->name);
    if (actor->result < 0)
        return 0;
    ck_assert(gruvi_lock_locked(actor->lock));
    actor->next = gruvi_sleep(0);
    ck_assert_int_eq(gruvi_lock_release(actor->lock), 0);
    return 0;
}

static void
begin(struct actor *actor, gruvi_lock_t *lock, const char *name, double timeout)
{
    *actor = (struct actor){.lock = lock, .name = name, .timeout = timeout};
    actor->fiber = spawn(hold_for_a_turn, actor);
    turns(1);
    if (timeout < 0) /* else it may be over by now */
        ck_assert_str_eq(gruvi_fiber_waiting_for(actor->fiber), "lock");
}

/* --- alone ------------------------------------------------------------------
 */

HUB_TEST(test_a_lock_is_held_from_acquire_to_release)
{
    gruvi_lock_t made, fixed = GRUVI_LOCK_INIT, reentrant, *lock;
    gruvi_lock_t *all[] = {&made, &fixed, &reentrant};

    ck_assert_int_eq(gruvi_lock_init(&made), 0);
    ck_assert_int_eq(gruvi_rlock_init(&reentrant), 0);
    lock = all[i];
    ck_assert(!gruvi_lock_locked(lock));
    ck_assert_int_eq(gruvi_lock_release(lock), UV_EPERM);
    ck_assert_int_eq(gruvi_lock_acquire(lock, GRUVI_FOREVER), 0);
    ck_assert(gruvi_lock_locked(lock));
    ck_assert_int_eq(gruvi_lock_release(lock), 0);
    ck_assert_int_eq(gruvi_lock_acquire(lock, 0), 0);
    ck_assert_int_eq(gruvi_lock_release(lock), 0);
    ck_assert_int_eq(gruvi_lock_try_acquire(lock), 0);
    ck_assert_int_eq(gruvi_lock_release(lock), 0);
    ck_assert_int_eq(gruvi_lock_release(lock), UV_EPERM);
    ck_assert_int_eq(gruvi_lock_acquire(lock, NAN), UV_EINVAL);
    ck_assert(!gruvi_lock_locked(lock));
    gruvi_lock_destroy(lock);
}

HUB_TEST(test_a_plain_lock_acquired_twice_waits)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;

    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_lock_try_acquire(&lock), UV_EAGAIN);
    ck_assert_int_eq(gruvi_lock_acquire(&lock, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_lock_acquire(&lock, SHORT), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    ck_assert(!gruvi_lock_locked(&lock));
}

static int
release_it(void *lock)
{
    return gruvi_lock_release(lock);
}

HUB_TEST(test_a_plain_lock_is_released_by_anybody)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;

    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    ck_assert_int_eq(finish(spawn(release_it, &lock)), 0);
    ck_assert(!gruvi_lock_locked(&lock));
}

/* --- handing over ----------------------------------------------------------
 */

HUB_TEST(test_it_is_handed_over_in_the_order_of_arrival)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    struct actor actors[4];
    const char *names[] = {"a", "b", "c", "d"};
    int n;

    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    for (n = 0; n < 4; n++)
        begin(&actors[n], &lock, names[n], GRUVI_FOREVER);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    for (n = 0; n < 4; n++)
        ck_assert_int_eq(finish(actors[n].fiber), 0);
    ck_assert_str_eq(recorded(), "a b c d");
    ck_assert(!gruvi_lock_locked(&lock));
}

HUB_TEST(test_nobody_overtakes_a_waiter_that_has_not_run_yet)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    struct actor actor;

    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    begin(&actor, &lock, "waiter", GRUVI_FOREVER);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    ck_assert(gruvi_lock_locked(&lock));
    ck_assert_int_eq(gruvi_lock_try_acquire(&lock), UV_EAGAIN);
    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    record("root");
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    finish(actor.fiber);
    ck_assert_str_eq(recorded(), "waiter root");
}

HUB_TEST(test_a_waiter_that_gives_up_is_passed_over)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    struct actor cancelled, timed_out, waiter;

    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    begin(&cancelled, &lock, "cancelled", GRUVI_FOREVER);
    begin(&timed_out, &lock, "timed-out", SHORT);
    begin(&waiter, &lock, "waiter", GRUVI_FOREVER);
    gruvi_fiber_cancel(cancelled.fiber, NULL);
    finish(cancelled.fiber);
    finish(timed_out.fiber);
    ck_assert_int_eq(cancelled.result, UV_ECANCELED);
    ck_assert_int_eq(timed_out.result, UV_ETIMEDOUT);
    ck_assert_int_eq(waiters_of(&lock), 1);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    finish(waiter.fiber);
    ck_assert_int_eq(waiter.result, 0);
    ck_assert(!gruvi_lock_locked(&lock));
}

/*
 *   root        waiter             behind
 *   release     (has it)           waits
 *   cancel      returns 0, has it  waits
 *               cancelled: later
 *               releases           has it
 */
HUB_TEST(test_handed_over_and_cancelled_at_once_it_has_the_lock)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    struct actor waiter, behind;

    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    begin(&waiter, &lock, "waiter", GRUVI_FOREVER);
    begin(&behind, &lock, "behind", GRUVI_FOREVER);
    if (i == 1)
        gruvi_fiber_cancel(waiter.fiber, NULL);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    if (i == 0)
        gruvi_fiber_cancel(waiter.fiber, NULL);
    finish(waiter.fiber);
    finish(behind.fiber);
    ck_assert_int_eq(waiter.result, 0);
    ck_assert_int_eq(waiter.next, UV_ECANCELED);
    ck_assert_int_eq(behind.result, 0);
    ck_assert_int_eq(behind.next, 0);
    ck_assert_str_eq(recorded(), "waiter behind");
    ck_assert(!gruvi_lock_locked(&lock));
}

/* --- other threads -------------------------------------------------------- */

static void
hold_in_a_thread(void *arg)
{
    struct actor *actor = arg;

    actor->result = gruvi_lock_acquire(actor->lock, actor->timeout);
    record("%s", actor->name);
    if (actor->result == 0)
        ck_assert_int_eq(gruvi_lock_release(actor->lock), 0);
    ck_assert_ptr_null(gruvi__self.hub);
}

static void
hold_in_another_hub(void *arg)
{
    struct actor *actor = arg;

    ck_assert_ptr_nonnull(gruvi_get_hub());
    actor->fiber = spawn(hold_for_a_turn, actor);
    finish(actor->fiber);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_fibers_and_threads_wait_in_one_line)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    struct actor actors[4];
    pthread_t threads[4];
    const char *names[] = {"thread", "fiber", "hub", "thread2"};
    void (*run[])(void *) = {hold_in_a_thread, NULL, hold_in_another_hub,
                             hold_in_a_thread};
    int n;

    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    for (n = 0; n < 4; n++) {
        if (run[n] == NULL) {
            begin(&actors[n], &lock, names[n], GRUVI_FOREVER);
            continue;
        }
        actors[n] = (struct actor){
            .lock = &lock, .name = names[n], .timeout = GRUVI_FOREVER};
        threads[n] = begin_thread(run[n], &actors[n]);
        wait_until(waiters_of(&lock) == n + 1);
    }
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    finish(actors[1].fiber);
    for (n = 0; n < 4; n++)
        if (run[n] != NULL)
            end_thread(threads[n]);
    ck_assert_str_eq(recorded(), "thread fiber hub thread2");
    ck_assert(!gruvi_lock_locked(&lock));
}

THREAD_TEST(test_a_thread_without_a_hub_waits_and_gets_none)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    struct actor actor = {.lock = &lock, .name = "x", .timeout = SHORT};
    uint64_t began = uv_hrtime();

    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_lock_acquire(&lock, SHORT), UV_ETIMEDOUT);
    ck_assert_uint_ge(uv_hrtime() - began, (uint64_t)(SHORT * 1e9));
    ck_assert_int_eq(gruvi_lock_acquire(&lock, 0), UV_ETIMEDOUT);
    ck_assert_ptr_null(gruvi__self.hub);
    in_thread(hold_in_a_thread, &actor);
    ck_assert_int_eq(actor.result, UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    in_thread(hold_in_a_thread, &actor);
    ck_assert_int_eq(actor.result, 0);
}

/* --- reentrant -------------------------------------------------------------
 */

static int
try_in_vain(void *lock)
{
    ck_assert_int_eq(gruvi_lock_release(lock), UV_EPERM);
    ck_assert_int_eq(gruvi_lock_try_acquire(lock), UV_EAGAIN);
    ck_assert_int_eq(gruvi_lock_acquire(lock, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_lock_acquire(lock, SHORT), UV_ETIMEDOUT);
    return 0;
}

static void
try_in_vain_in_a_thread(void *lock)
{
    try_in_vain(lock);
}

static void
try_in_vain_in_a_callback(void *lock)
{
    ck_assert_int_eq(gruvi_lock_release(lock), UV_EPERM);
    ck_assert_int_eq(gruvi_lock_try_acquire(lock), UV_EAGAIN);
    record("callback");
}

HUB_TEST(test_a_reentrant_lock_knows_its_owner)
{
    gruvi_lock_t lock;

    gruvi_rlock_init(&lock);
    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_lock_try_acquire(&lock), 0);
    ck_assert_int_eq(finish(spawn(try_in_vain, &lock)), 0);
    in_thread(try_in_vain_in_a_thread, &lock);
    gruvi_hub_run_callback(hub, try_in_vain_in_a_callback, &lock);
    turns(1);
    ck_assert_str_eq(recorded(), "callback");
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    ck_assert_int_eq(finish(spawn(try_in_vain, &lock)), 0);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    ck_assert(!gruvi_lock_locked(&lock));
    ck_assert_int_eq(gruvi_lock_release(&lock), UV_EPERM);
}

HUB_TEST(test_a_reentrant_lock_is_handed_over_whole)
{
    gruvi_lock_t lock;
    struct actor actor;

    gruvi_rlock_init(&lock);
    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    begin(&actor, &lock, "waiter", GRUVI_FOREVER);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    turns(3);
    ck_assert_str_eq(recorded(), "");
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    ck_assert_int_eq(gruvi_lock_release(&lock), UV_EPERM);
    finish(actor.fiber);
    ck_assert_int_eq(actor.result, 0);
    ck_assert(!gruvi_lock_locked(&lock));
}

HUB_TEST(test_a_reentrant_lock_is_acquired_so_often_at_most)
{
    gruvi_lock_t lock;

    gruvi_rlock_init(&lock);
    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    gruvi__lock_real(&lock)->again = UINT_MAX - 1;
    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), UV_EAGAIN);
    ck_assert_int_eq(gruvi_lock_try_acquire(&lock), UV_EAGAIN);
    gruvi__lock_real(&lock)->again = 0;
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
}

THREAD_TEST(test_a_thread_that_gets_a_hub_still_owns_its_lock)
{
    gruvi_lock_t lock;

    gruvi_rlock_init(&lock);
    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    ck_assert_ptr_nonnull(gruvi_current_fiber());
    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    ck_assert_ptr_nonnull(gruvi_get_hub());
    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    ck_assert_int_eq(finish(spawn(try_in_vain, &lock)), 0);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    ck_assert(!gruvi_lock_locked(&lock));
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    ck_assert_int_eq(gruvi_lock_try_acquire(&lock), 0);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
}

/* --- misuse, and where it may be used -------------------------------------
 */

HUB_TEST(test_destroying_one_that_is_held_is_an_assertion)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    struct actor actor;

    catch_assertions();
    ck_assert_int_eq(gruvi_lock_acquire(&lock, GRUVI_FOREVER), 0);
    gruvi_lock_destroy(&lock);
    ck_assert_int_eq(assertions(), 1);
    ck_assert_ptr_nonnull(strstr(last_assertion(), "gruvi_lock_destroy"));
    begin(&actor, &lock, "waiter", GRUVI_FOREVER);
    gruvi_lock_destroy(&lock);
    ck_assert_int_eq(assertions(), 2);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    finish(actor.fiber);
    gruvi_lock_destroy(&lock);
    ck_assert_int_eq(assertions(), 2);
}

static void
use_in_a_callback(void *lock)
{
    ck_assert_int_eq(gruvi_lock_try_acquire(lock), 0);
    ck_assert_int_eq(gruvi_lock_try_acquire(lock), UV_EAGAIN);
    ck_assert_int_eq(gruvi_lock_release(lock), 0);
    ck_assert_int_eq(assertions(), 0);
    ck_assert_int_eq(gruvi_lock_acquire(lock, 0), UV_EPERM);
    ck_assert_int_eq(assertions(), 1);
    record("callback");
}

HUB_TEST(test_only_waiting_is_refused_in_callbacks_and_no_switch_sections)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;

    catch_assertions();
    gruvi_hub_run_callback(hub, use_in_a_callback, &lock);
    turns(1);
    ck_assert_str_eq(recorded(), "callback");
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        ck_assert_int_eq(gruvi_lock_try_acquire(&lock), 0);
        ck_assert_int_eq(gruvi_lock_release(&lock), 0);
        ck_assert_int_eq(assertions(), 1);
        ck_assert_int_eq(gruvi_lock_acquire(&lock, 0), UV_EPERM);
    }
    ck_assert_int_eq(assertions(), 2);
    ck_assert(!gruvi_lock_locked(&lock));
}

int
main(void)
{
    Suite *suite = suite_create("lock");
    TCase *tc = tcase_create("lock");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_a_lock_is_held_from_acquire_to_release, 0, 3);
    tcase_add_test(tc, test_a_plain_lock_acquired_twice_waits);
    tcase_add_test(tc, test_a_plain_lock_is_released_by_anybody);
    tcase_add_test(tc, test_it_is_handed_over_in_the_order_of_arrival);
    tcase_add_test(tc, test_nobody_overtakes_a_waiter_that_has_not_run_yet);
    tcase_add_test(tc, test_a_waiter_that_gives_up_is_passed_over);
    tcase_add_loop_test(
        tc, test_handed_over_and_cancelled_at_once_it_has_the_lock, 0, 2);
    tcase_add_test(tc, test_fibers_and_threads_wait_in_one_line);
    tcase_add_test(tc, test_a_thread_without_a_hub_waits_and_gets_none);
    tcase_add_test(tc, test_a_reentrant_lock_knows_its_owner);
    tcase_add_test(tc, test_a_reentrant_lock_is_handed_over_whole);
    tcase_add_test(tc, test_a_reentrant_lock_is_acquired_so_often_at_most);
    tcase_add_test(tc, test_a_thread_that_gets_a_hub_still_owns_its_lock);
    tcase_add_test(tc, test_destroying_one_that_is_held_is_an_assertion);
    tcase_add_test(
        tc, test_only_waiting_is_refused_in_callbacks_and_no_switch_sections);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
