/* SPDX-License-Identifier: MIT */
/* Where the log goes: to files that move away, fill up and are written by many
 * threads. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gruvi.h>

#include "log/sink.h"
#include "support/suite.h"

static char dir[] = "/tmp/gruvid-log-XXXXXX";
static char target[128], path[64], moved[64];

static void
set_up(void)
{
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/log", dir);
    snprintf(moved, sizeof moved, "%s/log.1", dir);
    snprintf(target, sizeof target, "file:%s", path);
    ck_assert_int_eq(gruvid__log_open(target, GRUVID__LOG_TEXT), 0);
}

static void
tear_down(void)
{
    gruvid__log_open("stderr", GRUVID__LOG_TEXT);
    unlink(path);
    unlink(moved);
    rmdir(dir);
}

/* How many lines of a file contain a text; -1 without a file. */
static int
count(const char *file_path, const char *text)
{
    char line[GRUVID__LOG_LINE];
    FILE *file = fopen(file_path, "r");
    int n = 0;

    if (file == NULL)
        return -1;
    while (fgets(line, sizeof line, file) != NULL)
        n += strstr(line, text) != NULL;
    fclose(file);
    return n;
}

START_TEST(test_records_are_appended_to_the_file)
{
    gruvi_info("one");
    ck_assert_int_eq(gruvid__log_open(target, GRUVID__LOG_TEXT), 0);
    gruvi_error("two");
    ck_assert_int_eq(count(path, ""), 2);
    ck_assert_int_eq(count(path, " info gruvid: one\n"), 1);
    ck_assert_int_eq(count(path, " error gruvid: two\n"), 1);
}
END_TEST

START_TEST(test_the_file_is_not_for_everybody)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0137, 0);
}
END_TEST

START_TEST(test_a_file_that_cannot_be_opened_leaves_the_log_as_it_was)
{
    ck_assert_int_eq(
        gruvid__log_open("file:/nonexistent/log", GRUVID__LOG_TEXT), UV_ENOENT);
    gruvi_info("still here");
    ck_assert_int_eq(count(path, "still here"), 1);
}
END_TEST

START_TEST(test_a_file_moved_away_is_opened_anew)
{
    gruvi_info("old");
    ck_assert_int_eq(rename(path, moved), 0);
    gruvi_info("between");
    gruvid__log_reopen();
    gruvi_info("new");
    ck_assert_int_eq(count(moved, "old"), 1);
    ck_assert_int_eq(count(moved, "between"), 1);
    ck_assert_int_eq(count(moved, "new"), 0);
    ck_assert_int_eq(count(path, "new"), 1);
}
END_TEST

START_TEST(test_reopening_leaks_no_descriptor)
{
    int before = dup(0), after;

    close(before);
    for (int i = 0; i < 10; i++)
        gruvid__log_reopen();
    after = dup(0);
    close(after);
    ck_assert_int_eq(after, before);
}
END_TEST

START_TEST(test_reopening_that_fails_keeps_the_old_file)
{
    ck_assert_int_eq(rename(path, moved), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    gruvid__log_reopen();
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(count(moved, "cannot be opened again"), 1);
    gruvi_info("goes on");
    ck_assert_int_eq(count(moved, "goes on"), 1);
}
END_TEST

START_TEST(test_notices_are_written_at_every_level)
{
    gruvi_set_log_level(GRUVI_LOG_ERROR);
    gruvi_info("suppressed");
    gruvid__log_notice("asked %s", "for");
    gruvi_set_log_level(GRUVI_LOG_INFO);
    ck_assert_int_eq(count(path, "suppressed"), 0);
    ck_assert_int_eq(count(path, "info gruvid: asked for\n"), 1);
}
END_TEST

/* A limit of the file's size stands for a disk that is full. */
START_TEST(test_a_full_disk_costs_lines_and_says_so_later)
{
    struct rlimit unlimited, full;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &unlimited);
    gruvi_info("first");
    full = unlimited;
    full.rlim_cur = 70; /* the second line is torn */
    setrlimit(RLIMIT_FSIZE, &full);
    gruvi_info("second");
    gruvi_info("third");
    setrlimit(RLIMIT_FSIZE, &unlimited);
    gruvi_info("fourth");
    signal(SIGXFSZ, SIG_DFL);
    ck_assert_int_eq(count(path, "gruvid: first\n"), 1);
    ck_assert_int_eq(count(path, "third"), 0);
    ck_assert_int_eq(count(path, "gruvid: fourth\n"), 1);
    ck_assert_int_eq(count(path, "2 lines of the log were lost"), 1);
    /* The torn line has been ended before the next one. */
    ck_assert_int_eq(count(path, ""), 4);
}
END_TEST

START_TEST(test_logging_leaves_errno_alone)
{
    gruvid__log_open("file:/dev/full", GRUVID__LOG_TEXT);
    errno = EDOM;
    gruvi_info("nowhere");
    ck_assert_int_eq(errno, EDOM);
}
END_TEST

static void *
log_much(void *arg)
{
    for (int i = 0; i < 500; i++)
        gruvi_info("thread %d says something of some length", *(int *)arg);
    return NULL;
}

START_TEST(test_threads_do_not_mix_their_lines_while_the_file_is_reopened)
{
    static int numbers[] = {1, 2, 3, 4};
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, log_much, &numbers[i]);
    for (int i = 0; i < 20; i++)
        gruvid__log_reopen();
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(count(path, " says something of some length\n"), 2000);
    ck_assert_int_eq(count(path, ""), 2020);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log_sink");
    TCase *tc = tcase_create("log_sink");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_records_are_appended_to_the_file);
    tcase_add_test(tc, test_the_file_is_not_for_everybody);
    tcase_add_test(tc,
                   test_a_file_that_cannot_be_opened_leaves_the_log_as_it_was);
    tcase_add_test(tc, test_a_file_moved_away_is_opened_anew);
    tcase_add_test(tc, test_reopening_leaks_no_descriptor);
    tcase_add_test(tc, test_reopening_that_fails_keeps_the_old_file);
    tcase_add_test(tc, test_notices_are_written_at_every_level);
    tcase_add_test(tc, test_a_full_disk_costs_lines_and_says_so_later);
    tcase_add_test(tc, test_logging_leaves_errno_alone);
    tcase_add_test(
        tc, test_threads_do_not_mix_their_lines_while_the_file_is_reopened);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
