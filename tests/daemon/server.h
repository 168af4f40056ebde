/* SPDX-License-Identifier: MIT */
/*
 * The servers that the plugins in plugins/examples ask: each has a folder of
 * its own, with its Unix socket, and no TCP.
 *
 * If the test is root, they run as a user without rights.  They end with the
 * process that began them, at the latest.
 */
#ifndef TESTS_DAEMON_SERVER_H
#define TESTS_DAEMON_SERVER_H

#include "daemon/run_gruvid.h"

struct server {
    pid_t pid;      /* 0: does not run */
    int end_signal; /* ends it at once */
    char dir[64];   /* its folder */

    /* What its log says when it is ready; NULL: "ready to accept
     * connections". */
    const char *ready;
};

/*
 * End the test with status 77, which counts as skipped, if a part that it needs
 * is missing.
 *
 *   plugin   the name of an example
 *   library  the library that it uses
 *   program  the server that it asks; NULL: none
 */
void need(const char *plugin, const char *library, const char *program);

/* The same for a server alone. */
void need_program(const char *program);

/* The argument of -o with which gruvid finds the examples, in static memory. */
const char *examples_option(void);

/* gruvid with the examples as plugins, ready; its stop cuts connections. */
struct gruvid *gruvid_with_examples(const char *config);

/* Make the folder; name a file in it, in static memory; remove the folder. */
void server_prepare(struct server *server);
const char *server_path(const struct server *server, const char *name);
void server_remove(struct server *server);

/* Run a program in the folder to its end; it has to succeed.  Its output goes
 * to the file log.  It is searched in $PATH, /usr/sbin and Debian's folder of
 * PostgreSQL. */
void server_run(struct server *server, const char *const argv[]);

/* Begin a server, and wait until its log says that it is ready. */
void server_begin(struct server *server, const char *const argv[]);

/* End a server, if it runs, and wait for its end. */
void server_end(struct server *server);

/* Send a line and read the answer, which is a line, in static memory. */
const char *ask_line(int fd, const char *line);

/* Send a line, and compare the answer. */
void expect_line(int fd, const char *line, const char *answer);

/* Wait until a fiber waits for a descriptor in gruvi_wait_fd(). */
void fiber_waits_for_descriptor(struct gruvid *g);

#endif
