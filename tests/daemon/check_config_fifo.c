/* SPDX-License-Identifier: MIT */
/* A FIFO as a file of the configuration, in a process that gets signals. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>

#include "config/internal.h"
#include "support/suite.h"

static struct pester {
    pthread_t thread, reader;
    char folder[32], path[48];
    int signals; /* until somebody writes; -1: nobody does */
    atomic_bool over;
} pester;

static void
on_signal(int signum)
{
    (void)signum;
}

/* The reader may be gone. */
static void
write_text(void)
{
    int fd = open(pester.path, O_RDWR | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "[gruvid]\n", 9), 9);
    close(fd);
}

static void *
pester_reader(void *arg)
{
    for (int n = 0; !atomic_load(&pester.over); n++) {
        pthread_kill(pester.reader, SIGUSR1);
        usleep(1000);
        if (n == pester.signals)
            write_text();
    }
    return arg;
}

static int
read_pestered(gruvid__content_t *content, int signals)
{
    struct sigaction action = {.sa_handler = on_signal};
    int err;

    strcpy(pester.folder, "/tmp/gruvid-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(pester.folder));
    snprintf(pester.path, sizeof pester.path, "%s/fifo", pester.folder);
    ck_assert_int_eq(mkfifo(pester.path, 0600), 0);
    ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
    pester.signals = signals;
    pester.reader = pthread_self();
    ck_assert_int_eq(pthread_create(&pester.thread, NULL, pester_reader, NULL),
                     0);
    err = gruvid__read_file(content, pester.path, 1000, false);
    atomic_store(&pester.over, true);
    ck_assert_int_eq(pthread_join(pester.thread, NULL), 0);
    unlink(pester.path);
    rmdir(pester.folder);
    atomic_store(&pester.over, false);
    return err;
}

START_TEST(test_signals_do_not_make_it_an_empty_file)
{
    gruvid__content_t content;

    ck_assert_int_eq(read_pestered(&content, -1), UV_EPIPE);
}
END_TEST

/* A writer is waited for a second, for which a busy machine may put it aside,
 * but not each time. */
START_TEST(test_signals_do_not_keep_it_from_being_read)
{
    gruvid__content_t content;
    int err, n = 0;

    do
        err = read_pestered(&content, 5);
    while (err == UV_EPIPE && ++n < 20);
    ck_assert_int_eq(err, 0);
    ck_assert_str_eq(content.text, "[gruvid]\n");
    gruvid__content_free(&content);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("config_fifo");
    TCase *tc = tcase_create("signals");

    tcase_add_test(tc, test_signals_do_not_make_it_an_empty_file);
    tcase_add_test(tc, test_signals_do_not_keep_it_from_being_read);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
