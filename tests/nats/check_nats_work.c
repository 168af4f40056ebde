/* SPDX-License-Identifier: MIT */
/* Work: what becomes of a message by what its handler says, and how work begins
 * and ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"
#include "nats/stream.h"

#define WORK "work = ORDERS/billing -> mirror\n"
#define DEAD WORK "dead_letter = dead.orders\n"

static struct bus_server server;
static struct gruvid *g;
static struct bus *bus;

static void
prepare(void)
{
    bus_prepare(&server);
    bus_begin(&server, stream_config(&server));
    bus = bus_open(server.port);
}

static void
finish(void)
{
    bus_close(bus);
    bus_remove(&server);
    gruvid_end_all();
}

static void
make(const char *consumer)
{
    stream_make(bus, "ORDERS", "orders.>");
    stream_make(bus, "DEAD", "dead.>");
    consumer_make(bus, "ORDERS", "billing", consumer);
}

static void
begin(const char *lines)
{
    g = bus_gruvid_begin(&server, lines, "");
    gruvid_says(g, "gruvid: ready");
    gruvid_says(g, "work ORDERS/billing is pulled");
}

static void
stop(void)
{
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}

static double
metric(const char *name)
{
    char sample[128];

    snprintf(sample, sizeof sample, "nats_work_%s_total{plugin=\"nats\"}",
             name);
    return http_metric(g, sample);
}

/* A message whose handler answers with a status. */
static void
store(const char *status)
{
    char head[100];

    snprintf(head, sizeof head, "Gruvid-Path: /say?status=%s\r\n", status);
    stream_store(bus, "orders.1", head, "data");
}

static void
ends(void)
{
    consumer_ends(bus, "ORDERS", "billing");
}

/* --- what a status means -------------------------------------------------- */

START_TEST(test_done_is_acknowledged)
{
    make("");
    begin(DEAD);
    store("200");
    store("204");
    store("302");
    stream_store(bus, "orders.new.7", NULL, "hello");
    ends();
    ck_assert_double_eq(metric("delivered"), 4);
    ck_assert_double_eq(metric("acknowledged"), 4);
    ck_assert_double_eq(metric("negative"), 0);
    ck_assert_double_eq(metric("terminated"), 0);
    stop();
}
END_TEST

static const char *const passing[] = {"408", "425", "429", "500", "503"};

START_TEST(test_what_may_pass_comes_again)
{
    make("");
    store(passing[_i]);
    begin(DEAD "max_deliveries = 2\n");
    stream_has(bus, "DEAD", 1);
    ends();
    ck_assert_double_eq(metric("delivered"), 2);
    ck_assert_double_eq(metric("negative"), 1);
    ck_assert_double_eq(metric("dead_letters"), 1);
    ck_assert_double_eq(metric("terminated"), 1);
    ck_assert_double_eq(metric("acknowledged"), 0);
    stop();
}
END_TEST

static const char *const final[] = {"400", "404", "422"};

START_TEST(test_what_cannot_be_done_is_a_dead_letter_at_once)
{
    make("");
    store(final[_i]);
    begin(DEAD);
    stream_has(bus, "DEAD", 1);
    ends();
    ck_assert_double_eq(metric("delivered"), 1);
    ck_assert_double_eq(metric("dead_letters"), 1);
    ck_assert_double_eq(metric("terminated"), 1);
    stop();
}
END_TEST

/* A stream of events, and a reply that breaks off, are no answers. */
START_TEST(test_half_a_reply_is_none)
{
    make("");
    stream_store(bus, "orders.1", "Gruvid-Path: /broken\r\n", "");
    stream_store(bus, "orders.1", "Gruvid-Path: /events\r\n", "");
    begin(DEAD "max_deliveries = 1\n");
    stream_has(bus, "DEAD", 2);
    ends();
    ck_assert_double_eq(metric("acknowledged"), 0);
    stop();
}
END_TEST

START_TEST(test_the_consumers_own_limit_counts_if_it_is_lower)
{
    make("\"max_deliver\":1,");
    store("503");
    begin(DEAD);
    stream_has(bus, "DEAD", 1);
    ends();
    ck_assert_double_eq(metric("delivered"), 1);
    stop();
}
END_TEST

START_TEST(test_the_consumers_own_steps_count)
{
    make("\"max_deliver\":4,\"backoff\":[300000000,400000000],");
    store("503");
    begin(DEAD);
    stream_has(bus, "DEAD", 1);
    ck_assert(strstr(stream_head(bus, "DEAD", 1),
                     "Gruvid-Original-Deliveries: 4\r\n") != NULL);
    ends();
    stop();
}
END_TEST

/* --- dead letters --------------------------------------------------------- */

START_TEST(test_a_dead_letter_says_what_it_was)
{
    char head[4096], created[64];
    const char *text;

    make("");
    stream_store(bus, "orders.1",
                 "Gruvid-Path: /say?status=422\r\nNats-Msg-Id: mine\r\n"
                 "Nats-Rollup2: sub\r\nNats-Expected-Stream: ORDERS\r\n"
                 "Gruvid-Original-Subject: lie\r\nX-One: 1\r\n",
                 "the data");
    begin(DEAD);
    stream_has(bus, "DEAD", 1);
    text = strstr(stream_api(bus, "STREAM.INFO.ORDERS", ""), "\"created\":\"");
    snprintf(created, sizeof created, "%.*s", (int)strcspn(text + 11, "\""),
             text + 11);
    snprintf(
        head, sizeof head,
        "NATS/1.0\r\nNats-Msg-Id: ORDERS.%s.billing.1\r\n"
        "Gruvid-Dead-Letter: the answer was 422\r\n"
        "Gruvid-Original-Subject: orders.1\r\nGruvid-Original-Stream: "
        "ORDERS\r\n"
        "Gruvid-Original-Consumer: billing\r\nGruvid-Original-Sequence: 1\r\n"
        "Gruvid-Original-Deliveries: 1\r\nGruvid-Path: /say?status=422\r\n"
        "Gruvid-Original-Nats-Msg-Id: mine\r\n"
        "Gruvid-Original-Nats-Rollup2: sub\r\n"
        "Gruvid-Original-Nats-Expected-Stream: ORDERS\r\nX-One: 1\r\n\r\n",
        created);
    ck_assert_str_eq(stream_head(bus, "DEAD", 1), head);
    ck_assert_str_eq(stream_data(bus, "DEAD", 1), "the data");
    stop();
}
END_TEST

/* A malformed head is not passed on. */
START_TEST(test_a_malformed_message_is_a_dead_letter)
{
    make("");
    stream_store(bus, "orders.1", "Bad Name: x\r\n", "data");
    stream_store(bus, "orders.a/b", NULL, "data");
    begin(DEAD);
    stream_has(bus, "DEAD", 2);
    ck_assert_ptr_null(strstr(stream_head(bus, "DEAD", 1), "Bad Name"));
    ck_assert_str_eq(stream_data(bus, "DEAD", 1), "data");
    ends();
    stop();
}
END_TEST

START_TEST(test_without_a_dead_letter_it_is_said_and_ended)
{
    make("");
    store("422");
    begin(WORK);
    gruvid_says(g, "work ORDERS/billing: message 1 is given up: the answer was "
                   "422; there is no dead_letter for it");
    ends();
    ck_assert_double_eq(metric("terminated"), 1);
    ck_assert_double_eq(metric("dead_letters"), 0);
    stop();
}
END_TEST

/* Nothing is ended before it is stored. */
START_TEST(test_a_dead_letter_that_is_not_stored_ends_nothing)
{
    make("");
    store("422");
    begin(WORK "dead_letter = nowhere\n");
    gruvid_says_times(g,
                      "message 1 cannot be published to nowhere: no stream "
                      "has this subject",
                      2);
    ck_assert_double_eq(metric("terminated"), 0);
    stream_make(bus, "LATE", "nowhere");
    stream_has(bus, "LATE", 1);
    ends();
    ck_assert_double_eq(metric("terminated"), 1);
    stop();
}
END_TEST

/* The consumer's limit is used up: it is tried as long as that makes sense. */
START_TEST(test_a_reload_may_say_that_there_are_no_dead_letters)
{
    make("\"max_deliver\":1,");
    store("422");
    begin(WORK "dead_letter = nowhere\n");
    gruvid_says(g, "message 1 cannot be published to nowhere");
    gruvid_reload(g, bus_config(&server, WORK, ""), true);
    gruvid_says(g, "message 1 is given up: the answer was 422");
    ends();
    ck_assert_double_eq(metric("terminated"), 1);
    stop();
}
END_TEST

/* The first has lost the stream's word for it, so it comes again. */
START_TEST(test_a_dead_letter_is_stored_once)
{
    char head[200];
    const char *text;

    make("");
    store("422");
    text = strstr(stream_api(bus, "STREAM.INFO.ORDERS", ""), "\"created\":\"");
    snprintf(head, sizeof head, "Nats-Msg-Id: ORDERS.%.*s.billing.1\r\n",
             (int)strcspn(text + 11, "\""), text + 11);
    stream_store(bus, "dead.orders", head, "the first");
    begin(DEAD);
    ends();
    ck_assert_double_eq(metric("dead_letters"), 1);
    ck_assert_int_eq(stream_number(bus, "STREAM.INFO.DEAD", "messages"), 1);
    stop();
}
END_TEST

/* --- time ----------------------------------------------------------------- */

START_TEST(test_long_work_is_kept)
{
    char worker[200];

    http_bring("tests/nats/plugins/.libs/worker.so");
    make("\"ack_wait\":600000000,");
    stream_store(bus, "orders.1", "Gruvid-Path: /?ms=2000\r\n", "long");
    snprintf(worker, sizeof worker, "[plugin worker]\nfile = %s/done\n",
             server.server.dir);
    g = bus_gruvid_begin(&server, "work = ORDERS/billing -> worker\n", worker);
    gruvid_says(g, "worker takes its time");
    ends();
    ck_assert_str_eq(read_text(server_path(&server.server, "done")), "long\n");
    ck_assert_double_eq(metric("delivered"), 1);
    ck_assert_double_eq(metric("acknowledged"), 1);
    stop();
}
END_TEST

START_TEST(test_work_that_takes_too_long_is_cancelled)
{
    make("");
    stream_store(bus, "orders.1", "Gruvid-Path: /wait\r\n", "");
    begin(DEAD "work_timeout = 100ms\nmax_deliveries = 1\n");
    gruvid_says(g, "mirror was woken: ");
    stream_has(bus, "DEAD", 1);
    ends();
    stop();
}
END_TEST

/* That of a request was meant for another time. */
START_TEST(test_a_deadline_of_a_message_is_none_of_work)
{
    make("");
    stream_store(bus, "orders.1",
                 "Gruvid-Path: /say?status=200\r\nGruvid-Deadline: 0\r\n", "");
    begin(DEAD);
    ends();
    ck_assert_double_eq(metric("acknowledged"), 1);
    stop();
}
END_TEST

/* --- starts --------------------------------------------------------------- */

#define REQUIRED WORK "connect = required\n"

START_TEST(test_a_stream_has_to_be_there)
{
    g = bus_gruvid_begin(&server, REQUIRED, "");
    ck_assert_int_eq(gruvid_wait(g), 69);
    gruvid_says(g, "work ORDERS/billing: there is no stream ORDERS; make it: "
                   "nats stream add ORDERS --subjects=SUBJECTS --defaults");
}
END_TEST

START_TEST(test_a_consumer_has_to_be_there)
{
    stream_make(bus, "ORDERS", "orders.>");
    g = bus_gruvid_begin(&server, REQUIRED, "");
    ck_assert_int_eq(gruvid_wait(g), 69);
    gruvid_says(g, "work ORDERS/billing: there is no such consumer; make it: "
                   "nats consumer add ORDERS billing --pull --ack=explicit "
                   "--defaults");
}
END_TEST

static const struct {
    const char *consumer, *said;
} unfit[] = {
    {"\"deliver_subject\":\"x\",", "it is a push consumer"},
    {"\"ack_policy\":\"none\",", "its ack_policy has to be explicit"},
    {"\"ack_policy\":\"all\",", "its ack_policy has to be explicit"},
};

START_TEST(test_a_consumer_has_to_fit)
{
    make(unfit[_i].consumer);
    g = bus_gruvid_begin(&server, REQUIRED, "");
    ck_assert_int_eq(gruvid_wait(g), 69);
    gruvid_says(g, unfit[_i].said);
}
END_TEST

START_TEST(test_dead_letters_go_to_another_stream)
{
    make("");
    g = bus_gruvid_begin(&server, REQUIRED "dead_letter = orders.dead\n", "");
    ck_assert_int_eq(gruvid_wait(g), 69);
    gruvid_says(g, "dead_letter orders.dead is a subject of the stream ORDERS "
                   "itself");
}
END_TEST

START_TEST(test_a_server_without_jetstream_has_no_work)
{
    bus_end(&server);
    bus_begin(&server, "");
    g = bus_gruvid_begin(&server, REQUIRED, "");
    ck_assert_int_eq(gruvid_wait(g), 69);
    gruvid_says(g, "work ORDERS/billing: JetStream does not run there");
}
END_TEST

static const struct {
    const char *lines, *said;
} wrong[] = {
    {"work = ORDERS -> mirror\n", "is not STREAM/CONSUMER"},
    {"work = /billing -> mirror\n", "is not STREAM/CONSUMER"},
    {"work = ORDERS/ -> mirror\n", "is not STREAM/CONSUMER"},
    {"work = A/b/c -> mirror\n", "is not STREAM/CONSUMER"},
    {"work = A.b/c -> mirror\n", "is not STREAM/CONSUMER"},
    {"work = A/* -> mirror\n", "is not STREAM/CONSUMER"},
    {"work = A b/c -> mirror\n", "is not STREAM/CONSUMER"},
    {WORK WORK, "is there twice"},
    {"dead_letter = a.*\n", "that is not a subject to publish to"},
    {"dead_letter = $JS.x\n", "that is not a subject to publish to"},
};

START_TEST(test_what_cannot_be_is_refused)
{
    g = bus_gruvid_begin(&server, wrong[_i].lines, "");
    ck_assert_int_eq(gruvid_wait(g), 69);
    gruvid_says(g, wrong[_i].said);
}
END_TEST

START_TEST(test_a_consumer_may_come_later)
{
    g = bus_gruvid_begin(&server, WORK, "");
    gruvid_says(g, "there is no stream ORDERS");
    make("");
    store("200");
    gruvid_says(g, "work ORDERS/billing is pulled");
    ends();
    stop();
}
END_TEST

START_TEST(test_a_consumer_may_go_and_come)
{
    make("");
    begin(WORK);
    for (unsigned i = 1; i <= 2; i++) {
        store("200");
        ends();
        stream_api(bus, "CONSUMER.DELETE.ORDERS.billing", "");
        gruvid_says_times(g, "there is no such consumer", i);
        consumer_make(bus, "ORDERS", "billing", "\"deliver_policy\":\"new\",");
        gruvid_says_times(g, "work ORDERS/billing is pulled", i + 1);
    }
    ck_assert_double_eq(metric("acknowledged"), 2);
    stop();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_work");
    TCase *tc = tcase_create("work");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_done_is_acknowledged);
    tcase_add_loop_test(tc, test_what_may_pass_comes_again, 0,
                        sizeof passing / sizeof *passing);
    tcase_add_loop_test(tc, test_what_cannot_be_done_is_a_dead_letter_at_once,
                        0, sizeof final / sizeof *final);
    tcase_add_test(tc, test_half_a_reply_is_none);
    tcase_add_test(tc, test_the_consumers_own_limit_counts_if_it_is_lower);
    tcase_add_test(tc, test_the_consumers_own_steps_count);
    tcase_add_test(tc, test_a_dead_letter_says_what_it_was);
    tcase_add_test(tc, test_a_malformed_message_is_a_dead_letter);
    tcase_add_test(tc, test_without_a_dead_letter_it_is_said_and_ended);
    tcase_add_test(tc, test_a_dead_letter_that_is_not_stored_ends_nothing);
    tcase_add_test(tc, test_a_reload_may_say_that_there_are_no_dead_letters);
    tcase_add_test(tc, test_a_dead_letter_is_stored_once);
    tcase_add_test(tc, test_long_work_is_kept);
    tcase_add_test(tc, test_work_that_takes_too_long_is_cancelled);
    tcase_add_test(tc, test_a_deadline_of_a_message_is_none_of_work);
    tcase_add_test(tc, test_a_stream_has_to_be_there);
    tcase_add_test(tc, test_a_consumer_has_to_be_there);
    tcase_add_loop_test(tc, test_a_consumer_has_to_fit, 0,
                        sizeof unfit / sizeof *unfit);
    tcase_add_test(tc, test_dead_letters_go_to_another_stream);
    tcase_add_test(tc, test_a_server_without_jetstream_has_no_work);
    tcase_add_loop_test(tc, test_what_cannot_be_is_refused, 0,
                        sizeof wrong / sizeof *wrong);
    tcase_add_test(tc, test_a_consumer_may_come_later);
    tcase_add_test(tc, test_a_consumer_may_go_and_come);
    return run_suite(suite);
}
