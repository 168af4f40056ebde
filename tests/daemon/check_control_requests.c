/* SPDX-License-Identifier: MIT */
/*
 * What gruvid counts of requests, by their routes; plugins/bring.c brings
 * them.  With one hub the handler is in the transport's fiber, with two in
 * another hub.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control_json.h"
#include "daemon/run_gruvictl.h"
#include "daemon/run_gruvid.h"

#define HUBS(n) "[gruvid]\ncontrol = @DIR@/control.sock\nhubs = " n "\n"
#define BRING   "[plugin bring]\nlisten = unix:@DIR@/bring\n"
#define REST    "route = /{rest...} -> answers\n"
#define ANSWERS "[plugin answers]\n"

static const char *const configs[] = {HUBS("1") BRING REST ANSWERS,
                                      HUBS("2") BRING REST ANSWERS};

static int
enter(const struct gruvid *g)
{
    return connect_unix(gruvid_path(g, "bring"));
}

/* Send a request, and wait until gruvid_route() has returned. */
static void
bring(int fd, const char *request)
{
    char line[300];
    size_t n;

    send_text(fd, request);
    do {
        n = 0;
        do {
            ck_assert_uint_lt(n, sizeof line - 1);
            ck_assert_int_eq(read(fd, &line[n], 1), 1);
        } while (line[n++] != '\n');
        line[n] = '\0';
    } while (strncmp(line, "= ", 2) != 0);
}

static json_t *
requests(struct gruvid *g)
{
    return ask_json_once(g, "{\"do\":\"requests\"}");
}

/* The figures of a route; NULL: it has none. */
static json_t *
route_of(const json_t *answer, const char *plugin, const char *route)
{
    json_t *routes = json_object_get(answer, "requests"), *one;
    size_t i;

    json_array_foreach(routes, i, one)
    {
        if (strcmp(text_of(one, "plugin"), plugin) == 0 &&
            strcmp(text_of(one, "route"), route) == 0)
            return one;
    }
    return NULL;
}

/* One figure of a route. */
static json_int_t
figure(struct gruvid *g, const char *plugin, const char *route,
       const char *member)
{
    json_t *answer = requests(g), *one = route_of(answer, plugin, route);
    json_int_t n = one == NULL ? 0 : whole_of(one, member);

    json_decref(answer);
    return n;
}

/* Wait for what the transport's fiber has yet to count. */
static void
await_figure(struct gruvid *g, const char *member, json_int_t n)
{
    while (figure(g, "answers", "/{rest...}", member) < n)
        usleep(1000);
    ck_assert_int_eq(figure(g, "answers", "/{rest...}", member), n);
}

static json_int_t
by(const json_t *one, const char *method, const char *class)
{
    return json_integer_value(json_object_get(
        json_object_get(json_object_get(one, "by"), method), class));
}

static json_int_t
sum_of(const json_t *array)
{
    json_int_t sum = 0;
    json_t *one;
    size_t i;

    json_array_foreach(array, i, one) sum += json_integer_value(one);
    return sum;
}

START_TEST(test_requests_by_method_and_status)
{
    struct gruvid *g = gruvid_ready(configs[_i], NULL);
    int fd = enter(g);
    json_t *answer, *one;

    bring(fd, "GET /hello 0\n\n");
    bring(fd, "GET /hello?name=somebody 0\n\n");
    bring(fd, "HEAD /hello 0\n\n");
    bring(fd, "POST /body 4\n\nabcd");
    bring(fd, "POST /body ?\n\n2\nab3\ncde0\n");
    bring(fd, "GET /redirect?to=/a 0\n\n");
    bring(fd, "BREW /return?n=418 0\n\n");
    bring(fd, "GETS /return?n=404 0\n\n");
    bring(fd, "DELETE /return?n=-5 0\n\n");
    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "requests"), 0);
    expect_out("PLUGIN   ROUTE       OPEN  DONE  FAILED ");
    expect_out("\nanswers  /{rest...}     0     9       1 ");
    answer = requests(g);
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "requests")), 1);
    one = route_of(answer, "answers", "/{rest...}");
    ck_assert_ptr_nonnull(one);
    ck_assert_int_eq(whole_of(one, "done"), 9);
    ck_assert_int_eq(whole_of(one, "open"), 0);
    ck_assert_int_eq(whole_of(one, "failed"), 1);
    ck_assert_int_eq(by(one, "GET", "2xx"), 2);
    ck_assert_int_eq(by(one, "GET", "3xx"), 1);
    ck_assert_int_eq(by(one, "HEAD", "2xx"), 1);
    ck_assert_int_eq(by(one, "POST", "2xx"), 2);
    ck_assert_int_eq(by(one, "other", "4xx"), 2);
    ck_assert_int_eq(by(one, "DELETE", "5xx"), 1);
    ck_assert_int_eq(whole_of(one, "received"), 9);
    /* Greetings, bodies, and the pages of 418, 404 and 500. */
    ck_assert_int_eq(whole_of(one, "sent"), 12 + 17 + 9 + 4 + 14 + 26);
    ck_assert_int_eq(sum_of(json_object_get(one, "times")), 9);
    ck_assert(json_number_value(json_object_get(one, "time_sum")) > 0);
    ck_assert(json_number_value(json_object_get(one, "time_p99")) >=
              json_number_value(json_object_get(one, "time_p50")));
    json_decref(answer);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_requests_that_end_otherwise)
{
    char config[400];
    struct gruvid *g;
    json_t *answer, *one;
    int fd, gone;

    snprintf(config, sizeof config, "%srequest_timeout = 50ms\n", configs[_i]);
    g = gruvid_ready(config, NULL);
    fd = enter(g);
    bring(fd, "GET /wait 0\n\n");
    bring(fd, "GET /return?n=-125 0\n\n");
    bring(fd, "GET /return?begin=1 0\n\n");
    fd = enter(g);
    bring(fd, "GET /write?length=9&text=four 0\n\n");
    gone = enter(g);
    send_text(gone, "GET /wait?begin=1 0\n\n");
    gruvid_says_times(g, "waits", 2);
    await_figure(g, "open", 1);
    close(gone);
    await_figure(g, "done", 5);
    answer = requests(g);
    one = route_of(answer, "answers", "/{rest...}");
    ck_assert_int_eq(whole_of(one, "open"), 0);
    ck_assert_int_eq(whole_of(one, "timed_out"), 1);
    ck_assert_int_eq(whole_of(one, "cancelled"), 2);
    ck_assert_int_eq(whole_of(one, "cut"), 2);
    ck_assert_int_eq(by(one, "GET", "5xx"), 1);
    ck_assert_int_eq(by(one, "GET", "none"), 1);
    ck_assert_int_eq(by(one, "GET", "2xx"), 3);
    json_decref(answer);
    close(fd);
    gruvid_stop(g, SIGTERM);
}
END_TEST

/* The status of requests that no route has taken. */
static json_int_t
unrouted(struct gruvid *g, const char *status)
{
    json_t *answer = requests(g);
    json_t *one = find_element(answer, "unrouted", "status", status);
    json_int_t n = whole_of(one, "count");

    ck_assert_str_eq(text_of(one, "plugin"), "bring");
    json_decref(answer);
    return n;
}

START_TEST(test_requests_that_no_route_takes)
{
    struct gruvid *g = gruvid_ready(
        HUBS("1") BRING "route = GET /hello -> answers\n" ANSWERS, NULL);
    int fd = enter(g);
    json_t *answer;

    bring(fd, "GET /secret/1 0\n\n");
    bring(fd, "GET /secret/2 0\n\n");
    bring(fd, "POST /hello 0\n\n");
    bring(fd, "GET /%zz 0\n\n");
    bring(fd, "TO:nobody /hello 0\n\n");
    ck_assert_int_eq(unrouted(g, "404"), 3);
    ck_assert_int_eq(unrouted(g, "405"), 1);
    ck_assert_int_eq(unrouted(g, "400"), 1);
    ck_assert_int_eq(RUN(gruvid_path(g, "control.sock"), "requests"), 0);
    expect_out("no request\nwithout a route: bring 404 3, bring 405 1, "
               "bring 400 1\n");
    answer = requests(g);
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "requests")), 0);
    json_decref(answer);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_requests_without_a_route_and_files)
{
    struct gruvid *g =
        gruvid_ready(HUBS("2") BRING "route = /files/{path...} -> static:/usr\n"
                                     "route = /{any...} -> answers\n" ANSWERS,
                     NULL);
    int fd = enter(g);

    bring(fd, "TO:answers /hello 0\n\n");
    ck_assert_int_eq(figure(g, "answers", "", "done"), 1);
    bring(fd, "GET /call?to=answers&path=/hello 0\n\n");
    ck_assert_int_eq(figure(g, "answers", "", "done"), 2);
    ck_assert_int_eq(figure(g, "answers", "/{any...}", "done"), 1);
    bring(fd, "GET /files/no-such-file 0\n\n");
    ck_assert_int_eq(figure(g, "bring", "/files/{path...}", "done"), 1);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* New generations of both, and other routes. */
START_TEST(test_no_counter_goes_down_by_a_reload)
{
    static const char *const later[] = {
        HUBS("1") BRING REST "route = /hello -> answers\n" ANSWERS,
        HUBS("2") BRING REST "route = /hello -> answers\n" ANSWERS};
    struct gruvid *g = gruvid_ready(configs[_i], NULL);
    int fd = enter(g);

    bring(fd, "GET /see 0\n\n");
    bring(fd, "GET /hello 0\n\n");
    await_figure(g, "done", 2);
    json_decref(
        ask_json_once(g, "{\"do\":\"restart\",\"plugin\":\"answers\"}"));
    g->reloads++; /* that was one */
    bring(fd, "GET /see 0\n\n");
    await_figure(g, "done", 3);
    gruvid_reload(g, later[_i], true);
    close(fd);
    fd = enter(g);
    bring(fd, "GET /see 0\n\n");
    bring(fd, "GET /hello 0\n\n");
    await_figure(g, "done", 4);
    ck_assert_int_eq(figure(g, "answers", "/hello", "done"), 1);
    json_decref(ask_json_once(g, "{\"do\":\"restart\",\"plugin\":\"bring\"}"));
    close(fd);
    fd = enter(g);
    bring(fd, "GET /see 0\n\n");
    await_figure(g, "done", 5);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_plugins_and_status_have_sums)
{
    struct gruvid *g = gruvid_ready(configs[_i], NULL);
    int fd = enter(g), waits = enter(g);
    json_t *answer, *one;

    bring(fd, "GET /hello 0\n\n");
    bring(fd, "GET /return?n=-5 0\n\n");
    send_text(waits, "GET /wait 0\n\n");
    gruvid_says(g, "waits");
    answer = ask_json_once(g, "{\"do\":\"plugins\"}");
    one = find_element(answer, "plugins", "plugin", "answers");
    ck_assert_int_eq(whole_of(one, "requests"), 2);
    ck_assert_int_eq(whole_of(one, "requests_failed"), 1);
    ck_assert_int_eq(whole_of(one, "requests_open"), 1);
    json_decref(answer);
    answer = ask_json_once(g, "{\"do\":\"status\"}");
    ck_assert_int_eq(whole_of(answer, "requests"), 2);
    ck_assert_int_eq(whole_of(answer, "requests_failed"), 1);
    ck_assert_int_eq(whole_of(answer, "requests_open"), 1);
    json_decref(answer);
    close(waits);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("control_requests");
    TCase *tc = gruvid_case(suite, "requests");

    tcase_add_loop_test(tc, test_requests_by_method_and_status, 0, 2);
    tcase_add_loop_test(tc, test_requests_that_end_otherwise, 0, 2);
    tcase_add_test(tc, test_requests_that_no_route_takes);
    tcase_add_test(tc, test_requests_without_a_route_and_files);
    tcase_add_loop_test(tc, test_no_counter_goes_down_by_a_reload, 0, 2);
    tcase_add_loop_test(tc, test_plugins_and_status_have_sums, 0, 2);
    return run_suite(suite);
}
