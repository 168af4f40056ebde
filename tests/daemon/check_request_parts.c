/* SPDX-License-Identifier: MIT */
/* Parts of requests that need no gruvid: fields, ids, statuses, conditions. */
#include <stdio.h>
#include <string.h>

#include <uv.h>

#include <gruvid/transport.h>

#include "instance/instance.h"
#include "request/condition.h"
#include "request/field.h"
#include "request/format.h"
#include "request/id.h"
#include "request/list.h"
#include "request/status.h"
#include "request/type.h"
#include "support/suite.h"

START_TEST(test_names_of_headers_are_tokens)
{
    ck_assert(gruvid__is_token("Content-Type"));
    ck_assert(gruvid__is_token("!#$%&'*+-.^_`|~09azAZ"));
    ck_assert(!gruvid__is_token(""));
    ck_assert(!gruvid__is_token("a b"));
    ck_assert(!gruvid__is_token("a:"));
    ck_assert(!gruvid__is_token("a\r\nb"));
    ck_assert(!gruvid__is_token("\xc3\xa4"));
    ck_assert(!gruvid__is_token("\"a\""));
}
END_TEST

START_TEST(test_values_of_headers_have_no_control_bytes)
{
    ck_assert(gruvid__is_value(""));
    ck_assert(gruvid__is_value("a b\tc \xc3\xa4"));
    ck_assert(!gruvid__is_value(" a"));
    ck_assert(!gruvid__is_value("a\t"));
    ck_assert(!gruvid__is_value("a\rb"));
    ck_assert(!gruvid__is_value("a\nb"));
    ck_assert(!gruvid__is_value("a\x01"));
    ck_assert(!gruvid__is_value("a\x7f"));
}
END_TEST

START_TEST(test_a_list_has_its_members)
{
    ck_assert(gruvid__list_has("keep-alive, Upgrade", "upgrade"));
    ck_assert(gruvid__list_has("a,b\t, c", "b"));
    ck_assert(!gruvid__list_has("upgrades", "upgrade"));
    ck_assert(!gruvid__list_has("", "a"));
    ck_assert(!gruvid__list_has(", ,", "a"));
}
END_TEST

START_TEST(test_a_length_has_digits_alone)
{
    ck_assert_int_eq(gruvid__read_length("0"), 0);
    ck_assert_int_eq(gruvid__read_length("0123"), 123);
    ck_assert_int_eq(gruvid__read_length(""), -1);
    ck_assert_int_eq(gruvid__read_length("+1"), -1);
    ck_assert_int_eq(gruvid__read_length("-1"), -1);
    ck_assert_int_eq(gruvid__read_length("1 "), -1);
    ck_assert_int_eq(gruvid__read_length("99999999999999999999"), -1);
}
END_TEST

START_TEST(test_a_location_becomes_a_uri)
{
    char to[100];

    gruvid__encode_uri(to, "http://[::1]/a%20b?c=d&e#f");
    ck_assert_str_eq(to, "http://[::1]/a%20b?c=d&e#f");
    gruvid__encode_uri(to, "/\r\n <\\\">\xc3");
    ck_assert_str_eq(to, "/%0D%0A%20%3C%5C%22%3E%C3");
}
END_TEST

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static const struct {
    const char *header;
    bool is;
} traces[] = {
    {"00-" TRACE "-" PARENT "-01", true},
    {"01-" TRACE "-" PARENT "-01-more", true},
    {"01-" TRACE "-" PARENT "-01", true},
    {"00-" TRACE "-" PARENT "-01-more", false},
    {"01-" TRACE "-" PARENT "-01more", false},
    {"ff-" TRACE "-" PARENT "-01", false},
    {"0-" TRACE "-" PARENT "-011", false},
    {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01", false},
    {"00-00000000000000000000000000000000-" PARENT "-01", false},
    {"00-" TRACE "-0000000000000000-01", false},
    {"00-" TRACE "-" PARENT "-0x", false},
    {"00-" TRACE "-" PARENT "-1", false},
    {"00-" TRACE, false},
    {"", false},
};

START_TEST(test_the_id_is_that_of_a_trace)
{
    char id[GRUVID__ID_SIZE];

    ck_assert_msg(gruvid__id_of_trace(id, traces[_i].header) == traces[_i].is,
                  "%s", traces[_i].header);
    ck_assert_str_eq(id, traces[_i].is ? TRACE : "");
}
END_TEST

START_TEST(test_ids_are_made_and_differ)
{
    char one[GRUVID__ID_SIZE], two[GRUVID__ID_SIZE];

    gruvid__id_make(one);
    gruvid__id_make(two);
    ck_assert_uint_eq(strspn(one, "0123456789abcdef"), 32);
    ck_assert_str_ne(one, two);
}
END_TEST

START_TEST(test_what_is_returned_has_a_status)
{
    ck_assert_int_eq(gruvid__status_of(0), 204);
    ck_assert_int_eq(gruvid__status_of(200), 200);
    ck_assert_int_eq(gruvid__status_of(599), 599);
    ck_assert_int_eq(gruvid__status_of(199), 500);
    ck_assert_int_eq(gruvid__status_of(600), 500);
    ck_assert_int_eq(gruvid__status_of(UV_ENOENT), 404);
    ck_assert_int_eq(gruvid__status_of(UV_EACCES), 403);
    ck_assert_int_eq(gruvid__status_of(UV_EPERM), 403);
    ck_assert_int_eq(gruvid__status_of(UV_EINVAL), 400);
    ck_assert_int_eq(gruvid__status_of(UV_E2BIG), 413);
    ck_assert_int_eq(gruvid__status_of(UV_ETIMEDOUT), 504);
    ck_assert_int_eq(gruvid__status_of(UV_EAGAIN), 503);
    ck_assert_int_eq(gruvid__status_of(UV_ENOBUFS), 503);
    ck_assert_int_eq(gruvid__status_of(UV_EIO), 500);
    ck_assert_str_eq(gruvid__reason(404), "Not Found");
    ck_assert_str_eq(gruvid__reason(299), "");
}
END_TEST

/* --- files ---------------------------------------------------------------- */

static const struct {
    const char *text;
    int64_t seconds;
} dates[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
    {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
    {"Sun Nov  6 08:49:37 1994", 784111777},
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
    {"Sun, 06 Now 1994 08:49:37 GMT", -1},
    {"Sun, 06 Nov 1994 24:49:37 GMT", -1},
    {"Sun, 00 Nov 1994 08:49:37 GMT", -1},
    {"784111777", -1},
    {"", -1},
};

START_TEST(test_dates_have_three_forms)
{
    char date[GRUVID__DATE_SIZE];

    ck_assert_int_eq(gruvid__date_read(dates[_i].text), dates[_i].seconds);
    gruvid__date_write(date, 784111777);
    ck_assert_str_eq(date, dates[0].text);
}
END_TEST

#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define THEN   "Sun, 06 Nov 1994 08:49:37 GMT"

static const struct {
    struct gruvid__conditions says;
    int status;
    uint64_t first, length;
} verdicts[] = {
    {{.range = NULL}, 200, 0, 10},
    /* Tags. */
    {{.if_match = "\"a\""}, 200, 0, 10},
    {{.if_match = "\"b\", \"a\""}, 200, 0, 10},
    {{.if_match = "*"}, 200, 0, 10},
    {{.if_match = "\"b\""}, 412, 0, 0},
    {{.if_match = "W/\"a\""}, 412, 0, 0},
    {{.if_match = "a"}, 412, 0, 0},
    {{.if_none_match = "\"a\""}, 304, 0, 0},
    {{.if_none_match = "W/\"a\""}, 304, 0, 0},
    {{.if_none_match = "\"b\",W/\"a\""}, 304, 0, 0},
    {{.if_none_match = "*"}, 304, 0, 0},
    {{.if_none_match = "\"b\""}, 200, 0, 10},
    {{.if_none_match = "\"a"}, 200, 0, 10},
    /* Dates. */
    {{.if_modified_since = THEN}, 304, 0, 0},
    {{.if_modified_since = BEFORE}, 200, 0, 10},
    {{.if_modified_since = "x"}, 200, 0, 10},
    {{.if_unmodified_since = THEN}, 200, 0, 10},
    {{.if_unmodified_since = BEFORE}, 412, 0, 0},
    {{.if_unmodified_since = "x"}, 200, 0, 10},
    /* What counts where both are there. */
    {{.if_match = "\"a\"", .if_unmodified_since = BEFORE}, 200, 0, 10},
    {{.if_none_match = "\"b\"", .if_modified_since = THEN}, 200, 0, 10},
    {{.if_match = "\"b\"", .if_none_match = "\"a\""}, 412, 0, 0},
    {{.if_none_match = "\"a\"", .range = "bytes=0-1"}, 304, 0, 0},
    /* Ranges. */
    {{.range = "bytes=0-1"}, 206, 0, 2},
    {{.range = "bytes=3-"}, 206, 3, 7},
    {{.range = "bytes=-3"}, 206, 7, 3},
    {{.range = "bytes=-30"}, 206, 0, 10},
    {{.range = "bytes=9-99"}, 206, 9, 1},
    {{.range = "bytes=0-18446744073709551615"}, 200, 0, 10},
    {{.range = "bytes=10-"}, 416, 0, 0},
    {{.range = "bytes=-0"}, 416, 0, 0},
    {{.range = "bytes=2-1"}, 200, 0, 10},
    {{.range = "bytes=0-1,3-4"}, 200, 0, 10},
    {{.range = "bytes=a-"}, 200, 0, 10},
    {{.range = "bytes="}, 200, 0, 10},
    {{.range = "bytes=-"}, 200, 0, 10},
    {{.range = "lines=0-1"}, 200, 0, 10},
    {{.range = "bytes=0-1", .if_range = "\"a\""}, 206, 0, 2},
    {{.range = "bytes=0-1", .if_range = "\"b\""}, 200, 0, 10},
    {{.range = "bytes=0-1", .if_range = "W/\"a\""}, 200, 0, 10},
    {{.range = "bytes=0-1", .if_range = THEN}, 206, 0, 2},
    {{.range = "bytes=0-1", .if_range = BEFORE}, 200, 0, 10},
};

START_TEST(test_conditions_and_ranges_are_judged)
{
    struct gruvid__content content = {"\"a\"", 784111777, 10};
    struct gruvid__verdict verdict =
        gruvid__conditions_judge(&verdicts[_i].says, &content);

    ck_assert_int_eq(verdict.status, verdicts[_i].status);
    ck_assert_uint_eq(verdict.first, verdicts[_i].first);
    ck_assert_uint_eq(verdict.length, verdicts[_i].length);
}
END_TEST

START_TEST(test_a_time_that_is_not_known_is_no_condition)
{
    struct gruvid__content content = {"\"a\"", -1, 0};
    struct gruvid__conditions says = {.if_modified_since = THEN};

    ck_assert_int_eq(gruvid__conditions_judge(&says, &content).status, 200);
    says = (struct gruvid__conditions){.range = "bytes=0-", .if_range = THEN};
    ck_assert_int_eq(gruvid__conditions_judge(&says, &content).status, 200);
    says.if_range = NULL;
    ck_assert_int_eq(gruvid__conditions_judge(&says, &content).status, 416);
}
END_TEST

/* An instance may be freed as soon as it counts none, so what ends looks at the
 * count alone. */
START_TEST(test_the_last_request_from_afar_knows_that_it_is_waited_for)
{
    static gruvid_plugin_t plugin;

    gruvid__requests_come(&plugin);
    gruvid__requests_come(&plugin);
    ck_assert(!gruvid__requests_came(&plugin));
    ck_assert(!gruvid__requests_over(&plugin));
    gruvid__requests_watch(&plugin);
    gruvid__requests_watch(&plugin);
    ck_assert(!gruvid__requests_over(&plugin));
    gruvid__requests_come(&plugin);
    ck_assert(!gruvid__requests_came(&plugin));
    ck_assert(gruvid__requests_came(&plugin));
    ck_assert(gruvid__requests_over(&plugin));
}
END_TEST

START_TEST(test_types_are_known_by_names)
{
    ck_assert_str_eq(gruvid__type_of("a/b.HTML"), "text/html; charset=utf-8");
    ck_assert_str_eq(gruvid__type_of("a.b/c"), "application/octet-stream");
    ck_assert_str_eq(gruvid__type_of("a.tar.gz"), "application/gzip");
    ck_assert_str_eq(gruvid__type_of("a."), "application/octet-stream");
}
END_TEST

/* As vsnprintf() does, into so many bytes. */
static __attribute__((format(printf, 2, 3))) void
formats(size_t size, const char *format, ...)
{
    char ours[64], theirs[64];
    va_list args;
    int n;

    memset(ours, '~', sizeof ours);
    memset(theirs, '~', sizeof theirs);
    va_start(args, format);
    n = gruvid__format(ours, size, format, args);
    va_end(args);
    va_start(args, format);
    ck_assert_int_eq(n, vsnprintf(theirs, size, format, args));
    va_end(args);
    ck_assert_mem_eq(ours, theirs, size);
    ck_assert_int_eq(ours[size], '~');
}

START_TEST(test_formats_are_those_of_printf)
{
    const char *volatile none = NULL;

    for (size_t size = 0; size < 32; size++) {
        formats(size, "text");
        formats(size, "Hello, %s!\n", "you");
        formats(size, "%s%s", "", "all of it is text");
        formats(size, "100%%%s", "%s");
        formats(size, "%s", none);
        formats(size, "%s and %d", "one", 2);
        formats(size, "%5s|%-5s|%.1s", "a", "b", "cd");
    }
}
END_TEST

static const struct {
    const char *accept;
    int gzip, zstd, identity;
} weights[] = {
    {"gzip", 1000, 0, 1},
    {"", 0, 0, 1},
    {"GZIP , zstd", 1000, 1000, 1},
    {"x-gzip;q=0.3", 300, 0, 1},
    {"gzip;q=0.5, zstd;q=0.125, identity;q=0", 500, 125, 0},
    {"gzip;q=1.000,*;q=0", 1000, 0, 0},
    {"*", 1000, 1000, 1000},
    {"*;q=0.2, gzip;q=0", 0, 200, 200},
    {"br, compress", 0, 0, 1},
    {"identity;q=0", 0, 0, 0},
    {"gzip ; q=0.7", 700, 0, 1},
    {"gzip;Q=0.7", 700, 0, 1},
    {",, ,gzip,,", 1000, 0, 1},
    {"gzip;q=0, gzip;q=1", 0, 0, 1},
    /* What is malformed is not taken. */
    {"gzip;q=2", 0, 0, 1},
    {"gzip;q=1.001", 0, 0, 1},
    {"gzip;q=", 0, 0, 1},
    {"gzip;q=-1", 0, 0, 1},
    {"gzip;q=nan", 0, 0, 1},
    {"gzip;q=0.5x", 0, 0, 1},
    {"gzip;q=0.5000", 0, 0, 1},
    {"gzip;level=9", 0, 0, 1},
    {"gzip;q=0.5;q=1", 0, 0, 1},
    {"gzip zstd", 0, 0, 1},
    {"gzip;", 0, 0, 1},
    {";q=1", 0, 0, 1},
    {"gzipped, agzip", 0, 0, 1},
};

START_TEST(test_codings_have_weights)
{
    gruvid_header_t headers[] = {{"Accept", "gzip"},
                                 {"accept-encoding", weights[_i].accept}};

    ck_assert_int_eq(gruvid_coding_weight(headers, 2, "gzip"),
                     weights[_i].gzip);
    ck_assert_int_eq(gruvid_coding_weight(headers, 2, "zstd"),
                     weights[_i].zstd);
    ck_assert_int_eq(gruvid_coding_weight(headers, 2, "identity"),
                     weights[_i].identity);
}
END_TEST

START_TEST(test_codings_may_be_in_several_headers)
{
    gruvid_header_t headers[] = {{"Accept-Encoding", "*;q=0.1"},
                                 {"Accept-Encoding", "zstd"}};

    ck_assert_int_eq(gruvid_coding_weight(headers, 2, "zstd"), 1000);
    ck_assert_int_eq(gruvid_coding_weight(headers, 2, "gzip"), 100);
    ck_assert_int_eq(gruvid_coding_weight(NULL, 0, "gzip"), 0);
    ck_assert_int_eq(gruvid_coding_weight(NULL, 0, "identity"), 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("request parts");
    TCase *tc = tcase_create("parts");

    tcase_add_test(tc, test_names_of_headers_are_tokens);
    tcase_add_test(tc, test_values_of_headers_have_no_control_bytes);
    tcase_add_test(tc, test_a_list_has_its_members);
    tcase_add_test(tc, test_a_length_has_digits_alone);
    tcase_add_test(tc, test_a_location_becomes_a_uri);
    tcase_add_loop_test(tc, test_the_id_is_that_of_a_trace, 0,
                        (int)(sizeof traces / sizeof *traces));
    tcase_add_test(tc, test_ids_are_made_and_differ);
    tcase_add_test(tc, test_what_is_returned_has_a_status);
    tcase_add_loop_test(tc, test_dates_have_three_forms, 0,
                        (int)(sizeof dates / sizeof *dates));
    tcase_add_loop_test(tc, test_conditions_and_ranges_are_judged, 0,
                        (int)(sizeof verdicts / sizeof *verdicts));
    tcase_add_test(tc, test_a_time_that_is_not_known_is_no_condition);
    tcase_add_test(tc,
                   test_the_last_request_from_afar_knows_that_it_is_waited_for);
    tcase_add_test(tc, test_types_are_known_by_names);
    tcase_add_test(tc, test_formats_are_those_of_printf);
    tcase_add_loop_test(tc, test_codings_have_weights, 0,
                        (int)(sizeof weights / sizeof *weights));
    tcase_add_test(tc, test_codings_may_be_in_several_headers);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
