/* SPDX-License-Identifier: MIT */
/*
 * gruvid as a child process: begun with a configuration, watched by its log,
 * stopped by signals.
 *
 *     struct gruvid *g = gruvid_begin("[plugin echo]\n...", NULL);
 *     int fd = connect_to(g, 0);
 *     ...
 *     ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
 *
 * A call that would wait for more than PATIENCE seconds fails the test, with
 * the log.  Processes that a test leaves behind are killed when it ends.
 *
 * $GRUVID_UNDER is put in front of the command: GRUVID_UNDER="valgrind -q".
 */
#ifndef TESTS_DAEMON_RUN_GRUVID_H
#define TESTS_DAEMON_RUN_GRUVID_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "support/suite.h"

#define PATIENCE 60

struct gruvid {
    pid_t pid;
    int log_fd;       /* its stderr */
    char *log;        /* the text from there so far */
    size_t length;    /* of log */
    int status;       /* of wait(); valid once pid is 0 */
    char dir[64];     /* a folder of its own, with gruvid.conf in it */
    unsigned reloads; /* that gruvid_reload() has asked for */
};

/* How to begin gruvid in an unusual way; all members may be 0. */
struct gruvid_options {
    const char *const *args; /* further arguments, ended by NULL */
    const char *const *env;  /* "NAME=value", ended by NULL */
    bool no_config;          /* no -c: only args */
    bool check_owners;  /* without --trust-files: a checkout may be anybody's */
    bool no_stdio;      /* 0 and 1 are closed */
    bool no_stderr;     /* 2 is closed as well: there is no log */
    bool stdout_too;    /* stdout goes where stderr goes */
    bool stdout_full;   /* nothing can be written there */
    bool first_process; /* in a PID namespace of its own */
    bool own_proc;      /* with first_process: /proc is the namespace's */
    bool ignore_sigint; /* as in the background of a shell */
    bool block_signals; /* all that can be */
    bool journal;       /* its stderr claims to be the journal */
    int inherit;        /* a descriptor that it gets as 3; 0: none */
    const int *sockets; /* n_sockets descriptors, from 3 on, as a service
                         * manager hands them over */
    int n_sockets;
    const char *names; /* of sockets, "web:admin"; NULL: it gives none */
    rlim_t files;      /* limit of descriptors; 0: as it is */
    rlim_t hard_files; /* the hard one; 0: the same */
};

/*
 * Begin gruvid.
 *
 *   config   the text of its gruvid.conf.  "@DIR@" in it is the folder of this
 *            gruvid, and plugin_dir is where the test plugins are.
 *   options  may be NULL
 *
 * Returns NULL only if first_process is not permitted here.
 */
struct gruvid *gruvid_begin(const char *config,
                            const struct gruvid_options *options);

/* Begin gruvid, and wait until its log says that it is ready. */
struct gruvid *gruvid_ready(const char *config,
                            const struct gruvid_options *options);

/* Write its gruvid.conf, for the next reload; "@DIR@" as above. */
void gruvid_configure(const struct gruvid *g, const char *config);

/* Write its gruvid.conf and have it reload, for the next time in its life; wait
 * until the log says that this is done, or that it has failed. */
void gruvid_reload(struct gruvid *g, const char *config, bool ok);

/* Wait until the log contains text; returns the log after it. */
const char *gruvid_says(struct gruvid *g, const char *text);

/* Wait until the log contains text, or until gruvid has ended: false. */
bool gruvid_says_or_ends(struct gruvid *g, const char *text);

/* Wait until the log contains text n times. */
void gruvid_says_times(struct gruvid *g, const char *text, unsigned n);

/* How often the log contains text so far. */
unsigned gruvid_said(const struct gruvid *g, const char *text);

void gruvid_signal(struct gruvid *g, int signum);

/* Wait for its end; returns its exit status, or 128 plus the signal that ended
 * it. */
int gruvid_wait(struct gruvid *g);

/* Send a signal, and wait for the end. */
int gruvid_stop(struct gruvid *g, int signum);

/* Run it to its end; the log stays readable until the test ends. */
struct gruvid *gruvid_run(const char *config,
                          const struct gruvid_options *options);

/* A path in its folder, in static memory. */
const char *gruvid_path(const struct gruvid *g, const char *name);

/* A file's text, in static memory; "" if there is no file. */
const char *read_text(const char *path);

/* Wait until a file contains text. */
void file_says(const char *path, const char *text);

/* --- what it takes ------------------------------------------------------- */

/* Bytes of memory that are resident. */
size_t gruvid_memory(const struct gruvid *g);

/* Whether they say something: sanitizers and Valgrind keep what is freed. */
bool gruvid_memory_counts(void);

/* How many descriptors it has open. */
unsigned gruvid_descriptors(const struct gruvid *g);

/* Seconds of its threads, to be printed: they depend on the machine. */
double gruvid_cpu(const struct gruvid *g);

/* --- clients ------------------------------------------------------------- */

/* The port of its n-th "listening on tcp://..." line, from 0. */
int gruvid_port(struct gruvid *g, unsigned n);

/* Connect to the n-th port; to a port; to a Unix socket. */
int connect_to(struct gruvid *g, unsigned n);
int connect_port(int port);
int connect_unix(const char *path);

void send_text(int fd, const char *text);

/* Read as many bytes as text has, and compare. */
void expect_text(int fd, const char *text);

/* Read until the peer closes; true if it closed with a reset. */
bool expect_end(int fd);

/* Close with a reset. */
void reset(int fd);

/* End and remove everything that a test has begun: each case's teardown. */
void gruvid_end_all(void);

/* A suite's only case, with that teardown. */
TCase *gruvid_case(Suite *suite, const char *name);

#endif
