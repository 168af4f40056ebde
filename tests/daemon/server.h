/* SPDX-License-Identifier: MIT */
/*
 * Servers of others, which the plugins in plugins/examples ask: each in a
 * folder of its own, which is where its Unix socket is, and without TCP.
 *
 * As root they run as a user who may do nothing.  They end with the process
 * that began them, at the latest.
 */
#ifndef TESTS_DAEMON_SERVER_H
#define TESTS_DAEMON_SERVER_H

#include "daemon/run_gruvid.h"

struct server {
    pid_t pid;      /* 0: does not run */
    int end_signal; /* the one that ends it at once */
    char dir[64];   /* its folder */
};

/*
 * End a program with status 77, which counts as skipped, where there is not all
 * that it tests.
 *
 *   plugin   the name of an example
 *   library  what it is made with
 *   program  what it asks; NULL: nothing
 */
void need(const char *plugin, const char *library, const char *program);

/* What -o of gruvid makes it find the examples, in static memory. */
const char *examples_option(void);

/* gruvid with the examples for plugins, ready; its stop waits for nobody. */
struct gruvid *gruvid_with_examples(const char *config);

/* Make the folder; the name of a file in it, in static memory; remove it. */
void server_prepare(struct server *server);
const char *server_path(const struct server *server, const char *name);
void server_remove(struct server *server);

/* Run a program in the folder to its end, which has to be a good one; what it
 * prints is in the file log.  $PATH is looked through, and where Debian has the
 * programs of PostgreSQL. */
void server_run(struct server *server, const char *const argv[]);

/* Begin one, and wait until it says in its log that it is ready to accept
 * connections. */
void server_begin(struct server *server, const char *const argv[]);

/* End it, if it runs, and wait for that. */
void server_end(struct server *server);

/* Send a line and read what comes, up to a line's end, in static memory. */
const char *ask_line(int fd, const char *line);

/* The same, and compare. */
void expect_answer(int fd, const char *line, const char *answer);

/* Wait until a fiber waits for a descriptor in gruvi_wait_fd(). */
void fiber_waits_for_descriptor(struct gruvid *g);

#endif
