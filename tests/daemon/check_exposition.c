/* SPDX-License-Identifier: MIT */
/* Text for monitoring programs: each line, in both formats. */
#include "metrics/exposition.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/metrics_text.h"
#include "support/suite.h"

static const struct gruvid__family gauge = {"size_bytes", GRUVID__GAUGE,
                                            "bytes", "How large."},
                                   counter = {"runs", GRUVID__COUNTER, NULL,
                                              "How often."},
                                   times = {"wait_seconds", GRUVID__HISTOGRAM,
                                            "seconds", "How long."},
                                   info = {"build", GRUVID__INFO, NULL,
                                           "What."};

static const struct gruvid__label none[GRUVID__LABELS];

static struct gruvid__exposition text;

static void
begin(gruvid_metrics_format_t format)
{
    text = (struct gruvid__exposition){.format = format};
}

static void
forget(void)
{
    free(text.text);
    text = (struct gruvid__exposition){.format = 0};
}

/* What was written is this, and is well-formed. */
static void
expect(const char *expected)
{
    gruvid__exposition_end(&text);
    ck_assert(!text.failed);
    ck_assert_str_eq(text.text, expected);
    check_metrics(text.text, text.size, text.format);
    forget();
}

static void
write_some(void)
{
    struct gruvid__label labels[GRUVID__LABELS] = {{"plugin", "echo"},
                                                   {"code", "EIO"}};

    gruvid__exposition_family(&text, &info);
    gruvid__exposition_sample(&text, &info, labels, 1);
    gruvid__exposition_family(&text, &gauge);
    gruvid__exposition_sample(&text, &gauge, none, 0);
    gruvid__exposition_family(&text, &counter);
    gruvid__exposition_sample(&text, &counter, labels, UINT64_MAX);
    labels[1].name = NULL;
    gruvid__exposition_sample(&text, &counter, labels, 7);
}

START_TEST(test_openmetrics)
{
    begin(GRUVID_METRICS_OPENMETRICS);
    write_some();
    expect("# TYPE build info\n"
           "# HELP build What.\n"
           "build_info{plugin=\"echo\",code=\"EIO\"} 1\n"
           "# TYPE size_bytes gauge\n"
           "# UNIT size_bytes bytes\n"
           "# HELP size_bytes How large.\n"
           "size_bytes 0\n"
           "# TYPE runs counter\n"
           "# HELP runs How often.\n"
           "runs_total{plugin=\"echo\",code=\"EIO\"} 18446744073709551615\n"
           "runs_total{plugin=\"echo\"} 7\n"
           "# EOF\n");
}
END_TEST

START_TEST(test_the_text_of_prometheus)
{
    begin(GRUVID_METRICS_PROMETHEUS);
    write_some();
    expect("# HELP build_info What.\n"
           "# TYPE build_info gauge\n"
           "build_info{plugin=\"echo\",code=\"EIO\"} 1\n"
           "# HELP size_bytes How large.\n"
           "# TYPE size_bytes gauge\n"
           "size_bytes 0\n"
           "# HELP runs_total How often.\n"
           "# TYPE runs_total counter\n"
           "runs_total{plugin=\"echo\",code=\"EIO\"} 18446744073709551615\n"
           "runs_total{plugin=\"echo\"} 7\n");
}
END_TEST

/* Under 1, 2, 4, 8, 16 us, and more. */
START_TEST(test_a_histogram_adds_up)
{
    static const uint64_t at[6] = {1, 2, 0, 4, 0, 8};
    struct gruvid__label label[GRUVID__LABELS] = {{"pool", "io"}};

    begin(GRUVID_METRICS_OPENMETRICS);
    gruvid__exposition_family(&text, &times);
    gruvid__exposition_histogram(&text, &times, label, at, 6, 1002000003);
    expect("# TYPE wait_seconds histogram\n"
           "# UNIT wait_seconds seconds\n"
           "# HELP wait_seconds How long.\n"
           "wait_seconds_bucket{pool=\"io\",le=\"1e-06\"} 1\n"
           "wait_seconds_bucket{pool=\"io\",le=\"4e-06\"} 3\n"
           "wait_seconds_bucket{pool=\"io\",le=\"1.6e-05\"} 7\n"
           "wait_seconds_bucket{pool=\"io\",le=\"+Inf\"} 15\n"
           "wait_seconds_count{pool=\"io\"} 15\n"
           "wait_seconds_sum{pool=\"io\"} 1.002000003\n"
           "# EOF\n");
}
END_TEST

/* Of all buckets that there are; the last bound is that of bucket 30. */
START_TEST(test_each_bound_is_four_times_the_one_before)
{
    static const uint64_t at[32] = {[30] = 1, [31] = 1};
    struct gruvid__label label[GRUVID__LABELS] = {{"pool", "io"}};
    double bound = 0.25e-6;
    const char *le;

    begin(GRUVID_METRICS_PROMETHEUS);
    gruvid__exposition_histogram(&text, &times, label, at, 32, 0);
    le = text.text;
    for (int i = 0; i < 16; i++) {
        le = strstr(le, "le=\"") + 4;
        ck_assert_double_eq_tol(strtod(le, NULL), bound * 4, bound * 1e-9);
        bound *= 4;
    }
    ck_assert_ptr_nonnull(strstr(le, "1073.741824\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(le, "+Inf\"} 2\n"));
    forget();
}
END_TEST

/* A label, and how it is written. */
static const struct {
    const char *value, *written;
} labels[] = {
    {"", ""},
    {"a b", "a b"},
    {"\"\\\n", "\\\"\\\\\\n"},
    {"Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x8c\x8d",
     "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x8c\x8d"},
    {"\r\t\x7f\x01", "????"},
    {"\x80", "?"},
    {"\xc3", "?"},
    {"\xc0\xaf", "??"},
    {"\xe0\x80\xaf", "???"},
    {"\xed\xa0\x80", "???"},
    {"\xf0\x80\x80\x80", "????"},
    {"\xf4\x90\x80\x80", "????"},
    {"\xf5", "?"},
    {"\xe2\x82", "??"},
    {"\xe2\x28\xa1", "?(?"},
};

START_TEST(test_labels_are_escaped_and_utf8)
{
    struct gruvid__label label[GRUVID__LABELS] = {{"l", labels[_i].value}};
    char line[100];

    begin(GRUVID_METRICS_OPENMETRICS);
    gruvid__exposition_family(&text, &gauge);
    gruvid__exposition_sample(&text, &gauge, label, 5);
    gruvid__exposition_end(&text);
    snprintf(line, sizeof line, "\nsize_bytes{l=\"%s\"} 5\n# EOF\n",
             labels[_i].written);
    ck_assert_ptr_nonnull(strstr(text.text, line));
    check_metrics(text.text, text.size, text.format);
    forget();
}
END_TEST

/* A plugin may have set a locale whose point is a comma. */
START_TEST(test_numbers_do_not_depend_on_the_locale)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "C"};
    static const struct gruvid__family seconds = {"age_seconds", GRUVID__GAUGE,
                                                  "seconds", "How old."};

    for (size_t i = 0; i < 3 && setlocale(LC_ALL, names[i]) == NULL; i++)
        continue;
    begin(GRUVID_METRICS_OPENMETRICS);
    gruvid__exposition_family(&text, &seconds);
    gruvid__exposition_sample(&text, &seconds, none, 1500000000);
    setlocale(LC_ALL, "C");
    expect("# TYPE age_seconds gauge\n"
           "# UNIT age_seconds seconds\n"
           "# HELP age_seconds How old.\n"
           "age_seconds 1.500000000\n"
           "# EOF\n");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("exposition");
    TCase *tc = tcase_create("text");

    tcase_add_test(tc, test_openmetrics);
    tcase_add_test(tc, test_the_text_of_prometheus);
    tcase_add_test(tc, test_a_histogram_adds_up);
    tcase_add_test(tc, test_each_bound_is_four_times_the_one_before);
    tcase_add_loop_test(tc, test_labels_are_escaped_and_utf8, 0,
                        sizeof labels / sizeof *labels);
    tcase_add_test(tc, test_numbers_do_not_depend_on_the_locale);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
