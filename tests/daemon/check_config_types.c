/* SPDX-License-Identifier: MIT */
/* Text and what it stands for: one parser for each type, quotes, suggestions.
 */
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"
#include "support/suite.h"

static gruvid__why_t why;

#define N(array) (sizeof(array) / sizeof *(array))

START_TEST(test_bools_have_eight_words)
{
    static const char *const no_bool[] = {"",    "Yes", "y",     "2",
                                          "00",  "YES", " yes",  "yes ",
                                          "tru", "-1",  "enable"};
    bool value;

    ck_assert(gruvid__parse_bool("yes", &value, &why) && value);
    ck_assert(gruvid__parse_bool("true", &value, &why) && value);
    ck_assert(gruvid__parse_bool("on", &value, &why) && value);
    ck_assert(gruvid__parse_bool("1", &value, &why) && value);
    ck_assert(gruvid__parse_bool("no", &value, &why) && !value);
    ck_assert(gruvid__parse_bool("false", &value, &why) && !value);
    ck_assert(gruvid__parse_bool("off", &value, &why) && !value);
    ck_assert(gruvid__parse_bool("0", &value, &why) && !value);
    for (size_t i = 0; i < N(no_bool); i++)
        ck_assert_msg(!gruvid__parse_bool(no_bool[i], &value, &why), "%s",
                      no_bool[i]);
}
END_TEST

START_TEST(test_integers_have_64_bits)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},       {"-0", 0},
        {"+7", 7},      {"-12", -12},
        {"007", 7},     {"9223372036854775807", INT64_MAX},
        {"1024", 1024}, {"-9223372036854775808", INT64_MIN},
    };
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      "--1",
                                      "1.0",
                                      "1e3",
                                      "0x1",
                                      " 1",
                                      "1 ",
                                      "1k",
                                      "one",
                                      "+-1",
                                      "٣",
                                      "9223372036854775808",
                                      "-9223372036854775809"};
    int64_t value;

    for (size_t i = 0; i < N(good); i++) {
        ck_assert(gruvid__parse_integer(good[i].text, &value, &why));
        ck_assert_int_eq(value, good[i].value);
    }
    for (size_t i = 0; i < N(bad); i++)
        ck_assert_msg(!gruvid__parse_integer(bad[i], &value, &why), "%s",
                      bad[i]);
}
END_TEST

START_TEST(test_numbers_are_finite_and_decimal)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0", 0},       {"0.5", 0.5}, {"-2", -2},     {"1e6", 1e6},
        {"+.25", 0.25}, {"3.", 3},    {"1E-2", 0.01},
    };
    static const char *const bad[] = {
        "",     ".",     "e1", "1e", "1,5",   "inf", "-inf",    "nan",
        "0x10", "1e999", "1 ", " 1", "1.2.3", "--1", "infinity"};
    double value;

    for (size_t i = 0; i < N(good); i++) {
        ck_assert(gruvid__parse_number(good[i].text, &value, &why));
        ck_assert(value == good[i].value);
    }
    for (size_t i = 0; i < N(bad); i++)
        ck_assert_msg(!gruvid__parse_number(bad[i], &value, &why), "%s",
                      bad[i]);
}
END_TEST

START_TEST(test_sizes_count_in_powers_of_1024)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        {"0", 0},
        {"512", 512},
        {"64K", 65536},
        {"64k", 65536},
        {"2M", 2 << 20},
        {"1g", 1 << 30},
        {"1T", UINT64_C(1) << 40},
        {"18446744073709551615", UINT64_MAX},
        {"16777215T", UINT64_C(16777215) << 40},
    };
    static const char *const bad[] = {
        "",    "K",   "-1", "+1",  "1.5K", "64KB",      "64KiB",
        "1P",  "1 K", " 1", "1K ", "x",    "16777216T", "18446744073709551616",
        "0x10"};
    uint64_t value;

    for (size_t i = 0; i < N(good); i++) {
        ck_assert(gruvid__parse_size(good[i].text, &value, &why));
        ck_assert_uint_eq(value, good[i].value);
    }
    for (size_t i = 0; i < N(bad); i++)
        ck_assert_msg(!gruvid__parse_size(bad[i], &value, &why), "%s", bad[i]);
}
END_TEST

START_TEST(test_durations_are_exact)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0", 0},          {"250ms", 0.25},
        {"2s", 2},         {"100us", 0.0001},
        {"0.1s", 0.1},     {"3ms", 0.003},
        {"1.5h", 5400},    {"1m30s", 90},
        {"1m 30s", 90},    {"1h30m", 5400},
        {"2d", 172800},    {"7", 7},
        {"0.25", 0.25},    {"10 s", 10},
        {"0.7ms", 0.0007}, {"36500d", 36500 * 86400.0},
    };
    static const char *const bad[] = {"",
                                      "s",
                                      "-1s",
                                      "+1s",
                                      "1x",
                                      "1S",
                                      "1m30",
                                      "1 30",
                                      "1.s",
                                      ".5s",
                                      "1..5s",
                                      "1e3s",
                                      "inf",
                                      "36501d",
                                      "1s,",
                                      "1s 2",
                                      "1234567890123456",
                                      "five"};
    double value;

    for (size_t i = 0; i < N(good); i++) {
        ck_assert_msg(gruvid__parse_duration(good[i].text, &value, &why), "%s",
                      good[i].text);
        ck_assert_msg(value == good[i].value, "%s: %.17g", good[i].text, value);
    }
    for (size_t i = 0; i < N(bad); i++)
        ck_assert_msg(!gruvid__parse_duration(bad[i], &value, &why), "%s",
                      bad[i]);
}
END_TEST

START_TEST(test_parsers_do_not_follow_the_locale)
{
    static const char *const comma[] = {"de_DE.UTF-8", "fr_FR.UTF-8",
                                        "nl_NL.UTF-8"};
    double value;

    /* Where none is installed, this is the test above once more. */
    for (size_t i = 0; i < N(comma); i++) {
        if (setlocale(LC_ALL, comma[i]) != NULL)
            break;
    }
    ck_assert(gruvid__parse_number("0.5", &value, &why) && value == 0.5);
    ck_assert(!gruvid__parse_number("0,5", &value, &why));
    ck_assert(gruvid__parse_duration("0.5s", &value, &why) && value == 0.5);
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(test_addresses_are_checked_without_using_them)
{
    static const char *const good[] = {
        "tcp://localhost:7007",
        "tcp://127.0.0.1:0",
        "tcp://[::1]:65535",
        "tcp://[::]:80",
        "tcp://[fe80::1%lo]:80",
        "tcp://a-b.example.org:1",
        "tcp://0.0.0.0:00080",
        "tcp://[::ffff:1.2.3.4]:1",
        "unix:/a",
        "unix:@a",
        "unix:/with blank",
        "fd:0",
        "fd:3",
        "fd:1234567",
    };
    static const char *const bad[] = {
        "",
        "tcp:",
        "tcp://",
        "tcp://:1",
        "tcp://a",
        "tcp://a:",
        "tcp://a:-1",
        "tcp://a:65536",
        "tcp://a:1:2",
        "tcp://[::1]",
        "tcp://[::1]1",
        "tcp://[::1]:",
        "tcp://[]:1",
        "tcp://[x]:1",
        "tcp://[::1:1",
        "tcp://[::1%]:1",
        "tcp://1.2.3:1",
        "tcp://256.1.1.1:1",
        "tcp://a b:1",
        "tcp://a:1 ",
        "unix:",
        "unix:a",
        "unix:/",
        "unix:@",
        "udp://a:1",
        "fd:",
        "fd: 3",
        "fd:12345678",
        "http://a:1",
        "tcp://\xc3\xa4:1",
        "tcp://-a:1",
        "tcp://.a:1",
        "tcp://a..b:1",
        "tcp://a:000080",
        "tcp://99999999999999999999:99999999999999999999"};
    char path[120] = "unix:/";

    for (size_t i = 0; i < N(good); i++)
        ck_assert_msg(gruvid__parse_address(good[i], &why), "%s: %s", good[i],
                      why.text);
    for (size_t i = 0; i < N(bad); i++)
        ck_assert_msg(!gruvid__parse_address(bad[i], &why), "%s", bad[i]);

    memset(path + 6, 'x', 106);
    ck_assert(gruvid__parse_address(path, &why));
    path[112] = 'x';
    ck_assert(!gruvid__parse_address(path, &why));
}
END_TEST

START_TEST(test_long_text_is_cut_between_characters)
{
    char text[200];
    gruvid__shown_t shown;

    memset(text, 'x', sizeof text - 1);
    text[63] = '\0';
    ck_assert_str_eq(gruvid__shown(&shown, text), text);
    text[63] = 'x';
    text[sizeof text - 1] = '\0';
    ck_assert_uint_eq(strlen(gruvid__shown(&shown, text)), 63);
    memcpy(text + 58, "\xe2\x82\xac", 3);
    ck_assert_uint_eq(strlen(gruvid__shown(&shown, text)), 61);
    ck_assert_str_eq(shown.text + 58, "...");
    memset(text, 0x80, sizeof text - 1);
    ck_assert_uint_le(strlen(gruvid__shown(&shown, text)), 63);
}
END_TEST

/* Unquotes a copy with comments; NULL: it is wrong. */
static const char *
unquoted(const char *text)
{
    static char copy[100];
    char *value;

    strcpy(copy, text);
    return gruvid__unquote(copy, true, true, &value, &why) ? value : NULL;
}

START_TEST(test_quotes_and_comments_come_off)
{
    static const char *const good[][2] = {
        {"", ""},
        {"a", "a"},
        {"a b  ", "a b"},
        {"a;b", "a;b"},
        {"a ;b", "a"},
        {"a\t# b", "a"},
        {"; a", ""},
        {"\"\"", ""},
        {"\"a\"", "a"},
        {"\" a ; b \" ; c", " a ; b "},
        {"\"a\\\"b\\\\\"", "a\"b\\"},
        {"a \"b ; c\" d ; e", "a \"b ; c\" d"},
        {"a\\nb", "a\\nb"},
    };
    static const char *const bad[] = {
        "\"",       "\"a",   "\"a\\\"", "\"a\" b",   "\"a\"b", "\"a\";",
        "\"a\\n\"", "\"a\\", "a\"b",    "a \"b ; c", "\"\"\"", "\"a\" \"b\"",
    };

    for (size_t i = 0; i < N(good); i++) {
        ck_assert_ptr_nonnull(unquoted(good[i][0]));
        ck_assert_str_eq(unquoted(good[i][0]), good[i][1]);
    }
    for (size_t i = 0; i < N(bad); i++)
        ck_assert_msg(unquoted(bad[i]) == NULL, "%s", bad[i]);
}
END_TEST

START_TEST(test_an_override_has_no_comments)
{
    char text[] = "  a ; b \" # c ", *value;

    ck_assert(gruvid__unquote(text, false, false, &value, &why));
    ck_assert_str_eq(value, "a ; b \" # c");
}
END_TEST

static const char *
suggested(const char *word)
{
    static const char *const candidates[] = {"listen", "level", "module",
                                             "max_fibers", "warning"};
    gruvid__suggestion_t s = {.word = word};

    for (size_t i = 0; i < N(candidates); i++)
        gruvid__suggest(&s, candidates[i]);
    return s.best != NULL ? s.best : "";
}

START_TEST(test_slips_of_the_finger_are_recognised)
{
    char word[5000];

    ck_assert_str_eq(suggested("listn"), "listen");
    ck_assert_str_eq(suggested("lsiten"), "listen");
    ck_assert_str_eq(suggested("llisten"), "listen");
    ck_assert_str_eq(suggested("kisten"), "listen");
    ck_assert_str_eq(suggested("LISTEN"), "listen");
    ck_assert_str_eq(suggested("maxfibers"), "max_fibers");
    ck_assert_str_eq(suggested("warn"), "warning");
    ck_assert_str_eq(suggested("levels"), "level");
    ck_assert_str_eq(suggested("port"), "");
    ck_assert_str_eq(suggested("x"), "");
    ck_assert_str_eq(suggested(""), "");
    memset(word, 'l', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    ck_assert_str_eq(suggested(word), "");
}
END_TEST

START_TEST(test_names_of_keys_and_plugins)
{
    ck_assert(gruvid__is_key("a_1"));
    ck_assert(!gruvid__is_key(""));
    ck_assert(!gruvid__is_key("a-b"));
    ck_assert(!gruvid__is_key("A"));
    ck_assert(gruvid__is_plugin_name("a"));
    ck_assert(gruvid__is_plugin_name("0-_"));
    ck_assert(gruvid__is_plugin_name("abcdefghijklmnopqrstuvwxyz012345"));
    ck_assert(!gruvid__is_plugin_name("abcdefghijklmnopqrstuvwxyz0123456"));
    ck_assert(!gruvid__is_plugin_name(""));
    ck_assert(!gruvid__is_plugin_name("-a"));
    ck_assert(!gruvid__is_plugin_name("_a"));
    ck_assert(!gruvid__is_plugin_name("a/b"));
    ck_assert(!gruvid__is_plugin_name("a.b"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("config types");
    TCase *types = tcase_create("types");
    TCase *text = tcase_create("text");

    tcase_add_test(types, test_bools_have_eight_words);
    tcase_add_test(types, test_integers_have_64_bits);
    tcase_add_test(types, test_numbers_are_finite_and_decimal);
    tcase_add_test(types, test_sizes_count_in_powers_of_1024);
    tcase_add_test(types, test_durations_are_exact);
    tcase_add_test(types, test_parsers_do_not_follow_the_locale);
    tcase_add_test(types, test_addresses_are_checked_without_using_them);
    suite_add_tcase(suite, types);
    tcase_add_test(text, test_long_text_is_cut_between_characters);
    tcase_add_test(text, test_quotes_and_comments_come_off);
    tcase_add_test(text, test_an_override_has_no_comments);
    tcase_add_test(text, test_slips_of_the_finger_are_recognised);
    tcase_add_test(text, test_names_of_keys_and_plugins);
    suite_add_tcase(suite, text);
    return run_suite(suite);
}
