/* SPDX-License-Identifier: MIT */
/* Histograms of times. */
#include <stdint.h>

#include "instance/times.h"
#include "support/suite.h"

START_TEST(test_a_time_is_in_the_bucket_of_its_bound)
{
    struct gruvid__times times = {.sum = 0};

    gruvid__times_count(&times, 0);
    gruvid__times_count(&times, 999);
    gruvid__times_count(&times, 1000);
    gruvid__times_count(&times, 3999);
    gruvid__times_count(&times, 4000);
    gruvid__times_count(&times, UINT64_MAX);
    ck_assert_uint_eq(times.at[0], 2);
    ck_assert_uint_eq(times.at[1], 1);
    ck_assert_uint_eq(times.at[2], 1);
    ck_assert_uint_eq(times.at[3], 1);
    ck_assert_uint_eq(times.at[GRUVID__TIME_BUCKETS - 1], 1);
}
END_TEST

static double
bound(const struct gruvid__times *times, double share)
{
    return gruvid__times_bound(times->at, GRUVID__TIME_BUCKETS, share);
}

START_TEST(test_a_share_of_times_is_under_its_bound)
{
    struct gruvid__times times = {.sum = 0}, sum = {.sum = 0};

    ck_assert_double_eq(bound(&times, 0.5), 0);
    for (int i = 0; i < 99; i++)
        gruvid__times_count(&times, 3000);
    gruvid__times_count(&times, 1000000);
    gruvid__times_add(&sum, &times);
    gruvid__times_add(&sum, &times);
    ck_assert_uint_eq(sum.at[2], 198);
    ck_assert_uint_eq(sum.sum, 2 * (99 * 3000 + 1000000));
    ck_assert_double_eq(bound(&sum, 0.5), 4e-6);
    ck_assert_double_eq(bound(&sum, 0.99), 4e-6);
    ck_assert_double_eq(bound(&sum, 1), 1024e-6);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("times");
    TCase *tc = tcase_create("times");

    tcase_add_test(tc, test_a_time_is_in_the_bucket_of_its_bound);
    tcase_add_test(tc, test_a_share_of_times_is_under_its_bound);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
