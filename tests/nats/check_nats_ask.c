/* SPDX-License-Identifier: MIT */
/* Requests of our own, and subscriptions: with a server of NATS, and with one
 * that says what a script says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"
#include "nats/bus.h"
#include "nats/script.h"

/* The first brings the orders; asker asks at the other. */
static struct bus_server server, other;
static struct gruvid *g;
static struct bus *bus;

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
begin_at(const struct bus_server *at)
{
    char asker[200];

    http_bring("tests/nats/plugins/.libs/asker.so");
    snprintf(asker, sizeof asker,
             "[plugin asker]\nurl = nats://127.0.0.1:%d\n"
             "ping_interval = 1000s\n",
             at->port);
    bus_begin(&server, "");
    g = bus_gruvid(&server, "route = do -> asker\nroute = a -> mirror\n",
                   asker);
    bus = bus_open(server.port);
}

static void
begin(void)
{
    begin_at(&server);
    gruvid_says_times(g, "connected to tcp://", 2);
}

static void
stop(void)
{
    bus_close(bus);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}

/* Order something of asker, and compare what comes of it. */
static void
order(const char *path, const char *data, const char *reply)
{
    char head[200];

    snprintf(head, sizeof head, "Gruvid-Path: %s\r\n", path);
    bus_ask(bus, "do", head, data, 200, reply);
}

/* The same, without waiting for it. */
static void
begin_order(const char *path)
{
    char head[200];
    unsigned asked = gruvid_said(g, "asker asks");

    snprintf(head, sizeof head, "Gruvid-Path: %s\r\n", path);
    bus_request(bus, "do", head, "", 0);
    gruvid_says_times(g, "asker asks", asked + 1);
}

static void
replies(const char *text)
{
    struct letter letter;

    bus_read(bus, &letter);
    ck_assert_str_eq(letter.body, text);
    letter_free(&letter);
}

/* --- asking --------------------------------------------------------------- */

START_TEST(test_an_answer_has_status_head_and_data)
{
    begin();
    order("/ask?subject=a", "hello", "0 58 POST /a \nhello");
    order("/ask?subject=a&head", "hello", "0 58 POST /a \nhello");
    stop();
}
END_TEST

START_TEST(test_many_ask_at_once)
{
    begin();
    order("/crowd?subject=a&n=3000", "", "3000");
    order("/crowd?subject=a&n=1", "", "1");
    stop();
}
END_TEST

START_TEST(test_nobody_listens)
{
    begin();
    order("/ask?subject=nobody", "", "ENOENT");
    order("/ask?subject=no%20subject", "", "EINVAL");
    order("/ask?subject=a.*", "", "EINVAL");
    stop();
}
END_TEST

START_TEST(test_nobody_answers)
{
    begin();
    order("/subscribe?subject=silence", "", "OK");
    order("/ask?subject=silence&timeout=50", "", "ETIMEDOUT");
    order("/ask?subject=a", "", "0 58 GET /a \n");
    stop();
}
END_TEST

START_TEST(test_more_than_the_servers_limit_is_not_sent)
{
    char data[2000] = "";

    memset(data, 'x', sizeof data - 1);
    bus_begin(&other, "max_payload: 1024");
    begin_at(&other);
    gruvid_says_times(g, "connected to tcp://", 2);
    order("/ask?subject=a", data, "E2BIG");
    order("/ask?subject=a", "", "ENOENT");
    data[1000] = '\0';
    order("/ask?subject=a", data, "ENOENT");
    order("/ask?subject=a&head", data, "E2BIG");
    stop();
}
END_TEST

START_TEST(test_without_a_connection_nobody_is_asked)
{
    begin_at(&other);
    gruvid_says(g, "no connection to tcp://");
    order("/ask?subject=a", "", "ENOTCONN");
    stop();
}
END_TEST

START_TEST(test_a_lost_connection_ends_all_in_flight)
{
    bus_begin(&other, "");
    begin_at(&other);
    gruvid_says_times(g, "connected to tcp://", 2);
    order("/subscribe?subject=silence", "", "OK");
    for (int i = 0; i < 20; i++)
        begin_order("/ask?subject=silence");
    bus_end(&other);
    for (int i = 0; i < 20; i++)
        replies("ENOTCONN");
    bus_begin(&other, "");
    gruvid_says_times(g, "connected to tcp://", 3);
    order("/ask?subject=silence&timeout=50", "", "ETIMEDOUT");
    order("/ask?subject=nobody", "", "ENOENT");
    stop();
}
END_TEST

START_TEST(test_who_asks_may_be_cancelled)
{
    begin();
    order("/subscribe?subject=silence", "", "OK");
    bus_request(bus, "do",
                "Gruvid-Path: /ask?subject=silence\r\nGruvid-Deadline: 50\r\n",
                "", 0);
    replies("ETIMEDOUT");
    order("/crowd?subject=silence&n=100&cancel", "", "0");
    order("/crowd?subject=a&n=100", "", "100");
    order("/ask?subject=a", "", "0 58 GET /a \n");
    stop();
}
END_TEST

/* --- subscriptions -------------------------------------------------------- */

START_TEST(test_a_subscription_is_there_after_a_reconnect)
{
    struct bus *there;

    bus_begin(&other, "");
    begin_at(&other);
    gruvid_says_times(g, "connected to tcp://", 2);
    order("/subscribe?subject=news.%3E", "", "OK");
    order("/ask?subject=nobody", "", "ENOENT");
    for (unsigned i = 1; i <= 2; i++) {
        there = bus_open(other.port);
        bus_publish(there, "news.today", NULL, NULL, "rain", 4);
        gruvid_says_times(g, "asker hears news.today: rain", i);
        bus_close(there);
        bus_end(&other);
        gruvid_says_times(g, " is lost: ", i);
        bus_begin(&other, "");
        gruvid_says_times(g, "connected to tcp://", 2 + i);
        order("/ask?subject=nobody", "", "ENOENT");
    }
    order("/unsubscribe", "", "OK");
    there = bus_open(other.port);
    bus_publish(there, "news.today", NULL, NULL, "snow", 4);
    bus_flush(there);
    bus_close(there);
    order("/ask?subject=nobody", "", "ENOENT");
    ck_assert_uint_eq(gruvid_said(g, "snow"), 0);
    stop();
}
END_TEST

START_TEST(test_what_is_no_subject_is_not_subscribed)
{
    begin();
    order("/subscribe?subject=a..b", "", "EINVAL");
    order("/subscribe?subject=a&group=b%20c", "", "EINVAL");
    order("/subscribe?subject=a&group=*", "", "EINVAL");
    stop();
}
END_TEST

/* --- a server that lies --------------------------------------------------- */

/* What comes by a subscription that has been taken back is for nobody: it is
 * not answered, as a request would be. */
START_TEST(test_late_messages_are_for_nobody)
{
    struct script *script = script_begin(other.port);

    begin_at(&other);
    script_log_in(script);
    gruvid_says_times(g, "connected to tcp://", 2);
    order("/subscribe?subject=news&group=g", "", "OK");
    ck_assert_str_eq(script_line(script), "SUB news g 4294967297\r\n");
    order("/unsubscribe", "", "OK");
    ck_assert_str_eq(script_line(script), "UNSUB 4294967297\r\n");
    script_send(script, "MSG news 4294967297 reply 2\r\nhi\r\nPING\r\n");
    ck_assert_str_eq(script_line(script), "PONG\r\n");
    script_end(script);
    stop();
}
END_TEST

/* The head, or the number, is wrong; then the right one comes. */
START_TEST(test_wrong_answers_are_for_nobody)
{
    struct script *script = script_begin(other.port);
    char inbox[128], reply[128], text[1024];
    unsigned long long sid;

    begin_at(&other);
    script_log_in(script);
    gruvid_says_times(g, "connected to tcp://", 2);
    begin_order("/ask?subject=q");
    ck_assert_int_eq(sscanf(script_line(script), "SUB %127s %llu", inbox, &sid),
                     2);
    ck_assert_int_eq(sscanf(script_line(script), "PUB q %127s 0\r\n", reply),
                     1);
    ck_assert_str_eq(script_line(script), "\r\n");
    inbox[strlen(inbox) - 1] = '\0';
    ck_assert_int_eq(strncmp(inbox, reply, strlen(inbox)), 0);
    snprintf(text, sizeof text,
             "MSG %sx %llu 1\r\n1\r\nMSG %s %llu 1\r\n2\r\n"
             "MSG %s4294967296 %llu 1\r\n3\r\nMSG %s99999999999999999999999999 "
             "%llu 1\r\n4\r\nMSG x %llu 1\r\n5\r\n",
             inbox, sid, inbox, sid, inbox, sid, inbox, sid, sid);
    script_send(script, text);
    snprintf(text, sizeof text, "HMSG %s %llu 20 22\r\n%sok\r\n", reply, sid,
             "NATS/1.0 207 Some\r\n\r\n");
    memcpy(strstr(text, " 20 22"), " 21 23", 6);
    script_send(script, text);
    replies("207 21 ok");
    begin_order("/ask?subject=q");
    ck_assert_int_eq(sscanf(script_line(script), "PUB q %127s 0\r\n", reply),
                     1);
    ck_assert_str_eq(script_line(script), "\r\n");
    snprintf(text, sizeof text, "HMSG %s %llu 8 8\r\nNATS/2.0\r\n", reply, sid);
    script_send(script, text);
    replies("EPROTO");
    script_end(script);
    stop();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_ask");
    TCase *tc = tcase_create("ask");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_an_answer_has_status_head_and_data);
    tcase_add_test(tc, test_many_ask_at_once);
    tcase_add_test(tc, test_nobody_listens);
    tcase_add_test(tc, test_nobody_answers);
    tcase_add_test(tc, test_more_than_the_servers_limit_is_not_sent);
    tcase_add_test(tc, test_without_a_connection_nobody_is_asked);
    tcase_add_test(tc, test_a_lost_connection_ends_all_in_flight);
    tcase_add_test(tc, test_who_asks_may_be_cancelled);
    tcase_add_test(tc, test_a_subscription_is_there_after_a_reconnect);
    tcase_add_test(tc, test_what_is_no_subject_is_not_subscribed);
    tcase_add_test(tc, test_late_messages_are_for_nobody);
    tcase_add_test(tc, test_wrong_answers_are_for_nobody);
    return run_suite(suite);
}
