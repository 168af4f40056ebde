/* SPDX-License-Identifier: MIT */
/* Work of several nodes and hubs: drains, reloads and limits, under load.  In
 * order each message is done once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"
#include "nats/done.h"

#define WORK "work = ORDERS/billing -> worker\n"

static struct bus_server server;
static struct bus *bus;

static void
prepare(void)
{
    bus_prepare(&server);
    bus_begin(&server, stream_config(&server));
    bus = bus_open(server.port);
    stream_make(bus, "ORDERS", "orders.>");
}

static void
finish(void)
{
    bus_close(bus);
    bus_remove(&server);
    gruvid_end_all();
    bus_hubs(1);
}

/* Only a word of ours has a message come again within the test. */
static void
make(const char *consumer)
{
    char more[200];

    snprintf(more, sizeof more, "\"ack_wait\":1000000000000,%s", consumer);
    consumer_make(bus, "ORDERS", "billing", more);
}

static struct gruvid *
begin(const char *lines)
{
    struct gruvid *g =
        bus_gruvid_begin(&server, lines, worker_section(&server));

    gruvid_says(g, "gruvid: ready");
    gruvid_says(g, "work ORDERS/billing is pulled");
    return g;
}

static double
metric(struct gruvid *g, const char *name)
{
    char sample[128];

    snprintf(sample, sizeof sample, "nats_work_%s_total{plugin=\"nats\"}",
             name);
    return http_metric(g, sample);
}

/* Wait for deliveries; lines of a log that are alike are counted only. */
static void
delivers(struct gruvid *g, unsigned n)
{
    while (metric(g, "delivered") < n)
        usleep(1000);
}

static void
all_once(unsigned n)
{
    consumer_ends(bus, "ORDERS", "billing");
    ck_assert_uint_eq(done_again(&server, n), 0);
}

/* --- several -------------------------------------------------------------- */

START_TEST(test_nodes_share_the_work)
{
    struct gruvid *one, *two;

    make("");
    one = begin(WORK);
    two = begin(WORK);
    numbers_store(bus, 0, 2000);
    all_once(2000);
    ck_assert_double_gt(metric(one, "acknowledged"), 0);
    ck_assert_double_gt(metric(two, "acknowledged"), 0);
    ck_assert_double_eq(
        metric(one, "acknowledged") + metric(two, "acknowledged"), 2000);
    gruvid_stop(one, SIGTERM);
    gruvid_stop(two, SIGTERM);
}
END_TEST

START_TEST(test_each_hub_pulls)
{
    struct gruvid *g;

    bus_hubs(3);
    make("");
    g = begin(WORK);
    gruvid_says_times(g, "work ORDERS/billing is pulled", 3);
    numbers_store(bus, 0, 1000);
    all_once(1000);
    ck_assert_double_eq(metric(g, "acknowledged"), 1000);
    gruvid_stop(g, SIGTERM);
}
END_TEST

START_TEST(test_a_section_has_several_consumers)
{
    struct gruvid *g;

    make("");
    consumer_make(bus, "ORDERS", "audit", "");
    g = begin(WORK "work = ORDERS/audit -> mirror\nmax_queued = 2\n");
    gruvid_says(g, "work ORDERS/audit is pulled");
    numbers_store(bus, 0, 500);
    all_once(500);
    consumer_ends(bus, "ORDERS", "audit");
    ck_assert_double_eq(metric(g, "acknowledged"), 1000);
    gruvid_stop(g, SIGTERM);
}
END_TEST

/* --- limits --------------------------------------------------------------- */

START_TEST(test_no_more_are_in_hand_than_there_is_room)
{
    struct gruvid *g;

    make("");
    g = begin("work = ORDERS/billing -> mirror\nmax_queued = 3\n");
    for (int i = 0; i < 10; i++)
        stream_store(bus, "orders.new", "Gruvid-Path: /wait\r\n", "");
    delivers(g, 3);
    ck_assert_int_eq(
        stream_number(bus, "CONSUMER.INFO.ORDERS.billing", "num_pending"), 7);
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "connections drain");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

START_TEST(test_a_pull_of_one_goes_on)
{
    struct gruvid *g;

    make("\"max_ack_pending\":1,");
    g = begin(WORK "max_queued = 1\n");
    numbers_store(bus, 0, 300);
    all_once(300);
    gruvid_stop(g, SIGTERM);
}
END_TEST

START_TEST(test_a_message_larger_than_the_limit_comes)
{
    char *data = calloc(1, 5001);
    struct gruvid *g;

    make("");
    g = begin("work = ORDERS/billing -> mirror\nmax_queued_bytes = 1K\n");
    memset(data, 'x', 5000);
    for (int i = 0; i < 20; i++)
        stream_store(bus, "orders.new", "Gruvid-Path: /count\r\n", data);
    consumer_ends(bus, "ORDERS", "billing");
    ck_assert_double_eq(metric(g, "acknowledged"), 20);
    free(data);
    gruvid_stop(g, SIGTERM);
}
END_TEST

/* --- drain ---------------------------------------------------------------- */

START_TEST(test_a_drain_under_load_loses_nothing)
{
    struct gruvid *one, *two;

    make("");
    one = begin(WORK);
    two = begin(WORK);
    numbers_store(bus, 0, 500);
    done_has(&server, 100);
    gruvid_signal(one, SIGTERM);
    numbers_store(bus, 500, 2000);
    ck_assert_int_eq(gruvid_wait(one), 0);
    all_once(2000);
    gruvid_stop(two, SIGTERM);
}
END_TEST

/* Only one of three is done here, and the others wait for room. */
START_TEST(test_a_drain_lets_work_end)
{
    struct gruvid *g;

    make("");
    g = begin("work = ORDERS/billing -> mirror\n");
    for (int i = 0; i < 10; i++)
        stream_store(bus, "orders.new", "Gruvid-Path: /drain\r\n", "");
    delivers(g, 10);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    consumer_ends(bus, "ORDERS", "billing");
}
END_TEST

START_TEST(test_what_a_drain_cancels_is_given_back)
{
    struct gruvid *g;

    make("");
    g = begin("work = ORDERS/billing -> mirror\n");
    stream_store(bus, "orders.new", "Gruvid-Path: /wait\r\n", "0000000");
    gruvid_says(g, "mirror waits");
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "connections drain");
    gruvid_stop(g, SIGINT);
    g = begin(WORK);
    all_once(1);
    gruvid_stop(g, SIGTERM);
}
END_TEST

/* --- reloads -------------------------------------------------------------- */

START_TEST(test_reloads_under_load_lose_nothing)
{
    const char *worker = worker_section(&server);
    struct gruvid *g;
    unsigned n = 0;

    make("");
    g = begin(WORK);
    for (unsigned round = 1; round <= 3; round++, n += 200) {
        numbers_store(bus, n, n + 200);
        done_has(&server, n + 20);
        gruvid_reload(g, bus_config(&server, "", worker), true);
        gruvid_reload(g, bus_config(&server, WORK, worker), true);
        gruvid_says_times(g, "work ORDERS/billing is pulled", round + 1);
        done_has(&server, n + 200);
    }
    all_once(n);
    ck_assert_double_eq(metric(g, "acknowledged"), n);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_work_goes_to_another_plugin)
{
    char sections[600];
    struct gruvid *g;

    make("");
    g = begin("work = ORDERS/billing -> mirror\n");
    stream_store(bus, "orders.new", NULL, "");
    consumer_ends(bus, "ORDERS", "billing");
    snprintf(sections, sizeof sections,
             "%s[plugin second]\nmodule = worker\n%s", worker_section(&server),
             strchr(worker_section(&server), '\n') + 1);
    gruvid_reload(
        g, bus_config(&server, "work = ORDERS/billing -> second\n", sections),
        true);
    numbers_store(bus, 0, 10);
    all_once(10);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* While a new generation starts in the place of the old one nothing is pulled:
 * max_deliveries is for attempts. */
START_TEST(test_a_plugin_that_does_not_answer_costs_one_delivery_at_most)
{
    char gated[400];
    struct gruvid *g;

    make("");
    snprintf(gated, sizeof gated, "%sreload = replace\nstart_gate = %s\n",
             worker_section(&server), server_path(&server.server, "open"));
    g = begin(WORK "max_deliveries = 2\n");
    gruvid_configure(g,
                     bus_config(&server, WORK "max_deliveries = 2\n", gated));
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "plugin worker, generation 1 has stopped");
    numbers_store(bus, 0, 1);
    gruvid_says(g, "work ORDERS/billing: plugin worker does not answer");
    numbers_store(bus, 1, 20);
    file_make(&server, "open");
    all_once(20);
    ck_assert_double_eq(metric(g, "delivered"), 21);
    ck_assert_uint_eq(gruvid_said(g, "is given up"), 0);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_reload_that_fails_changes_nothing)
{
    const char *worker = worker_section(&server);
    struct gruvid *g;

    make("");
    g = begin(WORK);
    gruvid_reload(g, bus_config(&server, WORK WORK, worker), false);
    gruvid_says(g, "is there twice");
    numbers_store(bus, 0, 10);
    all_once(10);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* The stream of dead letters is looked at again. */
START_TEST(test_a_reload_may_bury_elsewhere)
{
    const char *worker = worker_section(&server);
    struct gruvid *g;

    make("");
    g = begin(WORK);
    gruvid_reload(
        g, bus_config(&server, WORK "dead_letter = orders.dead\n", worker),
        true);
    gruvid_says(g, "dead_letter orders.dead is a subject of the stream ORDERS "
                   "itself");
    gruvid_reload(g, bus_config(&server, WORK "dead_letter = dead\n", worker),
                  true);
    gruvid_says_times(g, "work ORDERS/billing is pulled", 2);
    numbers_store(bus, 0, 10);
    all_once(10);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_work_node");
    TCase *tc = tcase_create("work");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_nodes_share_the_work);
    tcase_add_test(tc, test_each_hub_pulls);
    tcase_add_test(tc, test_a_section_has_several_consumers);
    tcase_add_test(tc, test_no_more_are_in_hand_than_there_is_room);
    tcase_add_test(tc, test_a_pull_of_one_goes_on);
    tcase_add_test(tc, test_a_message_larger_than_the_limit_comes);
    tcase_add_test(tc, test_a_drain_under_load_loses_nothing);
    tcase_add_test(tc, test_a_drain_lets_work_end);
    tcase_add_test(tc, test_what_a_drain_cancels_is_given_back);
    tcase_add_test(tc, test_reloads_under_load_lose_nothing);
    tcase_add_test(tc, test_work_goes_to_another_plugin);
    tcase_add_test(
        tc, test_a_plugin_that_does_not_answer_costs_one_delivery_at_most);
    tcase_add_test(tc, test_a_reload_that_fails_changes_nothing);
    tcase_add_test(tc, test_a_reload_may_bury_elsewhere);
    return run_suite(suite);
}
