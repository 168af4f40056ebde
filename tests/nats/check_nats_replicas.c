/* SPDX-License-Identifier: MIT */
/* A stream that three servers keep: one of them dies, and no job is lost. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"
#include "nats/bus.h"
#include "support/port.h"

enum { SERVERS = 3 };

static struct bus_server servers[SERVERS];
static int routes[SERVERS], reserved[SERVERS];

static void
prepare(void)
{
    for (int i = 0; i < SERVERS; i++) {
        bus_prepare(&servers[i]);
        reserved[i] = reserve_port(&routes[i]);
    }
}

static void
finish(void)
{
    gruvid_end_all();
    for (int i = 0; i < SERVERS; i++) {
        bus_remove(&servers[i]);
        close(reserved[i]);
    }
}

static void
begin_server(int i)
{
    char config[600];

    snprintf(config, sizeof config,
             "server_name: n%d\njetstream { store_dir: \"%s/store\" }\n"
             "cluster { name: c, listen: \"127.0.0.1:%d\", routes: [ "
             "\"nats://127.0.0.1:%d\", \"nats://127.0.0.1:%d\", "
             "\"nats://127.0.0.1:%d\" ] }\n",
             i, servers[i].server.dir, routes[i], routes[0], routes[1],
             routes[2]);
    bus_begin(&servers[i], config);
}

static struct gruvid *
begin_jobs(void)
{
    char lines[400], sections[200];

    http_bring("plugins/examples/.libs/nats_jobs.so");
    http_bring("tests/nats/plugins/.libs/nats_load.so");
    snprintf(lines, sizeof lines,
             "url = nats://127.0.0.1:%d\nurl = nats://127.0.0.1:%d\n"
             "route = jobs.done -> nats_load\n"
             "work = JOBS/workers -> nats_jobs\n"
             "max_deliveries = 1000\n",
             servers[1].port, servers[2].port);
    snprintf(sections, sizeof sections,
             "[plugin nats_jobs]\n[plugin nats_load]\nreplicas = 3\n"
             "rate = 1000\njobs = 2000\n");
    return bus_gruvid(&servers[0], lines, sections);
}

/* i: which of them dies, the leader of the stream perhaps */
START_TEST(test_a_server_that_dies_takes_no_job_with_it)
{
    struct gruvid *g;

    for (int i = 0; i < SERVERS; i++)
        begin_server(i);
    g = begin_jobs();
    gruvid_says(g, "sent ");
    kill(servers[_i].server.pid, SIGKILL);
    gruvid_says(g, "all jobs are done");
    gruvid_says(g, "sent 2000, done 2000, again ");
    ck_assert_uint_gt(gruvid_said(g, ", lost 0"), 0);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_replicas");
    TCase *tc = tcase_create("replicas");

    bus_need();
    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    tcase_add_loop_test(tc, test_a_server_that_dies_takes_no_job_with_it, 0,
                        SERVERS);
    return run_suite(suite);
}
