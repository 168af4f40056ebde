/* SPDX-License-Identifier: MIT */
/* How often stalls are said: at once, and then a line a minute a site. */
#include <string.h>

#include "support/suite.h"
#include "watch/sites.h"

#define MS     UINT64_C(1000000)
#define SECOND (1000 * MS)

static struct gruvid__sites sites;

static void
begin(void)
{
    memset(&sites, 0, sizeof sites);
}

/* A stall of 100 ms; returns whether it is said at once. */
static bool
stall(uint64_t key, uint64_t seconds)
{
    bool fresh;

    gruvid__site_stall(&sites, key, 100 * MS, seconds * SECOND, &fresh);
    return fresh;
}

START_TEST(test_the_first_of_a_site_is_said_at_once)
{
    ck_assert(stall(1, 1000));
    ck_assert(!stall(1, 1001));
    ck_assert(stall(2, 1002));
}
END_TEST

START_TEST(test_the_others_are_counted_for_a_minute)
{
    struct gruvid__site *site;

    stall(1, 1000);
    stall(1, 1010);
    gruvid__site_lasts(&sites, 1, 700 * MS);
    stall(1, 1020);
    ck_assert_ptr_null(gruvid__site_due(&sites, 1059 * SECOND));
    site = gruvid__site_due(&sites, 1060 * SECOND);
    ck_assert_ptr_nonnull(site);
    ck_assert_uint_eq(site->count, 3);
    ck_assert_uint_eq(site->longest, 700 * MS);
    gruvid__site_told(site, 1060 * SECOND);
    ck_assert_ptr_null(gruvid__site_due(&sites, 2000 * SECOND));
}
END_TEST

START_TEST(test_one_that_is_over_soon_is_said_once)
{
    stall(1, 1000);
    gruvid__site_lasts(&sites, 1, 110 * MS);
    ck_assert_ptr_null(gruvid__site_due(&sites, 2000 * SECOND));
}
END_TEST

START_TEST(test_one_that_lasts_is_said_each_minute)
{
    struct gruvid__site *site;

    stall(1, 1000);
    for (uint64_t minute = 1; minute <= 3; minute++) {
        uint64_t now = (1000 + 60 * minute) * SECOND;

        gruvid__site_lasts(&sites, 1, 60 * minute * SECOND);
        site = gruvid__site_due(&sites, now);
        ck_assert_ptr_nonnull(site);
        ck_assert_uint_eq(site->count, minute == 1);
        ck_assert_uint_eq(site->longest, 60 * minute * SECOND);
        gruvid__site_told(site, now);
    }
}
END_TEST

START_TEST(test_a_site_that_was_quiet_is_said_at_once_again)
{
    stall(1, 1000);
    ck_assert(!stall(1, 1059));
    gruvid__site_told(gruvid__site_due(&sites, 1060 * SECOND), 1060 * SECOND);
    ck_assert(!stall(1, 1061));
    gruvid__site_told(gruvid__site_due(&sites, 1120 * SECOND), 1120 * SECOND);
    ck_assert(stall(1, 1200));
}
END_TEST

START_TEST(test_with_too_many_sites_the_oldest_is_forgotten)
{
    for (uint64_t key = 1; key <= GRUVID__SITES; key++)
        ck_assert(stall(key, 1000 + key));
    ck_assert(stall(GRUVID__SITES + 1, 1000 + GRUVID__SITES + 1));
    ck_assert(!stall(2, 1050));
    ck_assert(stall(1, 1055));
    /* One that is gone has nothing to say. */
    gruvid__site_lasts(&sites, 4711, SECOND);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("watch_sites");
    TCase *tc = tcase_create("sites");

    tcase_add_checked_fixture(tc, begin, NULL);
    tcase_add_test(tc, test_the_first_of_a_site_is_said_at_once);
    tcase_add_test(tc, test_the_others_are_counted_for_a_minute);
    tcase_add_test(tc, test_one_that_is_over_soon_is_said_once);
    tcase_add_test(tc, test_one_that_lasts_is_said_each_minute);
    tcase_add_test(tc, test_a_site_that_was_quiet_is_said_at_once_again);
    tcase_add_test(tc, test_with_too_many_sites_the_oldest_is_forgotten);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
