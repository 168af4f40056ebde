/* SPDX-License-Identifier: MIT */
/* A thread with a shadow stack, as if there was one, gets no hub. */
#include <string.h>

#include "base/shadow_stack.h"
#include "unit/harness.h"

static void
ask_for_a_hub(void *arg)
{
    (void)arg;
    gruvi_set_log_sink(gruvi_log_to_stderr);
    gruvi__shadow_stack_pretend(true);
    ck_assert_ptr_null(gruvi_get_hub());
    ck_assert_int_eq(gruvi_last_error(), UV_ENOTSUP);
    ck_assert_int_eq(gruvi_sleep(0), UV_ENOTSUP);
}

START_TEST(test_a_thread_with_one_gets_no_hub_and_the_reason)
{
    char said[4096];

    ck_assert_int_eq(in_child(ask_for_a_hub, NULL, said, sizeof said), 0);
    ck_assert_ptr_nonnull(strstr(said, "shadow stack"));
    ck_assert_ptr_nonnull(strstr(said, "--with-context=ucontext"));
}
END_TEST

HUB_TEST(test_a_thread_without_gets_one)
{
    ck_assert_int_eq(gruvi_sleep(0), 0);
}

int
main(void)
{
    Suite *suite = suite_create("shadow_stack");
    TCase *tc = tcase_create("shadow_stack");

    tcase_add_test(tc, test_a_thread_with_one_gets_no_hub_and_the_reason);
    tcase_add_test(tc, test_a_thread_without_gets_one);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
