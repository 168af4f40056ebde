/* SPDX-License-Identifier: MIT */
/*
 * Wake-ups that come when the wait they were for has timed out: they wake
 * nobody who waits for something else.  Random as in check_sync_stress.c.
 */

#include "support/random.h"
#include "support/valgrind.h"
#include "unit/harness.h"

static long seed;

static bool
had_success(int err)
{
    ck_assert_msg(err == 0 || err == UV_ETIMEDOUT, "%s", gruvi_err_name(err));
    return err == 0;
}

#define HUNTERS 4
#define HUNTS   TRIES(1500)

/* A waiter, and what it shares with the thread that wakes it. */
struct hunter {
    uint64_t random;
    int missed; /* waits that ended in vain */
    gruvi_semaphore_t sem;
    int wanted, given; /* atomic: rounds */
};

static struct hunter hunters[HUNTERS];

/* Not before it is over: a wake-up that was for an earlier wait disturbs. */
static void
wait_undisturbed(struct hunter *self)
{
    gruvi_event_t never = GRUVI_EVENT_INIT;
    double timeout = (1 + chance(&self->random, 30)) * 1e-6;
    uint64_t began = uv_hrtime();

    ck_assert_int_eq(gruvi_event_wait(&never, timeout), UV_ETIMEDOUT);
    ck_assert_uint_ge(uv_hrtime() - began, (uint64_t)(timeout * 1e9));
    gruvi_event_destroy(&never);
}

/*
 *   hunter                         waker
 *   wanted++                       sees it, soon or late
 *   waits, for a short time        releases
 *   in vain: takes it without a limit
 *   the next wait is not disturbed
 */
static int
hunt(void *arg)
{
    struct hunter *self = arg;
    int n, err, missed = 0;

    for (n = 0; n < HUNTS; n++) {
        __atomic_fetch_add(&self->wanted, 1, __ATOMIC_RELEASE);
        err = gruvi_semaphore_acquire(&self->sem,
                                      (1 + chance(&self->random, 40)) * 1e-6);
        if (!had_success(err)) {
            missed++;
            if (chance(&self->random, 2) == 0)
                wait_undisturbed(self);
            ck_assert_int_eq(gruvi_semaphore_acquire(&self->sem, GRUVI_FOREVER),
                             0);
        }
        wait_undisturbed(self);
        ck_assert_int_eq(gruvi_semaphore_try_acquire(&self->sem), UV_EAGAIN);
    }
    self->missed = missed;
    return 0;
}

static void
hunt_in_a_thread(void *arg)
{
    hunt(arg);
}

static void
wake_hunters(void *arg)
{
    uint64_t random = random_begin(seed, 77);
    int n, left = HUNTERS * HUNTS;
    unsigned delay;

    (void)arg;
    while (left > 0) {
        for (n = 0; n < HUNTERS; n++) {
            if (__atomic_load_n(&hunters[n].wanted, __ATOMIC_ACQUIRE) ==
                hunters[n].given)
                continue;
            for (delay = chance(&random, 500); delay > 0; delay--)
                __asm__ volatile("" ::: "memory");
            hunters[n].given++;
            left--;
            ck_assert_int_eq(gruvi_semaphore_release(&hunters[n].sem), 0);
        }
        sched_yield();
    }
}

static void
prepare_hunters(void)
{
    int n;

    for (n = 0; n < HUNTERS; n++) {
        hunters[n] = (struct hunter){.random = random_begin(seed, n)};
        gruvi_semaphore_init(&hunters[n].sem, 0);
    }
}

HUB_TEST(test_a_wake_up_that_races_with_a_timeout_disturbs_no_later_wait)
{
    gruvi_fiber_t *fibers[HUNTERS];
    pthread_t waker;
    int n;

    prepare_hunters();
    waker = begin_thread(wake_hunters, NULL);
    for (n = 0; n < HUNTERS; n++)
        fibers[n] = spawn(hunt, &hunters[n]);
    for (n = 0; n < HUNTERS; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    end_thread(waker);
}

THREAD_TEST(test_nor_does_one_of_a_plain_thread)
{
    pthread_t threads[HUNTERS], waker;
    int n;

    prepare_hunters();
    waker = begin_thread(wake_hunters, NULL);
    for (n = 0; n < HUNTERS; n++)
        threads[n] = begin_thread(hunt_in_a_thread, &hunters[n]);
    for (n = 0; n < HUNTERS; n++)
        end_thread(threads[n]);
    end_thread(waker);
}

int
main(void)
{
    Suite *suite = suite_create("sync stale");
    TCase *tc = tcase_create("sync stale");

    seed = random_seed();
    tcase_set_timeout(tc, 120);
    tcase_add_test(
        tc, test_a_wake_up_that_races_with_a_timeout_disturbs_no_later_wait);
    tcase_add_test(tc, test_nor_does_one_of_a_plain_thread);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
