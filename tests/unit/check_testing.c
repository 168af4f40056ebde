/* SPDX-License-Identifier: MIT */
/* What test hosts do to a hub: rare orders, a cancel at any switchpoint, time
 * that stands while threads work, and what happens when nothing goes on. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/testing.h"
#include "unit/harness.h"

#define HOUR 3600.0

/* --- the order -------------------------------------------------------------
 */

#define FIBERS 5
#define SEEDS  500

/* Start fibers that each say their number, twice; what they said. */
static const char *
say_in_order(uint64_t seed)
{
    static char *numbers[FIBERS] = {"0", "1", "2", "3", "4"};
    gruvi_fiber_t *fibers[FIBERS];

    forget();
    gruvi__test_order(seed);
    for (int n = 0; n < FIBERS; n++)
        fibers[n] = spawn(note_and_return, numbers[n]);
    for (int n = 0; n < FIBERS; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    gruvi__test_order(0);
    return recorded();
}

HUB_TEST(test_a_seed_draws_an_order_and_draws_it_again)
{
    char first[64];

    for (uint64_t seed = 1; seed <= 20; seed++) {
        snprintf(first, sizeof first, "%s", say_in_order(seed));
        ck_assert_str_eq(say_in_order(seed), first);
    }
    ck_assert_str_eq(say_in_order(0), "0 1 2 3 4");
}

/* Of 120 orders of five fibers, 500 seeds leave out two on average. */
HUB_TEST(test_seeds_draw_nearly_all_orders)
{
    static char orders[SEEDS][2 * FIBERS + 1];
    int different = 0;

    for (int n = 0; n < SEEDS; n++) {
        bool seen = false;

        snprintf(orders[n], sizeof *orders, "%s", say_in_order(n + 1));
        for (int other = 0; other < n && !seen; other++)
            seen = strcmp(orders[other], orders[n]) == 0;
        different += !seen;
    }
    ck_assert_int_gt(different, 100);
    ck_assert_int_le(different, 120);
}

/* What was started before runs before; what yields runs behind that. */
HUB_TEST(test_a_sleep_of_zero_still_lets_all_others_run_first)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        forget();
        gruvi__test_order(seed);
        for (int n = 0; n < FIBERS; n++)
            ck_assert_int_eq(gruvi_go(note_and_return, "x"), 0);
        ck_assert_int_eq(gruvi_sleep(0), 0);
        ck_assert_str_eq(recorded(), "x x x x x");
    }
    gruvi__test_order(0);
}

/* More than the run queue keeps plainly: it has a scout then. */
HUB_TEST(test_orders_of_very_many_lose_none)
{
    enum { MANY = 4000 };
    static gruvi_fiber_t *fibers[MANY];

    gruvi__test_order(3);
    for (int turn = 0; turn < 3; turn++) {
        for (int n = 0; n < MANY; n++)
            fibers[n] = spawn(return_arg, (void *)(intptr_t)n);
        for (int n = 0; n < MANY; n++)
            ck_assert_int_eq(finish(fibers[n]), n);
    }
    gruvi__test_order(0);
}

/* --- switchpoints ----------------------------------------------------------
 */

static gruvi_fiber_t *counted;

static bool
is_counted(const gruvi_fiber_t *fiber)
{
    return fiber == counted;
}

/* Three switchpoints, of which the second need not wait. */
static int
call_three(void *arg)
{
    int err;

    if ((err = gruvi_sleep(0)) < 0 ||
        (err = gruvi_event_wait(arg, GRUVI_FOREVER)) < 0)
        return err;
    return gruvi_sleep(0.0001);
}

/* The status of a fiber that is cancelled at its nth switchpoint. */
static int
cancel_at(uint64_t nth, gruvi_event_t *set)
{
    int status;

    counted = spawn(call_three, set);
    gruvi__test_count(is_counted, nth);
    status = finish(counted);
    ck_assert_uint_ge(gruvi__test_counted(), nth);
    return status;
}

HUB_TEST(test_a_fiber_is_cancelled_at_each_of_its_switchpoints)
{
    gruvi_event_t set;

    gruvi_event_init(&set);
    gruvi_event_set(&set);
    ck_assert_int_eq(cancel_at(0, &set), 0);
    ck_assert_uint_eq(gruvi__test_counted(), 3);
    ck_assert_ptr_null(gruvi__test_cancelled_in());

    ck_assert_int_eq(cancel_at(1, &set), UV_ECANCELED);
    ck_assert_uint_eq(gruvi__test_counted(), 1);
    ck_assert_str_eq(gruvi__test_cancelled_in(), "gruvi_sleep");
    /* This wait is granted: the cancel stays for the next. */
    ck_assert_int_eq(cancel_at(2, &set), UV_ECANCELED);
    ck_assert_uint_eq(gruvi__test_counted(), 3);
    ck_assert_str_eq(gruvi__test_cancelled_in(), "gruvi_event_wait");
    ck_assert_int_eq(cancel_at(3, &set), UV_ECANCELED);
    ck_assert_str_eq(gruvi__test_cancelled_in(), "gruvi_sleep");

    gruvi__test_count(NULL, 0);
    gruvi_event_destroy(&set);
}

static char *asserted;

static void
note_assertion(const char *message)
{
    asserted = strdup(message);
}

HUB_TEST(test_counting_hides_no_mistake)
{
    gruvi_assert_fn before = gruvi_set_assert_handler(note_assertion);

    gruvi__test_count(is_counted, 0);
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        ck_assert_int_eq(gruvi_sleep(0), UV_EPERM);
    }
    ck_assert_ptr_nonnull(strstr(asserted, "inside the no-switch section"));
    free(asserted);
    gruvi__test_count(NULL, 0);
    gruvi_set_assert_handler(before);
}

/* --- virtual time ----------------------------------------------------------
 */

static bool slept; /* atomic */

static int
sleep_an_hour(void *arg)
{
    int err = gruvi_sleep(HOUR);

    (void)arg;
    __atomic_store_n(&slept, true, __ATOMIC_SEQ_CST);
    return err;
}

/* Time that jumped while this works would jump here at once. */
static int
work_for_long(void *arg, void **result)
{
    static const struct timespec ms = {.tv_nsec = 1000000};

    (void)arg;
    for (int n = 0; n < 30; n++) {
        *result = __atomic_load_n(&slept, __ATOMIC_SEQ_CST) ? "late" : "done";
        nanosleep(&ms, NULL);
    }
    return 0;
}

THREAD_TEST(test_time_stands_while_a_pool_works)
{
    gruvi_fiber_t *sleeper;
    double began;
    void *result;

    gruvi__clock_make_virtual();
    began = gruvi_now();
    sleeper = spawn(sleep_an_hour, NULL);
    ck_assert_int_eq(gruvi_blocking(work_for_long, NULL, &result), 0);
    ck_assert_str_eq(result, "done");
    ck_assert(gruvi_now() == began);
    ck_assert_int_eq(finish(sleeper), 0);
    ck_assert_double_ge(gruvi_now(), began + HOUR);
    gruvi_hub_close(gruvi_get_hub());
}

/* --- hangs -----------------------------------------------------------------
 */

static bool
set_event(void *arg)
{
    record("stuck");
    gruvi_event_set(arg);
    return true;
}

THREAD_TEST(test_a_hang_is_told)
{
    gruvi_event_t event;

    gruvi__clock_make_virtual();
    ck_assert_ptr_nonnull(gruvi_get_hub());
    gruvi_event_init(&event);
    gruvi__test_when_stuck(set_event, &event);
    ck_assert_int_eq(gruvi_event_wait(&event, HOUR), UV_ETIMEDOUT);
    ck_assert_str_eq(recorded(), "");
    ck_assert_int_eq(gruvi_event_wait(&event, GRUVI_FOREVER), 0);
    ck_assert_str_eq(recorded(), "stuck");
    gruvi__test_when_stuck(NULL, NULL);
    gruvi_event_destroy(&event);
    gruvi_hub_close(gruvi_get_hub());
}

/* --- late work -------------------------------------------------------------
 */

static bool
say_late(void)
{
    return true;
}

static int
note_work(void *arg, void **result)
{
    (void)result;
    record("%s", (const char *)arg);
    return 0;
}

static void
begin_late(void)
{
    gruvi__clock_make_virtual();
    ck_assert_ptr_nonnull(gruvi_get_hub());
    gruvi__test_when_working(say_late);
}

static void
end_late(void)
{
    gruvi__test_when_working(NULL);
    gruvi_hub_close(gruvi_get_hub());
}

THREAD_TEST(test_late_work_takes_time)
{
    double begun;

    begin_late();
    for (int n = 0; n < 3; n++) {
        begun = gruvi_now();
        ck_assert_int_eq(gruvi_blocking(note_work, "work", NULL), 0);
        ck_assert_double_eq_tol(gruvi_now() - begun, 2, 0.001);
    }
    ck_assert_str_eq(recorded(), "work work work");
    end_late();
}

static int
work_as(void *arg)
{
    return gruvi_blocking(note_work, arg, NULL);
}

THREAD_TEST(test_work_behind_late_work_is_not_late)
{
    gruvi_fiber_t *one, *two;

    begin_late();
    one = spawn(work_as, "one");
    two = spawn(work_as, "two");
    ck_assert_int_eq(finish(two), 0);
    ck_assert_int_eq(finish(one), 0);
    ck_assert_str_eq(recorded(), "two one");
    end_late();
}

/* A thread has it: so it is waited for. */
THREAD_TEST(test_late_work_is_not_withdrawn)
{
    gruvi_fiber_t *fiber;
    double begun;

    begin_late();
    begun = gruvi_now();
    fiber = spawn(work_as, "work");
    ck_assert_int_eq(gruvi_sleep(1), 0);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_double_eq_tol(gruvi_now() - begun, 2, 0.001);
    ck_assert_str_eq(recorded(), "work");
    end_late();
}

/* Each as it is added, or when a thread has it, which is a matter of luck; then
 * time goes on as usual. */
THREAD_TEST(test_time_goes_on_when_late_work_is_cancelled_at_once)
{
    begin_late();
    for (int n = 0; n < 50; n++) {
        gruvi_fiber_t *fiber = spawn(work_as, "work");
        int err;

        ck_assert_int_eq(gruvi_sleep(0), 0);
        gruvi_fiber_cancel(fiber, NULL);
        err = finish(fiber);
        ck_assert(err == 0 || err == UV_ECANCELED);
        ck_assert_int_eq(gruvi_sleep(HOUR), 0);
    }
    end_late();
}

int
main(void)
{
    Suite *suite = suite_create("testing");
    TCase *tc = tcase_create("order");

    tcase_add_test(tc, test_a_seed_draws_an_order_and_draws_it_again);
    tcase_add_test(tc, test_seeds_draw_nearly_all_orders);
    tcase_add_test(tc, test_a_sleep_of_zero_still_lets_all_others_run_first);
    tcase_add_test(tc, test_orders_of_very_many_lose_none);
    suite_add_tcase(suite, tc);

    tc = tcase_create("switchpoints");
    tcase_add_test(tc, test_a_fiber_is_cancelled_at_each_of_its_switchpoints);
    tcase_add_test(tc, test_counting_hides_no_mistake);
    suite_add_tcase(suite, tc);

    tc = tcase_create("virtual time");
    tcase_add_test(tc, test_time_stands_while_a_pool_works);
    tcase_add_test(tc, test_late_work_takes_time);
    tcase_add_test(tc, test_work_behind_late_work_is_not_late);
    tcase_add_test(tc, test_late_work_is_not_withdrawn);
    tcase_add_test(tc, test_time_goes_on_when_late_work_is_cancelled_at_once);
    tcase_add_test(tc, test_a_hang_is_told);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
