/* SPDX-License-Identifier: MIT */
/*
 * Switch backs: values, errors, deadlines, nesting, shields, other threads.
 */
#include <string.h>

#include "unit/harness.h"

static void
hand_over(void *sb)
{
    gruvi_switch_back_switch(sb, (void *)7);
    gruvi_switch_back_switch(sb, (void *)8);
}

HUB_TEST(test_a_callback_hands_over_a_value)
{
    void *value = NULL;

    GRUVI_WITH_SWITCH_BACK (sb, GRUVI_FOREVER) {
        ck_assert_ptr_eq(gruvi_switch_back_fiber(&sb), gruvi_current_fiber());
        ck_assert(gruvi_switch_back_active(&sb));
        ck_assert(gruvi_switch_back_timeout(&sb) < 0);
        gruvi_hub_run_callback(hub, hand_over, &sb);
        ck_assert_int_eq(gruvi_hub_switch(hub, &value), 0);
        ck_assert(!gruvi_switch_back_active(&sb));
        ck_assert(!gruvi_switch_back_timed_out(&sb));
    }
    ck_assert_ptr_eq(value, (void *)7);
}

HUB_TEST(test_a_value_that_came_before_the_wait_is_kept)
{
    void *value = NULL;

    GRUVI_WITH_SWITCH_BACK (sb, GRUVI_FOREVER) {
        gruvi_switch_back_switch(&sb, &value);
        ck_assert_int_eq(gruvi_sleep(0.001), 0);
        ck_assert_int_eq(gruvi_hub_switch(hub, &value), 0);
        ck_assert_ptr_eq(value, &value);
    }
}

HUB_TEST(test_it_switches_back_at_most_once)
{
    GRUVI_WITH_SWITCH_BACK (sb, 0.005) {
        gruvi_switch_back_switch(&sb, NULL);
        ck_assert_int_eq(gruvi_hub_switch(hub, NULL), 0);
        gruvi_switch_back_switch(&sb, NULL);
        gruvi_switch_back_throw(&sb, UV_EPROTO, NULL);
        ck_assert_int_eq(gruvi_hub_switch(hub, NULL), UV_ETIMEDOUT);
    }
}

HUB_TEST(test_after_exit_nothing_reaches_the_fiber)
{
    gruvi_switch_back_t sb;

    gruvi_switch_back_init(&sb, 0.001);
    gruvi_switch_back_exit(&sb);
    ck_assert(!gruvi_switch_back_active(&sb));
    ck_assert_ptr_null(gruvi_switch_back_fiber(&sb));
    gruvi_hub_run_callback(hub, hand_over, &sb);
    ck_assert_int_eq(gruvi_sleep(0.004), 0);
    GRUVI_WITH_SWITCH_BACK (other, 0.001)
        ck_assert_int_eq(gruvi_hub_switch(hub, NULL), UV_ETIMEDOUT);
    gruvi_switch_back_exit(&sb);
}

HUB_TEST(test_the_deadline_is_delivered_once)
{
    GRUVI_WITH_SWITCH_BACK (sb, 0.001) {
        ck_assert_int_eq(gruvi_hub_switch(hub, NULL), UV_ETIMEDOUT);
        ck_assert(gruvi_switch_back_timed_out(&sb));
        ck_assert_int_eq(gruvi_sleep(0.002), 0);
        ck_assert_int_eq(gruvi_sleep(0), 0);
    }
}

/* A loop that goes on after a timeout of its own, and does not know whose
 * timeout it got.  Returns whether it went round, or got that of the block. */
static bool
loop_past_deadline(gruvi_event_t *never)
{
    int err, rounds = 0;
    bool seen = false;

    GRUVI_WITH_SWITCH_BACK (sb, 0.003) {
        do {
            err = gruvi_event_wait(never, 0.001);
            rounds++;
        } while (err == UV_ETIMEDOUT && gruvi_deadline_remaining() != 0);
        ck_assert_int_eq(err, UV_ETIMEDOUT);
        seen = gruvi_switch_back_timed_out(&sb) || rounds > 1;
        /* It is said until the block ends, also deeper. */
        gruvi_event_wait(never, 0.001);
        ck_assert_double_eq(gruvi_deadline_remaining(), 0);
        GRUVI_WITH_SWITCH_BACK (inner, 60)
            ck_assert_double_eq(gruvi_deadline_remaining(), 0);
        ck_assert(gruvi_switch_back_timed_out(&sb));
    }
    return seen;
}

/* On a slow machine the first wait may be longer than the block, but not each
 * time. */
HUB_TEST(test_a_loop_sees_that_its_deadline_has_passed)
{
    gruvi_event_t never;
    int n = 0;

    gruvi_event_init(&never);
    GRUVI_WITH_SWITCH_BACK (outer, GRUVI_FOREVER) {
        while (!loop_past_deadline(&never))
            ck_assert_int_lt(++n, 50);
        ck_assert_double_eq(gruvi_deadline_remaining(), GRUVI_FOREVER);
        ck_assert(!gruvi_switch_back_timed_out(&outer));
    }
    gruvi_event_destroy(&never);
}

static int
sleep_deeper(int depth)
{
    return depth == 0 ? gruvi_sleep(GRUVI_FOREVER) : sleep_deeper(depth - 1);
}

HUB_TEST(test_the_deadline_spans_nested_calls)
{
    GRUVI_WITH_SWITCH_BACK (sb, 0.002) {
        ck_assert_double_gt(gruvi_deadline_remaining(), 0);
        ck_assert_double_le(gruvi_deadline_remaining(), 0.002);
        ck_assert_int_eq(sleep_deeper(5), UV_ETIMEDOUT);
    }
    ck_assert_double_eq(gruvi_deadline_remaining(), GRUVI_FOREVER);
}

HUB_TEST(test_an_inner_block_ends_at_an_outer_deadline)
{
    GRUVI_WITH_SWITCH_BACK (outer, 0.001) {
        GRUVI_WITH_SWITCH_BACK (inner, 60) {
            ck_assert_double_le(gruvi_deadline_remaining(), 0.001);
            ck_assert_int_eq(gruvi_hub_switch(hub, NULL), UV_ETIMEDOUT);
            ck_assert(!gruvi_switch_back_timed_out(&inner));
        }
        ck_assert(gruvi_switch_back_timed_out(&outer));
    }
}

HUB_TEST(test_two_deadlines_that_passed_are_both_delivered)
{
    GRUVI_WITH_SWITCH_BACK (outer, 0.001) {
        GRUVI_WITH_SWITCH_BACK (inner, 0.001) {
            GRUVI_SHIELD
                ck_assert_int_eq(gruvi_sleep(0.005), 0);
            ck_assert_double_eq(gruvi_deadline_remaining(), 0);
            ck_assert_int_eq(gruvi_sleep(1), UV_ETIMEDOUT);
            ck_assert(gruvi_switch_back_timed_out(&outer));
            ck_assert(!gruvi_switch_back_timed_out(&inner));
            ck_assert_int_eq(gruvi_sleep(1), UV_ETIMEDOUT);
            ck_assert(gruvi_switch_back_timed_out(&inner));
        }
        ck_assert_int_eq(gruvi_sleep(0.001), 0);
    }
}

HUB_TEST(test_an_outer_value_waits_until_its_block_is_innermost)
{
    void *value = NULL;

    GRUVI_WITH_SWITCH_BACK (outer, GRUVI_FOREVER) {
        gruvi_switch_back_switch(&outer, &outer);
        GRUVI_WITH_SWITCH_BACK (inner, 0.002)
            ck_assert_int_eq(gruvi_hub_switch(hub, &value), UV_ETIMEDOUT);
        ck_assert_ptr_null(value);
        ck_assert_int_eq(gruvi_hub_switch(hub, &value), 0);
        ck_assert_ptr_eq(value, &outer);
    }
}

static void
throw_protocol_error(void *sb)
{
    gruvi_switch_back_throw(sb, UV_EPROTO, "no hello");
}

HUB_TEST(test_an_error_ends_any_wait_inside_the_block)
{
    GRUVI_WITH_SWITCH_BACK (outer, GRUVI_FOREVER) {
        GRUVI_WITH_SWITCH_BACK (inner, GRUVI_FOREVER) {
            gruvi_hub_run_callback(hub, throw_protocol_error, &outer);
            ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_EPROTO);
            ck_assert_str_eq(gruvi_error_message(), "no hello");
            ck_assert_int_eq(gruvi_sleep(0.001), 0);
        }
        ck_assert(!gruvi_switch_back_active(&outer));
    }
}

HUB_TEST(test_an_error_for_a_block_that_was_left_is_dropped)
{
    GRUVI_WITH_SWITCH_BACK (sb, GRUVI_FOREVER)
        gruvi_switch_back_throw(&sb, UV_EPROTO, NULL);
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
}

HUB_TEST(test_a_code_that_is_no_error_counts_as_einval)
{
    GRUVI_WITH_SWITCH_BACK (sb, GRUVI_FOREVER) {
        gruvi_switch_back_throw(&sb, 3, NULL);
        ck_assert_int_eq(gruvi_sleep(1), UV_EINVAL);
    }
}

/* --- a grant and an error at the same moment ------------------------------ */

struct both {
    gruvi_switch_back_t *sb;
    gruvi_fiber_t *fiber;
    bool cancel_first;
};

static void
grant_and_cancel(void *arg)
{
    struct both *both = arg;

    if (both->cancel_first)
        gruvi_fiber_cancel(both->fiber, "x");
    gruvi_switch_back_switch(both->sb, both);
    if (!both->cancel_first)
        gruvi_fiber_cancel(both->fiber, "x");
}

static int
be_granted_and_cancelled(void *arg)
{
    struct both both = {.fiber = gruvi_current_fiber(), .cancel_first = arg};
    void *value;

    GRUVI_WITH_SWITCH_BACK (sb, GRUVI_FOREVER) {
        both.sb = &sb;
        gruvi_hub_run_callback(gruvi_get_hub(), grant_and_cancel, &both);
        ck_assert_int_eq(gruvi_hub_switch(gruvi_get_hub(), &value), 0);
        ck_assert_ptr_eq(value, &both);
        ck_assert_int_eq(gruvi_sleep(1), UV_ECANCELED);
        ck_assert_int_eq(gruvi_sleep(0), 0);
    }
    return 0;
}

HUB_TEST(test_a_granted_wait_leaves_the_cancel_pending)
{
    ck_assert_int_eq(finish(spawn(be_granted_and_cancelled, NULL)), 0);
    ck_assert_int_eq(finish(spawn(be_granted_and_cancelled, hub)), 0);
}

HUB_TEST(test_a_value_goes_before_a_deadline_that_has_passed)
{
    GRUVI_WITH_SWITCH_BACK (sb, 0.001) {
        GRUVI_SHIELD
            ck_assert_int_eq(gruvi_sleep(0.003), 0);
        gruvi_switch_back_switch(&sb, NULL);
        ck_assert_int_eq(gruvi_hub_switch(hub, NULL), 0);
        ck_assert_int_eq(gruvi_sleep(1), UV_ETIMEDOUT);
    }
}

HUB_TEST(test_timeout_0_polls)
{
    GRUVI_WITH_SWITCH_BACK (sb, 0)
        ck_assert_int_eq(gruvi_hub_switch(hub, NULL), UV_ETIMEDOUT);
    GRUVI_WITH_SWITCH_BACK (sb, 0) {
        gruvi_hub_run_callback(hub, hand_over, &sb);
        ck_assert_int_eq(gruvi_hub_switch(hub, NULL), 0);
    }
}

/* --- ways out ------------------------------------------------------------ */

static int
leave_by(int way)
{
    GRUVI_WITH_SWITCH_BACK (sb, 60) {
        gruvi_switch_back_add_cleanup(&sb, note, "first");
        gruvi_switch_back_add_cleanup(&sb, note, "second");
        gruvi_switch_back_add_cleanup(&sb, note, "third");
        if (way == 0)
            return 0;
        if (way == 1)
            break;
        if (way == 2)
            goto out;
        if (way == 3)
            continue;
    }
out:
    return gruvi_deadline_remaining() < 0 ? 0 : -1;
}

HUB_TEST(test_every_way_out_runs_the_cleanups_in_order)
{
    int way;

    for (way = 0; way < 5; way++) {
        ck_assert_int_eq(leave_by(way), 0);
        ck_assert_str_eq(recorded(), "first second third");
        ck_assert_double_eq(gruvi_deadline_remaining(), GRUVI_FOREVER);
        forget();
    }
}

static void
sleep_a_little(void *arg)
{
    *(int *)arg = gruvi_sleep(0.001);
}

HUB_TEST(test_cleanups_may_switch)
{
    int slept = 1;

    GRUVI_WITH_SWITCH_BACK (sb, 0.001) {
        ck_assert_int_eq(
            gruvi_switch_back_add_cleanup(&sb, sleep_a_little, &slept), 0);
        ck_assert_int_eq(gruvi_sleep(1), UV_ETIMEDOUT);
    }
    ck_assert_int_eq(slept, 0);
}

HUB_TEST(test_a_cleanup_needs_a_live_switch_back)
{
    gruvi_switch_back_t sb;

    gruvi_switch_back_init(&sb, 1);
    ck_assert_int_eq(gruvi_switch_back_add_cleanup(&sb, NULL, NULL), UV_EINVAL);
    gruvi_switch_back_exit(&sb);
    ck_assert_int_eq(gruvi_switch_back_add_cleanup(&sb, note, "x"), UV_EINVAL);
}

HUB_TEST(test_a_bad_one_is_inactive_and_the_next_switchpoint_says_why)
{
    GRUVI_WITH_SWITCH_BACK (sb, 0.0 / 0.0) {
        ck_assert(!gruvi_switch_back_active(&sb));
        ck_assert_int_eq(gruvi_sleep(0), UV_EINVAL);
        ck_assert_int_eq(gruvi_sleep(0), 0);
    }
}

static void
use_anothers_hub(void *theirs)
{
    gruvi_switch_back_t sb;

    gruvi_switch_back_init_ex(&sb, 1, theirs, NULL);
    ck_assert(!gruvi_switch_back_active(&sb));
    ck_assert_int_eq(gruvi_sleep(0), UV_EPERM);
    gruvi_switch_back_exit(&sb);
    gruvi_hub_close(gruvi_get_hub());
}

HUB_TEST(test_another_threads_hub_is_refused)
{
    in_thread(use_anothers_hub, hub);
}

static int
forget_to_exit(void *arg)
{
    gruvi_switch_back_init(arg, 60);
    return 0;
}

HUB_TEST(test_a_block_that_was_not_left_is_an_assertion_failure)
{
    gruvi_switch_back_t sb;

    catch_assertions();
    ck_assert_int_eq(finish(spawn(forget_to_exit, &sb)), 0);
    ck_assert_int_eq(assertions(), 1);
    ck_assert_ptr_nonnull(strstr(last_assertion(), "Fiber-1"));
    ck_assert(!gruvi_switch_back_active(&sb));
}

int
main(void)
{
    Suite *suite = suite_create("switch_back");
    TCase *tc = tcase_create("switch_back");

    tcase_add_test(tc, test_a_callback_hands_over_a_value);
    tcase_add_test(tc, test_a_value_that_came_before_the_wait_is_kept);
    tcase_add_test(tc, test_it_switches_back_at_most_once);
    tcase_add_test(tc, test_after_exit_nothing_reaches_the_fiber);
    tcase_add_test(tc, test_the_deadline_is_delivered_once);
    tcase_add_test(tc, test_a_loop_sees_that_its_deadline_has_passed);
    tcase_add_test(tc, test_the_deadline_spans_nested_calls);
    tcase_add_test(tc, test_an_inner_block_ends_at_an_outer_deadline);
    tcase_add_test(tc, test_two_deadlines_that_passed_are_both_delivered);
    tcase_add_test(tc, test_an_outer_value_waits_until_its_block_is_innermost);
    tcase_add_test(tc, test_an_error_ends_any_wait_inside_the_block);
    tcase_add_test(tc, test_an_error_for_a_block_that_was_left_is_dropped);
    tcase_add_test(tc, test_a_code_that_is_no_error_counts_as_einval);
    tcase_add_test(tc, test_a_granted_wait_leaves_the_cancel_pending);
    tcase_add_test(tc, test_a_value_goes_before_a_deadline_that_has_passed);
    tcase_add_test(tc, test_timeout_0_polls);
    tcase_add_test(tc, test_every_way_out_runs_the_cleanups_in_order);
    tcase_add_test(tc, test_cleanups_may_switch);
    tcase_add_test(tc, test_a_cleanup_needs_a_live_switch_back);
    tcase_add_test(
        tc, test_a_bad_one_is_inactive_and_the_next_switchpoint_says_why);
    tcase_add_test(tc, test_another_threads_hub_is_refused);
    tcase_add_test(tc, test_a_block_that_was_not_left_is_an_assertion_failure);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
