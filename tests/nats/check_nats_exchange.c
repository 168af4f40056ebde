/* SPDX-License-Identifier: MIT */
/* Messages with their replies: the same handlers as over HTTP, what is said in
 * headers, and what is too much. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"
#include "nats/bus.h"

#define MIRROR "route = api.users.* -> mirror\nroute = big -> mirror\n"

static struct bus_server server;
static struct gruvid *g;
static struct bus *bus;

static void
prepare(void)
{
    bus_prepare(&server);
}

static void
finish(void)
{
    bus_remove(&server);
    gruvid_end_all();
}

static void
begin(const char *server_config, const char *lines)
{
    bus_begin(&server, server_config);
    g = bus_gruvid(&server, lines, "");
    bus = bus_open(server.port);
}

static void
stop(void)
{
    bus_close(bus);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}

static double
metric(const char *name)
{
    char sample[128];

    snprintf(sample, sizeof sample, "%s_total{plugin=\"nats\"}", name);
    return http_metric(g, sample);
}

/* --- requests ------------------------------------------------------------- */

START_TEST(test_a_handler_answers_over_http_and_nats)
{
    struct letter letter;
    struct answer answer;
    int fd;

    begin("", MIRROR);
    fd = connect_to(g, 0);
    send_text(fd, "POST /api/users/7 HTTP/1.1\r\nHost: h\r\n"
                  "Content-Length: 5\r\n\r\nhello");
    ck_assert(answer_read(fd, false, &answer));
    bus_request(bus, "api.users.7", "Host: h\r\n", "hello", 5);
    bus_read(bus, &letter);
    ck_assert_int_eq(letter.status, answer.status);
    ck_assert_str_eq(letter.body, "POST /api/users/7 h\nhello");
    ck_assert_str_eq(letter.body, answer.body);
    ck_assert_str_eq(letter_header(&letter, "Content-Type"), "text/plain");
    letter_free(&letter);
    answer_free(&answer);
    close(fd);
    stop();
}
END_TEST

START_TEST(test_headers_say_method_path_and_deadline)
{
    begin("", MIRROR);
    bus_ask(bus, "api.users.7", "Host: h\r\n", "", 200, "GET /api/users/7 h\n");
    bus_ask(bus, "api.users.7",
            "Gruvid-Method: DELETE\r\ngruvid-path: /a%20b?c=1\r\nHost: h\r\n",
            "", 200, "DELETE /a%20b?c=1 h\n");
    bus_ask(bus, "big", "Gruvid-Path: /count\r\n", "12345", 200, "5\n");
    bus_ask(bus, "big", "Gruvid-Path: /nothing\r\n", "", 204, "");
    bus_ask(bus, "big", "Gruvid-Method: HEAD\r\nGruvid-Path: /large?size=9\r\n",
            "", 200, "");
    bus_ask(bus, "big", "Gruvid-Path: /wait\r\nGruvid-Deadline: 50\r\n", "",
            504, NULL);
    bus_ask(bus, "big", "Gruvid-Path: /wait\r\nGruvid-Deadline: 0\r\n", "", 504,
            NULL);
    stop();
}
END_TEST

START_TEST(test_headers_come_as_they_were_sent)
{
    struct letter letter;

    begin("", MIRROR);
    bus_request(bus, "big",
                "X-One: 1\r\nx-two:  2 \t\r\nX-One:3\r\nEmpty:\r\n"
                "Nats-Msg-Id: i\r\nGruvid-User: root\r\nContent-Length: 99\r\n"
                "Gruvid-Path: /headers\r\n",
                "", 0);
    bus_read(bus, &letter);
    ck_assert_str_eq(letter.body,
                     "X-One=1\nx-two=2\nX-One=3\nEmpty=\nNats-Msg-Id=i\n");
    ck_assert_str_eq(letter_header(&letter, "X-Scheme"), "nats");
    letter_free(&letter);
    stop();
}
END_TEST

START_TEST(test_headers_of_replies_are_checked)
{
    struct letter letter;

    begin("", MIRROR);
    bus_request(bus, "big", "Gruvid-Path: /say?size=3&etag=%22x%22\r\n", "", 0);
    bus_read(bus, &letter);
    ck_assert_int_eq(letter.status, 200);
    ck_assert_str_eq(letter_header(&letter, "ETag"), "\"x\"");
    letter_free(&letter);
    /* What a bus would do something with is not the handler's to say. */
    bus_request(bus, "big",
                "Gruvid-Path: /say?size=3&gruvid=404&nats=sub&etag=x\r\n", "",
                0);
    bus_read(bus, &letter);
    ck_assert_str_eq(letter.head,
                     "NATS/1.0\r\nGruvid-Status: 200\r\nETag: x\r\n\r\n");
    letter_free(&letter);
    /* It would be another header. */
    bus_ask(bus, "big", "Gruvid-Path: /say?size=3&etag=a%0D%0AB:c\r\n", "", 400,
            NULL);
    stop();
}
END_TEST

static const char *const odd[] = {
    "Bad Name: x\r\n",
    "No-Colon\r\n",
    "A : x\r\n",
    "A: x\r\n folded\r\n",
    "A: \001\r\n",
    "A: x\ny\r\n",
    "Gruvid-Method: G E T\r\n",
    "Gruvid-Method:\r\n",
    "Gruvid-Path: relative\r\n",
    "Gruvid-Path: /a b\r\n",
    "Gruvid-Path: /../etc\r\n",
    "Gruvid-Path: /%2e%2e/etc\r\n",
    "Gruvid-Path: /a%2fb\r\n",
    "Gruvid-Path: /%\r\n",
    "Gruvid-Deadline: soon\r\n",
    "Gruvid-Deadline: -1\r\n",
    "Gruvid-Deadline: 9999999999999\r\n",
    "Gruvid-Path: /a\r\ngruvid-path: /b\r\n",
    "Gruvid-Method: GET\r\nGruvid-Method: GET\r\n",
    "Host: h/x\r\n",
    "Host: a\r\nHost: a\r\n",
    "Authorization: a\r\nAuthorization: b\r\n",
};

START_TEST(test_odd_headers_are_refused)
{
    begin("", MIRROR);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct letter letter;

        bus_request(bus, "big", odd[i], "", 0);
        bus_read(bus, &letter);
        ck_assert_msg(letter.status == 400, "%s: %d", odd[i], letter.status);
        letter_free(&letter);
    }
    bus_ask(bus, "big", "Host: h\r\n", "", 200, "GET /big h\n");
    stop();
}
END_TEST

START_TEST(test_too_many_headers_are_refused)
{
    char *head = calloc(1, 50000);

    begin("", MIRROR);
    for (int i = 0; i < 101; i++)
        strcat(head, "A: x\r\n");
    bus_ask(bus, "big", head, "", 431, NULL);
    memset(head, 'x', 40000);
    memcpy(head, "A:", 2);
    strcpy(head + 40000, "\r\n");
    bus_ask(bus, "big", head, "", 431, NULL);
    free(head);
    stop();
}
END_TEST

/* --- what a subject reaches ----------------------------------------------- */

/* A server that is not pedantic takes wildcards as they are. */
START_TEST(test_a_subject_reaches_what_its_route_names)
{
    begin("", MIRROR);
    bus_ask(bus, "api.users.*", NULL, "", 400, NULL);
    bus_ask(bus, "api.users.>", NULL, "", 400, NULL);
    bus_ask(bus, "api.users.a/b", NULL, "", 400, NULL);
    bus_ask(bus, "api.users.a?b=c", "Host: h\r\n", "", 200,
            "GET /api/users/a%3Fb=c h\n");
    bus_ask(bus, "api.users.%2e%2e", "Host: h\r\n", "", 200,
            "GET /api/users/%252e%252e h\n");
    stop();
}
END_TEST

/* Neither longer nor shorter subjects, nor those of the server, come to it. */
START_TEST(test_a_subject_beyond_all_routes_reaches_nobody)
{
    static const char *const beyond[] = {
        "api",           "api.users",    "api.users.a.b", "api.usersx.a",
        "api.users2",    "API.users.a",  "bigger",        "big.a",
        "$SYS.big",      "$JS.API.INFO", "$KV.api.users", "_INBOX.api.users.a",
        "gruvid.routes", "mirror",       "a.big",
    };
    struct letter letter;

    begin("", MIRROR);
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        bus_request(bus, beyond[i], "Gruvid-Path: /api/users/a\r\n", "", 0);
        bus_read(bus, &letter);
        ck_assert_msg(letter.no_responders, "%s: %s", beyond[i], letter.head);
        letter_free(&letter);
    }
    stop();
}
END_TEST

START_TEST(test_a_reply_goes_to_no_subject_of_the_server_or_of_nodes)
{
    static const char *const replies[] = {
        "$SYS.x", "gruvid.node.here", "gruvid.node.answer.x.a.end", "x.*",
        "x.>",
    };

    begin("", MIRROR);
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        bus_publish(bus, "big", replies[i], "Gruvid-Path: /wait\r\n", "", 0);
    bus_ask(bus, "big", NULL, "", 200, NULL);
    ck_assert_uint_eq(gruvid_said(g, "mirror waits"), 0);
    ck_assert_double_eq(metric("nats_refused"), 5);
    stop();
}
END_TEST

static const struct {
    const char *lines, *said;
    int status;
} wrong[] = {
    {"route = > -> mirror\n", "begins with a wildcard", 69},
    {"route = *.a -> mirror\n", "begins with a wildcard", 69},
    {"route = $SYS.a -> mirror\n", "is a subject of the server's own", 69},
    {"route = a..b -> mirror\n", "is not a subject", 69},
    {"route = a b -> mirror\n", "is not a subject", 69},
    {"route = a.>.b -> mirror\n", "is not a subject", 69},
    {"route = a -> mirror\nroute = a -> mirror\n", "is there twice", 69},
    {"route = a -> miror\n", "did you mean \"mirror\"", 78},
    {"route = a -> nats\n", "does not answer requests", 78},
    {"route = a\n", "it has to be TEXT -> PLUGIN", 78},
    {"route = -> mirror\n", "it has to be TEXT -> PLUGIN", 78},
    {"url = nats://u:secret@h\n", "has a user in it", 69},
    {"url = http://h\n", "does not begin with nats://", 69},
    {"url = nats://h:0\n", "is not nats://HOST:PORT", 69},
    {"url = nats://h:1/x\n", "is not nats://HOST:PORT", 69},
    {"url = nats://[::1\n", "is not nats://HOST:PORT", 69},
    {"url = tls://h\n", "is tls://", 69},
    {"user = u\n", "user and password go together", 69},
    {"user = u\npassword = p\ntoken = t\n", "not with token", 69},
};

START_TEST(test_what_cannot_be_is_refused_at_the_start)
{
    g = bus_gruvid_begin(&server, wrong[_i].lines, "");
    ck_assert_int_eq(gruvid_wait(g), wrong[_i].status);
    gruvid_says(g, wrong[_i].said);
    ck_assert_uint_eq(gruvid_said(g, "secret"), 0);
}
END_TEST

/* --- replies -------------------------------------------------------------- */

START_TEST(test_replies_have_the_servers_limit)
{
    struct letter letter;
    char head[100];
    size_t most;

    begin("max_payload: 4096", MIRROR);
    bus_request(bus, "big", "Gruvid-Path: /large?size=100\r\n", "", 0);
    bus_read(bus, &letter);
    most = 4096 - letter.head_size;
    letter_free(&letter);
    snprintf(head, sizeof head, "Gruvid-Path: /large?size=%zu\r\n", most);
    bus_request(bus, "big", head, "", 0);
    bus_read(bus, &letter);
    ck_assert_int_eq(letter.status, 200);
    ck_assert_uint_eq(letter.size, most);
    letter_free(&letter);
    snprintf(head, sizeof head, "Gruvid-Path: /large?size=%zu\r\n", most + 1);
    bus_ask(bus, "big", head, "", 500, NULL);
    gruvid_says(g, "a reply to big has more than max_payload of the server, "
                   "4096 bytes: it is 500");
    bus_ask(bus, "big", "Gruvid-Path: /stream?n=3&size=1000\r\n", "", 200,
            NULL);
    bus_ask(bus, "big", "Gruvid-Path: /stream?n=5&size=1000\r\n", "", 500,
            NULL);
    ck_assert_double_eq(metric("nats_replies_too_large"), 2);
    stop();
}
END_TEST

START_TEST(test_a_request_at_the_servers_limit_comes_whole)
{
    char *data = malloc(1 << 20);

    begin("", "route = count -> mirror\n");
    memset(data, 'd', 1 << 20);
    for (int i = 0; i < 3; i++) {
        struct letter letter;

        bus_request(bus, "count", NULL, data, 1 << 20);
        bus_read(bus, &letter);
        ck_assert_str_eq(letter.body, "1048576\n");
        letter_free(&letter);
    }
    bus_ask(bus, "count", NULL, "small", 200, "5\n");
    free(data);
    stop();
}
END_TEST

START_TEST(test_events_and_upgrades_are_not_for_messages)
{
    begin("", MIRROR);
    bus_ask(bus, "big", "Gruvid-Path: /events\r\n", "", 500, NULL);
    bus_ask(bus, "big",
            "Gruvid-Path: /shout\r\nConnection: Upgrade\r\nUpgrade: shout\r\n",
            "", 500, NULL);
    bus_ask(bus, "big", "Gruvid-Path: /broken\r\n", "", 500, NULL);
    stop();
}
END_TEST

START_TEST(test_nobody_has_to_want_an_answer)
{
    begin("", MIRROR);
    bus_publish(bus, "big", NULL, "Gruvid-Path: /wait\r\n", "", 0);
    gruvid_says(g, "mirror waits");
    bus_publish(bus, "big", NULL, "Gruvid-Path: /large?size=9\r\n", "", 0);
    bus_publish(bus, "big", NULL, "Bad Name: x\r\n", "", 0);
    bus_ask(bus, "big", NULL, "", 200, NULL);
    ck_assert_int_eq(kill(g->pid, SIGTERM), 0);
    gruvid_says(g, "connections drain");
    bus_close(bus);
    gruvid_stop(g, SIGINT);
}
END_TEST

/* --- the queue ------------------------------------------------------------ */

START_TEST(test_over_max_queued_is_503)
{
    struct letter letter;

    begin("", MIRROR "max_queued = 2\n");
    bus_request(bus, "big", "Gruvid-Path: /wait\r\n", "", 0);
    bus_request(bus, "big", "Gruvid-Path: /wait\r\n", "", 0);
    gruvid_says_times(g, "mirror waits", 2);
    bus_publish(bus, "big", NULL, NULL, "", 0);
    bus_request(bus, "big", NULL, "", 0);
    bus_read(bus, &letter);
    ck_assert_int_eq(letter.status, 503);
    ck_assert_str_eq(letter_header(&letter, "Retry-After"), "1");
    letter_free(&letter);
    ck_assert_double_eq(metric("nats_busy"), 1);
    ck_assert_double_eq(metric("nats_dropped"), 1);
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "connections drain");
    gruvid_signal(g, SIGINT);
    /* Another node may answer what was cancelled here. */
    for (int i = 0; i < 2; i++) {
        bus_read(bus, &letter);
        ck_assert_int_eq(letter.status, 503);
        letter_free(&letter);
    }
    gruvid_wait(g);
    bus_close(bus);
}
END_TEST

START_TEST(test_over_max_queued_bytes_is_503)
{
    char data[2000] = "";

    begin("", "route = count -> mirror\nmax_queued_bytes = 1K\n");
    memset(data, 'x', sizeof data - 1);
    bus_ask(bus, "count", NULL, data, 503, NULL);
    bus_ask(bus, "count", NULL, "small", 200, "5\n");
    stop();
}
END_TEST

/* Handlers run between two reads, and a read has fewer messages than that. */
START_TEST(test_many_at_once_are_not_too_many)
{
    enum { MANY = 20000 };
    bool *seen = calloc(MANY, sizeof *seen);

    begin("", MIRROR "max_queued = 4K\n");
    for (int i = 0; i < MANY; i++)
        bus_request(bus, "big", NULL, "", 0);
    for (int i = 0; i < MANY; i++) {
        struct letter letter;
        int number = -1;

        bus_read(bus, &letter);
        ck_assert_int_eq(letter.status, 200);
        sscanf(strrchr(letter.subject, '.'), ".%d", &number);
        ck_assert(number >= 0 && number < MANY && !seen[number]);
        seen[number] = true;
        letter_free(&letter);
    }
    free(seen);
    stop();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_exchange");
    TCase *tc = tcase_create("exchange");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_a_handler_answers_over_http_and_nats);
    tcase_add_test(tc, test_headers_say_method_path_and_deadline);
    tcase_add_test(tc, test_headers_come_as_they_were_sent);
    tcase_add_test(tc, test_headers_of_replies_are_checked);
    tcase_add_test(tc, test_odd_headers_are_refused);
    tcase_add_test(tc, test_too_many_headers_are_refused);
    tcase_add_test(tc, test_a_subject_reaches_what_its_route_names);
    tcase_add_test(tc, test_a_subject_beyond_all_routes_reaches_nobody);
    tcase_add_test(tc,
                   test_a_reply_goes_to_no_subject_of_the_server_or_of_nodes);
    tcase_add_loop_test(tc, test_what_cannot_be_is_refused_at_the_start, 0,
                        sizeof wrong / sizeof *wrong);
    tcase_add_test(tc, test_replies_have_the_servers_limit);
    tcase_add_test(tc, test_a_request_at_the_servers_limit_comes_whole);
    tcase_add_test(tc, test_events_and_upgrades_are_not_for_messages);
    tcase_add_test(tc, test_nobody_has_to_want_an_answer);
    tcase_add_test(tc, test_over_max_queued_is_503);
    tcase_add_test(tc, test_over_max_queued_bytes_is_503);
    tcase_add_test(tc, test_many_at_once_are_not_too_many);
    return run_suite(suite);
}
