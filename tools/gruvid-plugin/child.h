/* SPDX-License-Identifier: MIT */
/* Programs that gruvid-plugin starts, and the signals that end it. */
#ifndef GRUVID_PLUGIN_CHILD_H
#define GRUVID_PLUGIN_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct child_plan {
    char *const *argv; /* argv[0] is looked for in PATH */
    const int *fds;    /* to be inherited, besides 0, 1 and 2 */
    int n_fds;
    int output; /* for its standard error; -1: ours */
    bool both;  /* and for its standard output */
};

/* From here on SIGINT, SIGTERM, SIGHUP and the end of a child are for
 * child_signal() and child_wait(). */
void child_hold_signals(void);

/*
 * Start a program, in a process group of its own: Ctrl-C reaches only this
 * program, which then ends the others in order.  It is ended also when this
 * program is killed.
 *
 * Returns its pid; -1: it has complained.
 */
pid_t child_begin(const struct child_plan *plan);

/* Wait for so many seconds, or for the end of a child.  Returns whether this
 * program is to end; once it is, that stays so. */
bool child_signal(double seconds);

/* Whether it has ended; then *status is of waitpid(). */
bool child_has_ended(pid_t pid, int *status);

/*
 * Wait for its end.  Where this program is to end before, so is the child.
 *
 * Returns its exit status, 128 and the signal where there was one.
 */
int child_wait(pid_t pid);

/* Wait for a second, then end it.  Returns its exit status, as above. */
int child_stop(pid_t pid);

/* End it and its group: by the signal, again each tenth of a second, and after
 * so many seconds by SIGKILL. */
void child_end(pid_t pid, int signal, double seconds);

#endif
