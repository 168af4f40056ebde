/* SPDX-License-Identifier: MIT */
/*
 * The life of fibers: start, cancel, throw, join, names, limits, order.
 */
#include <gruvi.h>

#include <string.h>

#include "unit/harness.h"

HUB_TEST(test_nothing_runs_before_the_hub_does)
{
    gruvi_fiber_t *fiber = spawn(note_and_return, "fiber");

    record("root");
    ck_assert(gruvi_fiber_alive(fiber));
    ck_assert_int_eq(gruvi_fiber_status(fiber), UV_EBUSY);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_str_eq(recorded(), "root fiber");
}

HUB_TEST(test_a_fiber_that_is_not_started_does_not_run)
{
    gruvi_fiber_t *fiber = gruvi_fiber_new(note_and_return, "ran", NULL);

    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert(gruvi_fiber_alive(fiber));
    gruvi_fiber_unref(fiber);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_str_eq(recorded(), "");
}

HUB_TEST(test_start_runs_it_once)
{
    gruvi_fiber_t *fiber = gruvi_fiber_new(note_and_return, "ran", NULL);

    ck_assert_int_eq(gruvi_fiber_start(fiber), 0);
    ck_assert_int_eq(gruvi_fiber_start(fiber), UV_EALREADY);
    ck_assert_str_eq(recorded(), "");
    ck_assert_int_eq(gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_fiber_start(fiber), UV_EALREADY);
    ck_assert_str_eq(recorded(), "ran");
    gruvi_fiber_unref(fiber);
}

HUB_TEST(test_fibers_run_in_the_order_they_were_started)
{
    gruvi_fiber_t *a = spawn(note_and_return, "a");
    gruvi_fiber_t *b = spawn(note_and_return, "b");
    gruvi_fiber_t *c = spawn(note_and_return, "c");

    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_str_eq(recorded(), "a b c");
    finish(a);
    finish(b);
    finish(c);
}

HUB_TEST(test_status_is_what_target_returned)
{
    ck_assert_int_eq(finish(spawn(return_arg, (void *)7)), 7);
    ck_assert_int_eq(finish(spawn(return_arg, (void *)(intptr_t)UV_EPIPE)),
                     UV_EPIPE);
}

HUB_TEST(test_cancel_ends_the_wait_in_the_next_iteration)
{
    int err = 1;
    gruvi_fiber_t *fiber = spawn(sleep_for_ever, &err);

    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "timer");
    ck_assert(!gruvi_fiber_cancelled(fiber));
    ck_assert_int_eq(gruvi_fiber_cancel(fiber, "enough"), 0);
    ck_assert(gruvi_fiber_cancelled(fiber));
    ck_assert_int_eq(err, 1);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_int_eq(err, UV_ECANCELED);
}

static int
count_cancels(void *arg)
{
    int *count = arg, err;

    while ((err = gruvi_sleep(*count < 2 ? GRUVI_FOREVER : 0.001)) ==
           UV_ECANCELED)
        ++*count;
    return err;
}

HUB_TEST(test_each_cancel_is_delivered_once)
{
    int count = 0;
    gruvi_fiber_t *fiber = spawn(count_cancels, &count);

    ck_assert_int_eq(gruvi_sleep(0), 0);
    gruvi_fiber_cancel(fiber, NULL);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(count, 2);
}

static int
cancel_oneself(void *arg)
{
    (void)arg;
    gruvi_fiber_cancel(gruvi_current_fiber(), "by myself");
    record("runs on");
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ECANCELED);
    ck_assert_str_eq(gruvi_error_message(), "by myself");
    ck_assert_int_eq(gruvi_sleep(0), 0);
    return 0;
}

HUB_TEST(test_a_running_fiber_is_cancelled_at_its_next_wait)
{
    ck_assert_int_eq(finish(spawn(cancel_oneself, NULL)), 0);
    ck_assert_str_eq(recorded(), "runs on");
}

HUB_TEST(test_cancelled_before_it_ran_it_never_runs)
{
    gruvi_fiber_t *started = spawn(note_and_return, "started");
    gruvi_fiber_t *fresh = gruvi_fiber_new(note_and_return, "fresh", NULL);

    ck_assert_int_eq(gruvi_fiber_cancel(started, NULL), 0);
    ck_assert_int_eq(gruvi_fiber_cancel(fresh, NULL), 0);
    ck_assert(gruvi_fiber_alive(fresh));
    ck_assert_int_eq(gruvi_fiber_start(fresh), UV_EALREADY);
    ck_assert_int_eq(finish(started), UV_ECANCELED);
    ck_assert_int_eq(finish(fresh), UV_ECANCELED);
    ck_assert_str_eq(recorded(), "");
}

HUB_TEST(test_cancelling_a_dead_fiber_is_nothing)
{
    gruvi_fiber_t *fiber = spawn(return_arg, NULL);

    gruvi_fiber_join(fiber, GRUVI_FOREVER);
    ck_assert_int_eq(gruvi_fiber_cancel(fiber, "late"), 0);
    ck_assert(!gruvi_fiber_cancelled(fiber));
    ck_assert_int_eq(gruvi_fiber_status(fiber), 0);
    gruvi_fiber_unref(fiber);
}

HUB_TEST(test_root_and_hub_are_no_ordinary_fibers)
{
    gruvi_fiber_t *root = gruvi_current_fiber();
    gruvi_fiber_t *fiber = spawn(return_arg, NULL);
    gruvi_fiber_t *of_hub = gruvi_fiber_parent(fiber);

    ck_assert_str_eq(gruvi_fiber_name(root), "Root");
    ck_assert_str_eq(gruvi_fiber_name(of_hub), "Hub");
    ck_assert_ptr_null(gruvi_fiber_parent(root));
    ck_assert_ptr_eq(gruvi_fiber_parent(of_hub), root);
    ck_assert_int_eq(gruvi_fiber_start(root), UV_EINVAL);
    ck_assert_int_eq(gruvi_fiber_start(of_hub), UV_EINVAL);
    ck_assert_int_eq(gruvi_fiber_cancel(root, NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_fiber_cancel(of_hub, NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_fiber_join(root, 0), UV_EINVAL);
    ck_assert_int_eq(gruvi_fiber_join(of_hub, 0), UV_EINVAL);
    finish(fiber);
}

HUB_TEST(test_names_are_copied_cut_and_made_up)
{
    char text[64] = "a name that is longer than thirty-one bytes";
    gruvi_fiber_options_t options = {.name = text};
    gruvi_fiber_t *named = gruvi_spawn_ex(return_arg, NULL, &options);
    gruvi_fiber_t *other = spawn(return_arg, NULL);

    memset(text, 'x', sizeof text - 1);
    ck_assert_str_eq(gruvi_fiber_name(named),
                     "a name that is longer than thir");
    ck_assert_str_eq(gruvi_fiber_name(other), "Fiber-2");
    finish(named);
    finish(other);
}

static int
join_with_timeout(void *arg)
{
    return gruvi_fiber_join(arg, 0.001);
}

HUB_TEST(test_join_times_out_and_leaves_the_fiber_alone)
{
    gruvi_fiber_t *sleeper = spawn(sleep_for_ever, NULL);

    ck_assert_int_eq(gruvi_fiber_join(sleeper, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(finish(spawn(join_with_timeout, sleeper)), UV_ETIMEDOUT);
    ck_assert(gruvi_fiber_alive(sleeper));
    ck_assert_int_eq(gruvi_fiber_join(sleeper, 0.0 / 0.0), UV_EINVAL);
    gruvi_fiber_cancel(sleeper, NULL);
    finish(sleeper);
}

static int
join_oneself(void *arg)
{
    (void)arg;
    return gruvi_fiber_join(gruvi_current_fiber(), GRUVI_FOREVER);
}

/* That it may not be called here is said first, whatever its arguments. */
HUB_TEST(test_a_bad_timeout_does_not_hide_a_bad_place)
{
    const double nan = 0.0 / 0.0;
    gruvi_lock_t lock = GRUVI_LOCK_INIT;

    catch_assertions();
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        ck_assert_int_eq(gruvi_sleep(nan), UV_EPERM);
        ck_assert_int_eq(gruvi_wait_fd(0, UV_READABLE, nan), UV_EPERM);
        ck_assert_int_eq(gruvi_lock_acquire(&lock, nan), UV_EPERM);
    }
    ck_assert_int_eq(assertions(), 3);
    ck_assert_int_eq(gruvi_sleep(nan), UV_EINVAL);
    ck_assert_int_eq(gruvi_lock_acquire(&lock, nan), UV_EINVAL);
}

static int
join_it(void *arg)
{
    return gruvi_fiber_join(arg, GRUVI_FOREVER);
}

/* Whoever joins it keeps its memory from others, which are linked to it. */
HUB_TEST(test_one_that_never_starts_is_let_go_while_it_is_joined)
{
    gruvi_fiber_t *never = gruvi_fiber_new(end_at_once, NULL, NULL);
    gruvi_fiber_t *joiner = spawn(join_it, never), *other;

    turns(2);
    ck_assert_str_eq(gruvi_fiber_waiting_for(joiner), "join");
    gruvi_fiber_unref(never);
    other = spawn(end_at_once, NULL);
    ck_assert_ptr_ne(other, never);
    gruvi_fiber_cancel(joiner, NULL);
    ck_assert_int_eq(finish(joiner), UV_ECANCELED);
    ck_assert_int_eq(finish(other), 0);
}

HUB_TEST(test_joining_oneself_is_refused)
{
    ck_assert_int_eq(finish(spawn(join_oneself, NULL)), UV_EINVAL);
}

static int
join_and_note(void *arg)
{
    int err = gruvi_fiber_join(arg, GRUVI_FOREVER);

    record("%s", gruvi_fiber_name(gruvi_current_fiber()));
    return err;
}

HUB_TEST(test_all_who_join_are_woken)
{
    gruvi_fiber_t *sleeper = spawn(sleep_for_ever, NULL);
    gruvi_fiber_t *a = spawn(join_and_note, sleeper);
    gruvi_fiber_t *b = spawn(join_and_note, sleeper);
    gruvi_fiber_t *c = spawn(join_and_note, sleeper);

    ck_assert_int_eq(gruvi_sleep(0), 0);
    gruvi_fiber_cancel(b, NULL); /* one leaves the queue */
    gruvi_fiber_cancel(sleeper, NULL);
    ck_assert_int_eq(finish(a), 0);
    ck_assert_int_eq(finish(b), UV_ECANCELED);
    ck_assert_int_eq(finish(c), 0);
    finish(sleeper);
}

HUB_TEST(test_a_handle_let_go_does_not_end_the_fiber)
{
    gruvi_fiber_unref(spawn(note_and_return, "ran"));
    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_str_eq(recorded(), "ran");
}

HUB_TEST(test_options_are_checked)
{
    gruvi_fiber_options_t options = {.stack_size = 100};

    ck_assert_ptr_null(gruvi_fiber_new(NULL, NULL, NULL));
    ck_assert_int_eq(gruvi_last_error(), UV_EINVAL);
    ck_assert_ptr_null(gruvi_fiber_new(return_arg, NULL, &options));
    ck_assert_int_eq(gruvi_last_error(), UV_EINVAL);
    options.stack_size = 0;
    options.reserved[3] = &options;
    ck_assert_ptr_null(gruvi_fiber_new(return_arg, NULL, &options));
    ck_assert_int_eq(gruvi_last_error(), UV_EINVAL);
}

static int
use_much_stack(void *arg)
{
    volatile char buffer[700 * 1024];
    size_t i;

    for (i = 0; i < sizeof buffer; i += 1024)
        buffer[i] = (char)i;
    return arg == NULL ? buffer[1024] != 0 : -1;
}

HUB_TEST(test_a_larger_stack_can_be_asked_for)
{
    gruvi_fiber_options_t options = {.stack_size = 1024 * 1024};

    ck_assert_int_eq(finish(gruvi_spawn_ex(use_much_stack, NULL, &options)), 0);
}

HUB_TEST(test_over_max_fibers_a_spawn_fails)
{
    gruvi_fiber_t *a, *b;

    gruvi_hub_set_max_fibers(gruvi_get_hub(), 2);
    a = spawn(sleep_for_ever, NULL);
    b = spawn(sleep_for_ever, NULL);
    ck_assert_ptr_null(gruvi_spawn(return_arg, NULL));
    ck_assert_int_eq(gruvi_last_error(), UV_EAGAIN);
    gruvi_fiber_cancel(a, NULL);
    finish(a);
    a = spawn(return_arg, NULL);
    gruvi_fiber_cancel(b, NULL);
    finish(a);
    finish(b);
}

/* --- gruvi_go() -------------------------------------------------------------
 */

HUB_TEST(test_go_starts_a_fiber_that_nobody_has_to_release)
{
    ck_assert_int_eq(gruvi_go(note_and_return, "ran"), 0);
    ck_assert_uint_eq(fibers_of(hub), 1);
    ck_assert_str_eq(recorded(), "");
    turns(1);
    ck_assert_str_eq(recorded(), "ran");
    ck_assert_uint_eq(fibers_of(hub), 0);
}

HUB_TEST(test_go_fails_as_spawn_does)
{
    ck_assert_int_eq(gruvi_go(NULL, NULL), UV_EINVAL);
    gruvi_hub_set_max_fibers(hub, 1);
    ck_assert_int_eq(gruvi_go(end_at_once, NULL), 0);
    ck_assert_int_eq(gruvi_go(end_at_once, NULL), UV_EAGAIN);
    turns(1);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(gruvi_go(end_at_once, NULL), UV_ESHUTDOWN);
}

HUB_TEST(test_to_release_no_fiber_does_nothing)
{
    gruvi_fiber_unref(NULL);
    gruvi_fiber_unref(gruvi_fiber_new(NULL, NULL, NULL));
    ck_assert_int_eq(gruvi_last_error(), UV_EINVAL);
}

int
main(void)
{
    Suite *suite = suite_create("fiber");
    TCase *tc = tcase_create("fiber");

    tcase_add_test(tc, test_nothing_runs_before_the_hub_does);
    tcase_add_test(tc, test_a_fiber_that_is_not_started_does_not_run);
    tcase_add_test(tc, test_start_runs_it_once);
    tcase_add_test(tc, test_fibers_run_in_the_order_they_were_started);
    tcase_add_test(tc, test_status_is_what_target_returned);
    tcase_add_test(tc, test_cancel_ends_the_wait_in_the_next_iteration);
    tcase_add_test(tc, test_each_cancel_is_delivered_once);
    tcase_add_test(tc, test_a_running_fiber_is_cancelled_at_its_next_wait);
    tcase_add_test(tc, test_cancelled_before_it_ran_it_never_runs);
    tcase_add_test(tc, test_cancelling_a_dead_fiber_is_nothing);
    tcase_add_test(tc, test_root_and_hub_are_no_ordinary_fibers);
    tcase_add_test(tc, test_names_are_copied_cut_and_made_up);
    tcase_add_test(tc, test_join_times_out_and_leaves_the_fiber_alone);
    tcase_add_test(tc, test_a_bad_timeout_does_not_hide_a_bad_place);
    tcase_add_test(tc, test_one_that_never_starts_is_let_go_while_it_is_joined);
    tcase_add_test(tc, test_joining_oneself_is_refused);
    tcase_add_test(tc, test_all_who_join_are_woken);
    tcase_add_test(tc, test_a_handle_let_go_does_not_end_the_fiber);
    tcase_add_test(tc, test_options_are_checked);
    tcase_add_test(tc, test_a_larger_stack_can_be_asked_for);
    tcase_add_test(tc, test_over_max_fibers_a_spawn_fails);
    tcase_add_test(tc, test_go_starts_a_fiber_that_nobody_has_to_release);
    tcase_add_test(tc, test_go_fails_as_spawn_does);
    tcase_add_test(tc, test_to_release_no_fiber_does_nothing);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
