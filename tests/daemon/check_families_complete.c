/* SPDX-License-Identifier: MIT */
/*
 * Whatever gruvictl counts is a metric: each number and flag in the answers of
 * its commands has a line here, which names a metric, or says why there is
 * none.  A command, or a member, that is new and has no line fails the test.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control_json.h"
#include "daemon/plugin_folder.h"

#define CONFIG                                                                 \
    "[gruvid]\ncontrol = @DIR@/control.sock\n"                                 \
    "[plugin bring]\nlisten = unix:@DIR@/bring\n"                              \
    "route = /metrics -> metrics\nroute = /return -> answers\n"                \
    "[plugin metrics]\n[plugin answers]\n"                                     \
    "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"

static const struct {
    const char *member; /* "command.member", "command.list.member" */
    const char *metric; /* the beginning of its samples; NULL: none */
} shown[] = {
    {"status.plugins", "gruvid_plugins "},
    {"status.draining", "gruvid_draining_generations "},
    {"status.connections", "gruvid_plugin_connections{"},
    {"status.parked", "gruvid_plugin_parked_connections{"},
    {"status.accepted", "gruvid_plugin_accepted_connections_total{"},
    {"status.failed", "gruvid_plugin_failed_total{"},
    {"status.received", "gruvid_plugin_received_bytes_total{"},
    {"status.sent", "gruvid_plugin_sent_bytes_total{"},
    {"status.requests_open", "gruvid_plugin_requests_open{"},
    {"status.requests", "gruvid_plugin_requests_total{"},
    {"status.requests_failed", "gruvid_plugin_requests_failed_total{"},
    {"status.uptime", "gruvid_start_time_seconds "},
    {"status.hubs", "gruvid_hub_up{"},
    {"status.reloads", "gruvid_reloads_total "},
    {"status.reloads_failed", "gruvid_reloads_failed_total "},
    {"status.log_lines", "gruvid_log_lines_total "},
    {"status.log_lost", "gruvid_log_lost_lines_total "},
    {"status.reload.worked", "gruvid_last_reload_failed "},
    {"status.reload.number", NULL},  /* each is counted: reloads */
    {"status.reload.seconds", NULL}, /* of one, not of all */
    {"status.pid", NULL},            /* no count, as the rest of these */
    {"plugins.plugins.connections", "gruvid_plugin_connections{"},
    {"plugins.plugins.parked", "gruvid_plugin_parked_connections{"},
    {"plugins.plugins.fibers", "gruvid_plugin_fibers{"},
    {"plugins.plugins.most_fibers", "gruvid_plugin_fibers_max{"},
    {"plugins.plugins.spawned", "gruvid_plugin_spawned_fibers_total{"},
    {"plugins.plugins.refused", "gruvid_plugin_refused_fibers_total{"},
    {"plugins.plugins.most_stack", "gruvid_plugin_stack_used_bytes{"},
    {"plugins.plugins.accepted", "gruvid_plugin_accepted_connections_total{"},
    {"plugins.plugins.served", "gruvid_plugin_served_total{"},
    {"plugins.plugins.failed", "gruvid_plugin_failed_total{"},
    {"plugins.plugins.gone", "gruvid_plugin_gone_total{"},
    {"plugins.plugins.cut", "gruvid_plugin_cut_total{"},
    {"plugins.plugins.stalls", "gruvid_plugin_stalls_total{"},
    {"plugins.plugins.received", "gruvid_plugin_received_bytes_total{"},
    {"plugins.plugins.sent", "gruvid_plugin_sent_bytes_total{"},
    {"plugins.plugins.full", "gruvid_plugin_connections_full_total{"},
    {"plugins.plugins.requests_open", "gruvid_plugin_requests_open{"},
    {"plugins.plugins.requests", "gruvid_plugin_requests_total{"},
    {"plugins.plugins.requests_failed", "gruvid_plugin_requests_failed_total{"},
    {"plugins.plugins.errors", "gruvid_plugin_errors_total{"},
    {"plugins.plugins.times", "gruvid_plugin_call_duration_seconds_bucket{"},
    {"plugins.plugins.time_p50", NULL}, /* from times */
    {"plugins.plugins.time_p99", NULL},
    {"plugins.counters.count", "trial_starts_total{"},
    {"plugins.plugins.generation", NULL},
    {"plugins.plugins.build", NULL},
    {"plugins.plugins.hubs", NULL},         /* numbers of hubs */
    {"plugins.plugins.inconsistent", NULL}, /* logged, once */
    {"plugins.modules.build", NULL},
    {"plugins.modules.mapped", NULL},
    {"plugins.modules.tls", NULL},
    {"plugins.modules.static_tls", NULL},
    {"plugins.modules.used", NULL},
    {"hubs.hubs.answers", "gruvid_hub_up{"},
    {"hubs.hubs.plugins", "gruvid_hub_generations{"},
    {"hubs.hubs.connections", "gruvid_hub_connections{"},
    {"hubs.hubs.fibers", "gruvid_hub_fibers{"},
    {"hubs.hubs.ready", "gruvid_hub_ready_fibers{"},
    {"hubs.hubs.most_ready", "gruvid_hub_ready_fibers_max{"},
    {"hubs.hubs.turns", "gruvid_hub_turns_total{"},
    {"hubs.hubs.switches", "gruvid_hub_switches_total{"},
    {"hubs.hubs.spawned", "gruvid_hub_spawned_fibers_total{"},
    {"hubs.hubs.refused", "gruvid_hub_refused_fibers_total{"},
    {"hubs.hubs.lag", "gruvid_hub_lag_seconds{"},
    {"hubs.hubs.hub", NULL},
    {"pools.pools.threads", "gruvid_pool_threads{"},
    {"pools.pools.max", "gruvid_pool_threads_limit{"},
    {"pools.pools.busy", "gruvid_pool_busy_threads{"},
    {"pools.pools.queued", "gruvid_pool_queued{"},
    {"pools.pools.done", "gruvid_pool_done_total{"},
    {"pools.pools.waits", "gruvid_pool_wait_seconds_bucket{"},
    {"pools.pools.wait_p50", NULL}, /* from waits */
    {"pools.pools.wait_p99", NULL},
    {"pools.pools.wait_max", NULL},
    {"requests.requests.open", "gruvid_requests_open{"},
    {"requests.requests.done", "gruvid_request_duration_seconds_count{"},
    {"requests.requests.failed", "gruvid_requests_failed_total{"},
    {"requests.requests.timed_out", "gruvid_requests_timed_out_total{"},
    {"requests.requests.cancelled", "gruvid_requests_cancelled_total{"},
    {"requests.requests.cut", "gruvid_requests_cut_total{"},
    {"requests.requests.received", "gruvid_request_received_bytes_total{"},
    {"requests.requests.sent", "gruvid_request_sent_bytes_total{"},
    {"requests.requests.by", "gruvid_requests_total{"},
    {"requests.requests.times", "gruvid_request_duration_seconds_bucket{"},
    {"requests.requests.time_sum", "gruvid_request_duration_seconds_sum{"},
    {"requests.requests.time_p50", NULL}, /* from times */
    {"requests.requests.time_p99", NULL},
    {"requests.unrouted.count", "gruvid_requests_unrouted_total{"},
};

/* Commands that count, and those that do not: lists of what there is just now,
 * and what changes something. */
static const char *const counting[] = {"status", "plugins",  "hubs",
                                       "pools",  "requests", NULL};
static const char *const others[] = {
    "hello",  "cluster", "fibers", "connections", "config", "log-level",
    "reload", "restart", "stop",   "trace",       "log",    NULL};

static bool seen[sizeof shown / sizeof *shown];
static char *metrics; /* all */

static bool
is_in(const char *const *names, const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

static void
look_up(const char *member)
{
    char line[100];

    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        if (strcmp(shown[i].member, member) != 0)
            continue;
        seen[i] = true;
        if (shown[i].metric == NULL)
            return;
        snprintf(line, sizeof line, "\n%s", shown[i].metric);
        ck_assert_msg(strstr(metrics, line) != NULL, "%s: no %s", member,
                      shown[i].metric);
        return;
    }
    ck_abort_msg("%s is in no metric that the table knows", member);
}

static void look_at(const char *name, const json_t *value);

static void
look_at_members(const char *name, const json_t *object)
{
    const char *member;
    char path[100];
    json_t *value;

    json_object_foreach((json_t *)object, member, value)
    {
        snprintf(path, sizeof path, "%s.%s", name, member);
        if (json_is_object(value) &&
            (strcmp(member, "by") == 0 || strcmp(member, "errors") == 0))
            look_up(path);
        else
            look_at(path, value);
    }
}

/* Arrays are of objects, or of numbers, or of texts. */
static void
look_at(const char *name, const json_t *value)
{
    json_t *one;
    size_t i;

    if (json_is_object(value))
        look_at_members(name, value);
    else if (json_is_number(value) || json_is_boolean(value))
        look_up(name);
    else if (json_is_number(json_array_get(value, 0)))
        look_up(name);
    else
        json_array_foreach(value, i, one) look_at(name, one);
}

static void
look_at_answer(struct gruvid *g, const char *command)
{
    char line[60];
    json_t *answer;

    snprintf(line, sizeof line, "{\"do\":\"%s\"}", command);
    answer = ask_json_once(g, line);
    ck_assert(json_is_true(json_object_get(answer, "ok")));
    json_object_del(answer, "ok");
    json_object_del(answer, "more");
    look_at(command, answer);
    json_decref(answer);
}

/* All metrics, after a request that fails and one that no route takes. */
static void
read_metrics(struct gruvid *g)
{
    int fd = connect_unix(gruvid_path(g, "bring"));
    static char text[200000];
    size_t n = 0;

    send_text(fd, "GET /%zz 0\n\nGET /return?n=-5 0\n\nGET /metrics 0\n\n");
    while (strstr(text, "= 200 /metrics metrics\n") == NULL) {
        ssize_t more;

        ck_assert_uint_lt(n, sizeof text - 1);
        more = read(fd, text + n, sizeof text - 1 - n);
        ck_assert_int_gt(more, 0);
        n += (size_t)more;
    }
    close(fd);
    metrics = text;
}

START_TEST(test_whatever_gruvictl_counts_is_a_metric)
{
    struct gruvid *g = ready_with_plugins(CONFIG, NULL);
    int fd = connect_to(g, 0);
    json_t *answer, *name;
    size_t i;

    send_text(fd, "reset me");
    expect_text(fd, "reset me");
    reset(fd);
    gruvid_reload(g, CONFIG, true);
    read_metrics(g);
    answer = ask_json_once(g, "{\"do\":\"hello\"}");
    json_array_foreach(json_object_get(answer, "commands"), i, name)
    {
        if (is_in(counting, json_string_value(name)))
            look_at_answer(g, json_string_value(name));
        else
            ck_assert_msg(is_in(others, json_string_value(name)),
                          "%s: is what it shows a metric?",
                          json_string_value(name));
    }
    for (i = 0; i < sizeof shown / sizeof *shown; i++)
        ck_assert_msg(seen[i], "%s is not shown any more", shown[i].member);
    json_decref(answer);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("families_complete");
    TCase *tc = gruvid_case(suite, "all");

    tcase_add_checked_fixture(tc, open_plugins, close_plugins);
    tcase_add_test(tc, test_whatever_gruvictl_counts_is_a_metric);
    return run_suite(suite);
}
