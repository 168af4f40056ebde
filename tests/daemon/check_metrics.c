/* SPDX-License-Identifier: MIT */
/*
 * plugins/metrics: what it answers, by whatever transport; here that of
 * plugins/bring.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/control_json.h"
#include "daemon/hubs_clients.h"
#include "daemon/metrics_text.h"
#include "support/folder.h"

#define METRICS                                                                \
    CONTROL "[plugin bring]\nlisten = unix:@DIR@/bring\n"                      \
            "route = /{name} -> metrics\n[plugin metrics]\n"
#define TRIAL "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"

/* --- gruvid with this plugin and those of tests --------------------------- */

static char folder[64];

static void
link_plugin(const char *from, const char *name)
{
    char source[300], target[100], *whole;

    snprintf(source, sizeof source, "%s/%s/.libs/%s.so", getenv("top_builddir"),
             from, name);
    snprintf(target, sizeof target, "%s/%s.so", folder, name);
    whole = realpath(source, NULL);
    ck_assert_msg(whole != NULL, "there is no %s", source);
    ck_assert_int_eq(symlink(whole, target), 0);
    free(whole);
}

static void
open_plugins(void)
{
    strcpy(folder, "/tmp/check_metrics.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    link_plugin("plugins", "http");
    link_plugin("plugins", "metrics");
    link_plugin("tests/daemon/plugins", "bring");
    link_plugin("tests/daemon/plugins", "trial");
    link_plugin("tests/daemon/plugins", "spread");
}

static void
close_plugins(void)
{
    remove_folder(folder);
}

static struct gruvid *
begin(const char *config)
{
    static char dir[100];
    const char *args[] = {"-o", dir, NULL};
    struct gruvid_options options = {.args = args};

    snprintf(dir, sizeof dir, "gruvid.plugin_dir=%s", folder);
    return gruvid_ready(config, &options);
}

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
    struct gruvid *g = begin(METRICS);
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
    struct gruvid *g = begin(METRICS);
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
    struct gruvid *g = begin(METRICS TRIAL);
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
    struct gruvid *g = begin(METRICS TRIAL);
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
    struct gruvid *g = begin(METRICS TRIAL);
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
    struct gruvid *g = begin("[gruvid]\nhubs = 2\n"
                             "[plugin bring]\nlisten = unix:@DIR@/bring\n"
                             "route = /{name} -> metrics\n"
                             "[plugin metrics]\n" SPREAD);
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

/* As Prometheus asks. */
START_TEST(test_it_is_reached_over_http)
{
    struct gruvid *g = begin("[plugin http]\nlisten = tcp://127.0.0.1:0\n"
                             "route = /metrics -> metrics\n[plugin metrics]\n");
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
    tcase_add_test(tc, test_it_is_reached_over_http);
    return run_suite(suite);
}
