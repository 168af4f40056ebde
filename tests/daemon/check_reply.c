/* SPDX-License-Identifier: MIT */
/*
 * Replies that a handler may make, and may not: see plugins/answers.c.  Both
 * tests run with a hub and with two, as those of check_request.c.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

#define HUBS(n) "[gruvid]\nhubs = " n "\ndrain_timeout = 2s\n"
#define BRING                                                                  \
    "[plugin bring]\nlisten = unix:@DIR@/bring\n"                              \
    "route = /{rest...} -> answers\n[plugin answers]\n"
#define PLAIN "Content-Type: text/plain; charset=utf-8\n.\n"
#define END   "= 200 /{rest...} answers\n"

static const char *const configs[] = {HUBS("1") BRING, HUBS("2") BRING};

/* What gruvid has called for a request, each call a line: plugins/bring.c. */
static void
ask(const char *config, const char *request, const char *calls)
{
    struct gruvid *g = gruvid_ready(config, NULL);
    int fd = connect_unix(gruvid_path(g, "bring"));

    send_text(fd, request);
    expect_text(fd, calls);
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "failed: "), 0);
}

START_TEST(test_a_text_may_be_long)
{
    char calls[1024];

    snprintf(calls, sizeof calls,
             "begin 200 901 whole\n" PLAIN "data 901\n%0900d\n\n" END, 1);
    ask(configs[_i], "GET /long 0\n\n", calls);
}
END_TEST

START_TEST(test_after_mistakes_a_handler_may_reply)
{
    ask(configs[_i], "GET /mistakes 0\n\n",
        "begin 200 11 whole\nContent-Type: application/json\n.\n"
        "data 11\n{\"good\": 1}\n" END);
}
END_TEST

START_TEST(test_headers_have_a_limit)
{
    char calls[1000] = "begin 200 5 whole\n";

    for (int i = 0; i < 100; i++)
        strcat(calls, "A: b\n");
    strcat(calls, ".\ndata 5\nE2BIG\n" END);
    ask(configs[_i], "GET /many?n=100&v=b 0\n\n", calls);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reply");
    TCase *tc = gruvid_case(suite, "reply");

    tcase_add_loop_test(tc, test_a_text_may_be_long, 0, 2);
    tcase_add_loop_test(tc, test_after_mistakes_a_handler_may_reply, 0, 2);
    tcase_add_loop_test(tc, test_headers_have_a_limit, 0, 2);
    return run_suite(suite);
}
