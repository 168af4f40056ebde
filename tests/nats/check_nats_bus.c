/* SPDX-License-Identifier: MIT */
/* The bus of plugins with servers of NATS: tests/daemon/plugins/talks.c calls
 * gruvid/bus.h as its clients say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/client.h"
#include "nats/talk.h"

#define ROUTE "route = a -> mirror\n"

static struct bus_server server;

static void
prepare(void)
{
    bus_prepare(&server);
    talk_prepare();
}

static void
finish(void)
{
    bus_remove(&server);
    gruvid_end_all();
}

/* --- JetStream ------------------------------------------------------------ */

static void
make_stream(const char *more)
{
    char text[300];

    snprintf(text, sizeof text,
             "{\"name\":\"ORDERS\",\"subjects\":[\"orders.*\"]%s}", more);
    ck_assert_ptr_null(
        strstr(talk_api(&server, "STREAM.CREATE.ORDERS", text), "\"error\""));
}

/* How many messages the stream has. */
static int
stored(void)
{
    const char *at =
        strstr(talk_api(&server, "STREAM.INFO.ORDERS", ""), "\"messages\":");

    ck_assert_ptr_nonnull(at);
    return atoi(at + 11);
}

/* --- messages ------------------------------------------------------------- */

START_TEST(test_messages_go_from_gruvid_to_gruvid)
{
    struct gruvid *one, *two;
    int from, to, other;

    bus_begin(&server, "");
    one = talk_begin(&server, "");
    two = talk_begin(&server, "");
    from = talk_to(one);
    to = talk_to(two);
    other = talk_to(two);
    says(to, "subscribe - 9 a.*.> -", "0");
    says(other, "subscribe - 9 nothing -", "0");
    /* An answer means that the server has read what was before. */
    says(to, "call - - nobody - - - x", "ENOENT");
    says(from, "publish - - a.b.c - hello there", "0");
    says(from, "publish nats - a.b.c.d X-Test:a_value more", "0");
    says(from, "publish - - a.b - too short", "0");
    says(from, "publish - - a.b.c -", "0");
    says(to, "take -", "0 a.b.c - - hello there");
    says(to, "take -", "0 a.b.c.d - a value more");
    says(to, "take -", "0 a.b.c - - ");
    says(to, "unsubscribe", "0 0");
    says(other, "take 0", "ETIMEDOUT");
    talk_stop(one);
    talk_stop(two);
}
END_TEST

START_TEST(test_a_group_shares_messages)
{
    struct gruvid *one, *two;
    int from, to[2];
    int n = 0;

    bus_begin(&server, "");
    one = talk_begin(&server, "");
    two = talk_begin(&server, "");
    from = talk_to(one);
    to[0] = talk_to(one);
    to[1] = talk_to(two);
    for (int i = 0; i < 2; i++) {
        says(to[i], "subscribe - 100 a workers", "0");
        says(to[i], "call - - nobody - - - x", "ENOENT");
    }
    for (int i = 0; i < 20; i++)
        says(from, "publish - - a - x", "0");
    says(from, "call - - nobody - - - x", "ENOENT");
    for (int i = 0; i < 2; i++) {
        /* What is on its way to it has come with this. */
        says(to[i], "call - - nobody - - - x", "ENOENT");
        while (strcmp(ask_line(to[i], "take 0\n"), "ETIMEDOUT\n") != 0)
            n++;
    }
    ck_assert_int_eq(n, 20);
    talk_stop(one);
    talk_stop(two);
}
END_TEST

START_TEST(test_what_a_queue_has_no_room_for_is_counted)
{
    struct gruvid *g;
    int fd;

    bus_begin(&server, "");
    g = talk_begin(&server, "");
    fd = talk_to(g);
    says(fd, "subscribe - 2 a -", "0");
    for (int i = 0; i < 5; i++)
        says(fd, "publish - - a - x", "0");
    says(fd, "call - - nobody - - - x", "ENOENT");
    says(fd, "unsubscribe", "0 3");
    ck_assert_double_eq(
        http_metric(g, "nats_bus_dropped_total{plugin=\"nats\"}"), 3);
    talk_stop(g);
}
END_TEST

START_TEST(test_subscriptions_outlive_the_connection)
{
    struct gruvid *g = bus_gruvid_begin(&server, "", TALKS);
    int fd;

    gruvid_says(g, "gruvid: ready");
    fd = talk_to(g);
    says(fd, "subscribe - 9 a -", "0");
    for (unsigned i = 1; i <= 2; i++) {
        bus_begin(&server, "");
        gruvid_says_times(g, "connected to tcp://", i);
        says(fd, "publish - - a - x", "0");
        says(fd, "take -", "0 a - - x");
        bus_end(&server);
        gruvid_says_times(g, " is lost: ", i);
    }
    talk_stop(g);
}
END_TEST

/* --- calls ---------------------------------------------------------------- */

START_TEST(test_calls_are_answered_by_another_gruvid)
{
    struct gruvid *one, *two;
    int fd;

    bus_begin(&server, "");
    one = talk_begin(&server, "");
    two = bus_gruvid(&server, "route = a -> mirror\nroute = a.b -> mirror\n",
                     TALKS);
    fd = talk_to(one);
    says(fd, "call - - a - - - x", "0 200 - POST /a \nx");
    says(fd, "call - - a - - - ", "0 200 - GET /a \n");
    says(fd, "call - 60 a.b PUT /p/q?r=s Host:h x",
         "0 200 - PUT /p/q?r=s h\nx");
    says(fd, "call - - a - /say?status=404&size=0 - ", "0 404 - ");
    says(fd, "call - - a - /headers X-Test:yes ", "0 200 - X-Test=yes\n");
    says(fd, "call - - nobody - - - x", "ENOENT");
    talk_stop(two);
    says(fd, "call - - a - - - x", "ENOENT");
    talk_stop(one);
}
END_TEST

START_TEST(test_what_is_too_large_is_refused)
{
    static char line[5000];
    struct gruvid *g;
    int fd;

    bus_begin(&server, "max_payload: 2000\n");
    g = talk_begin(&server, "");
    fd = talk_to(g);
    snprintf(line, sizeof line, "publish - - a - %01990d", 1);
    says(fd, line, "0");
    snprintf(line, sizeof line, "publish - - a - %02001d", 1);
    says(fd, line, "E2BIG");
    snprintf(line, sizeof line, "publish - - a X-Test:12345678 %01990d", 1);
    says(fd, line, "E2BIG");
    snprintf(line, sizeof line, "publish - - a durable %02001d", 1);
    says(fd, line, "E2BIG");
    snprintf(line, sizeof line, "call - - a - - - %02001d", 1);
    says(fd, line, "E2BIG");
    snprintf(line, sizeof line, "put - - b k %02001d", 1);
    says(fd, line, "E2BIG");
    says(fd, "call - - nobody - - - x", "ENOENT");
    talk_stop(g);
}
END_TEST

START_TEST(test_what_is_malformed_is_refused)
{
    static const char *const lines[] = {
        "publish - - a..b - x",
        "publish - - .a - x",
        "publish - - a. - x",
        "publish - - a.* - x",
        "publish - - > - x",
        "publish - - a\tb - x",
        "publish - - a Nats-Msg-Id:7 x",
        "publish - - a nats-rollup:all x",
        "publish - - a durable,NATS-Expected-Stream:S x",
        "publish - - a durable,id=\t x",
        "publish - - a X-Test:_yes x",
        "call - - a.* - - - x",
        "call - - a - - Nats-Msg-Id:7 x",
        "call - - a - - Gruvid-Path:/x x",
        "call - - a - path - x",
        "call - - a - /p#q - x",
        "subscribe - 9 a..b -",
        "subscribe - 9 a.>.b -",
        "subscribe - 9 a g.*",
        "subscribe - 9 a g\tx",
        "get - - a.b k",
        "get - - * k",
        "get - - b .k",
        "get - - b k.",
        "get - - b k..k",
        "get - - b *",
        "put - - b k> x",
        "create - - b k\" x",
        "update - - b k\\ 1 x",
        "delete - - b\t k 1",
    };
    struct gruvid *g;
    int fd;

    bus_begin(&server, "");
    g = talk_begin(&server, "");
    fd = talk_to(g);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        says(fd, lines[i], "EINVAL");
    says(fd, "publish - - a Gruvid-Path:/x x", "0");
    talk_stop(g);
}
END_TEST

/* --- durable messages ----------------------------------------------------- */

START_TEST(test_a_durable_message_is_stored_once)
{
    struct gruvid *g;
    int fd;

    bus_begin(&server, STORE);
    make_stream("");
    g = talk_begin(&server, "");
    fd = talk_to(g);
    says(fd, "publish - - orders.new durable,id=7,X-Test:yes one", "0");
    says(fd, "publish - - orders.new durable,id=7 one", "0");
    ck_assert_int_eq(stored(), 1);
    says(fd, "publish - - orders.new durable two", "0");
    says(fd, "publish - - orders.new durable two", "0");
    ck_assert_int_eq(stored(), 3);
    says(fd, "subscribe - 9 orders.* -", "0");
    says(fd, "publish - - orders.old durable,id=8,X-Test:yes three", "0");
    ck_assert_ptr_nonnull(strstr(ask_line(fd, "take -\n"), " yes three\n"));
    talk_stop(g);
}
END_TEST

START_TEST(test_a_durable_message_waits_for_a_stream)
{
    struct gruvid *g;
    int fd, quick;

    bus_begin(&server, STORE);
    g = talk_begin(&server, "");
    fd = talk_to(g);
    quick = talk_to(g);
    send_text(fd, "publish - - orders.new durable,id=7 one\n");
    says(quick, "publish - 0.1 orders.new durable,id=8 two", "ETIMEDOUT");
    gruvid_says(g, "no stream has stored a message to orders.new in time");
    make_stream("");
    expect_text(fd, "0\n");
    says(quick, "publish - - orders.new durable,id=7 one", "0");
    ck_assert_int_eq(stored(), 1);
    talk_stop(g);
}
END_TEST

/* Somebody listens, and stores nothing. */
START_TEST(test_a_listener_is_no_stream)
{
    struct gruvid *g;
    int fd;

    bus_begin(&server, STORE);
    g = talk_begin(&server, ROUTE);
    gruvid_says(g, " subscribed");
    fd = talk_to(g);
    says(fd, "subscribe - 9 orders.* -", "0");
    says(fd, "publish - 0.1 orders.new durable x", "ETIMEDOUT");
    says(fd, "publish - - a durable x", "EPROTO");
    talk_stop(g);
}
END_TEST

START_TEST(test_a_server_may_be_away_for_a_moment)
{
    struct gruvid *g;
    int fd;

    bus_begin(&server, STORE);
    make_stream("");
    g = talk_begin(&server, "");
    fd = talk_to(g);
    says(fd, "publish - - orders.new durable,id=1 x", "0");
    bus_end(&server);
    gruvid_says(g, " is lost: ");
    says(fd, "publish - - orders.new durable,id=2 x", "ENOTCONN");
    bus_begin(&server, STORE);
    gruvid_says_times(g, "connected to tcp://", 2);
    says(fd, "publish - - orders.new durable,id=1 x", "0");
    says(fd, "publish - - orders.new durable,id=2 x", "0");
    ck_assert_int_eq(stored(), 2);
    talk_stop(g);
}
END_TEST

START_TEST(test_what_a_stream_refuses_is_said)
{
    struct gruvid *g;
    int fd;

    bus_begin(&server, STORE);
    make_stream(",\"max_msg_size\":100,\"max_msgs\":1,\"discard\":\"new\"");
    g = talk_begin(&server, "");
    fd = talk_to(g);
    says(fd,
         "publish - - orders.new durable 0123456789012345678901234567890"
         "12345678901234567890123456789012345678901234567890123456789012"
         "34567890",
         "E2BIG");
    says(fd, "publish - - orders.new durable x", "0");
    says(fd, "publish - - orders.new durable x", "EIO");
    gruvid_says(g, "the server refuses a message to orders.new: maximum ");
    talk_stop(g);
}
END_TEST

/* --- many ----------------------------------------------------------------- */

START_TEST(test_output_waits_for_room)
{
    static char line[65000];
    struct gruvid *g;
    int fd, n = 0;

    bus_begin(&server, "");
    g = talk_begin(&server, "ping_interval = 1000s\n");
    fd = talk_to(g);
    kill(server.server.pid, SIGSTOP);
    snprintf(line, sizeof line, "publish - 0.05 a - %060000d\n", 1);
    while (strcmp(ask_line(fd, line), "0\n") == 0)
        ck_assert_int_lt(n++, 10000);
    kill(server.server.pid, SIGCONT);
    says(fd, "call - - nobody - - - x", "ENOENT");
    says(fd, "publish - - a - x", "0");
    talk_stop(g);
}
END_TEST

START_TEST(test_each_hub_has_its_connection)
{
    struct gruvid *g;
    int fds[30];

    bus_hubs(3);
    bus_begin(&server, STORE);
    make_stream("");
    g = talk_begin(&server, ROUTE);
    gruvid_says_times(g, "1 route is subscribed", 3);
    for (int i = 0; i < 30; i++) {
        fds[i] = talk_to(g);
        says(fds[i], "subscribe - 99 b -", "0");
        says(fds[i], "call - - nobody - - - x", "ENOENT");
    }
    for (int i = 0; i < 30; i++) {
        says(fds[i], "publish - - b - x", "0");
        says(fds[i], "call - - a - - - x", "0 200 - POST /a \nx");
        says(fds[i], "publish - - orders.new durable x", "0");
    }
    for (int i = 0; i < 30; i++)
        for (int j = 0; j < 30; j++)
            says(fds[i], "take -", "0 b - - x");
    ck_assert_int_eq(stored(), 30);
    talk_stop(g);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_bus");
    TCase *tc = tcase_create("bus");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_messages_go_from_gruvid_to_gruvid);
    tcase_add_test(tc, test_a_group_shares_messages);
    tcase_add_test(tc, test_what_a_queue_has_no_room_for_is_counted);
    tcase_add_test(tc, test_subscriptions_outlive_the_connection);
    tcase_add_test(tc, test_calls_are_answered_by_another_gruvid);
    tcase_add_test(tc, test_what_is_too_large_is_refused);
    tcase_add_test(tc, test_what_is_malformed_is_refused);
    tcase_add_test(tc, test_a_durable_message_is_stored_once);
    tcase_add_test(tc, test_a_durable_message_waits_for_a_stream);
    tcase_add_test(tc, test_a_listener_is_no_stream);
    tcase_add_test(tc, test_a_server_may_be_away_for_a_moment);
    tcase_add_test(tc, test_what_a_stream_refuses_is_said);
    tcase_add_test(tc, test_output_waits_for_room);
    tcase_add_test(tc, test_each_hub_has_its_connection);
    return run_suite(suite);
}
