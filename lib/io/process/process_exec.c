/* SPDX-License-Identifier: MIT */
/*
 * From options to a program that runs: fork(), and in the child nothing but
 * what is safe between it and execvp().
 *
 *   parent                         child
 *   blocks all signals
 *   fork
 *   restores its mask              session, descriptors, folder, user
 *   reads the report               default actions, no signal blocked
 *                                  execvp: the report's end closes
 *                                  or writes errno there, and exits
 *
 * uv_spawn() does the like, but it takes SIGCHLD for the time that a process
 * lives, and leaves the default action behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "io/process/process.h"

#define EXIT_NOT_RUN 127 /* as shells do */

extern char **environ;

/* --- in the child ----------------------------------------------------------
 */

/* What stands in the way of another's number goes up first. */
static int
place_stdio(int fds[3])
{
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0 && fds[i] < 3 && fds[i] != i &&
            (fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3)) < 0)
            return -1;
    for (int i = 0; i < 3; i++) {
        int flags;

        if (fds[i] < 0 && (fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
            return -1;
        if (fds[i] == i ? fcntl(i, F_SETFD, 0) < 0 : dup2(fds[i], i) < 0)
            return -1;
        flags = fcntl(i, F_GETFL);
        if (flags >= 0 && (flags & O_NONBLOCK))
            fcntl(i, F_SETFL, flags & ~O_NONBLOCK);
    }
    return 0;
}

/* The groups first: without root they cannot be changed any more.  Who may not
 * change them keeps them. */
static int
become(const gruvi_process_options_t *options)
{
    if ((options->flags & (GRUVI_PROCESS_UID | GRUVI_PROCESS_GID)) &&
        setgroups(0, NULL) < 0 && errno != EPERM)
        return -1;
    if ((options->flags & GRUVI_PROCESS_GID) && setgid(options->gid) < 0)
        return -1;
    if ((options->flags & GRUVI_PROCESS_UID) && setuid(options->uid) < 0)
        return -1;
    return 0;
}

static void
reset_signals(void)
{
    sigset_t none;

    for (int signum = 1; signum < 32; signum++)
        signal(signum, SIG_DFL); /* but for those that cannot be changed */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static __attribute__((noreturn)) void
run_child(const gruvi_process_options_t *options, int fds[3], int report)
{
    ssize_t n;
    int err;

    if (options->flags & GRUVI_PROCESS_SESSION)
        setsid();
    if (place_stdio(fds) == 0 &&
        (options->cwd == NULL || chdir(options->cwd) == 0) &&
        become(options) == 0) {
        reset_signals();
        if (options->env != NULL)
            environ = (char **)options->env;
        execvp(options->file != NULL ? options->file : options->args[0],
               options->args);
    }
    err = errno;
    do
        n = write(report, &err, sizeof err);
    while (n < 0 && errno == EINTR);
    _exit(EXIT_NOT_RUN);
}

/* --- in the parent ---------------------------------------------------------
 */

/* No handler of ours may run in the child. */
static pid_t
fork_quietly(void)
{
    sigset_t all, before;
    pid_t pid;
    int saved_errno;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    saved_errno = errno;
    if (pid != 0)
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved_errno;
    return pid;
}

/* 0 where the program runs, or why it does not: then it is reaped. */
static int
await_report(pid_t pid, int report)
{
    int err = 0;
    ssize_t n;

    do
        n = read(report, &err, sizeof err);
    while (n < 0 && errno == EINTR);
    if (n != sizeof err)
        return 0;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return uv_translate_sys_error(err);
}

int
gruvi__process_exec(const gruvi_process_options_t *options, int fds[3],
                    pid_t *pid)
{
    int report[2], err;

    if (pipe2(report, O_CLOEXEC) < 0 || gruvi__fd_own_pair(report) < 0)
        return uv_translate_sys_error(errno);
    *pid = fork_quietly();
    if (*pid == 0)
        run_child(options, fds, report[1]);
    err = *pid < 0 ? uv_translate_sys_error(errno) : 0;
    close(report[1]);
    if (err == 0)
        err = await_report(*pid, report[0]);
    close(report[0]);
    return err;
}
