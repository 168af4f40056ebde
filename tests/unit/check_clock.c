/* SPDX-License-Identifier: MIT */
/* Deadlines: never early, in their order, and never forgotten. */
#include <math.h>

#include "unit/calls.h"
#include "unit/harness.h"

#define MS 1000000u

static void
spin(uint64_t nanoseconds)
{
    uint64_t until = uv_hrtime() + nanoseconds;

    while (uv_hrtime() < until)
        ;
}

static int
spin_in_fiber(void *arg)
{
    (void)arg;
    spin(4 * MS);
    return 0;
}

/*
 *   hub                          root
 *   looks for expired deadlines
 *   runs a fiber, for long       its deadline passes
 *   sets its timer, to now
 *   runs the loop
 */
HUB_TEST(test_a_deadline_that_passes_while_a_fiber_runs_is_noticed)
{
    gruvi_fiber_t *fiber;
    int n;

    for (n = 0; n < 10; n++) {
        fiber = spawn(spin_in_fiber, NULL);
        ck_assert_int_eq(gruvi_sleep(0.002), 0);
        ck_assert(!gruvi_fiber_alive(fiber));
        gruvi_fiber_unref(fiber);
    }
}

/* The loop remembers when it last looked at the clock.  What a busy machine
 * takes from the hub between its reading and its poll is added as well, but not
 * each time. */
HUB_TEST(test_what_a_fiber_takes_is_not_added_to_the_next_sleep)
{
    int n = 0;

    do {
        ck_assert_int_eq(gruvi_sleep(0.001), 0);
        spin(50 * MS);
        longest_poll = 0;
        ck_assert_int_eq(gruvi_sleep(0.01), 0);
    } while (longest_poll > 12 && ++n < 20);
    ck_assert_int_le(longest_poll, 12);
}

HUB_TEST(test_a_sleep_is_never_short)
{
    static const double times[] = {1e-9,      1e-7,  1e-6,   1.5e-6, 0.0001,
                                   0.0009999, 0.001, 0.0015, 0.00777};
    size_t k;
    uint64_t began;

    for (k = 0; k < sizeof times / sizeof *times; k++) {
        began = uv_hrtime();
        ck_assert_int_eq(gruvi_sleep(times[k]), 0);
        ck_assert_double_ge((double)(uv_hrtime() - began), times[k] * 1e9);
    }
}

struct sleeper {
    double secs;
    int number;
    uint64_t began;
};

static int
sleep_and_record(void *arg)
{
    struct sleeper *sleeper = arg;
    int err;

    sleeper->began = uv_hrtime();
    err = gruvi_sleep(sleeper->secs);
    record("%d", sleeper->number);
    return err;
}

/* All of them are overdue when the hub looks.  Returns how long it took until
 * the last one slept. */
static uint64_t
sleep_all(struct sleeper *sleepers, int n)
{
    gruvi_fiber_t *fibers[6];
    uint64_t took;
    int i;

    for (i = 0; i < n; i++)
        fibers[i] = spawn(sleep_and_record, &sleepers[i]);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    took = uv_hrtime() - sleepers[0].began;
    spin(8 * MS);
    for (i = 0; i < n; i++)
        ck_assert_int_eq(finish(fibers[i]), 0);
    return took;
}

/* It is the order of their times if they begin within 1 ms, which a busy
 * machine may prevent, but not each time. */
HUB_TEST(test_deadlines_pass_in_their_order)
{
    struct sleeper sleepers[] = {{0.005, 5, 0}, {0.001, 1, 0}, {0.003, 3, 0},
                                 {0.002, 2, 0}, {0.006, 6, 0}, {0.004, 4, 0}};
    int n = 0;

    while (sleep_all(sleepers, 6) >= MS / 2 && ++n < 50)
        forget();
    ck_assert_str_eq(recorded(), "1 2 3 4 5 6");
}

HUB_TEST(test_any_negative_time_and_the_distant_future_never_come)
{
    static struct sleeper sleepers[] = {
        {-1, 1, 0},    {-1e-300, 2, 0}, {-INFINITY, 3, 0}, {INFINITY, 4, 0},
        {1e300, 5, 0}, {9.2e9, 6, 0},   {9.1e9, 7, 0}};
    gruvi_fiber_t *fibers[7];
    int n;

    for (n = 0; n < 7; n++)
        fibers[n] = spawn(sleep_and_record, &sleepers[n]);
    ck_assert_int_eq(gruvi_sleep(0.003), 0);
    ck_assert_str_eq(recorded(), "");
    for (n = 0; n < 7; n++) {
        gruvi_fiber_cancel(fibers[n], NULL);
        ck_assert_int_eq(finish(fibers[n]), UV_ECANCELED);
    }
}

HUB_TEST(test_not_a_number_is_no_time)
{
    ck_assert_int_eq(gruvi_sleep(NAN), UV_EINVAL);
    ck_assert_int_eq(gruvi_sleep(-NAN), UV_EINVAL);
    /* It is the next switchpoint that says so of a switch back. */
    GRUVI_WITH_SWITCH_BACK (sb, NAN) {
        ck_assert(!gruvi_switch_back_active(&sb));
        ck_assert_int_eq(gruvi_sleep(0), UV_EINVAL);
        ck_assert_int_eq(gruvi_sleep(0), 0);
    }
}

HUB_TEST(test_minus_zero_is_zero)
{
    ck_assert_int_eq(gruvi_sleep(-0.0), 0);
}

HUB_TEST(test_the_remaining_time_is_that_of_the_nearest_deadline)
{
    ck_assert(gruvi_deadline_remaining() == GRUVI_FOREVER);
    GRUVI_WITH_SWITCH_BACK (outer, 100) {
        GRUVI_WITH_SWITCH_BACK (inner, 1000) {
            GRUVI_WITH_SWITCH_BACK (none, GRUVI_FOREVER) {
                ck_assert_double_le(gruvi_deadline_remaining(), 100);
                ck_assert_double_gt(gruvi_deadline_remaining(), 0);
            }
        }
        GRUVI_WITH_SWITCH_BACK (passed, 0) {
            ck_assert(gruvi_deadline_remaining() == 0);
        }
        ck_assert_double_gt(gruvi_deadline_remaining(), 0);
    }
    ck_assert(gruvi_deadline_remaining() == GRUVI_FOREVER);
}

int
main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tc = tcase_create("clock");

    tcase_add_test(tc,
                   test_a_deadline_that_passes_while_a_fiber_runs_is_noticed);
    tcase_add_test(tc, test_what_a_fiber_takes_is_not_added_to_the_next_sleep);
    tcase_add_test(tc, test_a_sleep_is_never_short);
    tcase_add_test(tc, test_deadlines_pass_in_their_order);
    tcase_add_test(tc,
                   test_any_negative_time_and_the_distant_future_never_come);
    tcase_add_test(tc, test_not_a_number_is_no_time);
    tcase_add_test(tc, test_minus_zero_is_zero);
    tcase_add_test(tc, test_the_remaining_time_is_that_of_the_nearest_deadline);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
