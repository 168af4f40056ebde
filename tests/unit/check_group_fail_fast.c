/* SPDX-License-Identifier: MIT */
/* gruvi_group_set_fail_fast(): groups that fail as one. */
#include <string.h>

#include "unit/harness.h"

static void
make(gruvi_group_t *group)
{
    ck_assert_int_eq(gruvi_group_init(group, NULL), 0);
    ck_assert_int_eq(gruvi_group_set_fail_fast(group, true), 0);
    ck_assert_str_eq(gruvi_group_error(group), "");
}

/* A fiber with a name, in the group that the caller spawns into. */
static void
go(const char *name, gruvi_fiber_fn target, void *arg)
{
    gruvi_fiber_options_t options = {.name = name};
    gruvi_fiber_t *fiber = gruvi_spawn_ex(target, arg, &options);

    ck_assert_ptr_nonnull(fiber);
    gruvi_fiber_unref(fiber);
}

static int
wait_and_record(void *arg)
{
    int err = gruvi_sleep(GRUVI_FOREVER);

    record("%s:%s", (char *)arg, gruvi_error_message());
    return err;
}

/* Fails, as soon as it is cancelled, with an error of its own. */
static int
fail_when_cancelled(void *arg)
{
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ECANCELED);
    return (int)(intptr_t)arg;
}

#define CODE(code) ((void *)(intptr_t)(code))

HUB_TEST(test_the_first_failure_cancels_the_others_and_is_what_a_join_returns)
{
    GRUVI_WITH_GROUP (group) {
        ck_assert_int_eq(gruvi_group_set_fail_fast(&group, true), 0);
        go("waits", wait_and_record, "waits");
        go("fails", return_arg, CODE(UV_EPIPE));
        ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), UV_EPIPE);
        ck_assert_uint_eq(gruvi_group_size(&group), 0);
        ck_assert_str_eq(gruvi_group_error(&group), "fails");
        ck_assert_str_eq(recorded(), "waits:fiber fails has failed");
        /* It says so again, and takes nobody. */
        ck_assert_int_eq(gruvi_group_join(&group, 0), UV_EPIPE);
        ck_assert_int_eq(gruvi_go(end_at_once, NULL), UV_ECANCELED);
    }
    ck_assert_int_eq(logged("fails"), 1);
}

HUB_TEST(test_no_other_group_is_cancelled)
{
    gruvi_group_t group;

    ck_assert_int_eq(gruvi_group_init(&group, NULL), 0);
    GRUVI_IN_GROUP (&group) {
        go("waits", wait_and_record, "waits");
        go("fails", return_arg, CODE(UV_EPIPE));
    }
    turns(3);
    ck_assert_uint_eq(gruvi_group_size(&group), 1);
    ck_assert_str_eq(gruvi_group_error(&group), "");
    gruvi_group_cancel(&group, "end");
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    ck_assert_str_eq(recorded(), "waits:end");
    gruvi_group_destroy(&group);
}

HUB_TEST(test_results_and_cancels_are_no_failures)
{
    GRUVI_WITH_GROUP (group) {
        gruvi_fiber_t *fiber;

        gruvi_group_set_fail_fast(&group, true);
        go("result", return_arg, CODE(7));
        go("cancelled", return_arg, CODE(UV_ECANCELED));
        fiber = spawn(wait_and_record, "one");
        turns(2);
        gruvi_fiber_cancel(fiber, "alone");
        ck_assert_int_eq(finish(fiber), UV_ECANCELED);
        go("later", note_and_return, "later");
        ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
        ck_assert_str_eq(recorded(), "one:alone later");
        ck_assert_str_eq(gruvi_group_error(&group), "");
    }
}

HUB_TEST(test_what_fails_after_the_first_failure_does_not_count)
{
    GRUVI_WITH_GROUP (group) {
        gruvi_group_set_fail_fast(&group, true);
        go("second", fail_when_cancelled, CODE(UV_EIO));
        go("first", return_arg, CODE(UV_EPIPE));
        ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), UV_EPIPE);
        ck_assert_str_eq(gruvi_group_error(&group), "first");
    }
    ck_assert_int_eq(logged("second"), 1);
}

/* The failure counts, though it came of the cancel. */
HUB_TEST(test_a_failure_after_a_cancel_counts)
{
    GRUVI_WITH_GROUP (group) {
        gruvi_group_set_fail_fast(&group, true);
        go("fails", fail_when_cancelled, CODE(UV_EIO));
        turns(1);
        gruvi_group_cancel(&group, NULL);
        ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), UV_EIO);
        ck_assert_str_eq(gruvi_group_error(&group), "fails");
    }
}

static gruvi_event_t go_on;

static int
fail_later(void *arg)
{
    int err = gruvi_event_wait(&go_on, GRUVI_FOREVER);

    return err < 0 ? err : (int)(intptr_t)arg;
}

static int
join_group(void *arg)
{
    return gruvi_group_join(arg, GRUVI_FOREVER);
}

/* A join that was cancelled, or timed out, says only that.  The next tells. */
HUB_TEST(test_a_member_that_fails_after_a_join_was_cancelled)
{
    gruvi_group_t group;
    gruvi_fiber_t *joiner;

    gruvi_event_init(&go_on);
    make(&group);
    GRUVI_IN_GROUP (&group) {
        go("fails", fail_later, CODE(UV_EPIPE));
        go("waits", wait_and_record, "waits");
    }
    joiner = spawn(join_group, &group);
    turns(2);
    gruvi_fiber_cancel(joiner, NULL);
    ck_assert_int_eq(finish(joiner), UV_ECANCELED);
    ck_assert_int_eq(gruvi_group_join(&group, 0), UV_ETIMEDOUT);
    ck_assert_uint_eq(gruvi_group_size(&group), 2);
    gruvi_event_set(&go_on);
    turns(5);
    ck_assert_uint_eq(gruvi_group_size(&group), 0);
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), UV_EPIPE);
    gruvi_group_destroy(&group);
    gruvi_event_destroy(&go_on);
}

static int
join_and_destroy(void *arg)
{
    int err = gruvi_group_join(arg, GRUVI_FOREVER);

    memset(arg, 0xaa, sizeof(gruvi_group_t));
    return err;
}

/* The first to go on may end the group. */
HUB_TEST(test_all_who_join_get_the_code)
{
    gruvi_fiber_t *joiners[3];
    gruvi_group_t group;
    int n;

    make(&group);
    for (n = 0; n < 3; n++)
        joiners[n] = spawn(n == 0 ? join_and_destroy : join_group, &group);
    GRUVI_IN_GROUP (&group) {
        go("fails", return_arg, CODE(UV_EPIPE));
    }
    for (n = 0; n < 3; n++)
        ck_assert_int_eq(finish(joiners[n]), UV_EPIPE);
}

static int
fail_in_a_child(void *arg)
{
    bool *child_fails = arg;
    int err = 0;

    GRUVI_WITH_GROUP (child) {
        gruvi_group_set_fail_fast(&child, *child_fails);
        go("fails", return_arg, CODE(UV_EPIPE));
        err = gruvi_group_join(&child, GRUVI_FOREVER);
        record("%s %s", gruvi_err_name(err), gruvi_group_error(&child));
    }
    return *child_fails ? 0 : err;
}

HUB_TEST(test_a_failure_in_a_child_fails_the_group)
{
    bool child_fails = false;

    GRUVI_WITH_GROUP (group) {
        gruvi_group_set_fail_fast(&group, true);
        go("waits", wait_and_record, "waits");
        go("holds", fail_in_a_child, &child_fails);
        ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), UV_EPIPE);
        ck_assert_str_eq(gruvi_group_error(&group), "fails");
    }
    ck_assert_ptr_nonnull(strstr(recorded(), "waits:fiber fails has failed"));
}

HUB_TEST(test_a_child_that_fails_as_one_keeps_its_failure)
{
    bool child_fails = true;

    GRUVI_WITH_GROUP (group) {
        gruvi_group_set_fail_fast(&group, true);
        go("holds", fail_in_a_child, &child_fails);
        ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
        ck_assert_str_eq(gruvi_group_error(&group), "");
    }
    ck_assert_str_eq(recorded(), "EPIPE fails");
}

HUB_TEST(test_a_member_that_has_failed_before_does_not_count)
{
    GRUVI_WITH_GROUP (group) {
        go("early", return_arg, CODE(UV_EPIPE));
        ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
        gruvi_group_set_fail_fast(&group, true);
        go("good", end_at_once, NULL);
        ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
        gruvi_group_set_fail_fast(&group, false);
        go("late", return_arg, CODE(UV_EPIPE));
        ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    }
}

HUB_TEST(test_a_group_that_is_made_again_has_not_failed)
{
    gruvi_group_t group;

    make(&group);
    gruvi_fiber_unref(gruvi_group_spawn(&group, return_arg, CODE(UV_EPIPE)));
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), UV_EPIPE);
    gruvi_group_destroy(&group);
    make(&group);
    gruvi_fiber_unref(gruvi_group_spawn(&group, end_at_once, NULL));
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    gruvi_group_destroy(&group);
}

HUB_TEST(test_a_group_that_was_destroyed_is_refused)
{
    gruvi_group_t group;

    make(&group);
    gruvi_group_destroy(&group);
    ck_assert_int_eq(gruvi_group_set_fail_fast(&group, true), UV_EINVAL);
}

static void
set_from_here(void *arg)
{
    ck_assert_int_eq(gruvi_group_set_fail_fast(arg, true), UV_EPERM);
}

HUB_TEST(test_another_thread_is_refused)
{
    GRUVI_WITH_GROUP (group) {
        in_thread(set_from_here, &group);
    }
}

int
main(void)
{
    Suite *suite = suite_create("group_fail_fast");
    TCase *tc = tcase_create("fail_fast");

    tcase_add_test(
        tc,
        test_the_first_failure_cancels_the_others_and_is_what_a_join_returns);
    tcase_add_test(tc, test_no_other_group_is_cancelled);
    tcase_add_test(tc, test_results_and_cancels_are_no_failures);
    tcase_add_test(tc, test_what_fails_after_the_first_failure_does_not_count);
    tcase_add_test(tc, test_a_failure_after_a_cancel_counts);
    tcase_add_test(tc, test_a_member_that_fails_after_a_join_was_cancelled);
    tcase_add_test(tc, test_all_who_join_get_the_code);
    tcase_add_test(tc, test_a_failure_in_a_child_fails_the_group);
    tcase_add_test(tc, test_a_child_that_fails_as_one_keeps_its_failure);
    tcase_add_test(tc, test_a_member_that_has_failed_before_does_not_count);
    tcase_add_test(tc, test_a_group_that_is_made_again_has_not_failed);
    tcase_add_test(tc, test_a_group_that_was_destroyed_is_refused);
    tcase_add_test(tc, test_another_thread_is_refused);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
