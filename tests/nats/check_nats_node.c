/* SPDX-License-Identifier: MIT */
/* Drain, reloads and several nodes under load: each request has one answer,
 * that of a handler, or the server's own that nobody listens. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"
#include "nats/bus.h"

static struct bus_server server;

static void
prepare(void)
{
    bus_prepare(&server);
    bus_begin(&server, "");
}

static void
finish(void)
{
    bus_remove(&server);
    gruvid_end_all();
}

/* --- load ----------------------------------------------------------------- */

/* A thread that has so many requests in flight until it is told to end. */
struct load {
    pthread_t thread;
    const char *subject;
    int port;
    bool stop; /* atomic */
    unsigned sent, answered, unheard;
    unsigned wrong; /* the status of an answer that is neither; 0: none */
};

enum { IN_FLIGHT = 64 };

static void
take(struct load *load, struct bus *bus)
{
    struct letter letter;

    bus_read(bus, &letter);
    if (letter.no_responders)
        __atomic_add_fetch(&load->unheard, 1, __ATOMIC_RELAXED);
    else if (letter.status == 200)
        __atomic_add_fetch(&load->answered, 1, __ATOMIC_RELAXED);
    else
        load->wrong = (unsigned)letter.status;
    letter_free(&letter);
}

static void *
load_main(void *arg)
{
    struct load *load = arg;
    struct bus *bus = bus_open(load->port);
    unsigned open = 0;

    while (!__atomic_load_n(&load->stop, __ATOMIC_RELAXED)) {
        while (open < IN_FLIGHT) {
            bus_request(bus, load->subject, NULL, "x", 1);
            load->sent++;
            open++;
        }
        take(load, bus);
        open--;
    }
    while (open-- > 0)
        take(load, bus);
    bus_close(bus);
    return NULL;
}

static void
load_begin(struct load *load, const char *subject)
{
    memset(load, 0, sizeof *load);
    load->subject = subject;
    load->port = server.port;
    ck_assert_int_eq(pthread_create(&load->thread, NULL, load_main, load), 0);
}

/* Wait for so many more answers. */
static void
load_more(struct load *load, unsigned n)
{
    unsigned until = __atomic_load_n(&load->answered, __ATOMIC_RELAXED) + n;

    while (__atomic_load_n(&load->answered, __ATOMIC_RELAXED) < until)
        usleep(1000);
}

/* Each has one answer: it has read as many as it has sent. */
static void
load_end(struct load *load)
{
    __atomic_store_n(&load->stop, true, __ATOMIC_RELAXED);
    pthread_join(load->thread, NULL);
    ck_assert_uint_eq(load->wrong, 0);
    ck_assert_uint_eq(load->sent, load->answered + load->unheard);
}

/* --- several nodes -------------------------------------------------------- */

static double
served(struct gruvid *g)
{
    return http_metric(g, "gruvid_requests_total{plugin=\"mirror\",route=\"\","
                          "method=\"POST\",code=\"2xx\"}");
}

START_TEST(test_nodes_share_a_group)
{
    struct gruvid *one = bus_gruvid(&server, "route = a -> mirror\n", "");
    struct gruvid *two = bus_gruvid(&server, "route = a -> mirror\n", "");
    struct load load;

    load_begin(&load, "a");
    load_more(&load, 500);
    load_end(&load);
    ck_assert_uint_eq(load.unheard, 0);
    ck_assert_double_gt(served(one), 0);
    ck_assert_double_gt(served(two), 0);
    ck_assert_double_eq(served(one) + served(two), load.answered);
    gruvid_stop(one, SIGTERM);
    load_begin(&load, "a");
    load_more(&load, 100);
    load_end(&load);
    ck_assert_uint_eq(load.unheard, 0);
    gruvid_stop(two, SIGTERM);
}
END_TEST

/* The handler of README. */
START_TEST(test_a_handler_answers_http_and_nats_alike)
{
    struct gruvid *g;
    struct bus *bus;
    int fd;

    http_bring("plugins/.libs/hello.so");
    g = bus_gruvid(&server, "route = hello -> hello\n",
                   "[plugin hello]\n[plugin more]\nmodule = http\n"
                   "listen = unix:@DIR@/http\nroute = / -> hello\n");
    bus = bus_open(server.port);
    bus_ask(bus, "hello", "Gruvid-Path: /?name=Ann\r\n", "", 200,
            "Hello, Ann!\n");
    bus_close(bus);
    fd = connect_unix(gruvid_path(g, "http"));
    ask(fd, "GET /?name=Ann HTTP/1.1\r\nHost: h\r\n\r\n", 200, "Hello, Ann!\n");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_each_hub_has_its_connection)
{
    struct gruvid *g;
    struct load load;

    bus_hubs(3);
    g = bus_gruvid(&server, "route = a -> mirror\n", "");
    gruvid_says_times(g, "1 route is subscribed", 3);
    load_begin(&load, "a");
    load_more(&load, 500);
    load_end(&load);
    ck_assert_uint_eq(load.unheard, 0);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- drain ---------------------------------------------------------------- */

START_TEST(test_a_drain_under_load_loses_nothing)
{
    struct gruvid *g = bus_gruvid(&server, "route = a -> mirror\n", "");
    struct load load;

    load_begin(&load, "a");
    load_more(&load, 200);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    load_end(&load);
    ck_assert_uint_eq(gruvid_said(g, " is lost"), 0);
}
END_TEST

START_TEST(test_a_drain_lets_work_end)
{
    struct gruvid *g = bus_gruvid(
        &server, "route = drain -> mirror\nroute = a -> mirror\n", "");
    struct bus *bus = bus_open(server.port);

    for (int i = 0; i < 10; i++)
        bus_request(bus, "drain", NULL, "", 0);
    /* They have begun before this. */
    bus_ask(bus, "a", NULL, "", 200, NULL);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    for (int i = 0; i < 10; i++) {
        struct letter letter;

        bus_read(bus, &letter);
        ck_assert_str_eq(letter.body, "drained\n");
        letter_free(&letter);
    }
    bus_close(bus);
}
END_TEST

/* Another node goes on with all of it. */
START_TEST(test_a_node_that_drains_is_replaced)
{
    struct gruvid *one = bus_gruvid(&server, "route = a -> mirror\n", "");
    struct gruvid *two = bus_gruvid(&server, "route = a -> mirror\n", "");
    struct load load;

    load_begin(&load, "a");
    load_more(&load, 200);
    ck_assert_int_eq(gruvid_stop(one, SIGTERM), 0);
    load_more(&load, 200);
    load_end(&load);
    ck_assert_uint_eq(load.unheard, 0);
    ck_assert_int_eq(gruvid_stop(two, SIGTERM), 0);
}
END_TEST

/* --- reloads -------------------------------------------------------------- */

#define ONE    "route = a.* -> mirror\n"
#define MORE   "route = a.* -> mirror\nroute = b -> mirror\n"
#define OTHER  "route = a.* -> second\nroute = c -> second\n"
#define THIRD  "route = a.* -> third\n"
#define SECOND "[plugin second]\nmodule = mirror\n"

/* A reload does not wait for its routes: somebody listens there in the end. */
static void
is_heard(struct bus *bus, const char *subject)
{
    struct letter letter = {.no_responders = true};

    while (letter.no_responders) {
        bus_request(bus, subject, NULL, "", 0);
        bus_read(bus, &letter);
        ck_assert(letter.no_responders || letter.status == 200);
        letter_free(&letter);
    }
}

START_TEST(test_reloads_under_load_lose_nothing)
{
    struct gruvid *g = bus_gruvid(&server, ONE, "");
    struct bus *bus = bus_open(server.port);
    struct letter letter;
    struct load load;

    load_begin(&load, "a.x");
    for (int round = 0; round < 3; round++) {
        load_more(&load, 50);
        gruvid_reload(g, bus_config(&server, MORE, ""), true);
        is_heard(bus, "b");
        load_more(&load, 50);
        /* A section that is new answers from the commit on. */
        gruvid_reload(g, bus_config(&server, OTHER, SECOND), true);
        load_more(&load, 50);
        bus_request(bus, "b", NULL, "", 0);
        bus_read(bus, &letter);
        ck_assert(letter.no_responders);
        letter_free(&letter);
        gruvid_reload(g, bus_config(&server, ONE, ""), true);
    }
    load_more(&load, 50);
    load_end(&load);
    ck_assert_uint_eq(load.unheard, 0);
    bus_close(bus);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " is lost"), 0);
}
END_TEST

START_TEST(test_a_route_that_goes_answers_what_has_come)
{
    struct gruvid *g = bus_gruvid(&server, MORE, "");
    struct load load;

    load_begin(&load, "b");
    load_more(&load, 200);
    gruvid_reload(g, bus_config(&server, ONE, ""), true);
    load_end(&load);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* A handler's new generation, and one of the transport. */
START_TEST(test_new_generations_under_load_lose_nothing)
{
    struct gruvid *g = bus_gruvid(&server, ONE, "");
    struct load load;

    load_begin(&load, "a.x");
    load_more(&load, 50);
    gruvid_reload(g,
                  bus_config(&server, THIRD,
                             "[plugin third]\n"
                             "module = mirror\n"),
                  true);
    load_more(&load, 50);
    gruvid_reload(g, bus_config(&server, ONE "ping_interval = 1s\n", ""), true);
    load_more(&load, 50);
    load_end(&load);
    ck_assert_uint_eq(load.unheard, 0);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_reload_that_fails_changes_nothing)
{
    struct gruvid *g = bus_gruvid(&server, MORE, "");
    struct bus *bus = bus_open(server.port);

    gruvid_reload(g, bus_config(&server, "route = > -> mirror\n", ""), false);
    gruvid_says(g, "begins with a wildcard");
    bus_ask(bus, "a.x", NULL, "", 200, NULL);
    bus_ask(bus, "b", NULL, "", 200, NULL);
    bus_close(bus);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_node");
    TCase *tc = tcase_create("node");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_nodes_share_a_group);
    tcase_add_test(tc, test_a_handler_answers_http_and_nats_alike);
    tcase_add_test(tc, test_each_hub_has_its_connection);
    tcase_add_test(tc, test_a_drain_under_load_loses_nothing);
    tcase_add_test(tc, test_a_drain_lets_work_end);
    tcase_add_test(tc, test_a_node_that_drains_is_replaced);
    tcase_add_test(tc, test_reloads_under_load_lose_nothing);
    tcase_add_test(tc, test_a_route_that_goes_answers_what_has_come);
    tcase_add_test(tc, test_new_generations_under_load_lose_nothing);
    tcase_add_test(tc, test_a_reload_that_fails_changes_nothing);
    return run_suite(suite);
}
