/* SPDX-License-Identifier: MIT */
/* The log between the socket of the journal and files: what was put for the
 * one and is written to the other, and who logs after fork(). */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gruvi.h>

#include "log/sink.h"
#include "support/suite.h"

static char dir[] = "/tmp/gruvid-journal-XXXXXX";
static char target[128], path[64], socket_path[64];
static int journal;

/* A journal, of which stderr is a stream. */
static void
set_up(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char stream[64];
    struct stat st;

    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/log", dir);
    snprintf(target, sizeof target, "file:%s", path);
    snprintf(socket_path, sizeof socket_path, "%s/socket", dir);
    strcpy(address.sun_path, socket_path);
    journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(journal, (struct sockaddr *)&address, sizeof address),
                     0);
    ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    setenv("GRUVID_JOURNAL_SOCKET", socket_path, 1);
}

static void
tear_down(void)
{
    gruvid__log_open("stderr", GRUVID__LOG_TEXT, NULL);
    unsetenv("JOURNAL_STREAM");
    unsetenv("GRUVID_JOURNAL_SOCKET");
    close(journal);
    unlink(socket_path);
    unlink(path);
    rmdir(dir);
}

#define LINES    500
#define PATIENCE 30 /* seconds */

static void
log_lines(int from, int to)
{
    for (int i = from; i < to; i++)
        gruvi_info("line %d, %0200d", i, 0);
}

static void
switch_to(const char *name)
{
    ck_assert_int_eq(gruvid__log_open_next(name, NULL), 0);
    gruvid__log_switch(GRUVID__LOG_TEXT);
}

/* How many records wait in the journal; each has one message. */
static int
count_records(void)
{
    char record[GRUVID__LOG_LINE];
    int n = 0;

    for (ssize_t size; (size = recv(journal, record, sizeof record - 1, 0)) > 0;
         n++) {
        const char *at;

        record[size] = '\0';
        at = strncmp(record, "MESSAGE=", 8) == 0
                 ? record
                 : strstr(record, "\nMESSAGE=") + 1;
        ck_assert(at == record || strncmp(record, "PRIORITY=", 9) == 0);
        ck_assert_ptr_eq(strchr(at, '\n'), record + size - 1);
        ck_assert_ptr_nonnull(strstr(at, "line "));
    }
    return n;
}

/* How many lines a file has, all of which are lines of a text. */
static int
count_lines(FILE *file)
{
    char line[GRUVID__LOG_LINE];
    int n = 0;

    for (; fgets(line, sizeof line, file) != NULL; n++) {
        ck_assert_msg(strstr(line, "gruvid: line ") != NULL, "%s", line);
        ck_assert_msg(strstr(line, "=") == NULL, "%s", line);
    }
    return n;
}

/* The journal does not read: its queue is full, and the rest of the lines is in
 * the ring, or on its way. */
START_TEST(test_records_for_the_journal_are_lines_in_a_file)
{
    FILE *file;
    int n;

    ck_assert_int_eq(gruvid__log_open("auto", GRUVID__LOG_TEXT, NULL), 0);
    log_lines(0, LINES);
    ck_assert(!gruvid__log_flush());
    switch_to(target);
    log_lines(LINES, 2 * LINES);
    ck_assert(gruvid__log_flush());
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    n = count_records();
    ck_assert_int_gt(n, 0);
    ck_assert_int_lt(n, LINES);
    ck_assert_int_eq(n + count_lines(file), 2 * LINES);
    fclose(file);
}
END_TEST

static void
await_record(void)
{
    struct pollfd ready = {.fd = journal, .events = POLLIN};

    ck_assert_int_eq(poll(&ready, 1, 1000 * PATIENCE), 1);
}

/* Until there were so many, and no more follow. */
static void
read_records(int n)
{
    while (n > 0) {
        await_record();
        n -= count_records();
    }
    ck_assert(gruvid__log_flush());
    ck_assert_int_eq(n - count_records(), 0);
}

/* A FIFO without a reader: a part of some lines is written. */
START_TEST(test_lines_for_a_file_are_records_in_the_journal)
{
    FILE *file;
    int n;

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(gruvid__log_open(target, GRUVID__LOG_TEXT, NULL), 0);
    log_lines(0, LINES);
    ck_assert(!gruvid__log_flush());
    file = fdopen(open(path, O_RDONLY | O_NONBLOCK), "r");
    ck_assert_ptr_nonnull(file);
    switch_to("auto");
    await_record(); /* from then on the FIFO gets nothing */
    n = count_lines(file);
    ck_assert_int_gt(n, 0);
    read_records(LINES - n);
    fclose(file);
}
END_TEST

/* The thread that tells of them is the parent's. */
START_TEST(test_a_child_after_fork_counts_no_equal_lines)
{
    const gruvi_log_record_t record = {
        .level = GRUVI_LOG_INFO,
        .hub = "",
        .fiber = "",
        .group = "echo",
        .message = "line of parent and child",
    };
    FILE *file;
    pid_t child;
    int n = 0;

    ck_assert_int_eq(gruvid__log_open(target, GRUVID__LOG_TEXT, NULL), 0);
    gruvid__log_write(&record);
    child = fork();
    if (child == 0) {
        gruvid__log_write(&record);
        gruvid__log_write(&record);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert(gruvid__log_flush());
    file = fopen(path, "r");
    for (char line[256]; fgets(line, sizeof line, file) != NULL; n++)
        ck_assert_ptr_nonnull(strstr(line, "echo: line of parent and child\n"));
    ck_assert_int_eq(n, 3);
    fclose(file);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log_journal");
    TCase *tc = tcase_create("log_journal");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, test_records_for_the_journal_are_lines_in_a_file);
    tcase_add_test(tc, test_lines_for_a_file_are_records_in_the_journal);
    tcase_add_test(tc, test_a_child_after_fork_counts_no_equal_lines);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
