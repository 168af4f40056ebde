/* SPDX-License-Identifier: MIT */
/* Fibers that end with an error, and who is told. */
#include "unit/harness.h"

static void
run_one(int status)
{
    gruvi_fiber_t *fiber = spawn(return_arg, (void *)(intptr_t)status);

    ck_assert_int_eq(finish(fiber), status);
}

static void
record_it(gruvi_fiber_t *fiber, int status)
{
    record("%s %s%s", gruvi_fiber_name(fiber), gruvi_err_name(status),
           fiber == gruvi_current_fiber() ? "" : " elsewhere");
}

static void
switch_in_it(gruvi_fiber_t *fiber, int status)
{
    (void)fiber;
    (void)status;
    record("%s", gruvi_err_name(gruvi_sleep(0)));
}

HUB_TEST(test_without_a_handler_it_is_logged)
{
    run_one(UV_EPIPE);
    ck_assert_int_eq(logged("ended with EPIPE: "), 1);
}

HUB_TEST(test_the_handler_is_told_in_place_of_the_log)
{
    gruvi_fiber_options_t options = {.name = "worker"};
    gruvi_fiber_t *fiber;

    ck_assert_ptr_null(gruvi_set_uncaught_handler(record_it));
    fiber = gruvi_spawn_ex(return_arg, (void *)(intptr_t)UV_EIO, &options);
    ck_assert_int_eq(finish(fiber), UV_EIO);
    ck_assert(gruvi_set_uncaught_handler(NULL) == record_it);
    ck_assert_str_eq(recorded(), "worker EIO");
    ck_assert_int_eq(logged(NULL), 0);
}

HUB_TEST(test_success_and_cancels_are_nobodys_business)
{
    gruvi_set_uncaught_handler(record_it);
    run_one(0);
    run_one(5);
    run_one(UV_ECANCELED);
    gruvi_set_uncaught_handler(NULL);
    ck_assert_str_eq(recorded(), "");
}

HUB_TEST(test_the_handler_must_not_switch)
{
    catch_assertions();
    gruvi_set_uncaught_handler(switch_in_it);
    run_one(UV_EIO);
    gruvi_set_uncaught_handler(NULL);
    ck_assert_str_eq(recorded(), "EPERM");
    ck_assert_int_eq(assertions(), 1);
}

int
main(void)
{
    Suite *suite = suite_create("uncaught");
    TCase *tc = tcase_create("uncaught");

    tcase_add_test(tc, test_without_a_handler_it_is_logged);
    tcase_add_test(tc, test_the_handler_is_told_in_place_of_the_log);
    tcase_add_test(tc, test_success_and_cancels_are_nobodys_business);
    tcase_add_test(tc, test_the_handler_must_not_switch);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
