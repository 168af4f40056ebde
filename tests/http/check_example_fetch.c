/* SPDX-License-Identifier: MIT */
/* plugins/examples/fetch.c, against another gruvid's plugin responder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"

#define PLUGIN    "plugins/examples/.libs/fetch.so"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

static struct gruvid *
begin_responder(void)
{
    return gruvid_ready("[plugin responder]\nlisten = tcp://127.0.0.1:0\n",
                        NULL);
}

/* host: of the responder, as fetch has it. */
static struct gruvid *
begin_fetch(const char *host, struct gruvid *responder, const char *options)
{
    char config[512];

    snprintf(config, sizeof config,
             "route = GET /{path...} -> fetch\n"
             "[plugin fetch]\nserver = http://%s:%d\n%s",
             host, gruvid_port(responder, 0), options);
    http_bring(PLUGIN);
    return http_begin_with(config, "drain_timeout = 100ms\n");
}

START_TEST(test_what_is_asked_for_is_fetched)
{
    struct gruvid *responder = begin_responder();
    struct gruvid *g = begin_fetch("localhost", responder, "");
    int fds[10];

    for (int i = 0; i < 10; i++) {
        fds[i] = connect_to(g, 0);
        send_text(fds[i], GET("/hello") GET("/nothing") GET("/hello"));
    }
    for (int i = 0; i < 10; i++) {
        answers(fds[i], 200, "hello");
        answers(fds[i], 404, "");
        answers(fds[i], 200, "hello");
        close(fds[i]);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " warning "), 0);
}
END_TEST

START_TEST(test_the_type_of_the_content_is_passed_on)
{
    struct gruvid *responder = begin_responder();
    struct gruvid *g = begin_fetch("127.0.0.1", responder, "");
    int fd = connect_to(g, 0);
    struct answer answer;

    send_text(fd, GET("/typed?a=%20b"));
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(answer.body, "/typed?a=%20b");
    ck_assert_str_eq(answer_header(&answer, "Content-Type"), "text/x-path");
    answer_free(&answer);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_long_body_comes_as_a_whole_or_not_at_all)
{
    struct gruvid *responder = begin_responder();
    struct gruvid *g = begin_fetch("127.0.0.1", responder,
                                   _i == 0 ? "" : "max_size = 99999\n");
    int fd = connect_to(g, 0);
    char *large = malloc(100001);

    ck_assert_ptr_nonnull(large);
    memset(large, 'x', 100000);
    large[100000] = '\0';
    ask(fd, GET("/large"), _i == 0 ? 200 : 502, _i == 0 ? large : NULL);
    ask(fd, GET("/hello"), 200, "hello");
    free(large);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_server_that_goes_away_is_an_error)
{
    struct gruvid *responder = begin_responder();
    struct gruvid *g = begin_fetch("127.0.0.1", responder, "");
    int fd = connect_to(g, 0);

    ask(fd, GET("/cut"), 502, NULL);
    gruvid_says(g, "Transferred a partial file");
    send_text(fd, GET("/hang"));
    gruvid_says(responder, "hangs");
    gruvid_stop(responder, SIGKILL);
    answers(fd, 502, NULL);
    ask(fd, GET("/hello"), 502, NULL);
    gruvid_says(g, "Couldn't connect to server");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_server_that_is_slow_is_given_up)
{
    struct gruvid *responder = begin_responder();
    struct gruvid *g =
        begin_fetch("127.0.0.1", responder, "request_timeout = 50ms\n");

    ask(connect_to(g, 0), GET("/hang"), 504, NULL);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* As soon as the client leaves, and however long the server may take. */
START_TEST(test_a_client_that_leaves_ends_the_transfer)
{
    struct gruvid *responder = begin_responder();
    struct gruvid *g =
        begin_fetch("127.0.0.1", responder, "request_timeout = 0\n");
    int fd = connect_to(g, 0);

    send_text(fd, GET("/hang"));
    gruvid_says(responder, "hangs");
    reset(fd);
    gruvid_says(responder, "hangs no more");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_the_stop_cuts_who_waits_for_a_server)
{
    struct gruvid *responder = begin_responder();
    struct gruvid *g = begin_fetch("127.0.0.1", responder, "");
    int fd = connect_to(g, 0);

    send_text(fd, GET("/hang"));
    gruvid_says(responder, "hangs");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    expect_end(fd);
    ck_assert_uint_eq(gruvid_said(g, "watches that were left"), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_fetch");
    TCase *tc = gruvid_case(suite, "fetch");

    if (!http_has(PLUGIN)) {
        puts("plugins/examples/fetch was not built: no libcurl");
        return 77;
    }
    setenv("no_proxy", "*", 1);
    tcase_add_test(tc, test_what_is_asked_for_is_fetched);
    tcase_add_test(tc, test_the_type_of_the_content_is_passed_on);
    tcase_add_loop_test(tc, test_a_long_body_comes_as_a_whole_or_not_at_all, 0,
                        2);
    tcase_add_test(tc, test_a_server_that_goes_away_is_an_error);
    tcase_add_test(tc, test_a_server_that_is_slow_is_given_up);
    tcase_add_test(tc, test_a_client_that_leaves_ends_the_transfer);
    tcase_add_test(tc, test_the_stop_cuts_who_waits_for_a_server);
    return run_suite(suite);
}
