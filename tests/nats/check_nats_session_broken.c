/* SPDX-License-Identifier: MIT */
/* Networks that stop, slow down and break, and servers of a cluster that are
 * killed, with real servers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nats/bus.h"
#include "nats/detour.h"
#include "nats/script.h"

#define ROUTE "route = a -> mirror\n"

static struct bus_server servers[3], links[2];
static struct detour *detour;

static void
prepare(void)
{
    for (int i = 0; i < 3; i++)
        bus_prepare(&servers[i]);
    for (int i = 0; i < 2; i++)
        bus_prepare(&links[i]);
    detour = NULL;
}

static void
finish(void)
{
    for (int i = 0; i < 3; i++)
        bus_remove(&servers[i]);
    for (int i = 0; i < 2; i++)
        bus_remove(&links[i]);
    gruvid_end_all();
}

/* gruvid, whose way to the first server is the detour. */
static struct gruvid *
begin_by_detour(const char *lines)
{
    struct bus_server by = {.port = 0};
    struct gruvid *g;

    bus_begin(&servers[0], "");
    detour = detour_begin(servers[0].port);
    by.port = detour_port(detour);
    g = bus_gruvid(&by, lines, "");
    return g;
}

static void
end(struct gruvid *g)
{
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    detour_end(detour);
}

static void
answers(struct bus *bus)
{
    bus_ask(bus, "a", "Host: h\r\n", "", 200, "GET /a h\n");
}

/* --- networks ------------------------------------------------------------- */

START_TEST(test_a_network_that_stops_is_noticed)
{
    struct gruvid *g = begin_by_detour(ROUTE "ping_interval = 300ms\n");
    struct bus *bus = bus_open(servers[0].port);

    answers(bus);
    detour_set(detour, DETOUR_BLOCKED);
    gruvid_says(g, " is lost: timed out");
    detour_set(detour, DETOUR_OPEN);
    gruvid_says_times(g, "1 route is subscribed", 2);
    answers(bus);
    bus_close(bus);
    end(g);
}
END_TEST

/* A server that says nothing at all is given up as well. */
START_TEST(test_a_network_that_stops_before_the_login_is_noticed)
{
    struct gruvid *g = begin_by_detour(ROUTE "ping_interval = 300ms\n");

    detour_set(detour, DETOUR_BLOCKED);
    gruvid_says(g, " is lost: timed out");
    gruvid_says(g, "no connection to tcp://127.0.0.1:");
    detour_set(detour, DETOUR_OPEN);
    gruvid_says_times(g, "1 route is subscribed", 2);
    end(g);
}
END_TEST

START_TEST(test_all_comes_whole_through_a_slow_network)
{
    struct gruvid *g = begin_by_detour(ROUTE);
    struct bus *bus = bus_open(servers[0].port);
    struct letter letter;
    char text[100];

    detour_set(detour, DETOUR_SLOW);
    for (int i = 0; i < 8; i++) {
        snprintf(text, sizeof text, "Gruvid-Path: /large?size=%d\r\n",
                 100000 + i);
        bus_request(bus, "a", text, "", 0);
    }
    for (int i = 0; i < 8; i++) {
        size_t size;

        bus_read(bus, &letter);
        size = letter.size;
        ck_assert_int_eq(letter.status, 200);
        ck_assert(size >= 100000 && size < 100008);
        letter_free(&letter);
    }
    ck_assert_uint_eq(gruvid_said(g, " is lost: "), 0);
    bus_close(bus);
    end(g);
}
END_TEST

/* i: in the command, in the head of the reply, at the beginning, in the middle
 * and near the end of its body */
START_TEST(test_half_a_command_is_no_message_and_the_next_one_is_whole)
{
    static const size_t cuts[] = {3, 60, 200, 50000, 99000};
    struct gruvid *g = begin_by_detour(ROUTE);
    struct bus *bus = bus_open(servers[0].port);
    struct letter letter;

    answers(bus);
    detour_cut(detour, cuts[_i]);
    bus_request(bus, "a", "Gruvid-Path: /large?size=100000\r\n", "", 0);
    gruvid_says(g, " is lost: ");
    gruvid_says_times(g, "1 route is subscribed", 2);
    /* It is the first that comes: nothing has come of the half. */
    bus_request(bus, "a", "Gruvid-Path: /large?size=7\r\n", "", 0);
    bus_read(bus, &letter);
    ck_assert_int_eq(letter.status, 200);
    ck_assert_uint_eq(letter.size, 7);
    letter_free(&letter);
    bus_close(bus);
    end(g);
}
END_TEST

/* --- what a server says --------------------------------------------------- */

static struct script *script;

/* A server that the test plays, until its route is subscribed. */
static struct gruvid *
begin_by_script(const char *lines)
{
    struct gruvid *g;

    script = script_begin(servers[0].port);
    g = bus_gruvid_begin(&servers[0], lines, "");
    script_log_in(script);
    ck_assert_str_eq(script_line(script), "SUB a gruvid 1\r\n");
    ck_assert_str_eq(script_line(script), "PING\r\n");
    script_send(script, "PONG\r\n");
    gruvid_says(g, "1 route is subscribed");
    return g;
}

/* One that has answered is there, whatever it has not answered before. */
START_TEST(test_a_server_is_left_when_it_has_not_answered_two)
{
    struct gruvid *g = begin_by_script(ROUTE "ping_interval = 700ms\n");
    char byte;

    ck_assert_str_eq(script_line(script), "PING\r\n");
    script_send(script, "PONG\r\n");
    for (int i = 0; i < 2; i++)
        ck_assert_str_eq(script_line(script), "PING\r\n");
    ck_assert_int_eq(recv(script->fd, &byte, 1, 0), 0);
    gruvid_says(g, " is lost: timed out");
    script_end(script);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_server_that_is_to_stop_is_not_left_for_none)
{
    struct gruvid *g = begin_by_script(ROUTE);
    const char *line;

    script_send(script, "INFO {\"headers\":true,\"ldm\":true}\r\n"
                        "MSG a 1 r 0\r\n\r\n");
    ck_assert_int_eq(strncmp(script_line(script), "HPUB r ", 7), 0);
    script_send(script, "PING\r\n");
    while (strcmp(line = script_line(script), "PONG\r\n") != 0)
        ck_assert_int_ne(strncmp(line, "UNSUB ", 6), 0);
    script_end(script);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- servers -------------------------------------------------------------- */

/* Long enough for delays to grow. */
START_TEST(test_a_server_may_be_away_for_a_while)
{
    struct gruvid *g;
    struct bus *bus;

    bus_begin(&servers[0], "");
    g = bus_gruvid(&servers[0], ROUTE, "");
    bus_end(&servers[0]);
    gruvid_says_times(g, "no connection to tcp://127.0.0.1:", 4);
    bus_begin(&servers[0], "");
    gruvid_says_times(g, "1 route is subscribed", 2);
    bus = bus_open(servers[0].port);
    answers(bus);
    bus_close(bus);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

static void
begin_cluster(void)
{
    char config[400];

    for (int i = 0; i < 3; i++) {
        char listen[32] = "127.0.0.1:-1", routes[200] = "";

        if (i < 2)
            snprintf(listen, sizeof listen, "127.0.0.1:%d", links[i].port);
        for (int to = 0; to < i; to++)
            snprintf(routes + strlen(routes), sizeof routes - strlen(routes),
                     "\"nats://127.0.0.1:%d\", ", links[to].port);
        snprintf(config, sizeof config,
                 "cluster { name: c, listen: \"%s\", routes: [ %s ] }", listen,
                 routes);
        bus_begin(&servers[i], config);
    }
}

START_TEST(test_requests_go_on_when_one_of_three_servers_is_killed)
{
    struct gruvid *first, *second;
    struct bus *bus;

    begin_cluster();
    first = bus_gruvid(&servers[0], ROUTE, "");
    second = bus_gruvid(&servers[1], ROUTE, "");
    bus = bus_open(servers[2].port);
    bus_ask_at_last(bus, "a");
    kill(servers[0].server.pid, SIGKILL);
    gruvid_says(first, " is lost: ");
    file_says(server_path(&servers[2].server, "log"),
              "Router connection closed");
    for (int i = 0; i < 100; i++)
        bus_ask_at_last(bus, "a");
    gruvid_says_times(first, "1 route is subscribed", 2);
    ck_assert_int_eq(gruvid_stop(second, SIGTERM), 0);
    for (int i = 0; i < 100; i++)
        bus_ask_at_last(bus, "a");
    bus_close(bus);
    ck_assert_int_eq(gruvid_stop(first, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_session_broken");
    TCase *tc = tcase_create("broken");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    tcase_add_test(tc, test_a_network_that_stops_is_noticed);
    tcase_add_test(tc, test_a_network_that_stops_before_the_login_is_noticed);
    tcase_add_test(tc, test_all_comes_whole_through_a_slow_network);
    tcase_add_loop_test(
        tc, test_half_a_command_is_no_message_and_the_next_one_is_whole, 0, 5);
    tcase_add_test(tc, test_a_server_is_left_when_it_has_not_answered_two);
    tcase_add_test(tc, test_a_server_that_is_to_stop_is_not_left_for_none);
    tcase_add_test(tc, test_a_server_may_be_away_for_a_while);
    tcase_add_test(tc, test_requests_go_on_when_one_of_three_servers_is_killed);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
