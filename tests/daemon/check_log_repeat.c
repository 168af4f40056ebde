/* SPDX-License-Identifier: MIT */
/* Equal lines of a plugin are counted, and told of once a second. */
#include <stdio.h>
#include <string.h>

#include "log/repeat.h"
#include "support/suite.h"

static char told[2048];
static unsigned n_told;

static void
tell(const gruvi_log_record_t *record)
{
    snprintf(told, sizeof told, "%s %s[%s]: %s",
             gruvi_log_level_name(record->level), record->group, record->fiber,
             record->message);
    n_told++;
}

static enum gruvid__repeat
take(const char *group, const char *text, double now)
{
    const gruvi_log_record_t record = {
        .level = GRUVI_LOG_INFO,
        .hub = "",
        .fiber = "f",
        .group = group,
        .message = text,
    };

    return gruvid__repeat_take(&record, now);
}

static void
set_up(void)
{
    gruvid__repeat_tell(0, true, tell);
    n_told = 0;
}

START_TEST(test_the_first_is_written_and_the_others_counted)
{
    ck_assert_int_eq(take("echo", "rain", 100), GRUVID__REPEAT_NEW);
    ck_assert(gruvid__repeat_due(100) < 0);
    ck_assert_int_eq(take("echo", "rain", 100.5), GRUVID__REPEAT_FIRST);
    ck_assert_int_eq(take("echo", "rain", 100.9), GRUVID__REPEAT_COUNTED);
    ck_assert_double_eq(gruvid__repeat_due(100.75), 0.25);
    gruvid__repeat_tell(100.9, false, tell);
    ck_assert_uint_eq(n_told, 0);
    gruvid__repeat_tell(101, false, tell);
    ck_assert_uint_eq(n_told, 1);
    ck_assert_str_eq(told, "info echo[f]: rain (2 more in the last second)");
    ck_assert(gruvid__repeat_due(101) < 0);
}
END_TEST

START_TEST(test_another_second_begins_with_what_is_told)
{
    take("echo", "snow", 200);
    take("echo", "snow", 200.5);
    gruvid__repeat_tell(201, false, tell);
    ck_assert_int_eq(take("echo", "snow", 201.5), GRUVID__REPEAT_FIRST);
    gruvid__repeat_tell(202, false, tell);
    ck_assert_uint_eq(n_told, 2);
    ck_assert_str_eq(told, "info echo[f]: snow (1 more in the last second)");
    /* A second without any: the next is a first again. */
    ck_assert_int_eq(take("echo", "snow", 203.5), GRUVID__REPEAT_NEW);
}
END_TEST

START_TEST(test_the_end_of_a_second_that_was_not_told_is_waited_for)
{
    take("echo", "hail", 300);
    take("echo", "hail", 300.5);
    /* The thread is late: the line still counts, and none is lost. */
    ck_assert_int_eq(take("echo", "hail", 305), GRUVID__REPEAT_COUNTED);
    ck_assert_double_eq(gruvid__repeat_due(305), 0);
    gruvid__repeat_tell(305, false, tell);
    ck_assert_str_eq(told, "info echo[f]: hail (2 more in the last second)");
}
END_TEST

START_TEST(test_text_plugin_and_level_tell_lines_apart)
{
    gruvi_log_record_t record = {
        .level = GRUVI_LOG_ERROR,
        .hub = "",
        .fiber = "f",
        .group = "echo",
        .message = "fog",
    };

    ck_assert_int_eq(take("echo", "fog", 400), GRUVID__REPEAT_NEW);
    ck_assert_int_eq(take("echo", "fog 2", 400), GRUVID__REPEAT_NEW);
    ck_assert_int_eq(take("ohce", "fog", 400), GRUVID__REPEAT_NEW);
    ck_assert_int_eq(gruvid__repeat_take(&record, 400), GRUVID__REPEAT_NEW);
    /* gruvid's own lines are never left out. */
    ck_assert_int_eq(take("", "fog", 400), GRUVID__REPEAT_NEW);
    ck_assert_int_eq(take("", "fog", 400), GRUVID__REPEAT_NEW);
}
END_TEST

START_TEST(test_texts_without_a_place_are_written)
{
    char text[32];
    unsigned counted = 0;

    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 1000; i++) {
            snprintf(text, sizeof text, "drop %d", i);
            counted += take("echo", text, 500) != GRUVID__REPEAT_NEW;
        }
    ck_assert_uint_gt(counted, 0);
    ck_assert_uint_le(counted, 64);
    gruvid__repeat_tell(500, true, tell);
    ck_assert_uint_eq(n_told, counted);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log_repeat");
    TCase *tc = tcase_create("repeat");

    tcase_add_checked_fixture(tc, set_up, NULL);
    tcase_add_test(tc, test_the_first_is_written_and_the_others_counted);
    tcase_add_test(tc, test_another_second_begins_with_what_is_told);
    tcase_add_test(tc,
                   test_the_end_of_a_second_that_was_not_told_is_waited_for);
    tcase_add_test(tc, test_text_plugin_and_level_tell_lines_apart);
    tcase_add_test(tc, test_texts_without_a_place_are_written);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
