/* SPDX-License-Identifier: MIT */
/* plugins/examples/ticker.c: another interval, and another generation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/control_client.h"

#define TICKER CONTROL "[plugin ticker]\nlisten = tcp://127.0.0.1:0\n"

static struct gruvid *
begin(const char *config)
{
    const char *build = getenv("top_builddir");
    char dir[512];

    snprintf(dir, sizeof dir, "gruvid.plugin_dir=%s/plugins/examples/.libs",
             build == NULL ? "." : build);
    return gruvid_ready(config, &(struct gruvid_options){
                                    .args = (const char *[]){"-o", dir, NULL}});
}

/* The next line of a client, with its end. */
static const char *
read_line(int fd)
{
    static char line[64];
    size_t n = 0;

    do
        ck_assert_int_eq(recv(fd, &line[n], 1, 0), 1);
    while (line[n++] != '\n' && n + 1 < sizeof line);
    line[n] = '\0';
    return line;
}

static void
reload(struct gruvid *g, const char *config)
{
    gruvid_configure(g, config);
    expect_answer(ask_once(g, "{\"do\":\"reload\"}"), "\"ok\":true");
}

START_TEST(test_another_interval_disturbs_no_client)
{
    struct gruvid *g = begin(TICKER "interval = 1ms\n");
    int fd = connect_to(g, 0);

    expect_text(fd, "0\n1\n2\n");
    reload(g, TICKER "interval = 2ms\n");
    gruvid_says(g, "a number every 0.002 seconds");
    expect_text(fd, "3\n4\n5\n");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_new_generation_goes_on_counting)
{
    struct gruvid *g = begin(TICKER "interval = 1ms\n");
    int old = connect_to(g, 0), new;
    long first;

    expect_text(old, "0\n1\n2\n");
    expect_answer(ask_once(g, "{\"do\":\"restart\",\"plugin\":\"ticker\"}"),
                  "\"ok\":true");
    new = connect_to(g, 0);
    first = atol(read_line(new));
    /* What it sends after the handover is counted again. */
    while (strcmp(read_line(old), "come again\n") != 0)
        continue;
    expect_end(old);
    ck_assert_int_gt(first, 2);
    gruvid_says(g, "plugin ticker, generation 1 has stopped");
    close(new);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_clients_are_told_of_the_stop)
{
    struct gruvid *g = begin(TICKER "interval = 1h\n");
    int fd = connect_to(g, 0);

    gruvid_signal(g, SIGTERM);
    expect_text(fd, "come again\n");
    ck_assert(!expect_end(fd));
    ck_assert_int_eq(gruvid_wait(g), 0);
    gruvid_says(g, "1 connections, 0 gone, 0 failed, 0 cut");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_ticker");
    TCase *tc = gruvid_case(suite, "ticker");

    tcase_add_test(tc, test_another_interval_disturbs_no_client);
    tcase_add_test(tc, test_a_new_generation_goes_on_counting);
    tcase_add_test(tc, test_clients_are_told_of_the_stop);
    return run_suite(suite);
}
