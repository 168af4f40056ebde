/* SPDX-License-Identifier: MIT */
/*
 * dlopen() runs code of the module, and of what it links with.  If that crashes
 * or calls exit(), or the file is damaged where no check looks, the operator
 * would not learn whose fault it was.
 *
 * A reload opens modules in a thread of its own, while hubs run.  What crashes
 * or exits in another thread meanwhile is no fault of the module, and goes
 * where it would have gone.
 */
#include "module/opening.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

#define N_SIGNALS (sizeof signals / sizeof *signals)

static const char *volatile opening; /* NULL: none */
static volatile pid_t opener;        /* the thread that does it */
static struct sigaction before[N_SIGNALS];

static void
put(const char *text)
{
    ssize_t n = write(STDERR_FILENO, text, strlen(text));

    (void)n;
}

static void
name_it(const char *what)
{
    const char *path = opening;

    opening = NULL;
    put("gruvid: ");
    put(path);
    put(what);
}

static bool
is_opener(void)
{
    return opening != NULL && opener == gettid();
}

static void
restore(void)
{
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
}

static const struct sigaction *
action_before(int signum)
{
    for (size_t i = 0; i < N_SIGNALS; i++)
        if (signals[i] == signum)
            return &before[i];
    return NULL;
}

/* Do what would have been done. */
static void
pass_on(int signum, siginfo_t *info, void *context)
{
    const struct sigaction *action = action_before(signum);

    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(signum, info, context);
    else if (action->sa_handler == SIG_DFL) {
        sigaction(signum, action, NULL);
        if (info->si_code <= 0)
            raise(signum);
    } else if (action->sa_handler != SIG_IGN)
        action->sa_handler(signum);
}

/* A fault comes again, and so does abort(); what was sent is sent again. */
static void
on_signal(int signum, siginfo_t *info, void *context)
{
    if (!is_opener()) {
        pass_on(signum, info, context);
        return;
    }
    name_it(": gruvid crashes while it opens this plugin: the file is damaged, "
            "or code that runs when it is loaded is wrong\n");
    restore();
    if (info->si_code <= 0)
        raise(signum);
}

static void
on_exit_while_opening(void)
{
    if (is_opener())
        name_it(": " GRUVID__OPENING_EXITS "\n");
}

void
gruvid__opening_begin(const char *path)
{
    static bool registered;
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK};

    if (!registered)
        registered = atexit(on_exit_while_opening) == 0;
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &action, &before[i]);
    opener = gettid();
    opening = path;
}

/* A handler that the module has installed stays. */
void
gruvid__opening_end(void)
{
    opening = NULL;
    for (size_t i = 0; i < N_SIGNALS; i++) {
        struct sigaction now;

        if (sigaction(signals[i], NULL, &now) == 0 &&
            (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_signal)
            sigaction(signals[i], &before[i], NULL);
    }
}
