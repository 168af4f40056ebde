/* SPDX-License-Identifier: MIT */
/* Connections: servers that go away, come back, refuse, stop or lie. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "http/client.h"
#include "nats/bus.h"

#define ROUTE "route = a -> mirror\n"

static struct bus_server server, other;

static void
prepare(void)
{
    bus_prepare(&server);
    bus_prepare(&other);
}

static void
finish(void)
{
    bus_remove(&server);
    bus_remove(&other);
    gruvid_end_all();
}

static void
answers_at(const struct bus_server *at)
{
    struct bus *bus = bus_open(at->port);

    bus_ask(bus, "a", "Host: h\r\n", "", 200, "GET /a h\n");
    bus_close(bus);
}

/* --- servers that come and go --------------------------------------------- */

START_TEST(test_a_server_may_go_away_and_come_back)
{
    struct gruvid *g;

    bus_begin(&server, "");
    g = bus_gruvid(&server, ROUTE, "");
    answers_at(&server);
    for (unsigned i = 1; i <= 2; i++) {
        bus_end(&server);
        gruvid_says_times(g, " is lost: ", i);
        bus_begin(&server, "");
        gruvid_says_times(g, "1 route is subscribed", i + 1);
        answers_at(&server);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_start_need_not_wait_for_a_server)
{
    struct gruvid *g = bus_gruvid_begin(&server, ROUTE, "");

    gruvid_says(g, "gruvid: ready");
    gruvid_says(g, "no connection to tcp://127.0.0.1:");
    bus_begin(&server, "");
    gruvid_says(g, "1 route is subscribed");
    answers_at(&server);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_start_waits_for_a_server_that_is_required)
{
    struct gruvid *g =
        bus_gruvid_begin(&server, ROUTE "connect = required\n", "");

    gruvid_says_times(g, "no connection to tcp://127.0.0.1:", 2);
    ck_assert_uint_eq(gruvid_said(g, "gruvid: ready"), 0);
    bus_begin(&server, "");
    gruvid_says(g, "gruvid: ready");
    gruvid_says(g, "1 route is subscribed");
    answers_at(&server);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_start_without_a_server_that_is_required_fails)
{
    struct gruvid *g = bus_gruvid_begin(
        &server, ROUTE "connect = required\nstart_timeout = 300ms\n", "");

    ck_assert_int_eq(gruvid_wait(g), 69);
}
END_TEST

START_TEST(test_a_stop_does_not_wait_for_a_server)
{
    struct gruvid *g = bus_gruvid_begin(&server, ROUTE, "");

    gruvid_says(g, "no connection to tcp://127.0.0.1:");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_server_that_does_not_answer_is_left)
{
    struct gruvid *g;

    bus_begin(&server, "");
    g = bus_gruvid(&server, ROUTE "ping_interval = 300ms\n", "");
    kill(server.server.pid, SIGSTOP);
    gruvid_says(g, " is lost: ");
    kill(server.server.pid, SIGCONT);
    gruvid_says_times(g, "1 route is subscribed", 2);
    answers_at(&server);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

static const char *
two_urls(void)
{
    static char lines[200];

    snprintf(lines, sizeof lines, "url = nats://localhost:%d\n" ROUTE,
             other.port);
    return lines;
}

START_TEST(test_the_next_url_is_tried)
{
    struct gruvid *g;

    bus_begin(&other, "");
    g = bus_gruvid(&server, two_urls(), "");
    answers_at(&other);
    bus_begin(&server, "");
    bus_end(&other);
    gruvid_says_times(g, "1 route is subscribed", 2);
    answers_at(&server);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* The section has one of two servers, which names the other. */
START_TEST(test_servers_that_a_server_names_are_tried)
{
    char config[300];
    struct gruvid *g;
    struct bus_server link;
    int cluster;

    bus_prepare(&link);
    cluster = link.port;
    snprintf(config, sizeof config,
             "cluster { name: c, listen: \"127.0.0.1:%d\" }", cluster);
    bus_begin(&server, config);
    snprintf(config, sizeof config,
             "cluster { name: c, listen: \"127.0.0.1:-1\", "
             "routes: [\"nats://127.0.0.1:%d\"] }",
             cluster);
    bus_begin(&other, config);
    g = bus_gruvid(&server, ROUTE, "");
    /* The first knows of the second once it has told its clients. */
    file_says(server_path(&server.server, "log"), "Route connection created");
    bus_end(&server);
    gruvid_says_times(g, "1 route is subscribed", 2);
    answers_at(&other);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    bus_remove(&link);
}
END_TEST

START_TEST(test_a_server_that_is_to_stop_is_left_in_order)
{
    struct gruvid *g;

    bus_begin(&server, "");
    bus_begin(&other, "");
    g = bus_gruvid(&server, two_urls(), "");
    answers_at(&server);
    kill(server.server.pid, SIGUSR2);
    gruvid_says(g, " is exchanged: the server is to stop");
    gruvid_says_times(g, "1 route is subscribed", 2);
    answers_at(&other);
    ck_assert_uint_eq(gruvid_said(g, " is lost: "), 0);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- logins --------------------------------------------------------------- */

START_TEST(test_a_login_that_is_wrong_is_tried_again)
{
    struct gruvid *g;

    bus_begin(&server, "authorization { user: u, password: right }");
    g = bus_gruvid_begin(&server, ROUTE "user = u\npassword = s3cret\n", "");
    gruvid_says(g, "Authorization Violation");
    gruvid_says_times(g, "no connection to tcp://127.0.0.1:", 2);
    gruvid_reload(
        g, bus_config(&server, ROUTE "user = u\npassword = right\n", ""), true);
    gruvid_says(g, "1 route is subscribed");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "s3cret"), 0);
}
END_TEST

START_TEST(test_a_token_is_a_login)
{
    struct gruvid *g;

    bus_begin(&server, "authorization { token: \"t \\\" t\" }");
    g = bus_gruvid(&server, ROUTE "token = \"t \\\" t\"\n", "");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_new_options_make_a_new_connection_in_order)
{
    struct gruvid *g;

    bus_begin(&server, "");
    bus_begin(&other, "");
    g = bus_gruvid(&server, ROUTE, "");
    gruvid_reload(g, bus_config(&other, ROUTE, ""), true);
    gruvid_says(g, " is exchanged: its options have changed");
    gruvid_says_times(g, "1 route is subscribed", 2);
    answers_at(&other);
    ck_assert_uint_eq(gruvid_said(g, " is lost: "), 0);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_subscription_that_is_not_allowed_is_said)
{
    struct gruvid *g;

    bus_begin(&server, "authorization { users: [ { user: u, password: p, "
                       "permissions: { subscribe: { deny: [\"a\"] } } } ] }");
    g = bus_gruvid(&server, ROUTE "user = u\npassword = p\n", "");
    gruvid_says(g, "Permissions Violation for Subscription to");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- servers that are none ------------------------------------------------ */

static int listening;

static void
listen_as(const struct bus_server *as)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)as->port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1;

    listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ck_assert_int_eq(bind(listening, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(listening, 8), 0);
}

static int
next_client(void)
{
    struct timeval patience = {.tv_sec = PATIENCE};
    int fd = accept(listening, NULL, NULL);

    ck_assert_int_ge(fd, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static const char *
next_line(int fd)
{
    static char text[4096];
    size_t n = 0;

    do {
        ck_assert_uint_lt(n, sizeof text - 1);
        ck_assert_int_eq(recv(fd, text + n, 1, 0), 1);
    } while (text[n++] != '\n');
    text[n] = '\0';
    return text;
}

#define INFO "INFO {\"headers\":true,\"max_payload\":1048576}\r\n"

/* From the connection to the subscription, and not a byte more than that. */
static void
log_in(int fd)
{
    send_text(fd, INFO);
    ck_assert_int_eq(strncmp(next_line(fd), "CONNECT {", 9), 0);
    ck_assert_str_eq(next_line(fd), "PING\r\n");
    send_text(fd, "PONG\r\n");
}

static int
next_session(void)
{
    int fd = next_client();

    log_in(fd);
    ck_assert_int_eq(strncmp(next_line(fd), "SUB a gruvid 1\r\n", 16), 0);
    ck_assert_str_eq(next_line(fd), "PING\r\n");
    send_text(fd, "PONG\r\n");
    return fd;
}

static const char *const no_servers[] = {
    "SSH-2.0-OpenSSH\r\n",
    "PING\r\n",
    "INFO\r\n",
    "INFO []\r\n",
    "INFO {\r\n",
    "INFO {\"max_payload\":-1}\r\n",
    "INFO {\"max_payload\":\"1\"}\r\n",
    "INFO {\"headers\":false}\r\n",
    "INFO {\"headers\":true}\r\nMSG\r\n",
    "INFO {\"headers\":true}\r\n-ERR 'no'\r\n",
};

START_TEST(test_what_is_no_server_is_left)
{
    struct gruvid *g;
    int fd;

    listen_as(&server);
    g = bus_gruvid_begin(&server, ROUTE, "");
    fd = next_client();
    send_text(fd, no_servers[_i]);
    gruvid_says(g, "no connection to tcp://127.0.0.1:");
    close(fd);
    fd = next_session();
    gruvid_says(g, "1 route is subscribed");
    close(fd);
    close(listening);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

static const char *const nonsense[] = {
    "MSG a 1 r 5\r\nhello, you\r\n",
    "MSG a 1 r 99999999999\r\n",
    "HMSG a 1 r 5 4\r\n",
    "PONG\r\n",
    "INFO {}x\r\n",
    "\r\n",
};

START_TEST(test_a_server_that_breaks_the_protocol_is_left)
{
    struct gruvid *g;
    int fd;

    listen_as(&server);
    g = bus_gruvid_begin(&server, ROUTE, "");
    fd = next_session();
    gruvid_says(g, "1 route is subscribed");
    send_text(fd, nonsense[_i]);
    gruvid_says(g, " is lost: protocol error");
    close(fd);
    fd = next_session();
    close(fd);
    close(listening);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* What the first connection has not taken of a reply goes nowhere. */
START_TEST(test_half_a_command_never_goes_on_elsewhere)
{
    static const char request[] =
        "HMSG a 1 r 45 45\r\n"
        "NATS/1.0\r\nGruvid-Path: /large?size=900000\r\n\r\n\r\n";
    struct gruvid *g;
    int fd, small = 4096;

    listen_as(&server);
    setsockopt(listening, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    g = bus_gruvid_begin(&server, ROUTE, "");
    fd = next_session();
    for (int i = 0; i < 20; i++)
        send_text(fd, request);
    ck_assert_int_eq(strncmp(next_line(fd), "HPUB r ", 7), 0);
    /* By then more waits behind what is sent. */
    gruvid_signal(g, SIGUSR2);
    gruvid_says(g, " fibers");
    reset(fd);
    gruvid_says(g, " is lost: ");
    fd = next_session();
    send_text(fd, "HMSG a 1 s 40 40\r\n"
                  "NATS/1.0\r\nGruvid-Path: /large?size=9\r\n\r\n\r\n");
    ck_assert_int_eq(strncmp(next_line(fd), "HPUB s ", 7), 0);
    close(fd);
    close(listening);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- when routes are there ------------------------------------------------ */

/* Another section has not started yet, so nobody answers: the server is not
 * told otherwise. */
START_TEST(test_a_route_waits_for_the_end_of_the_start)
{
    struct letter letter;
    char late[200];
    struct gruvid *g;
    struct bus *bus;
    int fd;

    bus_begin(&server, "");
    listen_as(&other);
    snprintf(late, sizeof late,
             "[plugin late]\nmodule = nats\nconnect = required\nnode =\n"
             "url = nats://127.0.0.1:%d\n",
             other.port);
    g = bus_gruvid_begin(&server, ROUTE, late);
    fd = next_client();
    gruvid_says(g, "connected to tcp://");
    bus = bus_open(server.port);
    bus_request(bus, "a", NULL, "", 0);
    bus_read(bus, &letter);
    ck_assert(letter.no_responders);
    letter_free(&letter);
    log_in(fd);
    gruvid_says(g, "1 route is subscribed");
    bus_ask(bus, "a", NULL, "", 200, NULL);
    bus_close(bus);
    gruvid_signal(g, SIGTERM);
    ck_assert_str_eq(next_line(fd), "PING\r\n");
    send_text(fd, "PONG\r\n");
    ck_assert_str_eq(next_line(fd), "PING\r\n");
    send_text(fd, "PONG\r\n");
    ck_assert_int_eq(gruvid_wait(g), 0);
    close(fd);
    close(listening);
}
END_TEST

/* gruvid waits for that, whatever else it has to do. */
START_TEST(test_a_drain_answers_what_comes_before_the_pong)
{
    struct gruvid *g;
    int fd;

    listen_as(&server);
    g = bus_gruvid_begin(&server, ROUTE, "");
    fd = next_session();
    gruvid_says(g, "1 route is subscribed");
    gruvid_signal(g, SIGTERM);
    ck_assert_str_eq(next_line(fd), "UNSUB 1\r\n");
    ck_assert_str_eq(next_line(fd), "PING\r\n");
    gruvid_says(g, "stopping: connections drain");
    gruvid_signal(g, SIGUSR2);
    gruvid_says(g, " fibers");
    send_text(fd, "MSG a 1 r 0\r\n\r\nPONG\r\n");
    ck_assert_int_eq(strncmp(next_line(fd), "HPUB r ", 7), 0);
    while (strcmp(next_line(fd), "PING\r\n") != 0)
        continue;
    ck_assert_uint_eq(gruvid_said(g, "stopping: plugins stop"), 0);
    send_text(fd, "PONG\r\n");
    ck_assert_int_eq(gruvid_wait(g), 0);
    close(fd);
    close(listening);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_session");
    TCase *tc = tcase_create("session");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_a_server_may_go_away_and_come_back);
    tcase_add_test(tc, test_a_start_need_not_wait_for_a_server);
    tcase_add_test(tc, test_a_start_waits_for_a_server_that_is_required);
    tcase_add_test(tc, test_a_start_without_a_server_that_is_required_fails);
    tcase_add_test(tc, test_a_stop_does_not_wait_for_a_server);
    tcase_add_test(tc, test_a_server_that_does_not_answer_is_left);
    tcase_add_test(tc, test_the_next_url_is_tried);
    tcase_add_test(tc, test_servers_that_a_server_names_are_tried);
    tcase_add_test(tc, test_a_server_that_is_to_stop_is_left_in_order);
    tcase_add_test(tc, test_a_login_that_is_wrong_is_tried_again);
    tcase_add_test(tc, test_a_token_is_a_login);
    tcase_add_test(tc, test_new_options_make_a_new_connection_in_order);
    tcase_add_test(tc, test_a_subscription_that_is_not_allowed_is_said);
    tcase_add_loop_test(tc, test_what_is_no_server_is_left, 0,
                        sizeof no_servers / sizeof *no_servers);
    tcase_add_loop_test(tc, test_a_server_that_breaks_the_protocol_is_left, 0,
                        sizeof nonsense / sizeof *nonsense);
    tcase_add_test(tc, test_half_a_command_never_goes_on_elsewhere);
    tcase_add_test(tc, test_a_route_waits_for_the_end_of_the_start);
    tcase_add_test(tc, test_a_drain_answers_what_comes_before_the_pong);
    return run_suite(suite);
}
