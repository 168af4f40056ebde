/* SPDX-License-Identifier: MIT */
/*
 * The lines before a crash: the writer's thread still lives while a handler
 * runs, so the handler waits for it.  Then whoever had the signal before gets
 * it, the report of an overflow, say, or the default action.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "log/sink.h"
#include "log/writer.h"

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

#define N_SIGNALS (sizeof signals / sizeof *signals)

static struct sigaction before[N_SIGNALS];

static void
pass_on(const struct sigaction *action, int signum, siginfo_t *info,
        void *context)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};

    if (action->sa_flags & SA_SIGINFO) {
        action->sa_sigaction(signum, info, context);
    } else if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN) {
        action->sa_handler(signum);
    } else if (action->sa_handler == SIG_DFL || info->si_code > 0) {
        /* A fault comes again by itself, and so does abort(). */
        sigaction(signum, &standard, NULL);
        if (info->si_code <= 0)
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
            pass_on(&before[i], signum, info, context);
}

void
gruvid__log_watch_crash(void)
{
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK};

    for (size_t i = 0; i < N_SIGNALS; i++) {
        struct sigaction now;

        if (sigaction(signals[i], NULL, &now) < 0 ||
            ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_signal))
            continue;
        before[i] = now;
        sigaction(signals[i], &action, NULL);
    }
}
