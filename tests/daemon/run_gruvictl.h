/* SPDX-License-Identifier: MIT */
/* gruvictl, run as people run it, and what it says. */
#ifndef TESTS_DAEMON_RUN_GRUVICTL_H
#define TESTS_DAEMON_RUN_GRUVICTL_H

#include "daemon/control_client.h"

/* What the last run has said, and its exit status. */
struct said {
    char out[1 << 20], err[16 << 10];
    int status;
};

extern struct said said;

/*
 * Become gruvictl, in a process of its own.
 *
 *   path  of the control socket; NULL: what it finds by itself
 *   args  ended by NULL
 */
void become_gruvictl(const char *path, const char *const *args);

/* Run it without a terminal.  Returns its exit status. */
int run_gruvictl(const char *path, const char *const *args);

#define RUN(path, ...)                                                         \
    run_gruvictl((path), (const char *const[]){__VA_ARGS__, NULL})

/* The same with a file, or nothing, in place of its output, or of its stderr.
 *
 *   fd    1, or 2
 *   file  NULL: it is closed */
int run_with(int fd, const char *file, const char *path,
             const char *const *args);

/* The same on a terminal of so many columns. */
int run_on_terminal(const char *path, unsigned short columns,
                    const char *const *args);

/* Fail unless the output, or what was said to stderr, contains text. */
void expect_out(const char *text);
void expect_err(const char *text);

/* How many characters the widest line of the output has, without colours. */
size_t widest_line(void);

#endif
