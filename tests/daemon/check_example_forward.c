/* SPDX-License-Identifier: MIT */
/* plugins/examples/forward.c: both directions, their ends, and resets. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/server.h"

static int listening;

/* gruvid that hands on to this program. */
static struct gruvid *
begin(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    char config[200];

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(listening, 8), 0);
    getsockname(listening, (struct sockaddr *)&address, &len);
    snprintf(config, sizeof config,
             "[plugin forward]\nlisten = tcp://127.0.0.1:0\n"
             "to = tcp://127.0.0.1:%d\n",
             ntohs(address.sin_port));
    return gruvid_with_examples(config);
}

/* The other end of a connection; the one of the client is *client. */
static int
meet(struct gruvid *g, int *client)
{
    int server;

    *client = connect_to(g, 0);
    server = accept(listening, NULL, NULL);
    ck_assert_int_ge(server, 0);
    return server;
}

START_TEST(test_each_direction_ends_by_itself)
{
    struct gruvid *g = begin();
    int client, server = meet(g, &client);
    /* The first to end its side is the client, then the server. */
    int first = _i == 0 ? client : server, second = _i == 0 ? server : client;

    send_text(client, "question");
    expect_text(server, "question");
    send_text(server, "answer");
    expect_text(client, "answer");
    send_text(first, "the last");
    shutdown(first, SHUT_WR);
    expect_text(second, "the last");
    ck_assert(!expect_end(second));
    send_text(second, "but not here");
    expect_text(first, "but not here");
    send_text(second, "now it is");
    shutdown(second, SHUT_WR);
    expect_text(first, "now it is");
    ck_assert(!expect_end(first));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "1 connections, 0 gone, 0 failed, 0 cut");
}
END_TEST

START_TEST(test_a_reset_is_handed_on)
{
    struct gruvid *g = begin();
    int client, server = meet(g, &client);

    send_text(client, "question");
    expect_text(server, "question");
    /* Also where the other direction has ended before. */
    if (_i >= 2) {
        shutdown(_i == 2 ? server : client, SHUT_WR);
        ck_assert(!expect_end(_i == 2 ? client : server));
    }
    reset(_i % 2 == 0 ? client : server);
    ck_assert(expect_end(_i % 2 == 0 ? server : client));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}
END_TEST

START_TEST(test_nobody_there_is_a_reset)
{
    struct gruvid *g = begin();
    int client;

    close(listening);
    client = connect_to(g, 0);
    expect_end(client);
    gruvid_says(g, "connection refused");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_the_stop_cuts_both)
{
    struct gruvid *g = begin();
    int client, server = meet(g, &client);

    send_text(client, "question");
    expect_text(server, "question");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert(expect_end(client));
    ck_assert(expect_end(server));
    gruvid_says(g, "1 connection cut");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_forward");
    TCase *tc = gruvid_case(suite, "forward");

    tcase_add_loop_test(tc, test_each_direction_ends_by_itself, 0, 2);
    tcase_add_loop_test(tc, test_a_reset_is_handed_on, 0, 4);
    tcase_add_test(tc, test_nobody_there_is_a_reset);
    tcase_add_test(tc, test_the_stop_cuts_both);
    return run_suite(suite);
}
