/* SPDX-License-Identifier: MIT */
/*
 * Requests, from a transport to a handler and back.  The transport writes each
 * call of gruvid as a line: see plugins/bring.c.
 *
 * Most tests run twice: with a hub, where the handler runs in the fiber of the
 * transport, and with two, where bring is at home in the first and answers in
 * the second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

#define HUBS(n) "[gruvid]\nhubs = " n "\ndrain_timeout = 2s\n"
#define BRING                                                                  \
    "[plugin bring]\nlisten = unix:@DIR@/bring\n"                              \
    "route = /{rest...} -> answers\n"
#define ANSWERS "[plugin answers]\n"

static const char *const configs[] = {HUBS("1") BRING ANSWERS,
                                      HUBS("2") BRING ANSWERS};

static struct gruvid *
begin(const char *config)
{
    return gruvid_ready(config, NULL);
}

static int
enter(const struct gruvid *g)
{
    return connect_unix(gruvid_path(g, "bring"));
}

/* Ask, and compare what gruvid has called. */
static void
ask(int fd, const char *request, const char *calls)
{
    send_text(fd, request);
    expect_text(fd, calls);
}

#define PLAIN "Content-Type: text/plain; charset=utf-8\n.\n"
#define TEXT(status, size, text)                                               \
    "begin " status " " size " whole\n" PLAIN "data " size "\n" text "\n"
#define PAGE(status, size, text) TEXT(status, size, text "\n")
#define END(status)              "= " status " /{rest...} answers\n"

/* --- whole replies -------------------------------------------------------- */

START_TEST(test_a_handler_is_asked_and_replies)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g);

    ask(fd, "GET /hello 0\n\n", TEXT("200", "12", "Hello, you!\n") END("200"));
    ask(fd, "GET /hello?name=Zo%65+x 0\n\n",
        TEXT("200", "14", "Hello, Zoe x!\n") END("200"));
    ask(fd, "HEAD /hello 0\n\n", "begin 200 12 whole head\n" PLAIN END("200"));
    ask(fd, "GET /twice 0\n\n", TEXT("200", "4", "one\n") END("200"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "failed: "), 0);
}
END_TEST

START_TEST(test_a_handler_sees_the_request)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g);

    ask(fd,
        "PUT /see/%61//b%20c?q=1 0\nHost: example.org:80\nX: 1\nx: 2\n"
        "Cookie: a\nCookie: b\n\n",
        TEXT("200", "178",
             "PUT /see/a/b c target /see/%61//b%20c?q=1 query q=1 id none "
             "rest see/a/b c\nhost example.org:80 scheme bring X 1, 2 "
             "Cookie a; b all Host=example.org:80;X=1;x=2;Cookie=a;Cookie=b;"
             "\n") END("200"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Else a reply that lasts would grow. */
START_TEST(test_what_is_made_of_a_head_is_made_once)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g);

    ask(fd, "GET /again?a=%41 0\nCookie: a\nCookie: b\n\n",
        TEXT("200", "23", "0 16 A none again a; b\n") END("200"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_what_it_returns_becomes_a_status)
{
    static const struct {
        const char *request, *calls;
    } rows[] = {
        {"/return", "begin 204 -1 whole bodiless\n.\n" END("204")},
        {"/return?n=200", PAGE("200", "7", "200 OK") END("200")},
        {"/return?n=404", PAGE("404", "14", "404 Not Found") END("404")},
        {"/return?n=599", PAGE("599", "4", "599") END("599")},
        {"/return?n=199",
         PAGE("500", "26", "500 Internal Server Error") END("500")},
        {"/return?n=600",
         PAGE("500", "26", "500 Internal Server Error") END("500")},
        {"/return?n=-2", PAGE("404", "14", "404 Not Found") END("404")},
        {"/return?n=-13", PAGE("403", "14", "403 Forbidden") END("403")},
        {"/return?n=-1", PAGE("403", "14", "403 Forbidden") END("403")},
        {"/return?n=-22", PAGE("400", "16", "400 Bad Request") END("400")},
        {"/return?n=-7", PAGE("413", "22", "413 Content Too Large") END("413")},
        {"/return?n=-110", PAGE("504", "20", "504 Gateway Timeout") END("504")},
        {"/return?n=-5",
         PAGE("500", "26", "500 Internal Server Error") END("500")},
        {"/return?n=-125", "reset ECANCELED\n" END("0")},
        {"/return?n=-11", "begin 503 24 whole\nRetry-After: 1\n" PLAIN
                          "data 24\n503 Service Unavailable\n\n" END("503")},
        {"/return?n=-105", "begin 503 24 whole\nRetry-After: 1\n" PLAIN
                           "data 24\n503 Service Unavailable\n\n" END("503")},
        {"/return?n=503&retry=1",
         "begin 503 24 whole\nretry-after: 9\n" PLAIN
         "data 24\n503 Service Unavailable\n\n" END("503")},
        /* What it has said of the body is not of the page. */
        {"/return?n=404&type=1", "begin 404 14 whole\nVary: Accept\n" PLAIN
                                 "data 14\n404 Not Found\n\n" END("404")},
        {"/return?n=304&type=1",
         "begin 304 -1 whole bodiless\nContent-Type: image/png\n"
         "content-encoding: gzip\nETag: \"1\"\nVary: Accept\n.\n" END("304")},
        /* It has replied already. */
        {"/return?n=-5&say=1", TEXT("200", "5", "said\n") END("200")},
        {"/return?n=404&say=1", TEXT("200", "5", "said\n") END("200")},
        /* It has begun. */
        {"/return?begin=1",
         "begin 200 -1\n.\nwrite 4\npart\nreset EPROTO\n" END("-71")},
        {"/return?begin=1&n=-5",
         "begin 200 -1\n.\nwrite 4\npart\nreset EIO\n" END("-5")},
    };
    struct gruvid *g = begin(configs[_i]);
    char request[100];
    int fd = enter(g);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(request, sizeof request, "GET %s 0\n\n", rows[i].request);
        ask(fd, request, rows[i].calls);
    }
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_failure_is_logged_once_with_the_id)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g);

    ask(fd,
        "GET /return?n=-5 0\ntraceparent: "
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n\n",
        PAGE("500", "26", "500 Internal Server Error") END("500"));
    gruvid_says(g, "request 4bf92f3577b34da6a3ce929d0e0e4736 failed: ");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "4bf92f3577b34da6a3ce929d0e0e4736"), 1);
}
END_TEST

START_TEST(test_lines_of_its_fiber_have_the_id)
{
    static const char *const fields[] = {
        "request=4bf92f3577b34da6a3ce929d0e0e4736 msg=waits",
        "\"request\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"message\":"
        "\"waits\""};
    static const char *const formats[] = {"logfmt", "json"};
    char config[600];
    struct gruvid *g;
    int fd;

    snprintf(config, sizeof config, "%s[log]\nformat = %s\n", configs[_i],
             formats[_i]);
    g = gruvid_begin(config, NULL);
    gruvid_says(g, "ready");
    fd = enter(g);
    send_text(fd, "GET /wait 0\ntraceparent: "
                  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                  "\n\n");
    gruvid_says(g, fields[_i]);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_headers_are_checked)
{
    static const struct {
        const char *query, *says;
    } rows[] = {
        {"n=A&v=b", "taken"},
        {"n=A&v=", "taken"},
        {"n=A%0D%0AB&v=b", "EINVAL"},
        {"n=A&v=b%0D%0AB:+c", "EINVAL"},
        {"n=A+b&v=c", "EINVAL"},
        {"n=&v=c", "EINVAL"},
        {"n=A&v=+b", "EINVAL"},
        {"n=A&v=b%7f", "EINVAL"},
        {"n=connection&v=close", "EINVAL"},
        {"n=Transfer-Encoding&v=chunked", "EINVAL"},
    };
    struct gruvid *g = begin(configs[_i]);
    char request[100], calls[200];
    int fd = enter(g);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *says = rows[i].says;
        bool empty = strcmp(rows[i].query, "n=A&v=") == 0;

        snprintf(request, sizeof request, "GET /header?%s 0\n\n",
                 rows[i].query);
        snprintf(calls, sizeof calls,
                 "begin 200 %zu whole\n%s" PLAIN "data %zu\n%s\n\n" END("200"),
                 strlen(says) + 1,
                 *says != 't' ? ""
                 : empty      ? "A: \n"
                              : "A: b\n",
                 strlen(says) + 1, says);
        ask(fd, request, calls);
    }
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_redirect_has_a_uri)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g);

    ask(fd, "GET /redirect?to=/a+b%0D%0Ac%C3%A4?d%2561 0\n\n",
        "begin 303 0 whole\nLocation: /a%20b%0D%0Ac%C3%A4?d%61\n.\n" END(
            "303"));
    ask(fd, "GET /redirect?status=200&to=/a 0\n\n",
        PAGE("400", "16", "400 Bad Request") END("400"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- bodies and streams --------------------------------------------------- */

START_TEST(test_a_body_is_read_as_a_whole)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g);

    ask(fd, "POST /body 4\n\nabcd",
        "begin 200 4 whole\n.\ndata 4\nabcd\n" END("200"));
    ask(fd, "POST /body ?\n\n2\nab3\ncde0\n",
        "begin 200 5 whole\n.\ndata 5\nabcde\n" END("200"));
    ask(fd, "POST /body 0\n\n", "begin 200 0 whole\n.\n" END("200"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_body_and_a_reply_are_streams)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g);

    ask(fd, "POST /stream ?\n\n", "begin 200 -1\n.\n");
    ask(fd, "2\nab", "write 2\nab\n");
    ask(fd, "9\ncdefghijk", "write 8\ncdefghij\nwrite 1\nk\n");
    ask(fd, "0\n", "end\n" END("200"));
    ask(fd, "HEAD /stream 0\n\n", "begin 200 -1 whole head\n.\n" END("200"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_body_that_is_refused_decides)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g);

    ask(fd, "POST /body ?\n\nx\n",
        PAGE("408", "20", "408 Request Timeout") END("408"));
    ask(fd, "POST /body?ignore=1 ?\n\nx\n",
        PAGE("408", "20", "408 Request Timeout") END("408"));
    ask(fd, "POST /stream ?\n\n2\nabx\n",
        "begin 200 -1\n.\nwrite 2\nab\nreset EPROTO\n" END("-71"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "failed: "), 0);
}
END_TEST

/* The cancel comes while the transport reads, which it does to the end. */
START_TEST(test_a_cancelled_read_loses_nothing)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g), other = enter(g);

    send_text(fd, "POST /patient ?\n\n2\nabs3\n");
    gruvid_says(g, "reads without heed");
    ask(other, "GET /cut 0\n\n", TEXT("200", "4", "cut\n") END("200"));
    send_text(fd, "cde");
    gruvid_says(g, "patient: -125");
    ask(fd, "2\nfg0\n", "begin 200 7 whole\n.\ndata 7\nabcdefg\n" END("200"));
    ask(fd, "GET /hello 0\n\n", TEXT("200", "12", "Hello, you!\n") END("200"));
    close(fd);
    close(other);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "patient: -125"), 1);
}
END_TEST

START_TEST(test_max_body_is_told_before_and_while_it_is_read)
{
    char config[600];
    struct gruvid *g;
    int fd;

    snprintf(config, sizeof config, "%smax_body = 4\n", configs[_i]);
    g = begin(config);
    fd = enter(g);
    ask(fd, "POST /body 4\n\nabcd",
        "begin 200 4 whole\n.\ndata 4\nabcd\n" END("200"));
    ask(fd, "POST /body ?\n\n4\nabcd0\n",
        "begin 200 4 whole\n.\ndata 4\nabcd\n" END("200"));
    ask(fd, "POST /body ?\n\n5\nabcde",
        PAGE("413", "22", "413 Content Too Large") END("413"));
    close(fd);
    fd = enter(g);
    ask(fd, "POST /wait 5\n\n",
        PAGE("413", "22", "413 Content Too Large") END("413"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "waits"), 0);
}
END_TEST

START_TEST(test_a_stream_keeps_to_its_length)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g);

    ask(fd, "GET /write?length=4&text=abcd 0\n\n",
        "begin 200 4\n.\nwrite 4\nabcd\nend\n" END("200"));
    ask(fd, "GET /write?length=3&text=abcd 0\n\n",
        "begin 200 3\n.\nreset E2BIG\n" END("-7"));
    ask(fd, "GET /write?length=5&text=abcd 0\n\n",
        "begin 200 5\n.\nwrite 4\nabcd\nreset EPROTO\n" END("-71"));
    ask(fd, "HEAD /write?length=5&text=abcd 0\n\n",
        "begin 200 5 whole head\n.\n" END("200"));
    ask(fd, "GET /write?length=x&text=a 0\n\n",
        PAGE("400", "16", "400 Bad Request") END("400"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_events_are_lines)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g);

    ask(fd, "GET /events 0\n\n",
        "begin 200 -1 events\nContent-Type: text/event-stream\n"
        "Cache-Control: no-store\n.\n"
        "write 62\nevent: greeting\nid: 7\ndata: one\ndata: two\n"
        "data: three\ndata: \n\n\n"
        "write 13\ndata: plain\n\n\nend\n" END("200"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_connection_is_given_away)
{
    struct gruvid *g = begin(configs[0]);
    int fd = enter(g);

    ask(fd, "GET /upgrade 0\n\n", "begin 400 7 whole\nA: b\n");
    close(fd);
    fd = enter(g);
    ask(fd, "GET /upgrade 0\nConnection: a, Upgrade\nUpgrade: Lines\n\n",
        "upgrade lines 1\n");
    ask(fd, "hello\n", "hello\n" END("101"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- time, and peers that go ---------------------------------------------- */

START_TEST(test_request_timeout_is_504)
{
    char config[600];
    struct gruvid *g;
    int fd;

    snprintf(config, sizeof config, "%srequest_timeout = 50ms\n", configs[_i]);
    g = begin(config);
    fd = enter(g);
    ask(fd, "GET /wait 0\n\n",
        PAGE("504", "20", "504 Gateway Timeout") END("504"));
    ask(fd, "GET /wait?hide=1 0\n\n",
        PAGE("504", "20", "504 Gateway Timeout") END("504"));
    gruvid_says(g, "request_timeout is over");
    /* A reply that has begun has its time. */
    ask(fd, "GET /wait?begin=1 0\n\n", "begin 200 -1\n.\nwrite 4\npart\n");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* answers.test has the seconds, on virtual time. */
START_TEST(test_without_request_timeout_there_is_no_deadline)
{
    char config[400];
    struct gruvid *g;
    int fd;

    snprintf(config, sizeof config, "%srequest_timeout = 0\n", configs[_i]);
    g = begin(config);
    fd = enter(g);
    ask(fd, "GET /deadline 0\n\n", TEXT("200", "3", "-1\n") END("200"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_caller_may_give_less_time)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g);

    ask(fd, "GET /wait 0\nTimeout: 0.05\n\n",
        PAGE("504", "20", "504 Gateway Timeout") END("504"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_peer_that_goes_cancels_the_handler)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g);

    send_text(fd, "GET /wait 0\n\n");
    gruvid_says(g, "waits");
    close(fd);
    gruvid_says(g, "waited: ECANCELED");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "failed: "), 0);
}
END_TEST

START_TEST(test_a_handler_may_go_on_without_its_peer)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g), other = enter(g);

    send_text(fd, "GET /finish 0\n\n");
    gruvid_says(g, "goes on");
    close(fd);
    ask(other, "GET /go 0\n\n", TEXT("200", "5", "gone\n") END("200"));
    gruvid_says(g, "finished: 0");
    close(other);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- routes --------------------------------------------------------------- */

#define ROUTES                                                                 \
    "[plugin bring]\nlisten = unix:@DIR@/bring\n"                              \
    "route = GET,POST /u/{id} -> answers\n"                                    \
    "route = DELETE /u/{id} -> other\n"                                        \
    "route = a.example/x -> other\n"                                           \
    "route = /x -> answers\n"                                                  \
    "[plugin answers]\n[plugin other]\nmodule = answers\n"

START_TEST(test_routes_choose_the_plugin)
{
    struct gruvid *g = begin(ROUTES);
    int fd = enter(g);

    ask(fd, "HEAD /u/7 0\n\n", "begin 200 ");
    gruvid_stop(g, SIGTERM);
    g = begin(ROUTES);
    close(fd);
    fd = enter(g);
    ask(fd, "GET /nothing 0\n\n",
        PAGE("404", "14", "404 Not Found") "= 404 - -\n");
    ask(fd, "PUT /u/7 0\n\n",
        "begin 405 23 whole\nAllow: GET, HEAD, POST, DELETE\n" PLAIN
        "data 23\n405 Method Not Allowed\n\n= 405 - -\n");
    ask(fd, "OPTIONS * 0\n\n",
        "begin 204 -1 whole bodiless\nAllow: GET, HEAD, POST, DELETE, PUT, "
        "PATCH, OPTIONS\n.\n= 204 - -\n");
    ask(fd, "GET /../x 0\n\n",
        PAGE("400", "16", "400 Bad Request") "= 400 - -\n");
    ask(fd, "GET /x 0\nHost: a\nhost: b\n\n",
        PAGE("400", "16", "400 Bad Request") "= 400 - -\n");
    ask(fd, "TO:nobody /hello 0\n\n",
        PAGE("404", "14", "404 Not Found") "= 404 - -\n");
    ask(fd, "TO:other /hello 0\n\n",
        TEXT("200", "12", "Hello, you!\n") "= 200 - other\n");
    ask(fd, "TO:bring /hello 0\n\n", "begin 503");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_routes_are_switched_by_a_reload)
{
    struct gruvid *g = begin(ROUTES);
    int fd = enter(g);

    ask(fd, "TO:other /hello 0\n\n",
        TEXT("200", "12", "Hello, you!\n") "= 200 - other\n");
    gruvid_configure(g, "[plugin bring]\nlisten = unix:@DIR@/bring\n"
                        "route = /{rest...} -> answers\n[plugin answers]\n");
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 1 is done");
    gruvid_says(g, "plugin bring has new values: route");
    ask(fd, "GET /hello 0\n\n", TEXT("200", "12", "Hello, you!\n") END("200"));
    gruvid_says(g, "plugin other, generation 1 has stopped");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_request_stays_with_its_generation)
{
    struct gruvid *g = begin(configs[_i]);
    int fd = enter(g), other = enter(g);

    send_text(fd, "GET /finish 0\n\n");
    gruvid_says(g, "goes on");
    gruvid_configure(g, configs[_i]);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 1 is done");
    ask(other, "GET /go 0\n\n", TEXT("200", "5", "gone\n") END("200"));
    expect_text(fd, "begin 204");
    close(fd);
    close(other);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_stop_cuts_requests)
{
    char config[600];
    struct gruvid *g;
    int fd;

    snprintf(config, sizeof config, "%s", configs[_i]);
    memcpy(strstr(config, "drain_timeout = 2s"), "drain_timeout = 0s", 18);
    g = begin(config);
    fd = enter(g);
    send_text(fd, "GET /wait 0\n\n");
    gruvid_says(g, "waits");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "waited: ECANCELED");
    close(fd);
}
END_TEST

/* --- calls ---------------------------------------------------------------- */

#define CALLS                                                                  \
    "[plugin bring]\nlisten = unix:@DIR@/bring\n"                              \
    "route = /{rest...} -> answers\n[plugin answers]\n"                        \
    "[plugin other]\nmodule = answers\n[plugin third]\nmodule = answers\n"

static const char *const call_configs[] = {HUBS("1") CALLS, HUBS("2") CALLS};

START_TEST(test_plugins_call_each_other)
{
    struct gruvid *g = begin(call_configs[_i]);
    int fd = enter(g);

    /* other is at home in the hub of bring, third in that of answers. */
    ask(fd, "GET /call?to=other&path=/hello?name=A 0\n\n", "begin 200 ");
    close(fd);
    fd = enter(g);
    ask(fd, "GET /call?to=third&path=/hello 0\n\n",
        TEXT("200", "46", "200 12 text/plain; charset=utf-8: Hello, you!\n")
            END("200"));
    ask(fd, "POST /call?to=other&path=/body 3\n\nabc",
        TEXT("200", "15", "200 3 none: abc") END("200"));
    ask(fd, "GET /call?to=nobody 0\n\n",
        TEXT("200", "7", "ENOENT\n") END("200"));
    ask(fd, "GET /call?to=bring 0\n\n",
        TEXT("200", "7", "ENOENT\n") END("200"));
    ask(fd, "GET /call?to=other&path=/.. 0\n\n",
        TEXT("200", "7", "EINVAL\n") END("200"));
    ask(fd, "GET /call?to=other&path=/return?n=-5 0\n\n",
        TEXT("200", "60",
             "500 26 text/plain; charset=utf-8: 500 Internal Server Error\n")
            END("200"));
    ask(fd, "GET /call?to=other&path=/return?begin=1 0\n\n",
        TEXT("200", "11", "ECONNRESET\n") END("200"));
    ask(fd, "GET /call?to=other&path=/wait&timeout=0.05 0\n\n",
        TEXT("200", "10", "ETIMEDOUT\n") END("200"));
    gruvid_says(g, "waited: ECANCELED");
    ask(fd, "GET /cycle 0\n\n", TEXT("200", "2", "33") END("200"));
    ask(fd, "GET /cycle?spawn=1 0\n\n", TEXT("200", "2", "33") END("200"));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* The caller's cancel is not lost: it ends the call, or comes after it. */
START_TEST(test_a_cancel_of_the_caller_is_told)
{
    struct gruvid *g = begin(call_configs[_i]);
    int fd = enter(g), other = enter(g);

    send_text(fd, "GET /call?to=other&path=/wait 0\n\n");
    gruvid_says(g, "waits");
    ask(other, "GET /cut 0\n\n", TEXT("200", "4", "cut\n") END("200"));
    expect_text(fd, TEXT("200", "10", "ECANCELED\n") END("200"));
    gruvid_says(g, "waited: ECANCELED");

    send_text(fd, "GET /call?to=third&path=/finish&next=1 0\n\n");
    gruvid_says(g, "goes on");
    for (int n = 0; n < 2; n++)
        ask(other, "GET /cut 0\n\n", TEXT("200", "4", "cut\n") END("200"));
    ask(other, "GET /go 0\n\n", TEXT("200", "5", "gone\n") END("200"));
    expect_text(fd, TEXT("200", "12", "204, then 2\n") END("200"));
    close(fd);
    close(other);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("request");
    TCase *tc = gruvid_case(suite, "requests");

    tcase_add_loop_test(tc, test_a_handler_is_asked_and_replies, 0, 2);
    tcase_add_loop_test(tc, test_a_handler_sees_the_request, 0, 2);
    tcase_add_loop_test(tc, test_what_is_made_of_a_head_is_made_once, 0, 2);
    tcase_add_loop_test(tc, test_what_it_returns_becomes_a_status, 0, 2);
    tcase_add_loop_test(tc, test_a_failure_is_logged_once_with_the_id, 0, 2);
    tcase_add_loop_test(tc, test_lines_of_its_fiber_have_the_id, 0, 2);
    tcase_add_loop_test(tc, test_headers_are_checked, 0, 2);
    tcase_add_loop_test(tc, test_a_redirect_has_a_uri, 0, 2);
    tcase_add_loop_test(tc, test_a_body_is_read_as_a_whole, 0, 2);
    tcase_add_loop_test(tc, test_a_body_and_a_reply_are_streams, 0, 2);
    tcase_add_loop_test(tc, test_a_body_that_is_refused_decides, 0, 2);
    tcase_add_loop_test(tc, test_a_cancelled_read_loses_nothing, 0, 2);
    tcase_add_loop_test(tc, test_max_body_is_told_before_and_while_it_is_read,
                        0, 2);
    tcase_add_loop_test(tc, test_a_stream_keeps_to_its_length, 0, 2);
    tcase_add_loop_test(tc, test_events_are_lines, 0, 2);
    tcase_add_test(tc, test_a_connection_is_given_away);
    tcase_add_loop_test(tc, test_request_timeout_is_504, 0, 2);
    tcase_add_loop_test(tc, test_without_request_timeout_there_is_no_deadline,
                        0, 2);
    tcase_add_loop_test(tc, test_a_caller_may_give_less_time, 0, 2);
    tcase_add_loop_test(tc, test_a_peer_that_goes_cancels_the_handler, 0, 2);
    tcase_add_loop_test(tc, test_a_handler_may_go_on_without_its_peer, 0, 2);
    tcase_add_test(tc, test_routes_choose_the_plugin);
    tcase_add_test(tc, test_routes_are_switched_by_a_reload);
    tcase_add_loop_test(tc, test_a_request_stays_with_its_generation, 0, 2);
    tcase_add_loop_test(tc, test_a_stop_cuts_requests, 0, 2);
    tcase_add_loop_test(tc, test_plugins_call_each_other, 0, 2);
    tcase_add_loop_test(tc, test_a_cancel_of_the_caller_is_told, 0, 2);
    return run_suite(suite);
}
