/* SPDX-License-Identifier: MIT */
/* Text of any origin becomes a string of JSON. */
#include <string.h>

#include "control/text.h"
#include "support/suite.h"

static const struct {
    const char *text, *string;
} texts[] = {
    {"", ""},
    {"plain /path", "plain /path"},
    {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\x9f",
     "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\x9f"},
    /* Beside what is none, characters of every length are kept. */
    {"\xff\xc3\xa4", "?\xc3\xa4"},
    {"a\xff\xe2\x82\xac", "a?\xe2\x82\xac"},
    {"\xf0\x9f\x90\x9f\x80", "\xf0\x9f\x90\x9f?"},
    {"\xff\xfe", "??"},
    /* Cut, overlong, a surrogate, and above U+10FFFF. */
    {"a\xc3", "a?"},
    {"\xe2\x82", "??"},
    {"\xc3x", "?x"},
    {"\xc0\xaf", "??"},
    {"\xe0\x80\xaf", "???"},
    {"\xed\xa0\x80", "???"},
    {"\xf4\x90\x80\x80", "????"},
    {"\xf5\x80\x80\x80", "????"},
};

START_TEST(test_bytes_that_are_no_utf8_become_question_marks)
{
    json_t *value = gruvid__json_text(texts[_i].text);

    ck_assert(json_is_string(value));
    ck_assert_str_eq(json_string_value(value), texts[_i].string);
    json_decref(value);
}
END_TEST

START_TEST(test_no_text_is_null)
{
    json_t *value = gruvid__json_text(NULL);

    ck_assert(json_is_null(value));
    json_decref(value);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("control_text");
    TCase *tc = tcase_create("text");

    tcase_add_loop_test(tc, test_bytes_that_are_no_utf8_become_question_marks,
                        0, sizeof texts / sizeof *texts);
    tcase_add_test(tc, test_no_text_is_null);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
