/* SPDX-License-Identifier: MIT */
/* Levels of the log, for all and for one plugin. */
#include <stdio.h>
#include <string.h>

#include <gruvi.h>
#include <uv.h>

#include "log/level.h"
#include "support/suite.h"

static void
tear_down(void)
{
    gruvid__log_clear_plugin_level("a");
    gruvid__log_clear_plugin_level("b");
    gruvid__log_set_level(GRUVI_LOG_INFO);
}

START_TEST(test_the_general_level_holds_for_all)
{
    gruvid__log_set_level(GRUVI_LOG_WARNING);
    ck_assert_int_eq(gruvid__log_level(""), GRUVI_LOG_WARNING);
    ck_assert_int_eq(gruvid__log_level("a"), GRUVI_LOG_WARNING);
    ck_assert(!gruvid__log_has_level("a"));
    ck_assert_int_eq(gruvi_log_level(), GRUVI_LOG_WARNING);
}
END_TEST

/* The library asks only for its own level. */
START_TEST(test_the_librarys_level_is_the_highest_of_all)
{
    gruvid__log_set_level(GRUVI_LOG_ERROR);
    gruvid__log_set_plugin_level("a", GRUVI_LOG_DEBUG);
    gruvid__log_set_plugin_level("b", GRUVI_LOG_WARNING);
    ck_assert_int_eq(gruvi_log_level(), GRUVI_LOG_DEBUG);
    gruvid__log_clear_plugin_level("a");
    ck_assert_int_eq(gruvi_log_level(), GRUVI_LOG_WARNING);
    gruvid__log_clear_plugin_level("b");
    ck_assert_int_eq(gruvi_log_level(), GRUVI_LOG_ERROR);
}
END_TEST

START_TEST(test_a_plugins_level_is_its_own)
{
    gruvid__log_set_plugin_level("a", GRUVI_LOG_DEBUG);
    ck_assert_int_eq(gruvid__log_level("a"), GRUVI_LOG_DEBUG);
    ck_assert_int_eq(gruvid__log_level("b"), GRUVI_LOG_INFO);
    ck_assert_int_eq(gruvid__log_level(""), GRUVI_LOG_INFO);
    gruvid__log_set_level(GRUVI_LOG_ERROR);
    ck_assert_int_eq(gruvid__log_level("a"), GRUVI_LOG_DEBUG);
    gruvid__log_clear_plugin_level("a");
    ck_assert_int_eq(gruvid__log_level("a"), GRUVI_LOG_ERROR);
    ck_assert(!gruvid__log_has_level("a"));
}
END_TEST

START_TEST(test_a_name_that_is_too_long_is_refused)
{
    char name[64];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert_int_eq(gruvid__log_set_plugin_level(name, GRUVI_LOG_INFO),
                     UV_ENAMETOOLONG);
}
END_TEST

/* Forked: the table keeps its entries. */
START_TEST(test_a_table_that_is_full_is_said_so)
{
    char name[16];
    int err = 0;

    for (int i = 0; i < 1000 && err == 0; i++) {
        snprintf(name, sizeof name, "p%d", i);
        err = gruvid__log_set_plugin_level(name, GRUVI_LOG_INFO);
    }
    ck_assert_int_eq(err, UV_ENOSPC);
    ck_assert_int_eq(gruvid__log_set_plugin_level("p0", GRUVI_LOG_DEBUG), 0);
    gruvid__log_clear_plugin_level("p0");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log levels");
    TCase *tc = tcase_create("levels");

    tcase_add_checked_fixture(tc, NULL, tear_down);
    tcase_add_test(tc, test_the_general_level_holds_for_all);
    tcase_add_test(tc, test_the_librarys_level_is_the_highest_of_all);
    tcase_add_test(tc, test_a_plugins_level_is_its_own);
    tcase_add_test(tc, test_a_name_that_is_too_long_is_refused);
    tcase_add_test(tc, test_a_table_that_is_full_is_said_so);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
