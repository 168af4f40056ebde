/* SPDX-License-Identifier: MIT */
/* Children.  Signals are blocked and waited for, so that nothing runs in a
 * handler. */
#include "gruvid-plugin/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gruvid-plugin/plugin_tool.h"

static sigset_t held, before;
static bool to_end;

void
child_hold_signals(void)
{
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigaddset(&held, SIGCHLD);
    sigprocmask(SIG_BLOCK, &held, &before);
    /* What is ignored is not waited for, and a shell may have begun us so. */
    signal(SIGCHLD, SIG_DFL);
}

static void
become(const struct child_plan *plan, pid_t parent)
{
    static const char failed[] = "gruvid-plugin: cannot start ";

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    for (int i = 0; i < plan->n_fds; i++)
        fcntl(plan->fds[i], F_SETFD, 0);
    if (plan->output >= 0)
        dup2(plan->output, 2);
    if (plan->both)
        dup2(plan->output, 1);
    execvp(plan->argv[0], plan->argv);
    if (write(2, failed, sizeof failed - 1) < 0 ||
        write(2, plan->argv[0], strlen(plan->argv[0])) < 0 ||
        write(2, "\n", 1) < 0)
        _exit(126);
    _exit(127);
}

pid_t
child_begin(const struct child_plan *plan)
{
    pid_t parent = getpid(), pid = fork();

    if (pid == 0)
        become(plan, parent);
    if (pid < 0)
        complain("%s cannot be started: %s", plan->argv[0], strerror(errno));
    else
        setpgid(pid, pid); /* whoever of both is first */
    return pid;
}

bool
child_signal(double seconds)
{
    time_t whole = (time_t)seconds;
    double rest = seconds - (double)whole;
    struct timespec timeout = {.tv_sec = whole, .tv_nsec = (long)(rest * 1e9)};
    int signal = sigtimedwait(&held, NULL, &timeout);

    if (signal > 0 && signal != SIGCHLD)
        to_end = true;
    return to_end;
}

bool
child_has_ended(pid_t pid, int *status)
{
    siginfo_t info = {0};

    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
        info.si_pid != pid)
        return false;
    /* What it has left behind, as long as the number of the group is its. */
    kill(-pid, SIGKILL);
    return waitpid(pid, status, 0) == pid;
}

int
child_wait(pid_t pid)
{
    int status = 0;

    while (!child_has_ended(pid, &status))
        if (child_signal(1)) {
            child_end(pid, SIGTERM, 2);
            return 128 + SIGTERM;
        }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
child_stop(pid_t pid)
{
    int status = 0;

    for (int i = 0; i < 100; i++) {
        if (child_has_ended(pid, &status))
            return WIFEXITED(status) ? WEXITSTATUS(status)
                                     : 128 + WTERMSIG(status);
        child_signal(0.01);
    }
    child_end(pid, SIGTERM, 2);
    return 128 + SIGTERM;
}

static double
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void
child_end(pid_t pid, int signal, double seconds)
{
    double deadline = now() + seconds;
    int status;

    while (!child_has_ended(pid, &status)) {
        if (now() >= deadline) {
            kill(-pid, SIGKILL);
            waitpid(pid, &status, 0);
            return;
        }
        kill(pid, signal);
        child_signal(0.1);
    }
}
