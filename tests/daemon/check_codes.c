/* SPDX-License-Identifier: MIT */
/* Errors by their code. */
#include <uv.h>

#include "instance/codes.h"
#include "support/suite.h"

START_TEST(test_errors_are_counted_by_code)
{
    struct gruvid__codes codes = {.others = 0}, sum = {.others = 0};

    gruvid__codes_count(&codes, UV_EIO);
    gruvid__codes_count(&codes, UV_EINVAL);
    gruvid__codes_count(&codes, UV_EIO);
    gruvid__codes_count(&sum, UV_EINVAL);
    gruvid__codes_add(&sum, &codes);
    ck_assert_int_eq(sum.at[0].code, UV_EINVAL);
    ck_assert_uint_eq(sum.at[0].n, 2);
    ck_assert_int_eq(sum.at[1].code, UV_EIO);
    ck_assert_uint_eq(sum.at[1].n, 2);
    ck_assert_int_eq(sum.at[2].code, 0);
}
END_TEST

START_TEST(test_no_error_is_lost_where_there_are_too_many_codes)
{
    struct gruvid__codes codes = {.others = 0}, sum = {.others = 0};

    for (int i = 1; i <= GRUVID__CODES + 3; i++)
        gruvid__codes_count(&codes, -i);
    ck_assert_uint_eq(codes.others, 3);
    gruvid__codes_count(&sum, -1000);
    gruvid__codes_add(&sum, &codes);
    ck_assert_uint_eq(sum.others, 4);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("codes");
    TCase *tc = tcase_create("codes");

    tcase_add_test(tc, test_errors_are_counted_by_code);
    tcase_add_test(tc, test_no_error_is_lost_where_there_are_too_many_codes);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
