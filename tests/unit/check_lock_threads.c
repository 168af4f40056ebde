/* SPDX-License-Identifier: MIT */
/*
 * Locks that another thread releases, in the very moment in which the one who
 * waits gives up, or frees the lock.
 */
#include <stdlib.h>
#include <string.h>

#include "support/valgrind.h"
#include "unit/harness.h"

#define ROUNDS TRIES(300u)

/* --- the very moment --------------------------------------------------------
 */

struct race {
    gruvi_lock_t *lock;
    unsigned delay;
    int ready; /* atomic */
};

static void
release_after_delay(void *arg)
{
    struct race *race = arg;
    unsigned n;

    while (!__atomic_load_n(&race->ready, __ATOMIC_ACQUIRE))
        ;
    for (n = 0; n < race->delay; n++)
        __asm__ volatile("" ::: "memory");
    ck_assert_int_eq(gruvi_lock_release(race->lock), 0);
}

/* Either it owns the lock, or the lock is free; never both, never neither. */
static void
race_release_with_timeout(double timeout, unsigned delay)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    struct race race = {.lock = &lock, .delay = delay};
    pthread_t thread;
    int err;

    ck_assert_int_eq(gruvi_lock_try_acquire(&lock), 0);
    thread = begin_thread(release_after_delay, &race);
    __atomic_store_n(&race.ready, 1, __ATOMIC_RELEASE);
    err = gruvi_lock_acquire(&lock, timeout);
    ck_assert(err == 0 || err == UV_ETIMEDOUT);
    end_thread(thread);
    ck_assert_int_eq(gruvi_lock_locked(&lock), err == 0);
    if (err == 0)
        ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    gruvi_lock_destroy(&lock);
}

HUB_TEST(test_a_release_that_races_with_a_timeout_loses_nothing)
{
    unsigned n;

    for (n = 0; n < ROUNDS; n++) {
        race_release_with_timeout((n % 10 + 1) * 1e-5, n * 37 % 20000);
        ck_assert_int_eq(gruvi_sleep(0), 0);
    }
}

THREAD_TEST(test_a_release_that_races_with_a_threads_timeout_loses_nothing)
{
    unsigned n;

    for (n = 0; n < ROUNDS; n++)
        race_release_with_timeout((n % 10 + 1) * 1e-5, n * 37 % 20000);
}

/* The waiter frees the lock while who released it is still in its call. */
static void
free_after_wait(unsigned n)
{
    gruvi_lock_t *lock = malloc(sizeof *lock);
    struct race race = {.lock = lock, .delay = n * 53 % 5000};
    pthread_t thread;

    gruvi_lock_init(lock);
    ck_assert_int_eq(gruvi_lock_try_acquire(lock), 0);
    thread = begin_thread(release_after_delay, &race);
    __atomic_store_n(&race.ready, 1, __ATOMIC_RELEASE);
    ck_assert_int_eq(gruvi_lock_acquire(lock, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_lock_release(lock), 0);
    gruvi_lock_destroy(lock);
    memset(lock, 0xff, sizeof *lock);
    free(lock);
    end_thread(thread);
}

HUB_TEST(test_whoever_waited_may_free_the_lock_at_once)
{
    unsigned n;

    for (n = 0; n < ROUNDS; n++)
        free_after_wait(n);
}

THREAD_TEST(test_a_thread_that_waited_may_free_the_lock_at_once)
{
    unsigned n;

    for (n = 0; n < ROUNDS; n++)
        free_after_wait(n);
}

/* --- the last user frees it ----------------------------------------------- */

#define USERS 4

/* What has a lock inside, and is freed by the last of its users. */
struct counted {
    gruvi_lock_t lock;
    long users; /* under lock */
};

static void
free_counted(struct counted *counted)
{
    gruvi_lock_destroy(&counted->lock);
    memset(counted, 0xff, sizeof *counted);
    free(counted);
}

/* Some give up waiting now and then: whoever releases it finds no waiter left,
 * and another user takes and frees it while that release is not over. */
static void
use_counted(void *arg)
{
    struct counted **all = arg;
    long left;

    for (unsigned n = 0; n < ROUNDS; n++) {
        while (gruvi_lock_acquire(&all[n]->lock, n % 3 == 0 ? 1e-6 : 1) < 0)
            ;
        left = --all[n]->users;
        ck_assert_int_eq(gruvi_lock_release(&all[n]->lock), 0);
        if (left == 0)
            free_counted(all[n]);
    }
}

THREAD_TEST(test_the_last_of_several_users_may_free_it)
{
    struct counted *all[ROUNDS];
    pthread_t threads[USERS];

    for (unsigned n = 0; n < ROUNDS; n++) {
        all[n] = malloc(sizeof *all[n]);
        *all[n] = (struct counted){.lock = GRUVI_LOCK_INIT, .users = USERS};
    }
    for (int k = 0; k < USERS; k++)
        threads[k] = begin_thread(use_counted, all);
    for (int k = 0; k < USERS; k++)
        end_thread(threads[k]);
}

int
main(void)
{
    Suite *suite = suite_create("lock threads");
    TCase *tc = tcase_create("lock threads");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_a_release_that_races_with_a_timeout_loses_nothing);
    tcase_add_test(tc, test_the_last_of_several_users_may_free_it);
    tcase_add_test(
        tc, test_a_release_that_races_with_a_threads_timeout_loses_nothing);
    tcase_add_test(tc, test_whoever_waited_may_free_the_lock_at_once);
    tcase_add_test(tc, test_a_thread_that_waited_may_free_the_lock_at_once);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
