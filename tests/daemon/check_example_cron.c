/* SPDX-License-Identifier: MIT */
/* plugins/examples/cron.c: commands begin at their time, and end. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/server.h"

static struct gruvid *
begin(const char *options)
{
    char config[512];

    snprintf(config, sizeof config, "[plugin cron]\n%s", options);
    return gruvid_with_examples(config);
}

/* The end of a pipe that a command writes to: it is read to the end when no
 * process has it any more. */
static int
begin_and_open_pipe(const char *options, struct gruvid **g)
{
    char config[512];
    int fd;

    *g = begin("job = 00:00:00 true\n");
    ck_assert_int_eq(mkfifo(gruvid_path(*g, "pipe"), 0600), 0);
    snprintf(config, sizeof config, "[plugin cron]\n%s", options);
    gruvid_reload(*g, config, true);
    fd = open(gruvid_path(*g, "pipe"), O_RDONLY);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static void
pipe_ends(int fd, const char *text)
{
    char buf[64];
    ssize_t n, got = 0;

    while ((n = read(fd, buf + got, sizeof buf - 1 - (size_t)got)) > 0)
        got += n;
    ck_assert_int_eq(n, 0);
    buf[got] = '\0';
    ck_assert_str_eq(buf, text);
    close(fd);
}

START_TEST(test_a_command_runs_again_and_never_twice_at_once)
{
    struct gruvid *g =
        begin("job = *:*:* cd @DIR@ && mkdir here && sleep 1.1 && rmdir here "
              "&& echo ran >> out\njob = *:*:* exit 3\n");

    file_says(gruvid_path(g, "out"), "ran\nran\n");
    gruvid_says(g, "exit 3: status 3, signal 0");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "status 1"), 0);
}
END_TEST

START_TEST(test_a_command_that_hangs_is_ended_with_its_children)
{
    struct gruvid *g;
    int fd = begin_and_open_pipe(
        "timeout = 50ms\njob = *:*:* exec > @DIR@/pipe; echo begun; "
        "trap \"\" TERM; sleep 1000 & wait; sleep 1000\n",
        &g);

    pipe_ends(fd, "begun\n");
    gruvid_says(g, "takes too long");
    gruvid_says(g, "status 0, signal 9");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_drain_ends_a_command_with_its_children)
{
    struct gruvid *g;
    int fd = begin_and_open_pipe("job = *:*:* exec > @DIR@/pipe; sleep 1000 & "
                                 "echo begun; wait\n",
                                 &g);
    char c;

    ck_assert_int_eq(read(fd, &c, 1), 1);
    gruvid_signal(g, SIGTERM);
    pipe_ends(fd, "egun\n");
    ck_assert_int_eq(gruvid_wait(g), 0);
    gruvid_says(g, "status 0, signal 15");
}
END_TEST

START_TEST(test_what_a_command_leaves_behind_ends_with_it)
{
    struct gruvid *g;
    int fd = begin_and_open_pipe(
        "job = *:*:* exec > @DIR@/pipe; echo begun; sleep 1000 &\n", &g);

    pipe_ends(fd, "begun\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

static const char *const no_times[] = {
    "24:00:00 a", "1:60:0 a", "1:2 a",  "1:2:60 a", "yesterday a",
    "-1:0:0 a",   "3*:0:0 a", ":0:0 a", "1:2:3",    "4294967296:0:0 a"};

START_TEST(test_what_is_no_time_is_refused)
{
    char config[200], text[64];
    struct gruvid *g;

    snprintf(config, sizeof config, "[plugin cron]\njob = %s\n", no_times[_i]);
    g = gruvid_run(
        config, &(struct gruvid_options){
                    .args = (const char *[]){"-o", examples_option(), NULL}});
    ck_assert_int_ne(g->status, 0);
    snprintf(text, sizeof text, "job \"%s\": no time", no_times[_i]);
    gruvid_says(g, text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_cron");
    TCase *tc = gruvid_case(suite, "cron");

    tcase_add_test(tc, test_a_command_runs_again_and_never_twice_at_once);
    tcase_add_test(tc, test_a_command_that_hangs_is_ended_with_its_children);
    tcase_add_test(tc, test_a_drain_ends_a_command_with_its_children);
    tcase_add_test(tc, test_what_a_command_leaves_behind_ends_with_it);
    tcase_add_loop_test(tc, test_what_is_no_time_is_refused, 0,
                        sizeof no_times / sizeof *no_times);
    return run_suite(suite);
}
