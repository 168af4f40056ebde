/* SPDX-License-Identifier: MIT */
/* Delays, each of another length: what has lost a server together does not come
 * back together. */
#include <check.h>

#include "plugins/nats/clock.h"
#include "support/suite.h"

START_TEST(test_a_delay_is_up_to_half_of_it_shorter)
{
    double least = 10, most = 0;

    for (int i = 0; i < 1000; i++) {
        double delay = nats_jitter(10);

        ck_assert(delay >= 5 && delay <= 10);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    ck_assert_double_lt(least, 6);
    ck_assert_double_gt(most, 9);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_clock");
    TCase *tc = tcase_create("clock");

    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_a_delay_is_up_to_half_of_it_shorter);
    return run_suite(suite);
}
