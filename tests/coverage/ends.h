/* SPDX-License-Identifier: MIT */
/*
 * Counters of a process that does not exit: in front of each source of the
 * daemon under "make coverage".  Before such a process dies of a signal that it
 * has handled, or ends by _exit(), its counters are added to those that are
 * known.
 */
#ifndef TESTS_COVERAGE_ENDS_H
#define TESTS_COVERAGE_ENDS_H

#include <signal.h>
#include <unistd.h>

/* Of gcc's libgcov. */
void __gcov_dump(void);
void __gcov_reset(void);

/* It may go on: then the rest is added later. */
static inline void
coverage_write(void)
{
    __gcov_dump();
    __gcov_reset();
}

__attribute__((noreturn)) static inline void
coverage_exit(int status)
{
    coverage_write();
    _exit(status);
}

static inline int
coverage_raise(int signum)
{
    coverage_write();
    return raise(signum);
}

/* A fault with the default action comes again, and ends the process. */
static inline int
coverage_sigaction(int signum, const struct sigaction *action,
                   struct sigaction *before)
{
    if (action != NULL && action->sa_handler == SIG_DFL)
        coverage_write();
    return sigaction(signum, action, before);
}

#define _exit(status) coverage_exit(status)
#define raise(signum) coverage_raise(signum)
#define sigaction(signum, action, before)                                      \
    coverage_sigaction(signum, action, before)

#endif
