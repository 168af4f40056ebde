/* SPDX-License-Identifier: MIT */
/* The bus with three servers, one of which is killed: what was acknowledged is
 * stored, once, and a value that was written is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nats/talk.h"
#include "support/port.h"

enum { SERVERS = 3, MESSAGES = 120 };

static struct bus_server servers[SERVERS];
static int routes[SERVERS], reserved[SERVERS];

static void
prepare(void)
{
    for (int i = 0; i < SERVERS; i++) {
        bus_prepare(&servers[i]);
        reserved[i] = reserve_port(&routes[i]);
    }
    talk_prepare();
}

static void
finish(void)
{
    for (int i = 0; i < SERVERS; i++) {
        bus_remove(&servers[i]);
        close(reserved[i]);
    }
    gruvid_end_all();
}

static void
begin_server(int i)
{
    char config[500];

    snprintf(config, sizeof config,
             "server_name: s%d\n" STORE "cluster { name: c\n"
             "listen: \"127.0.0.1:%d\"\n"
             "routes: [\"nats://127.0.0.1:%d\", \"nats://127.0.0.1:%d\", "
             "\"nats://127.0.0.1:%d\"] }\n",
             i, routes[i], routes[0], routes[1], routes[2]);
    bus_begin(&servers[i], config);
}

static struct gruvid *
begin(void)
{
    static char lines[200];

    for (int i = 0; i < SERVERS; i++)
        begin_server(i);
    snprintf(lines, sizeof lines,
             "url = nats://127.0.0.1:%d\nurl = nats://127.0.0.1:%d\n",
             servers[1].port, servers[2].port);
    return talk_begin(&servers[0], lines);
}

/* Until the servers have agreed. */
static void
make(int fd, const char *stream, const char *subjects)
{
    char line[300];

    snprintf(line, sizeof line,
             "call - 1 $JS.API.STREAM.CREATE.%s - - - {\"name\":\"%s\","
             "\"subjects\":[\"%s\"],\"num_replicas\":3}\n",
             stream, stream, subjects);
    while (strstr(ask_line(fd, line), "\"created\"") == NULL)
        usleep(10000);
}

static const char *
info(int fd, const char *member)
{
    const char *at;

    do {
        at =
            strstr(ask_line(fd, "call - 1 $JS.API.STREAM.INFO.ORDERS - - - \n"),
                   member);
    } while (at == NULL);
    return at + strlen(member);
}

/* Again and again, until it is done; returns the answer. */
static const char *
insist(int fd, const char *line, const char *answer)
{
    const char *said;

    while (strncmp(said = ask_line(fd, line), answer, strlen(answer)) != 0) {
        ck_assert_msg(strcmp(said, "ENOTCONN\n") == 0 ||
                          strcmp(said, "ETIMEDOUT\n") == 0,
                      "%s%s", line, said);
        usleep(10000);
    }
    return said;
}

static void
send_one(int fd, int n)
{
    char line[100], answer[50];

    snprintf(line, sizeof line, "publish - 20 orders.new durable,id=%d x\n", n);
    insist(fd, line, "0\n");
    snprintf(line, sizeof line, "put - 20 b k v%d\n", n);
    insist(fd, line, "0 ");
    snprintf(answer, sizeof answer, " v%d\n", n);
    ck_assert_ptr_nonnull(strstr(insist(fd, "get - 20 b k\n", "0 "), answer));
}

START_TEST(test_of_three_servers_one_may_die)
{
    struct gruvid *g = begin();
    int fd = talk_to(g), leader = 0;

    make(fd, "ORDERS", "orders.*");
    make(fd, "KV_b", "$KV.b.>");
    for (int i = 0; i < MESSAGES; i++) {
        if (i == MESSAGES / 3) {
            leader = atoi(info(fd, "\"leader\":\"s"));
            bus_end(&servers[leader]); /* SIGKILL */
        }
        if (i == 2 * MESSAGES / 3)
            begin_server(leader);
        send_one(fd, i);
    }
    ck_assert_int_eq(atoi(info(fd, "\"messages\":")), MESSAGES);
    talk_stop(g);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_bus_cluster");
    TCase *tc = tcase_create("cluster");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 3 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_of_three_servers_one_may_die);
    return run_suite(suite);
}
