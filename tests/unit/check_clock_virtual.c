/* SPDX-License-Identifier: MIT */
/*
 * Timeouts of hours, on virtual time: they pass at once, in the same order each
 * time, and what they are of works as it does with those of milliseconds.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "unit/harness.h"

#define HOUR 3600.0
#define YEAR (365 * 24 * HOUR)

/* By so much a deadline may be late: a tick of the wheel. */
#define LATE 65536e-9

static double
now(void)
{
    return (double)gruvi__clock_now() * 1e-9;
}

/* A thread whose time is virtual, with a hub. */
#define VIRTUAL_TEST(name)                                                     \
    static void name##_in_hub(gruvi_hub_t *hub);                               \
    THREAD_TEST(name)                                                          \
    {                                                                          \
        gruvi__clock_make_virtual();                                           \
        name##_in_hub(gruvi_get_hub());                                        \
        ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);                 \
    }                                                                          \
    static void name##_in_hub(gruvi_hub_t *hub __attribute__((unused)))

/* Between two points in virtual time lies what was waited for. */
static void
expect_passed(double since, double secs)
{
    ck_assert_double_ge(now() - since, secs * (1 - 1e-12));
    ck_assert_double_le(now() - since, secs + LATE + 1e-6);
}

VIRTUAL_TEST(test_a_sleep_of_any_length_is_over_at_once)
{
    static const double lengths[] = {1e-6, 0.001, 1, HOUR, YEAR, 100 * YEAR};

    for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
        double began = now();

        ck_assert_int_eq(gruvi_sleep(lengths[n]), 0);
        expect_passed(began, lengths[n]);
    }
}

/* --- the order -------------------------------------------------------------
 */

#define SLEEPERS 300

struct sleeper {
    double secs;
    int number;
};

static int
sleep_and_record(void *arg)
{
    const struct sleeper *sleeper = arg;
    int err = gruvi_sleep(sleeper->secs);

    if (err == 0)
        err = gruvi_sleep(sleeper->secs / 3);
    record("%d", sleeper->number);
    return err;
}

static void
let_all_sleep(void)
{
    static struct sleeper sleepers[SLEEPERS];
    gruvi_fiber_t *fibers[SLEEPERS];

    srandom(7);
    for (int n = 0; n < SLEEPERS; n++) {
        /* Some at the very same time. */
        sleepers[n].secs = (double)(random() % 100) * HOUR / 7;
        sleepers[n].number = n;
        fibers[n] = spawn(sleep_and_record, &sleepers[n]);
    }
    for (int n = 0; n < SLEEPERS; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
}

VIRTUAL_TEST(test_the_order_is_the_same_each_time)
{
    static char before[4096];

    let_all_sleep();
    snprintf(before, sizeof before, "%s", recorded());
    ck_assert_int_gt(strlen(before), SLEEPERS);
    forget();
    let_all_sleep();
    ck_assert_str_eq(recorded(), before);
}

/* --- timeouts and deadlines ----------------------------------------------- */

static gruvi_event_t event;

static int
set_after(void *arg)
{
    int err = gruvi_sleep(*(double *)arg);

    gruvi_event_set(&event);
    return err;
}

VIRTUAL_TEST(test_a_timeout_counts_from_its_wait)
{
    static double soon = HOUR - 1, late = HOUR + 1;
    gruvi_fiber_t *fiber;
    double began = now();

    gruvi_event_init(&event);
    fiber = spawn(set_after, &soon);
    ck_assert_int_eq(gruvi_event_wait(&event, HOUR), 0);
    expect_passed(began, soon);
    ck_assert_int_eq(finish(fiber), 0);

    began = now();
    gruvi_event_clear(&event);
    fiber = spawn(set_after, &late);
    ck_assert_int_eq(gruvi_event_wait(&event, HOUR), UV_ETIMEDOUT);
    expect_passed(began, HOUR);
    ck_assert_int_eq(gruvi_event_wait(&event, HOUR), 0);
    expect_passed(began, late);
    ck_assert_int_eq(finish(fiber), 0);
    gruvi_event_destroy(&event);
}

VIRTUAL_TEST(test_a_deadline_spans_what_lies_inside)
{
    double began = now();

    GRUVI_WITH_SWITCH_BACK (outer, 3 * HOUR) {
        for (int n = 0; n < 2; n++)
            ck_assert_int_eq(gruvi_sleep(HOUR), 0);
        ck_assert_double_le(gruvi_deadline_remaining(), HOUR);
        ck_assert_double_ge(gruvi_deadline_remaining(), HOUR - 3 * LATE);
        GRUVI_WITH_SWITCH_BACK (inner, 2 * HOUR) {
            ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ETIMEDOUT);
            ck_assert(!gruvi_switch_back_timed_out(&inner));
        }
        ck_assert(gruvi_switch_back_timed_out(&outer));
    }
    expect_passed(began, 3 * HOUR);
}

/* --- descriptors -----------------------------------------------------------
 */

static int
write_after(void *arg)
{
    int err = gruvi_sleep(HOUR);

    ck_assert_int_eq(write(*(int *)arg, "x", 1), 1);
    return err;
}

/* The fiber works for a while before it waits. */
static void
work(double secs)
{
    gruvi__clock_pass(gruvi__clock_now() + (uint64_t)(secs * 1e9));
}

/* Until the deadline, however the fiber is left. */
static int
sleep_long(void)
{
    return gruvi_sleep(YEAR);
}

static int
yield_and_work(void)
{
    int err;

    while ((err = gruvi_sleep(0)) == 0)
        work(HOUR / 64);
    return err;
}

static int
wait_through_first(void)
{
    int err = 0;

    GRUVI_SHIELD {
        err = gruvi_sleep(HOUR);
    }
    return err < 0 ? err : gruvi_sleep(YEAR);
}

VIRTUAL_TEST(test_a_deadline_counts_from_the_beginning_of_its_block)
{
    static int (*const ways[])(void) = {sleep_long, yield_and_work,
                                        wait_through_first};

    for (size_t n = 0; n < sizeof ways / sizeof *ways; n++) {
        double began = now();
        int err = 0;

        GRUVI_WITH_SWITCH_BACK (sb, 10 * HOUR) {
            work(4 * HOUR);
            ck_assert_double_eq_tol(gruvi_deadline_remaining(), 6 * HOUR, 1e-6);
            err = ways[n]();
            ck_assert(gruvi_switch_back_timed_out(&sb));
        }
        ck_assert_int_eq(err, UV_ETIMEDOUT);
        /* Fibers that only yield may do so 128 times before the hub looks. */
        ck_assert_double_ge(now() - began, 10 * HOUR * (1 - 1e-12));
        ck_assert_double_le(now() - began, 12 * HOUR + LATE);
    }
}

VIRTUAL_TEST(test_blocks_around_each_other_have_their_deadlines)
{
    double began = now();

    GRUVI_WITH_SWITCH_BACK (outer, 5 * HOUR) {
        GRUVI_WITH_SWITCH_BACK (endless, GRUVI_FOREVER) {
            GRUVI_WITH_SWITCH_BACK (longer, 50 * HOUR) {
                GRUVI_WITH_SWITCH_BACK (inner, 3 * HOUR) {
                    ck_assert_int_eq(sleep_long(), UV_ETIMEDOUT);
                    ck_assert(gruvi_switch_back_timed_out(&inner));
                }
                expect_passed(began, 3 * HOUR);
                ck_assert_int_eq(sleep_long(), UV_ETIMEDOUT);
                ck_assert(!gruvi_switch_back_timed_out(&longer));
            }
        }
        ck_assert(gruvi_switch_back_timed_out(&outer));
        expect_passed(began, 5 * HOUR);
    }
    ck_assert_int_eq(gruvi_sleep(100 * HOUR), 0); /* nothing is left of them */
}

/* What is there is found before time goes on. */
VIRTUAL_TEST(test_descriptors_are_looked_at_before_time_passes)
{
    gruvi_fiber_t *fiber;
    int fds[2];
    char byte;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_int_eq(gruvi_wait_fd(fds[0], UV_READABLE, HOUR), UV_ETIMEDOUT);
    fiber = spawn(write_after, &fds[1]);
    ck_assert_int_eq(gruvi_wait_fd(fds[0], UV_READABLE, HOUR + 1), UV_READABLE);
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    ck_assert_int_eq(finish(fiber), 0);
    close(fds[0]);
    close(fds[1]);
}

/* --- what is logged now and then -------------------------------------------
 */

static int refusals;

static void
count_refusals(const gruvi_log_record_t *record)
{
    refusals += strstr(record->message, "no more fibers") != NULL;
}

/* As in a server that is full, and has a place again for a moment. */
static void
have_one_and_no_more(void)
{
    gruvi_fiber_t *fiber = spawn(end_at_once, NULL);

    ck_assert_ptr_null(gruvi_spawn(end_at_once, NULL));
    ck_assert_int_eq(gruvi_last_error(), UV_EAGAIN);
    ck_assert_int_eq(finish(fiber), 0);
}

VIRTUAL_TEST(test_that_there_are_no_more_fibers_is_logged_now_and_then)
{
    gruvi_log_fn sink = gruvi_set_log_sink(count_refusals);

    gruvi_hub_set_max_fibers(hub, 1);
    for (int n = 0; n < 100; n++)
        have_one_and_no_more();
    ck_assert_int_eq(refusals, 1);
    ck_assert_int_eq(gruvi_sleep(HOUR), 0);
    have_one_and_no_more();
    ck_assert_int_eq(refusals, 2);
    gruvi_set_log_sink(sink);
}

int
main(void)
{
    Suite *suite = suite_create("clock_virtual");
    TCase *tc = tcase_create("virtual time");

    tcase_add_test(tc, test_a_sleep_of_any_length_is_over_at_once);
    tcase_add_test(tc, test_the_order_is_the_same_each_time);
    tcase_add_test(tc, test_a_timeout_counts_from_its_wait);
    tcase_add_test(tc, test_a_deadline_spans_what_lies_inside);
    tcase_add_test(tc, test_a_deadline_counts_from_the_beginning_of_its_block);
    tcase_add_test(tc, test_blocks_around_each_other_have_their_deadlines);
    tcase_add_test(tc, test_descriptors_are_looked_at_before_time_passes);
    tcase_add_test(tc,
                   test_that_there_are_no_more_fibers_is_logged_now_and_then);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
