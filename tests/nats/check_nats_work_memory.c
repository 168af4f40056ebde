/* SPDX-License-Identifier: MIT */
/* Work without memory: allocations fail in turn, from the first of a message to
 * its last.  It comes again, or the connection is lost and made again; in the
 * end it is done, or a dead letter. */
#include <stdio.h>
#include <string.h>

#include "daemon/failing_memory.h"
#include "nats/stream.h"

static struct bus_server server;
static struct bus *bus;
static struct gruvid *g;

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
    failing_memory_end();
}

static void
begin(void)
{
    bus_env(failing_memory_begin());
    g = bus_gruvid_begin(&server,
                         "work = ORDERS/billing -> mirror\n"
                         "max_deliveries = 100\ndead_letter = dead.x\n",
                         "");
    gruvid_says(g, "gruvid: ready");
    gruvid_says(g, "work ORDERS/billing is pulled");
}

/* Returns how many allocations there are. */
static int
fail_in_turn(const char *head)
{
    for (int n = 1;; n++) {
        bool has_failed;

        failing_memory_at(n);
        stream_store(bus, "orders.1", head, "data");
        consumer_ends(bus, "ORDERS", "billing");
        has_failed = failing_memory_failed();
        failing_memory_at(0);
        if (!has_failed)
            return n;
    }
}

START_TEST(test_each_allocation_of_a_message_may_fail)
{
    static const char *const heads[] = {
        "Gruvid-Path: /nothing\r\nNats-X: 1\r\n",
        "Gruvid-Path: /say?status=422\r\nNats-X: 1\r\n",
    };
    int n = 0;

    if (!failing_memory_works())
        return;
    stream_make(bus, "ORDERS", "orders.>");
    stream_make(bus, "DEAD", "dead.>");
    consumer_make(bus, "ORDERS", "billing",
                  "\"backoff\":[200000000,200000000],\"max_deliver\":100,");
    begin();
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        n = fail_in_turn(heads[i]);
        printf("%d allocations: %s", n, heads[i]);
    }
    /* A message without memory is no dead letter for that. */
    ck_assert_int_eq(stream_number(bus, "STREAM.INFO.DEAD", "messages"), n);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_work_memory");
    TCase *tc = tcase_create("memory");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 4 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_each_allocation_of_a_message_may_fail);
    return run_suite(suite);
}
