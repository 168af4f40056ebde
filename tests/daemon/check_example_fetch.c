/* SPDX-License-Identifier: MIT */
/* plugins/examples/fetch.c, against another gruvid's plugin responder. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/server.h"

static struct gruvid *
begin_responder(void)
{
    return gruvid_ready("[plugin responder]\nlisten = tcp://127.0.0.1:0\n",
                        NULL);
}

/* In the order of the ports: patient, with a limit, in a hurry. */
enum { PATIENT, LIMITED, HASTY };

static struct gruvid *
begin_fetch(struct gruvid *responder)
{
    int port = gruvid_port(responder, 0);
    char config[1024];

    snprintf(config, sizeof config,
             "[plugin fetch]\nlisten = tcp://127.0.0.1:0\n"
             "base = http://localhost:%d\ntimeout = 1h\n"
             "[plugin limited]\nmodule = fetch\nlisten = tcp://127.0.0.1:0\n"
             "base = http://127.0.0.1:%d\ntimeout = 1h\nmax_size = 99999\n"
             "[plugin hasty]\nmodule = fetch\nlisten = tcp://127.0.0.1:0\n"
             "base = http://127.0.0.1:%d\ntimeout = 50ms\n",
             port, port, port);
    return gruvid_with_examples(config);
}

START_TEST(test_what_is_asked_for_is_fetched)
{
    struct gruvid *responder = begin_responder(), *g = begin_fetch(responder);
    int fds[10];

    for (int i = 0; i < 10; i++) {
        fds[i] = connect_to(g, PATIENT);
        send_text(fds[i], "get /hello\nget /nothing\r\nget /hello\n");
    }
    for (int i = 0; i < 10; i++) {
        expect_text(fds[i], "ok 200 5\nhellook 404 0\nok 200 5\nhello");
        close(fds[i]);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    /* Of each client's connections one was enough. */
    ck_assert_int_eq(gruvid_stop(responder, SIGTERM), 0);
    gruvid_says(responder, "plugin responder has stopped: 10 connections");
}
END_TEST

START_TEST(test_a_long_body_comes_as_a_whole_or_not_at_all)
{
    struct gruvid *responder = begin_responder(), *g = begin_fetch(responder);
    int fd = connect_to(g, PATIENT), limited = connect_to(g, LIMITED);

    send_text(fd, "get /large\n");
    expect_text(fd, "ok 200 100000\n");
    for (int i = 0; i < 1000; i++)
        expect_text(fd, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    expect_line(limited, "get /large\n",
                "error the body is longer than max_size\n");
    expect_line(limited, "get /hello\n", "ok 200 5\n");
    expect_text(limited, "hello");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_what_is_no_path_is_refused)
{
    struct gruvid *responder = begin_responder(), *g = begin_fetch(responder);
    int fd = connect_to(g, PATIENT);

    expect_line(fd, "\n", "error not get /PATH\n");
    expect_line(fd, "get @127.0.0.2/\n", "error not get /PATH\n");
    expect_line(fd, "get /hello\n", "ok 200 5\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_server_that_goes_away_is_an_error)
{
    struct gruvid *responder = begin_responder(), *g = begin_fetch(responder);
    int fd = connect_to(g, PATIENT);

    expect_line(fd, "get /cut\n", "error Transferred a partial file\n");
    gruvid_says(g, "warning fetch[");
    send_text(fd, "get /hang\n");
    gruvid_says(responder, "hangs");
    gruvid_stop(responder, SIGKILL);
    ck_assert_int_eq(strncmp(ask_line(fd, ""), "error ", 6), 0);
    expect_line(fd, "get /hello\n", "error Couldn't connect to server\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_server_that_is_slow_is_given_up)
{
    struct gruvid *responder = begin_responder(), *g = begin_fetch(responder);
    int fd = connect_to(g, HASTY);

    expect_line(fd, "get /hang\n", "error timed out\n");
    gruvid_says(g, "warning hasty[");
    while (strncmp(ask_line(fd, "get /nothing\n"), "ok 404 0\n", 9) != 0)
        continue;
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_the_stop_cuts_who_waits_for_a_server)
{
    struct gruvid *responder = begin_responder(), *g = begin_fetch(responder);
    int fd = connect_to(g, PATIENT);

    send_text(fd, "get /hang\n");
    gruvid_says(responder, "hangs");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    expect_end(fd);
    gruvid_says(g, "plugin fetch: 1 connection cut");
    ck_assert_uint_eq(gruvid_said(g, "watches that were left"), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_fetch");
    TCase *tc;

    need("fetch", "libcurl", NULL);
    tc = gruvid_case(suite, "fetch");
    tcase_add_test(tc, test_what_is_asked_for_is_fetched);
    tcase_add_test(tc, test_a_long_body_comes_as_a_whole_or_not_at_all);
    tcase_add_test(tc, test_what_is_no_path_is_refused);
    tcase_add_test(tc, test_a_server_that_goes_away_is_an_error);
    tcase_add_test(tc, test_a_server_that_is_slow_is_given_up);
    tcase_add_test(tc, test_the_stop_cuts_who_waits_for_a_server);
    return run_suite(suite);
}
