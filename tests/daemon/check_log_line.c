/* SPDX-License-Identifier: MIT */
/* What a line of the log looks like, whatever is in it. */
#include <stdio.h>
#include <string.h>

#include "log/line.h"
#include "support/suite.h"

#define ORIGIN(number)                                                         \
    (struct gruvid__log_origin)                                                \
    {                                                                          \
        .generation = (number)                                                 \
    }

static char line[GRUVID__LOG_LINE + 1];

static gruvi_log_record_t
record_of(const char *group, const char *fiber, const char *message)
{
    return (gruvi_log_record_t){
        .time = {.tv_sec = 1700000000, .tv_nsec = 12345678},
        .level = GRUVI_LOG_WARNING,
        .hub = "Hub",
        .fiber = fiber,
        .group = group,
        .message = message,
    };
}

static const char *
text_of(const char *group, const char *fiber, const char *message)
{
    gruvi_log_record_t record = record_of(group, fiber, message);
    size_t n = gruvid__log_line(line, GRUVID__LOG_LINE, &record, ORIGIN(0),
                                GRUVID__LOG_TEXT, GRUVID__LOG_READER_ANY);

    line[n] = '\0';
    return line + strlen("2023-11-14T22:13:20.012Z ");
}

static const char *
json_of(const char *message)
{
    gruvi_log_record_t record = record_of("echo", "f", message);
    size_t n = gruvid__log_line(line, GRUVID__LOG_LINE, &record, ORIGIN(0),
                                GRUVID__LOG_JSON, GRUVID__LOG_READER_ANY);

    line[n] = '\0';
    return strstr(line, "\"message\":");
}

START_TEST(test_a_text_line_says_when_how_bad_who_and_what)
{
    text_of("echo", "127.0.0.1:4711", "it rains");
    ck_assert_str_eq(line, "2023-11-14T22:13:20.012Z warning "
                           "echo[127.0.0.1:4711]: it rains\n");
}
END_TEST

static const char *
logfmt_of(const char *group, const char *fiber, const char *message,
          uint64_t generation)
{
    gruvi_log_record_t record = record_of(group, fiber, message);
    size_t n;

    record.hub = "";
    n = gruvid__log_line(line, GRUVID__LOG_LINE, &record, ORIGIN(generation),
                         GRUVID__LOG_LOGFMT, GRUVID__LOG_READER_ANY);
    line[n] = '\0';
    return line;
}

START_TEST(test_logfmt_has_a_name_for_each_value)
{
    ck_assert_str_eq(logfmt_of("echo", "127.0.0.1:4711", "rain", 2),
                     "time=2023-11-14T22:13:20.012Z level=warning plugin=echo "
                     "generation=2 fiber=127.0.0.1:4711 msg=rain\n");
    ck_assert_str_eq(logfmt_of("", "", "it rains", 0),
                     "time=2023-11-14T22:13:20.012Z level=warning "
                     "msg=\"it rains\"\n");
}
END_TEST

START_TEST(test_logfmt_quotes_what_would_end_a_value)
{
    static const char *const values[][2] = {
        {"", "msg=\"\"\n"},
        {"a=b", "msg=\"a=b\"\n"},
        {"say \"x\"", "msg=\"say \\\"x\\\"\"\n"},
        {"a\\b", "msg=\"a\\\\b\"\n"},
        {"a\nmsg=b", "msg=\"a\\u000amsg=b\"\n"},
        {"\x1b[31m", "msg=\"\\u001b[31m\"\n"},
        {"\xff", "msg=\"\\ufffd\"\n"},
        {"gr\xc3\xbcn", "msg=\"gr\xc3\xbcn\"\n"},
    };

    ck_assert_str_eq(strstr(logfmt_of("", "", values[_i][0], 0), "msg="),
                     values[_i][1]);
}
END_TEST

START_TEST(test_json_has_the_generation_where_there_is_one)
{
    gruvi_log_record_t record = record_of("echo", "f", "x");
    size_t n = gruvid__log_line(line, GRUVID__LOG_LINE, &record, ORIGIN(7),
                                GRUVID__LOG_JSON, GRUVID__LOG_READER_ANY);

    line[n] = '\0';
    ck_assert_ptr_nonnull(
        strstr(line, "\"plugin\":\"echo\",\"generation\":7,\"fiber\""));
    json_of("x");
    ck_assert_ptr_null(strstr(line, "generation"));
}
END_TEST

START_TEST(test_the_socket_of_the_journal_gets_fields)
{
    gruvi_log_record_t record = record_of("echo", "f", "it\nrains");
    size_t n;

    record.hub = "hub 2";
    n = gruvid__log_line(line, GRUVID__LOG_LINE, &record, ORIGIN(7),
                         GRUVID__LOG_TEXT, GRUVID__LOG_READER_SOCKET);
    line[n] = '\0';
    ck_assert_str_eq(line, "PRIORITY=4\nSYSLOG_IDENTIFIER=gruvid\n"
                           "HUB=hub 2\nPLUGIN=echo\nGENERATION=7\nFIBER=f\n"
                           "MESSAGE=echo[f]: it\\x0arains\n");
    n = gruvid__log_line(line, GRUVID__LOG_LINE, &record,
                         (struct gruvid__log_origin){.request = "17"},
                         GRUVID__LOG_TEXT, GRUVID__LOG_READER_SOCKET);
    line[n] = '\0';
    ck_assert_ptr_nonnull(strstr(line, "\nFIBER=f\nREQUEST=17\nMESSAGE="));
}
END_TEST

START_TEST(test_a_field_that_is_empty_is_left_out)
{
    gruvi_log_record_t record = record_of("", "", "x");
    size_t n;

    record.hub = "";
    n = gruvid__log_line(line, GRUVID__LOG_LINE, &record, ORIGIN(0),
                         GRUVID__LOG_JSON, GRUVID__LOG_READER_SOCKET);
    line[n] = '\0';
    ck_assert_ptr_eq(strstr(line, "PRIORITY=4\nSYSLOG_IDENTIFIER=gruvid\n"
                                  "MESSAGE={\"time\":"),
                     line);
}
END_TEST

START_TEST(test_the_daemon_itself_is_called_gruvid)
{
    ck_assert_str_eq(text_of("", "Root", "x"), "warning gruvid: x\n");
    ck_assert_str_eq(text_of("", "Hub", "x"), "warning gruvid: x\n");
    ck_assert_str_eq(text_of("", "", "x"), "warning gruvid: x\n");
    ck_assert_str_eq(text_of("", "Fiber-3", "x"),
                     "warning gruvid[Fiber-3]: x\n");
    ck_assert_str_eq(text_of("echo", "Root", "x"), "warning echo: x\n");
}
END_TEST

/* Where there is only one it has the library's name. */
START_TEST(test_a_hub_that_has_a_name_is_in_front)
{
    gruvi_log_record_t record = record_of("echo", "accept", "x");
    size_t n;

    record.hub = "hub 2";
    n = gruvid__log_line(line, GRUVID__LOG_LINE, &record, ORIGIN(0),
                         GRUVID__LOG_TEXT, GRUVID__LOG_READER_ANY);
    line[n] = '\0';
    ck_assert_str_eq(line, "2023-11-14T22:13:20.012Z warning "
                           "hub 2 echo[accept]: x\n");
    n = gruvid__log_line(line, GRUVID__LOG_LINE, &record, ORIGIN(0),
                         GRUVID__LOG_TEXT, GRUVID__LOG_READER_STREAM);
    line[n] = '\0';
    ck_assert_str_eq(line, "<4>hub 2 echo[accept]: x\n");
}
END_TEST

START_TEST(test_control_characters_are_escaped_in_text)
{
    ck_assert_str_eq(text_of("", "", "a\nb\033[1mc\177\t"),
                     "warning gruvid: a\\x0ab\\x1b[1mc\\x7f\\x09\n");
    /* NEL and CSI of the second set of controls. */
    ck_assert_str_eq(text_of("", "", "\xc2\x85 \xc2\x9b"),
                     "warning gruvid: \\xc2\\x85 \\xc2\\x9b\n");
    ck_assert_str_eq(text_of("a\nb", "c\nd", ""),
                     "warning a\\x0ab[c\\x0ad]: \n");
}
END_TEST

START_TEST(test_utf8_is_kept_and_what_is_none_is_escaped)
{
    ck_assert_str_eq(
        text_of("", "", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x8c"),
        "warning gruvid: gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x8c\n");
    ck_assert_str_eq(text_of("", "", "\xff \xc3"),
                     "warning gruvid: \\xff \\xc3\n");
    /* Too long, a surrogate, beyond the last one, a tail alone. */
    ck_assert_str_eq(text_of("", "", "\xc0\xaf"),
                     "warning gruvid: \\xc0\\xaf\n");
    ck_assert_str_eq(text_of("", "", "\xed\xa0\x80"),
                     "warning gruvid: \\xed\\xa0\\x80\n");
    ck_assert_str_eq(text_of("", "", "\xf4\x90\x80\x80"),
                     "warning gruvid: \\xf4\\x90\\x80\\x80\n");
    ck_assert_str_eq(text_of("", "", "\x80"), "warning gruvid: \\x80\n");
}
END_TEST

START_TEST(test_a_json_line_has_everything_by_name)
{
    json_of("it rains");
    ck_assert_str_eq(line, "{\"time\":\"2023-11-14T22:13:20.012Z\","
                           "\"level\":\"warning\",\"hub\":\"Hub\","
                           "\"plugin\":\"echo\",\"fiber\":\"f\","
                           "\"message\":\"it rains\"}\n");
}
END_TEST

START_TEST(test_json_escapes_what_json_does_not_allow)
{
    ck_assert_str_eq(json_of("say \"hi\" \\ \n\x01\x7f"),
                     "\"message\":\"say \\\"hi\\\" \\\\ "
                     "\\u000a\\u0001\\u007f\"}\n");
    ck_assert_str_eq(json_of("\xff\xc3\xbc\xc2\x85"),
                     "\"message\":\"\\ufffd\xc3\xbc\\u0085\"}\n");
}
END_TEST

START_TEST(test_the_journal_reads_the_level_and_has_its_own_clock)
{
    static const char *const expected[] = {"<3>", "<4>", "<6>", "<7>"};

    for (int level = GRUVI_LOG_ERROR; level <= GRUVI_LOG_DEBUG; level++) {
        gruvi_log_record_t record = record_of("echo", "Root", "x");
        size_t n;

        record.level = (gruvi_log_level_t)level;
        n = gruvid__log_line(line, GRUVID__LOG_LINE, &record, ORIGIN(0),
                             GRUVID__LOG_TEXT, GRUVID__LOG_READER_STREAM);
        line[n] = '\0';
        ck_assert_int_eq(strncmp(line, expected[level], 3), 0);
        ck_assert_str_eq(line + 3, "echo: x\n");
    }
}
END_TEST

START_TEST(test_the_longest_message_fits_however_much_is_escaped)
{
    char message[1024], name[32];
    const char *json;

    memset(message, 1, sizeof message - 1);
    message[sizeof message - 1] = '\0';
    memset(name, 1, sizeof name - 1);
    name[sizeof name - 1] = '\0';
    json = json_of(message);
    ck_assert_uint_eq(strlen(json), strlen("\"message\":\"\"}\n") + 6 * 1023);
    ck_assert_uint_eq(strlen(text_of(name, name, message)),
                      strlen("warning []: \n") + 4 * (1023 + 31 + 31));
}
END_TEST

START_TEST(test_a_line_that_does_not_fit_still_ends)
{
    gruvi_log_record_t record = record_of("echo", "Root", "0123456789");

    for (size_t size = 1; size < 80; size++) {
        size_t n = gruvid__log_line(line, size, &record, ORIGIN(0),
                                    GRUVID__LOG_TEXT, GRUVID__LOG_READER_ANY);

        ck_assert_uint_le(n, size);
        ck_assert_int_eq(line[n - 1], '\n');
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log_line");
    TCase *tc = tcase_create("log_line");

    tcase_add_test(tc, test_a_text_line_says_when_how_bad_who_and_what);
    tcase_add_test(tc, test_logfmt_has_a_name_for_each_value);
    tcase_add_loop_test(tc, test_logfmt_quotes_what_would_end_a_value, 0, 8);
    tcase_add_test(tc, test_json_has_the_generation_where_there_is_one);
    tcase_add_test(tc, test_the_daemon_itself_is_called_gruvid);
    tcase_add_test(tc, test_a_hub_that_has_a_name_is_in_front);
    tcase_add_test(tc, test_control_characters_are_escaped_in_text);
    tcase_add_test(tc, test_utf8_is_kept_and_what_is_none_is_escaped);
    tcase_add_test(tc, test_a_json_line_has_everything_by_name);
    tcase_add_test(tc, test_json_escapes_what_json_does_not_allow);
    tcase_add_test(tc, test_the_socket_of_the_journal_gets_fields);
    tcase_add_test(tc, test_a_field_that_is_empty_is_left_out);
    tcase_add_test(tc, test_the_journal_reads_the_level_and_has_its_own_clock);
    tcase_add_test(tc, test_the_longest_message_fits_however_much_is_escaped);
    tcase_add_test(tc, test_a_line_that_does_not_fit_still_ends);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
