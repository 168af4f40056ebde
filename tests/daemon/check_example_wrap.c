/* SPDX-License-Identifier: MIT */
/* plugins/examples/wrap.c: changes of a folder, by a library that calls
 * back. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/server.h"

/* It watches the folder of gruvid, in which nothing else changes. */
#define WRAP                                                                   \
    "[plugin wrap]\nlisten = tcp://127.0.0.1:0\nfolder = @DIR@/watched\n"

static struct gruvid *
begin(const char *options)
{
    char config[300];
    struct gruvid *g;

    snprintf(config, sizeof config, WRAP "%s", options);
    g = gruvid_with_examples(config);
    ck_assert_int_eq(mkdir(gruvid_path(g, "watched"), 0755), 0);
    return g;
}

static void
change(const struct gruvid *g, const char *name)
{
    int fd = open(gruvid_path(g, name), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    close(fd);
}

START_TEST(test_each_client_is_told_of_changes)
{
    struct gruvid *g = begin("");
    int one = connect_to(g, 0), two = connect_to(g, 0);

    expect_text(one, "watching\n");
    expect_text(two, "watching\n");
    change(g, "watched/a");
    expect_text(one, "changed\n");
    expect_text(two, "changed\n");
    /* A client may go; the other goes on. */
    reset(two);
    ck_assert_int_eq(unlink(gruvid_path(g, "watched/a")), 0);
    expect_text(one, "changed\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    expect_end(one);
    gruvid_says(g, "1 connection cut");
}
END_TEST

START_TEST(test_silence_is_told_and_changes_nothing)
{
    struct gruvid *g = begin("quiet = 20ms\n");
    int fd = connect_to(g, 0);

    expect_text(fd, "watching\nquiet\nquiet\n");
    change(g, "watched/a");
    while (strcmp(ask_line(fd, ""), "changed\n") != 0)
        continue;
    while (strcmp(ask_line(fd, ""), "quiet\n") != 0)
        continue;
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* It waits for the folder, not for the client. */
START_TEST(test_a_client_that_leaves_is_noticed)
{
    struct gruvid *g = begin("quiet = 1h\n");
    int fd = connect_to(g, 0);

    expect_text(fd, "watching\n");
    if (_i == 0)
        reset(fd);
    else
        close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "1 connections, 1 gone, 0 failed, 0 cut");
}
END_TEST

START_TEST(test_no_folder_is_an_error)
{
    struct gruvid *g = gruvid_with_examples(WRAP);
    int fd = connect_to(g, 0);

    expect_end(fd);
    gruvid_says(g, "no such entry");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_wrap");
    TCase *tc = gruvid_case(suite, "wrap");

    tcase_add_test(tc, test_each_client_is_told_of_changes);
    tcase_add_test(tc, test_silence_is_told_and_changes_nothing);
    tcase_add_loop_test(tc, test_a_client_that_leaves_is_noticed, 0, 2);
    tcase_add_test(tc, test_no_folder_is_an_error);
    return run_suite(suite);
}
