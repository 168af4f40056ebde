/* SPDX-License-Identifier: MIT */
/*
 * Contexts.  This file is compiled twice: check_context has the implementation
 * of this machine, check_context_ucontext the portable one.
 */
#include "support/suite.h"
#include "unit/context_selftest.h"

START_TEST(test_context)
{
    const struct selftest *test = selftest(_i);
    const char *says = test->run();

    ck_assert_msg(says == NULL, "%s: %s", test->name, says);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("context");
    TCase *tc = tcase_create("context");
    int n = 0;

    while (selftest(n) != NULL)
        n++;
    tcase_add_loop_test(tc, test_context, 0, n);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
