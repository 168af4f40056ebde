/* SPDX-License-Identifier: MIT */
/*
 * plugins/metrics: what it answers, by whatever transport; here that of
 * plugins/bring.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/control_json.h"
#include "daemon/hubs_clients.h"
#include "daemon/metrics_text.h"
#include "daemon/plugin_folder.h"
#include "support/folder.h"

#define METRICS                                                                \
    CONTROL "[plugin bring]\nlisten = unix:@DIR@/bring\n"                      \
            "route = /{name} -> metrics\n[plugin metrics]\n"
#define TRIAL "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"

static int
enter(struct gruvid *g)
{
    return connect_unix(gruvid_path(g, "bring"));
}

/* --- answers -------------------------------------------------------------- */

static void
read_all(int fd, char *buf, size_t size)
{
    for (size_t n = 0; n < size;) {
        ssize_t more = recv(fd, buf + n, size - n, 0);

        ck_assert_int_gt(more, 0);
        n += (size_t)more;
    }
}

/* A line, without its end, in static memory. */
static const char *
read_line(int fd)
{
    static char line[300];
    size_t n = 0;

    do {
        ck_assert_uint_lt(n, sizeof line);
        read_all(fd, &line[n], 1);
    } while (line[n++] != '\n');
    line[n - 1] = '\0';
    return line;
}

/* All metrics, checked; the caller frees them. */
static char *
ask_metrics(int fd, gruvid_metrics_format_t format)
{
    bool open = format == GRUVID_METRICS_OPENMETRICS;
    char type[100] = "", *text;
    const char *line;
    size_t size;

    send_text(fd, open ? "GET /metrics 0\nAccept: "
                         "application/openmetrics-text;version=1.0.0\n\n"
                       : "GET /metrics 0\n\n");
    ck_assert_int_eq(strncmp(read_line(fd), "begin 200 ", 10), 0);
    while (strcmp(line = read_line(fd), ".") != 0)
        if (strncmp(line, "Content-Type: ", 14) == 0)
            snprintf(type, sizeof type, "%.99s", line + 14);
    ck_assert_str_eq(
        type, open
                  ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                  : "text/plain; version=0.0.4; charset=utf-8");
    ck_assert_int_eq(sscanf(read_line(fd), "data %zu", &size), 1);
    text = calloc(1, size + 1);
    ck_assert_ptr_nonnull(text);
    read_all(fd, text, size);
    expect_text(fd, "\n= 200 /{name} metrics\n");
    check_metrics(text, size, format);
    return text;
}

static void
expect_answer_of(int fd, const char *request, const char *answer)
{
    send_text(fd, request);
    expect_text(fd, answer);
}

#define PAGE(status, size, text)                                               \
    "begin " status " " size " whole\nCache-Control: no-store\n"               \
    "Content-Type: text/plain; charset=utf-8\n.\ndata " size "\n" text         \
    "\n\n= " status " /{name} metrics\n"

/* --- tests ---------------------------------------------------------------- */

START_TEST(test_metrics_are_in_the_format_that_is_accepted)
{
    struct gruvid *g = ready_with_plugins(METRICS, NULL);
    int fd = enter(g);

    for (int format = 1; format <= 2; format++) {
        char *text = ask_metrics(fd, (gruvid_metrics_format_t)format);

        ck_assert_double_eq(metric(text, "gruvid_ready"), 1);
        ck_assert_double_eq(
            metric(text, "gruvid_plugin_connections{plugin=\"bring\"}"), 1);
        free(text);
    }
    close(fd);
}
END_TEST

START_TEST(test_other_paths_and_methods)
{
    struct gruvid *g = ready_with_plugins(METRICS, NULL);
    int fd = enter(g);

    expect_answer_of(fd, "GET /healthz 0\n\n", PAGE("200", "3", "ok"));
    expect_answer_of(fd, "GET /readyz 0\n\n", PAGE("200", "8", "serving"));
    expect_answer_of(fd, "HEAD /readyz 0\n\n",
                     "begin 200 8 whole head\nCache-Control: no-store\n");
    while (strcmp(read_line(fd), "= 200 /{name} metrics") != 0)
        ;
    send_text(fd, "GET /other 0\n\n");
    ck_assert_int_eq(strncmp(read_line(fd), "begin 404 ", 10), 0);
    while (strcmp(read_line(fd), "= 404 /{name} metrics") != 0)
        ;
    send_text(fd, "DELETE /metrics 0\n\n");
    ck_assert_int_eq(strncmp(read_line(fd), "begin 405 ", 10), 0);
    ck_assert_str_eq(read_line(fd), "Allow: GET, HEAD");
    close(fd);
}
END_TEST

/* A connection keeps the drain from ending. */
START_TEST(test_it_is_not_ready_any_more_when_gruvid_stops)
{
    struct gruvid *g = ready_with_plugins(METRICS TRIAL, NULL);
    int fd = enter(g), held = connect_to(g, 0);

    send_text(held, "x");
    expect_text(held, "x");
    expect_answer_of(fd, "GET /readyz 0\n\n", PAGE("200", "8", "serving"));
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "stopping: connections drain");
    send_text(fd, "GET /readyz 0\n\n");
    ck_assert_int_eq(strncmp(read_line(fd), "begin 503 ", 10), 0);
    while (strcmp(read_line(fd), "stopping: connections drain") != 0)
        ;
    expect_text(fd, "\n= 503 /{name} metrics\n");
    expect_answer_of(fd, "GET /healthz 0\n\n", PAGE("200", "3", "ok"));
    close(held);
    close(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

/* Of a plugin that does nothing in between. */
static const struct {
    const char *metric, *member;
} shown[] = {
    {"accepted_connections_total", "accepted"},
    {"served_total", "served"},
    {"failed_total", "failed"},
    {"gone_total", "gone"},
    {"spawned_fibers_total", "spawned"},
    {"refused_fibers_total", "refused"},
    {"received_bytes_total", "received"},
    {"sent_bytes_total", "sent"},
    {"connections", "connections"},
    {"fibers", "fibers"},
    {"fibers_max", "most_fibers"},
    {"stack_used_bytes", "most_stack"},
    {"stalls_total", "stalls"},
    {"connections_full_total", "full"},
};

START_TEST(test_the_figures_are_those_of_gruvictl)
{
    struct gruvid *g = ready_with_plugins(METRICS TRIAL, NULL);
    int fd = enter(g), client = connect_to(g, 0);
    json_t *answer, *trial;
    char *text;

    send_text(client, "four");
    expect_text(client, "four");
    close(client);
    do {
        answer = ask_json_once(g, "{\"do\":\"plugins\"}");
        trial = find_element(answer, "plugins", "plugin", "trial");
        if (whole_of(trial, "served") == 1 &&
            whole_of(trial, "connections") == 0)
            break;
        json_decref(answer);
    } while (true);
    text = ask_metrics(fd, GRUVID_METRICS_OPENMETRICS);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        char name[100];

        snprintf(name, sizeof name, "gruvid_plugin_%s{plugin=\"trial\"}",
                 shown[i].metric);
        ck_assert_msg(metric(text, name) ==
                          (double)whole_of(trial, shown[i].member),
                      "%s", name);
    }
    ck_assert_int_eq(whole_of(trial, "received"), 4);
    json_decref(answer);
    free(text);
    close(fd);
}
END_TEST

/* A new generation, and then a section that goes. */
START_TEST(test_no_counter_goes_down_over_reloads)
{
    struct gruvid *g = ready_with_plugins(METRICS TRIAL, NULL);
    int fd = enter(g), client = connect_to(g, 0);
    char *first, *second, *third;

    send_text(client, "x");
    expect_text(client, "x");
    first = ask_metrics(fd, GRUVID_METRICS_OPENMETRICS);
    json_decref(ask_json_once(g, "{\"do\":\"restart\",\"plugin\":\"trial\"}"));
    close(client);
    gruvid_says(g, "plugin trial, generation 1 has stopped");
    second = ask_metrics(fd, GRUVID_METRICS_OPENMETRICS);
    check_no_counter_went_down(first, second);
    ck_assert_double_eq(
        metric(second, "gruvid_plugin_received_bytes_total{plugin=\"trial\"}"),
        1);
    ck_assert_double_eq(metric(second, "trial_starts_total{plugin=\"trial\"}"),
                        2);
    gruvid_configure(g, METRICS);
    json_decref(ask_json_once(g, "{\"do\":\"reload\"}"));
    gruvid_says(g, "plugin trial, generation 2 has stopped");
    third = ask_metrics(fd, GRUVID_METRICS_OPENMETRICS);
    check_no_counter_went_down(second, third);
    ck_assert_double_eq(
        metric(third, "gruvid_plugin_generations{plugin=\"trial\"}"), 0);
    free(first);
    free(second);
    free(third);
    close(fd);
}
END_TEST

START_TEST(test_a_silent_hub_has_its_last_values)
{
    struct gruvid *g =
        ready_with_plugins("[gruvid]\nhubs = 2\n"
                           "[plugin bring]\nlisten = unix:@DIR@/bring\n"
                           "route = /{name} -> metrics\n"
                           "[plugin metrics]\n" SPREAD,
                           NULL);
    struct place place = connect_hub(g, 2);
    int fd = enter(g);
    char *text;

    hold_place(&place);
    text = ask_metrics(fd, GRUVID_METRICS_OPENMETRICS);
    ck_assert_double_gt(
        metric(text, "gruvid_hub_spawned_fibers_total{hub=\"2\"}"), 0);
    ck_assert_double_eq(metric(text, "gruvid_hub_connections{hub=\"2\"}"), 1);
    free(text);
    close(place.fd);
    close(fd);
}
END_TEST

/* A folder with a locale whose point is a comma; false: there is none. */
static bool
make_locale(const char *folder)
{
    char command[200];

    snprintf(command, sizeof command,
             "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 > %s/said 2>&1",
             folder, folder);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    return system(command) == 0;
}

START_TEST(test_the_locale_of_a_plugin_changes_no_number)
{
    char folder[] = "/tmp/check_locale.XXXXXX", path[60], env[80];
    const char *const environment[] = {env, NULL};
    struct gruvid *g;
    json_t *answer;
    char *text;
    int fd;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/locale", folder);
    snprintf(env, sizeof env, "LOCPATH=%s", path);
    if (!make_locale(path)) {
        remove_folder(folder);
        return;
    }
    g = ready_with_plugins(
        CONTROL "[plugin bring]\nlisten = unix:@DIR@/bring\n"
                "route = /locale -> answers\nroute = /{name} -> metrics\n"
                "[plugin metrics]\n[plugin answers]\n",
        environment);
    fd = enter(g);
    expect_answer_of(fd, "GET /locale?name=de_DE.UTF-8 0\n\n",
                     "begin 200 2 whole\n"
                     "Content-Type: text/plain; charset=utf-8\n.\n"
                     "data 2\n,\n\n= 200 /locale answers\n");
    for (int format = 1; format <= 2; format++) {
        text = ask_metrics(fd, (gruvid_metrics_format_t)format);
        ck_assert_double_gt(metric(text, "gruvid_start_time_seconds"), 1.6e9);
        free(text);
    }
    answer = ask_json_once(g, "{\"do\":\"status\"}");
    ck_assert(json_is_real(json_object_get(answer, "uptime")));
    json_decref(answer);
    gruvid_reload(g,
                  CONTROL "drain_timeout = 1.5s\n"
                          "[plugin bring]\nlisten = unix:@DIR@/bring\n"
                          "route = /{name} -> metrics\n[plugin metrics]\n",
                  true);
    answer = ask_json_once(g, "{\"do\":\"config\"}");
    ck_assert_str_eq(
        text_of(find_element(answer, "settings", "key", "drain_timeout"),
                "value"),
        "1.5s");
    json_decref(answer);
    close(fd);
    remove_folder(folder);
}
END_TEST

/* The status line of what plugins/http answers on a connection of its own. */
static void
expect_status(struct gruvid *g, const char *request, const char *status)
{
    char line[60];
    int fd = connect_to(g, 0);

    send_text(fd, request);
    snprintf(line, sizeof line, "HTTP/1.1 %s\r\n", status);
    expect_text(fd, line);
    close(fd);
}

#define OVER_HTTP                                                              \
    "[plugin http]\nlisten = tcp://127.0.0.1:0\nmax_headers = 1K\n"            \
    "route = /{name} -> metrics\n[plugin metrics]\n"

START_TEST(test_what_http_refuses_is_counted)
{
    struct gruvid *g = ready_with_plugins(CONTROL OVER_HTTP, NULL);
    char large[2048];
    json_t *answer;
    size_t i;
    static const char *const statuses[] = {"400", "404", "431", "501"};

    snprintf(large, sizeof large,
             "GET / HTTP/1.1\r\nHost: a\r\nX: %01500d\r\n\r\n", 0);
    expect_status(g, large, "431 Request Header Fields Too Large");
    expect_status(g, "GET / HTTP/1.1\r\n\r\n", "400 Bad Request");
    expect_status(g, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "404 Not Found");
    expect_status(g,
                  "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n"
                  "\r\n",
                  "501 Not Implemented");
    do {
        answer = ask_json_once(g, "{\"do\":\"requests\"}");
        i = json_array_size(json_object_get(answer, "unrouted"));
        if (i < 4)
            json_decref(answer);
    } while (i < 4);
    for (i = 0; i < 4; i++)
        ck_assert_int_eq(
            whole_of(find_element(answer, "unrouted", "status", statuses[i]),
                     "count"),
            1);
    json_decref(answer);
}
END_TEST

/* A balancer has to see it on a new connection, before any is refused. */
START_TEST(test_a_lame_duck_is_alive_and_not_ready)
{
    struct gruvid *g =
        ready_with_plugins("[gruvid]\nlame_duck = 1h\n" OVER_HTTP, NULL);

    expect_status(g, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK");
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "(lame_duck)");
    expect_status(g, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK");
    expect_status(g, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n",
                  "503 Service Unavailable");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

/* As Prometheus asks. */
START_TEST(test_it_is_reached_over_http)
{
    struct gruvid *g =
        ready_with_plugins("[plugin http]\nlisten = tcp://127.0.0.1:0\n"
                           "route = /metrics -> metrics\n[plugin metrics]\n",
                           NULL);
    int fd = connect_to(g, 0);
    char type[100] = "", *text;
    const char *line;
    size_t size = 0;

    send_text(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
                  "Accept: application/openmetrics-text;version=1.0.0;q=0.5,"
                  "text/plain;version=0.0.4;q=0.2,*/*;q=0.1\r\n\r\n");
    ck_assert_str_eq(read_line(fd), "HTTP/1.1 200 OK\r");
    while (strcmp(line = read_line(fd), "\r") != 0) {
        sscanf(line, "Content-Length: %zu", &size);
        sscanf(line, "Content-Type: %99[^;]", type);
    }
    ck_assert_str_eq(type, "application/openmetrics-text");
    text = calloc(1, size + 1);
    ck_assert_ptr_nonnull(text);
    read_all(fd, text, size);
    check_metrics(text, size, GRUVID_METRICS_OPENMETRICS);
    ck_assert_double_eq(
        metric(text, "gruvid_plugin_connections{plugin=\"http\"}"), 1);
    free(text);
    close(fd);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tc = gruvid_case(suite, "metrics");

    tcase_add_checked_fixture(tc, open_plugins, close_plugins);
    tcase_add_test(tc, test_metrics_are_in_the_format_that_is_accepted);
    tcase_add_test(tc, test_other_paths_and_methods);
    tcase_add_test(tc, test_it_is_not_ready_any_more_when_gruvid_stops);
    tcase_add_test(tc, test_the_figures_are_those_of_gruvictl);
    tcase_add_test(tc, test_no_counter_goes_down_over_reloads);
    tcase_add_test(tc, test_a_silent_hub_has_its_last_values);
    tcase_add_test(tc, test_the_locale_of_a_plugin_changes_no_number);
    tcase_add_test(tc, test_it_is_reached_over_http);
    tcase_add_test(tc, test_what_http_refuses_is_counted);
    tcase_add_test(tc, test_a_lame_duck_is_alive_and_not_ready);
    return run_suite(suite);
}
