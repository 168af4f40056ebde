/* SPDX-License-Identifier: MIT */
/*
 * The lines before a crash: the writer's thread still lives while a handler
 * runs, so the handler waits for it.  Then whoever had the signal before gets
 * it, the report of an overflow, say, or the default action.
 *
 * These are the signals that write a core file.  The faults come first: they
 * come again by themselves, and nobody can ignore them.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "log/sink.h"
#include "log/writer.h"

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL,  SIGFPE, SIGABRT,
                              SIGQUIT, SIGSYS, SIGTRAP, SIGXCPU};

#define N_SIGNALS (sizeof signals / sizeof *signals)
#define N_FAULTS  4

static struct sigaction before[N_SIGNALS];

static void
pass_on(size_t i, int signum, siginfo_t *info, void *context)
{
    const struct sigaction *action = &before[i];
    struct sigaction standard = {.sa_handler = SIG_DFL};
    bool comes_again = i < N_FAULTS && info->si_code > 0;

    if (action->sa_flags & SA_SIGINFO) {
        action->sa_sigaction(signum, info, context);
    } else if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN) {
        action->sa_handler(signum);
    } else if (action->sa_handler == SIG_DFL || comes_again) {
        sigaction(signum, &standard, NULL);
        if (!comes_again)
            raise(signum);
    }
}

static void
on_signal(int signum, siginfo_t *info, void *context)
{
    int saved = errno;

    gruvid__writer_flush_in_handler();
    errno = saved;
    for (size_t i = 0; i < N_SIGNALS; i++)
        if (signals[i] == signum)
            pass_on(i, signum, info, context);
}

void
gruvid__log_watch_crash(void)
{
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK};

    for (size_t i = 0; i < N_SIGNALS; i++) {
        struct sigaction now;

        if (sigaction(signals[i], NULL, &now) < 0 ||
            ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_signal) ||
            (i >= N_FAULTS && now.sa_handler == SIG_IGN))
            continue; /* programs that plugins start ignore it as well */
        before[i] = now;
        sigaction(signals[i], &action, NULL);
    }
}
