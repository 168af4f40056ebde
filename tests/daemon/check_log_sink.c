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
#include <sys/wait.h>
#include <unistd.h>

#include <gruvi.h>

#include "log/sink.h"
#include "support/suite.h"
#include "watch/crash.h"

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
    ck_assert_int_eq(gruvid__log_open(target, GRUVID__LOG_TEXT, NULL), 0);
}

static void
tear_down(void)
{
    gruvid__log_open("stderr", GRUVID__LOG_TEXT, NULL);
    unlink(path);
    unlink(moved);
    rmdir(dir);
}

/* How many lines of a file contain a text; -1 without a file. */
static int
count(const char *file_path, const char *text)
{
    char line[GRUVID__LOG_LINE];
    FILE *file;
    int n = 0;

    ck_assert(gruvid__log_flush());
    file = fopen(file_path, "r");
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
    ck_assert_int_eq(gruvid__log_open(target, GRUVID__LOG_TEXT, NULL), 0);
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
        gruvid__log_open("file:/nonexistent/log", GRUVID__LOG_TEXT, NULL),
        UV_ENOENT);
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
    for (int i = 0; i < 10; i++) {
        gruvid__log_reopen();
        ck_assert(gruvid__log_flush());
    }
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
    ck_assert(gruvid__log_flush());
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
    gruvid__log_notice("", 0, "", "asked %s", "for");
    gruvi_set_log_level(GRUVI_LOG_INFO);
    ck_assert_int_eq(count(path, "suppressed"), 0);
    ck_assert_int_eq(count(path, "info gruvid: asked for\n"), 1);
}
END_TEST

/* How often it was said, in lines of their own and in sums. */
static unsigned long
times_said(const char *text)
{
    FILE *file = fopen(path, "r");
    unsigned long n = 0;
    char line[500], *at;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) != NULL)
        if ((at = strstr(line, text)) != NULL) {
            at += strlen(text);
            n += strncmp(at, " (", 2) == 0 ? strtoul(at + 2, NULL, 10) : 1;
        }
    fclose(file);
    return n;
}

/* As a plugin that says the same in a loop.  A busy machine may need more than
 * a second for it, and then it is told of in two sums; but not each time. */
START_TEST(test_equal_lines_of_a_plugin_are_counted)
{
    char message[40], sum[100], line[60];
    gruvi_log_record_t record = {
        .level = GRUVI_LOG_INFO,
        .hub = "",
        .fiber = "worker",
        .group = "echo",
        .message = message,
    };
    int n = 0;

    do {
        snprintf(message, sizeof message, "it rains, day %d;", n);
        snprintf(line, sizeof line, "%s\n", message);
        snprintf(sum, sizeof sum,
                 "echo[worker]: %s (999 more in the last second)", message);
        for (int i = 0; i < 1000; i++)
            gruvid__log_write(&record);
        gruvi_info("something else");
        /* The writer's thread tells of them; nobody logs any more. */
        while (times_said(message) < 1000)
            usleep(1000);
        ck_assert_uint_eq(times_said(message), 1000);
    } while (count(path, sum) < 1 && ++n < 20);
    ck_assert_int_eq(count(path, sum), 1);
    ck_assert_int_eq(count(path, line), 1);
    ck_assert_int_eq(count(path, "something else\n"), n + 1);
}
END_TEST

/* A limit of the file's size stands for a disk that is full. */
START_TEST(test_a_full_disk_costs_lines_and_says_so_later)
{
    struct rlimit unlimited, full;

    getrlimit(RLIMIT_FSIZE, &unlimited);
    gruvi_info("first");
    ck_assert(gruvid__log_flush());
    full = unlimited;
    full.rlim_cur = 70; /* the second line is torn */
    setrlimit(RLIMIT_FSIZE, &full);
    gruvi_info("second");
    gruvi_info("third");
    ck_assert(gruvid__log_flush());
    setrlimit(RLIMIT_FSIZE, &unlimited);
    gruvi_info("fourth");
    ck_assert_int_eq(count(path, "gruvid: first\n"), 1);
    ck_assert_int_eq(count(path, "third"), 0);
    ck_assert_int_eq(count(path, "gruvid: fourth\n"), 1);
    ck_assert_int_eq(count(path, "2 lines of the log were lost"), 1);
    /* The torn line has been ended before the next one. */
    ck_assert_int_eq(count(path, ""), 4);
}
END_TEST

/* Let the second line be torn by a limit of the file's size. */
static void
tear_a_line(struct rlimit *before)
{
    struct rlimit full;

    getrlimit(RLIMIT_FSIZE, before);
    gruvi_info("first");
    ck_assert(gruvid__log_flush());
    full = *before;
    full.rlim_cur = 70;
    setrlimit(RLIMIT_FSIZE, &full);
    gruvi_info("second");
    ck_assert(gruvid__log_flush());
}

START_TEST(test_a_new_file_does_not_begin_with_the_end_of_a_torn_line)
{
    struct rlimit before;
    FILE *file;

    tear_a_line(&before);
    ck_assert_int_eq(rename(path, moved), 0);
    gruvid__log_reopen();
    ck_assert(gruvid__log_flush());
    setrlimit(RLIMIT_FSIZE, &before);
    file = fopen(path, "r");
    ck_assert_int_ne(fgetc(file), '\n');
    fclose(file);
}
END_TEST

/* --- a target that takes nothing ------------------------------------------ */

/* A log whose target is a FIFO that nobody reads, and which is full. */
static void
fill_a_fifo(void)
{
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(gruvid__log_open(target, GRUVID__LOG_TEXT, NULL), 0);
    for (int i = 0; i < 1000; i++)
        gruvi_info("line %d of a log that nobody reads, %080d", i, 0);
}

/* Read until a line has a text; how many lines that were. */
static int
read_until(FILE *file, const char *text)
{
    char line[GRUVID__LOG_LINE];
    int n = 0;

    do {
        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
        n++;
    } while (strstr(line, text) == NULL);
    return n;
}

START_TEST(test_a_fifo_without_a_reader_keeps_its_lines_for_a_later_reader)
{
    FILE *file;

    fill_a_fifo();
    gruvi_info("the last");
    file = fopen(path, "r");
    ck_assert_int_eq(read_until(file, "the last"), 1001);
    fclose(file);
}
END_TEST

START_TEST(test_what_the_ring_does_not_hold_is_dropped_counted_and_told)
{
    char line[GRUVID__LOG_LINE];
    unsigned long long lost = 0;
    int read = 0;
    FILE *file;

    fill_a_fifo();
    for (int i = 1000; i < 60000; i++)
        gruvi_info("line %d of a log that nobody reads, %080d", i, 0);
    file = fopen(path, "r");
    while (lost == 0) {
        const char *at;

        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
        at = strstr(line, "gruvid: ");
        ck_assert_ptr_nonnull(at);
        if (sscanf(at, "gruvid: %llu lines of the log were lost", &lost) != 1)
            ck_assert_ptr_nonnull(strstr(at, "line "));
        else
            read--;
        read++;
    }
    ck_assert_uint_eq(lost + (unsigned long long)read, 60000);
    gruvi_info("it flows again");
    read_until(file, "it flows again");
    fclose(file);
}
END_TEST

START_TEST(test_a_target_that_hangs_is_replaced_when_it_is_opened_again)
{
    fill_a_fifo();
    gruvi_info("behind what the old target did not take");
    ck_assert_int_eq(rename(path, moved), 0);
    gruvid__log_reopen();
    ck_assert_int_eq(count(path, "behind what the old target"), 1);
    ck_assert_int_eq(count(path, "was opened again"), 1);
}
END_TEST

START_TEST(test_the_end_does_not_wait_for_a_target_that_hangs)
{
    fill_a_fifo();
    ck_assert(!gruvid__log_flush());
    gruvid__log_close();
    gruvi_info("nowhere");
}
END_TEST

START_TEST(test_the_end_waits_for_a_target_that_is_slow)
{
    char text[4096];
    ssize_t n;
    int fd;

    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    fd = open(path, O_RDONLY | O_NONBLOCK);
    ck_assert_int_eq(gruvid__log_open(target, GRUVID__LOG_TEXT, NULL), 0);
    for (int i = 0; i < 100; i++)
        gruvi_info("line %d", i);
    gruvid__log_close();
    n = read(fd, text, sizeof text - 1);
    ck_assert_int_gt(n, 0);
    text[n] = '\0';
    ck_assert_ptr_nonnull(strstr(text, "line 0\n"));
    close(fd);
}
END_TEST

/* The parent's thread is not there. */
START_TEST(test_a_child_after_fork_logs_too)
{
    pid_t child;

    gruvi_info("parent");
    child = fork();
    if (child == 0) {
        gruvi_info("child");
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(count(path, "gruvid: child\n"), 1);
    ck_assert_int_eq(count(path, "gruvid: parent\n"), 1);
}
END_TEST

static void
die_after_logging(int signum)
{
    const struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    gruvid__log_open(target, GRUVID__LOG_TEXT, NULL);
    gruvid__crash_open();
    for (int i = 0; i < 1000; i++)
        gruvi_info("line %d", i);
    gruvi_info("the last words");
    if (signum == SIGABRT)
        abort();
    raise(signum);
}

/* A child that may have threads: ThreadSanitizer starts none in the child of a
 * process with threads. */
static pid_t
fork_alone(void)
{
    gruvid__log_close();
    return fork();
}

START_TEST(test_the_lines_before_a_crash_are_written)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE,  SIGILL, SIGABRT,
                                  SIGQUIT, SIGSYS, SIGTRAP, SIGXCPU};

    const char *flags = getenv("SANITIZER_FLAGS");

    if (flags != NULL && flags[0] != '\0') {
        printf("skipped: faults are reported by somebody else here\n");
        return;
    }
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        pid_t child = fork_alone();
        int status;

        if (child == 0) {
            die_after_logging(signals[i]);
            _exit(0);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == signals[i],
                      "signal %d: status %#x", signals[i], (unsigned)status);
        ck_assert_int_eq(count(path, "the last words"), (int)i + 1);
    }
}
END_TEST

#if defined(__x86_64__)
/* The kernel sends it, but it does not come again: the next instruction does.
 */
START_TEST(test_the_lines_before_a_breakpoint_are_written)
{
    const struct rlimit no_core = {0, 0};
    pid_t child = fork_alone();
    int status;

    if (child == 0) {
        setrlimit(RLIMIT_CORE, &no_core);
        gruvid__log_open(target, GRUVID__LOG_TEXT, NULL);
        gruvid__crash_open();
        gruvi_info("the last words");
        __asm__ volatile("int3");
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGTRAP);
    ck_assert_int_eq(count(path, "the last words"), 1);
}
END_TEST
#endif

START_TEST(test_a_signal_that_is_ignored_stays_so)
{
    struct sigaction now;

    signal(SIGQUIT, SIG_IGN);
    gruvid__crash_open();
    sigaction(SIGQUIT, NULL, &now);
    ck_assert(now.sa_handler == SIG_IGN);
    signal(SIGQUIT, SIG_DFL);
}
END_TEST

START_TEST(test_the_lines_before_a_quick_exit_are_written)
{
    pid_t child = fork_alone();
    int status;

    if (child == 0) {
        gruvid__log_open(target, GRUVID__LOG_TEXT, NULL);
        for (int i = 0; i < 1000; i++)
            gruvi_info("line %d", i);
        gruvi_info("the last words");
        quick_exit(3);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WEXITSTATUS(status), 3);
    ck_assert_int_eq(count(path, "the last words"), 1);
}
END_TEST

START_TEST(test_logging_leaves_errno_alone)
{
    gruvid__log_open("file:/dev/full", GRUVID__LOG_TEXT, NULL);
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
    for (int i = 0; i < 20; i++) {
        gruvid__log_reopen();
        ck_assert(gruvid__log_flush());
    }
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
    tcase_add_test(tc, test_equal_lines_of_a_plugin_are_counted);
    tcase_add_test(tc, test_a_full_disk_costs_lines_and_says_so_later);
    tcase_add_test(tc,
                   test_a_new_file_does_not_begin_with_the_end_of_a_torn_line);
    tcase_add_test(
        tc, test_a_fifo_without_a_reader_keeps_its_lines_for_a_later_reader);
    tcase_add_test(
        tc, test_what_the_ring_does_not_hold_is_dropped_counted_and_told);
    tcase_add_test(
        tc, test_a_target_that_hangs_is_replaced_when_it_is_opened_again);
    tcase_add_test(tc, test_the_end_does_not_wait_for_a_target_that_hangs);
    tcase_add_test(tc, test_the_end_waits_for_a_target_that_is_slow);
    tcase_add_test(tc, test_a_child_after_fork_logs_too);
    tcase_add_test(tc, test_the_lines_before_a_crash_are_written);
#if defined(__x86_64__)
    tcase_add_test(tc, test_the_lines_before_a_breakpoint_are_written);
#endif
    tcase_add_test(tc, test_a_signal_that_is_ignored_stays_so);
    tcase_add_test(tc, test_the_lines_before_a_quick_exit_are_written);
    tcase_add_test(tc, test_logging_leaves_errno_alone);
    tcase_add_test(
        tc, test_threads_do_not_mix_their_lines_while_the_file_is_reopened);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
