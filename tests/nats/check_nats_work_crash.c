/* SPDX-License-Identifier: MIT */
/* Work where nodes, the server and connections die: nothing that was stored is
 * left undone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"
#include "nats/done.h"
#include "support/random.h"

/* A message is never a dead letter for the number of its deaths. */
#define WORK                                                                   \
    "work = ORDERS/billing -> worker\nmax_deliveries = 1000\n"                 \
    "max_queued = 100\n"

static struct bus_server server;
static struct bus *bus;

static void
prepare(void)
{
    bus_prepare(&server);
    bus_begin(&server, stream_config(&server));
    bus = bus_open(server.port);
    stream_make(bus, "ORDERS", "orders.>");
    /* What has died comes again after a second. */
    consumer_make(bus, "ORDERS", "billing", "\"ack_wait\":1000000000,");
}

static void
finish(void)
{
    bus_close(bus);
    bus_remove(&server);
    gruvid_end_all();
}

static struct gruvid *
begin(void)
{
    struct gruvid *g = bus_gruvid_begin(&server, WORK, worker_section(&server));

    gruvid_says(g, "work ORDERS/billing is pulled");
    return g;
}

static void
all_are_done(unsigned n)
{
    consumer_ends(bus, "ORDERS", "billing");
    done_again(&server, n);
    /* The floor of what is acknowledged is the last of the stream. */
    ck_assert_int_eq(stream_number(bus, "STREAM.INFO.ORDERS", "last_seq"), n);
    ck_assert_ptr_nonnull(
        strstr(stream_api(bus, "CONSUMER.INFO.ORDERS.billing", ""),
               "\"num_ack_pending\":0"));
}

/* --- nodes ---------------------------------------------------------------- */

enum { MESSAGES = 10000, KILLS = 5 };

START_TEST(test_killed_nodes_leave_nothing_undone)
{
    uint64_t random = random_begin(random_seed(), 0);
    struct gruvid *nodes[2];
    unsigned n = 0;

    nodes[0] = begin();
    nodes[1] = begin();
    for (unsigned kill = 0; kill < KILLS; kill++) {
        unsigned victim = chance(&random, 2), more = MESSAGES / KILLS;
        unsigned now = done_lines(&server);

        numbers_store(bus, n, n + more);
        n += more;
        /* Somewhere between two messages, or in the middle of some. */
        done_has(&server, now + 1 + chance(&random, more / 2));
        gruvid_stop(nodes[victim], SIGKILL);
        nodes[victim] = begin();
    }
    all_are_done(MESSAGES);
    ck_assert_int_eq(gruvid_stop(nodes[0], SIGTERM), 0);
    ck_assert_int_eq(gruvid_stop(nodes[1], SIGTERM), 0);
}
END_TEST

/* It stands still for longer than the consumer waits: its word does not count
 * any more, and is not sent, but that of its work is. */
START_TEST(test_a_node_that_stood_still_does_not_speak_for_others)
{
    struct gruvid *one, *two;
    unsigned lines;

    one = begin();
    for (int i = 0; i < 20; i++) {
        char text[16];

        snprintf(text, sizeof text, "%07d", i);
        stream_store(bus, "orders.new", "Gruvid-Path: /?gate\r\n", text);
    }
    while (http_metric(one, "nats_work_delivered_total{plugin=\"nats\"}") < 20)
        usleep(1000);
    kill(one->pid, SIGSTOP);
    file_make(&server, "done.gate");
    two = begin();
    consumer_ends(bus, "ORDERS", "billing");
    done_has(&server, 20);
    lines = done_lines(&server);
    kill(one->pid, SIGCONT);
    done_has(&server, lines + 20);
    all_are_done(20);
    ck_assert_int_eq(gruvid_stop(one, SIGTERM), 0);
    ck_assert_int_eq(gruvid_stop(two, SIGTERM), 0);
}
END_TEST

/* --- the server ----------------------------------------------------------- */

START_TEST(test_a_killed_server_has_all_that_it_has_acknowledged)
{
    uint64_t random = random_begin(random_seed(), 0);
    struct gruvid *g = begin();
    unsigned n = 0;

    for (unsigned kill = 1; kill <= 3; kill++) {
        unsigned now = done_lines(&server);

        numbers_store(bus, n, n + 400);
        n += 400;
        done_has(&server, now + 1 + chance(&random, 200));
        bus_close(bus);
        bus_end(&server);
        gruvid_says_times(g, " is lost: ", kill);
        bus_begin(&server, stream_config(&server));
        bus = bus_open(server.port);
        gruvid_says_times(g, "work ORDERS/billing is pulled", kill + 1);
    }
    all_are_done(n);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* What was done meanwhile is said by the next connection. */
START_TEST(test_work_outlives_its_connection)
{
    struct gruvid *g;

    stream_api(bus, "CONSUMER.DELETE.ORDERS.billing", "");
    consumer_make(bus, "ORDERS", "billing", "\"ack_wait\":1000000000000,");
    g = begin();
    stream_store(bus, "orders.new", "Gruvid-Path: /?ms=1&gate\r\n", "0000000");
    gruvid_says(g, "worker takes its time");
    bus_close(bus);
    bus_stop(&server);
    gruvid_says(g, " is lost: ");
    file_make(&server, "done.gate");
    done_has(&server, 1);
    bus_begin(&server, stream_config(&server));
    bus = bus_open(server.port);
    all_are_done(1);
    ck_assert_uint_eq(done_lines(&server), 1);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Without a connection for as long as the consumer waits: it is done again. */
START_TEST(test_what_is_not_said_in_time_is_done_again)
{
    struct gruvid *g = begin();

    stream_store(bus, "orders.new", "Gruvid-Path: /?ms=1&gate\r\n", "0000000");
    gruvid_says(g, "worker takes its time");
    bus_close(bus);
    bus_end(&server);
    gruvid_says(g, " is lost: ");
    file_make(&server, "done.gate");
    while (http_metric(g, "nats_work_unsaid_total{plugin=\"nats\"}") < 1)
        usleep(10000);
    bus_begin(&server, stream_config(&server));
    bus = bus_open(server.port);
    done_has(&server, 2);
    all_are_done(1);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- the consumer --------------------------------------------------------- */

START_TEST(test_a_consumer_goes_in_the_middle_of_work)
{
    struct gruvid *g = begin();

    numbers_store(bus, 0, 500);
    done_has(&server, 50);
    stream_api(bus, "CONSUMER.DELETE.ORDERS.billing", "");
    gruvid_says(g, "there is no such consumer");
    consumer_make(bus, "ORDERS", "billing", "\"ack_wait\":1000000000,");
    numbers_store(bus, 500, 1000);
    gruvid_says_times(g, "work ORDERS/billing is pulled", 2);
    all_are_done(1000);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* The server delivers it no more, and it stays there. */
START_TEST(test_a_message_whose_nodes_die_stays)
{
    struct gruvid *g;

    stream_api(bus, "CONSUMER.DELETE.ORDERS.billing", "");
    consumer_make(bus, "ORDERS", "billing",
                  "\"ack_wait\":3000000000,\"max_deliver\":2,");
    stream_store(bus, "orders.new", "Gruvid-Path: /?ms=60000\r\n", "0000000");
    for (int i = 0; i < 2; i++) {
        g = begin();
        gruvid_says(g, "worker takes its time");
        gruvid_stop(g, SIGKILL);
    }
    g = begin();
    stream_store(bus, "orders.new", NULL, "0000001");
    done_has(&server, 1);
    ck_assert_uint_eq(gruvid_said(g, "worker takes its time"), 0);
    ck_assert_int_eq(stream_number(bus, "STREAM.INFO.ORDERS", "messages"), 2);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Where the limit is ours it is a dead letter, and is not tried again. */
START_TEST(test_a_message_that_kills_its_nodes_is_a_dead_letter)
{
    struct gruvid *g;

    stream_make(bus, "DEAD", "dead.>");
    stream_api(bus, "CONSUMER.DELETE.ORDERS.billing", "");
    consumer_make(bus, "ORDERS", "billing", "\"ack_wait\":3000000000,");
    stream_store(bus, "orders.new", "Gruvid-Path: /?ms=60000\r\n", "0000000");
    for (int i = 0; i < 3; i++) {
        g = bus_gruvid_begin(&server,
                             "work = ORDERS/billing -> worker\n"
                             "max_deliveries = 2\ndead_letter = dead.orders\n",
                             worker_section(&server));
        if (i == 2)
            break;
        gruvid_says(g, "worker takes its time");
        gruvid_stop(g, SIGKILL);
    }
    stream_has(bus, "DEAD", 1);
    ck_assert_ptr_nonnull(
        strstr(stream_head(bus, "DEAD", 1),
               "Gruvid-Dead-Letter: this is delivery 3, and 2 are allowed"));
    ck_assert_uint_eq(gruvid_said(g, "worker takes its time"), 0);
    consumer_ends(bus, "ORDERS", "billing");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_work_crash");
    TCase *tc = tcase_create("work");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 3 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_killed_nodes_leave_nothing_undone);
    tcase_add_test(tc, test_a_node_that_stood_still_does_not_speak_for_others);
    tcase_add_test(tc, test_a_killed_server_has_all_that_it_has_acknowledged);
    tcase_add_test(tc, test_work_outlives_its_connection);
    tcase_add_test(tc, test_what_is_not_said_in_time_is_done_again);
    tcase_add_test(tc, test_a_consumer_goes_in_the_middle_of_work);
    tcase_add_test(tc, test_a_message_whose_nodes_die_stays);
    tcase_add_test(tc, test_a_message_that_kills_its_nodes_is_a_dead_letter);
    return run_suite(suite);
}
