/* SPDX-License-Identifier: MIT */
/* The last lines of the log. */
#include <stdio.h>
#include <string.h>

#include "log/recent.h"
#include "support/suite.h"

static void
put(const char *group, const char *message)
{
    const gruvi_log_record_t record = {
        .level = GRUVI_LOG_WARNING,
        .time = {7, 8},
        .hub = "hub 2",
        .fiber = "f",
        .group = group,
        .message = message,
    };

    gruvid__recent_put(&record);
}

/* The number of the last line; tests may share a process. */
static uint64_t
last_number(void)
{
    struct gruvid__kept *kept;
    uint64_t number;

    ck_assert_int_eq(gruvid__recent_copy(0, 1, &kept), 0);
    number = kept == NULL ? 0 : kept->number;
    gruvid__recent_free(kept);
    return number;
}

/* How many lines there are; the first and last are compared by number. */
static size_t
count(uint64_t after, size_t most, uint64_t first, uint64_t last)
{
    struct gruvid__kept *kept, *line;
    size_t n = 0;

    ck_assert_int_eq(gruvid__recent_copy(after, most, &kept), 0);
    for (line = kept; line != NULL; line = line->next) {
        ck_assert_uint_eq(line->number, first + n);
        n++;
    }
    ck_assert_uint_eq(n == 0 ? last : first + n - 1, last);
    gruvid__recent_free(kept);
    return n;
}

START_TEST(test_lines_come_back_as_they_were)
{
    uint64_t before = last_number();
    struct gruvid__kept *kept;

    put("echo", "rain");
    put("", "");
    ck_assert_int_eq(gruvid__recent_copy(before, 10, &kept), 0);
    ck_assert_uint_eq(kept->number, before + 1);
    ck_assert_str_eq(kept->record.group, "echo");
    ck_assert_str_eq(kept->record.hub, "hub 2");
    ck_assert_str_eq(kept->record.fiber, "f");
    ck_assert_str_eq(kept->record.message, "rain");
    ck_assert_int_eq(kept->record.level, GRUVI_LOG_WARNING);
    ck_assert_int_eq(kept->record.time.tv_sec, 7);
    ck_assert_str_eq(kept->next->record.message, "");
    ck_assert_ptr_null(kept->next->next);
    gruvid__recent_free(kept);
}
END_TEST

START_TEST(test_the_last_ones_or_those_after_a_number)
{
    uint64_t b = last_number();

    for (int i = 0; i < 20; i++)
        put("echo", "rain");
    ck_assert_uint_eq(count(b, 100, b + 1, b + 20), 20);
    ck_assert_uint_eq(count(0, 3, b + 18, b + 20), 3);
    ck_assert_uint_eq(count(b + 15, 100, b + 16, b + 20), 5);
    ck_assert_uint_eq(count(b + 15, 2, b + 19, b + 20), 2);
    ck_assert_uint_eq(count(b + 20, 100, 0, 0), 0);
    ck_assert_uint_eq(count(0, 0, 0, 0), 0);
}
END_TEST

/* Around the end of the ring many times, with texts of every length. */
START_TEST(test_old_lines_make_room_and_none_is_torn)
{
    char text[1500] = "";
    struct gruvid__kept *kept, *line;
    uint64_t before = last_number();
    size_t n = 0;

    for (uint64_t i = before + 1; i <= before + 5000; i++) {
        memset(text, 'a' + (int)(i % 26), sizeof text - 1);
        text[i % (sizeof text - 1)] = '\0';
        put("echo", text);
    }
    ck_assert_int_eq(gruvid__recent_copy(0, 10000, &kept), 0);
    for (line = kept; line != NULL; line = line->next, n++) {
        size_t length = line->number % (sizeof text - 1);

        ck_assert_uint_eq(strlen(line->record.message),
                          length < 1024 ? length : 1024);
        ck_assert_str_eq(line->record.group, "echo");
        for (const char *c = line->record.message; *c != '\0'; c++)
            ck_assert_int_eq(*c, 'a' + (int)(line->number % 26));
        ck_assert_uint_eq(line->next == NULL ? before + 5000
                                             : line->next->number - 1,
                          line->number);
    }
    ck_assert_uint_gt(n, 200);
    ck_assert_uint_lt(n, 1000);
    gruvid__recent_free(kept);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log_recent");
    TCase *tc = tcase_create("recent");

    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_lines_come_back_as_they_were);
    tcase_add_test(tc, test_the_last_ones_or_those_after_a_number);
    tcase_add_test(tc, test_old_lines_make_room_and_none_is_torn);
    return run_suite(suite);
}
