/* SPDX-License-Identifier: MIT */
/* The metrics of a gruvid, as its plugins get them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvid/metrics.h>

#include "daemon/config_fixture.h"
#include "daemon/metrics_text.h"
#include "daemon/small_gruvid.h"
#include "metrics/figures.h"
#include "support/suite.h"

/* Checked; the caller frees it. */
static char *
write_metrics(gruvid_plugin_t *plugin, gruvid_metrics_format_t format)
{
    char *text;
    size_t size;

    ck_assert_int_eq(gruvid_metrics_write(plugin, format, &text, &size), 0);
    check_metrics(text, size, format);
    return text;
}

static void
count_some(gruvid_plugin_t *one)
{
    one->shards[0].accepted = 5;
    one->shards[1].accepted = 1;
    one->shards[0].received = 11;
    one->shards[1].sent = 12;
    one->shards[1].fibers.refused = 9;
    one->shards[1].fibers.most_stack = 8192;
    one->full = 4;
    one->stalls = 8;
    gruvid__times_count(&one->shards[0].times, 2500);
    gruvid__codes_count(&one->shards[0].codes, UV_EIO);
    gruvid__codes_count(&one->shards[1].codes, UV_EIO);
    gruvid__codes_count(&one->shards[1].codes, -4999);
}

SMALL_GRUVID_TEST(test_figures_are_there_in_both_formats)
{
    gruvid_plugin_t *one = make("old");

    count_some(one);
    for (int format = 1; format <= 2; format++) {
        char *text = write_metrics(one, (gruvid_metrics_format_t)format);

#define M(name) metric(text, "gruvid_plugin_" name)
        ck_assert_double_eq(M("accepted_connections_total{plugin=\"p\"}"), 6);
        ck_assert_double_eq(M("received_bytes_total{plugin=\"p\"}"), 11);
        ck_assert_double_eq(M("sent_bytes_total{plugin=\"p\"}"), 12);
        ck_assert_double_eq(M("refused_fibers_total{plugin=\"p\"}"), 9);
        ck_assert_double_eq(M("stack_used_bytes{plugin=\"p\"}"), 8192);
        ck_assert_double_eq(M("connections_full_total{plugin=\"p\"}"), 4);
        ck_assert_double_eq(M("stalls_total{plugin=\"p\"}"), 8);
        ck_assert_double_eq(M("errors_total{plugin=\"p\",code=\"EIO\"}"), 2);
        ck_assert_double_eq(
            M("call_duration_seconds_bucket{plugin=\"p\",le=\"4e-06\"}"), 1);
        ck_assert_double_eq(
            M("call_duration_seconds_bucket{plugin=\"p\",le=\"1e-06\"}"), 0);
        ck_assert_double_eq(M("call_duration_seconds_sum{plugin=\"p\"}"),
                            2.5e-6);
        ck_assert_double_eq(metric(text, "gruvid_hub_up{hub=\"2\"}"), 1);
        ck_assert_double_ge(
            metric(text, "gruvid_pool_threads_limit{pool=\"io\"}"), 1);
        free(text);
    }
}

SMALL_GRUVID_TEST(test_no_counter_goes_down_when_a_generation_ends)
{
    gruvid_plugin_t *one = make("old"), *two = make("new");
    char *before, *after;

    count_some(one);
    count_some(two);
    before = write_metrics(two, GRUVID_METRICS_OPENMETRICS);
    gruvid__instance_free(&instances, one);
    after = write_metrics(two, GRUVID_METRICS_OPENMETRICS);
    check_no_counter_went_down(before, after);
    ck_assert_double_eq(
        metric(after, "gruvid_plugin_accepted_connections_total{plugin=\"p\"}"),
        12);
    free(before);
    free(after);
}

static gruvid_counter_t *
counter_of(gruvid_plugin_t *plugin, const char *name, const char *label,
           const char *value)
{
    gruvid_counter_t *counter;

    ck_assert_int_eq(
        gruvid_counter_get(&counter, plugin, name, "Help.", label, value), 0);
    ck_assert_ptr_nonnull(counter);
    return counter;
}

static void *
count_in_a_thread(void *counter)
{
    gruvid_count(counter, 100);
    return NULL;
}

/* By all generations, and by any thread. */
SMALL_GRUVID_TEST(test_a_plugin_counts)
{
    gruvid_plugin_t *one = make("old"), *two = make("new");
    gruvid_counter_t *colds =
        counter_of(one, "shop_teas", "kind", "a \"cold\"");
    gruvid_counter_t *all = counter_of(one, "shop_all", NULL, NULL);
    pthread_t thread;

    ck_assert_ptr_eq(counter_of(two, "shop_teas", "kind", "a \"cold\""), colds);
    ck_assert_ptr_ne(counter_of(two, "shop_teas", "kind", "hot"), colds);
    ck_assert_ptr_ne(counter_of(two, "shop_teas", "sort", "hot"), colds);
    gruvid_count(colds, 3);
    gruvid_count(NULL, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, count_in_a_thread, colds),
                     0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    gruvid_count(all, UINT64_C(1) << 40);
    gruvid__instance_free(&instances, one);
    gruvid_count(colds, 1);
    for (int format = 1; format <= 2; format++) {
        char *text = write_metrics(two, (gruvid_metrics_format_t)format);

        ck_assert_double_eq(
            metric(text,
                   "shop_teas_total{plugin=\"p\",kind=\"a \\\"cold\\\"\"}"),
            104);
        ck_assert_double_eq(
            metric(text, "shop_teas_total{plugin=\"p\",kind=\"hot\"}"), 0);
        ck_assert_double_eq(
            metric(text, "shop_teas_total{plugin=\"p\",sort=\"hot\"}"), 0);
        ck_assert_double_eq(metric(text, "shop_all_total{plugin=\"p\"}"),
                            1099511627776.0);
        free(text);
    }
}

SMALL_GRUVID_TEST(test_what_is_no_counter)
{
    static const char *const wrong[][4] = {
        {"", "Help.", NULL, NULL},
        {"9s", "Help.", NULL, NULL},
        {"_s", "Help.", NULL, NULL},
        {"Teas", "Help.", NULL, NULL},
        {"teas-cold", "Help.", NULL, NULL},
        {"gruvid_teas", "Help.", NULL, NULL},
        {"teas_total", "Help.", NULL, NULL},
        {"teas_created", "Help.", NULL, NULL},
        {"teas", "", NULL, NULL},
        {"teas", "Two\nlines.", NULL, NULL},
        {"teas", "A \"help\".", NULL, NULL},
        {"teas", "Help.", "kind", NULL},
        {"teas", "Help.", "kind", ""},
        {"teas", "Help.", NULL, "cold"},
        {"teas", "Help.", "plugin", "cold"},
        {"teas", "Help.", "Kind", "cold"},
        {"teas", "Help.", "__kind", "cold"},
    };
    gruvid_plugin_t *one = make("old");
    char value[20];

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        gruvid_counter_t *counter = (gruvid_counter_t *)value;

        ck_assert_int_eq(gruvid_counter_get(&counter, one, wrong[i][0],
                                            wrong[i][1], wrong[i][2],
                                            wrong[i][3]),
                         UV_EINVAL);
        ck_assert_ptr_null(counter);
    }
    for (int i = 0; i <= 1000; i++) {
        gruvid_counter_t *counter;

        snprintf(value, sizeof value, "%d", i);
        ck_assert_int_eq(
            gruvid_counter_get(&counter, one, "teas", "Help.", "kind", value),
            i < 1000 ? 0 : UV_ENOSPC);
    }
    counter_of(one, "teas", "kind", "999");
}

SMALL_GRUVID_TEST(test_what_there_is_no_format_of)
{
    gruvid_plugin_t *one = make("old");
    char *text = (char *)"x";
    size_t size = 1;

    ck_assert_int_eq(
        gruvid_metrics_write(one, (gruvid_metrics_format_t)3, &text, &size),
        UV_EINVAL);
    ck_assert_ptr_null(text);
    ck_assert_uint_eq(size, 0);
    ck_assert_ptr_null(gruvid_metrics_type((gruvid_metrics_format_t)0));
    ck_assert_str_eq(
        gruvid_metrics_type(GRUVID_METRICS_OPENMETRICS),
        "application/openmetrics-text; version=1.0.0; charset=utf-8");
    ck_assert_str_eq(gruvid_metrics_type(GRUVID_METRICS_PROMETHEUS),
                     "text/plain; version=0.0.4; charset=utf-8");
}

SMALL_GRUVID_TEST(test_ready_is_from_the_start_to_the_stop)
{
    gruvid_plugin_t *one = make("old");
    const char *stage;
    char *text;

    ck_assert(!gruvid_metrics_ready(one, &stage));
    ck_assert_str_eq(stage, "starting");
    begin(one);
    ck_assert(gruvid_metrics_ready(one, NULL));
    text = write_metrics(one, GRUVID_METRICS_OPENMETRICS);
    ck_assert_double_eq(metric(text, "gruvid_ready"), 1);
    ck_assert_double_gt(metric(text, "gruvid_start_time_seconds"), 1.6e9);
    free(text);
    gruvid__ask_to_stop(&leader);
    ck_assert(!gruvid_metrics_ready(one, NULL));
}

int
main(void)
{
    Suite *suite = suite_create("families");
    TCase *tc = tcase_create("families");

    tcase_add_checked_fixture(tc, open_folder, close_folder);
    tcase_set_timeout(tc, PATIENCE);
    tcase_add_test(tc, test_figures_are_there_in_both_formats);
    tcase_add_test(tc, test_no_counter_goes_down_when_a_generation_ends);
    tcase_add_test(tc, test_a_plugin_counts);
    tcase_add_test(tc, test_what_is_no_counter);
    tcase_add_test(tc, test_what_there_is_no_format_of);
    tcase_add_test(tc, test_ready_is_from_the_start_to_the_stop);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
