/* SPDX-License-Identifier: MIT */
/* Handlers that are still ours: see handlers.h. */
#include "watch/handlers.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <gruvi.h>
#include <gruvi/inspect.h>

/* Those of crashes come first. */
static const struct {
    int signum;
    const char *name, *loss;
} signals[] = {
    {SIGSEGV, "SIGSEGV", ""},
    {SIGBUS, "SIGBUS", ""},
    {SIGILL, "SIGILL", ""},
    {SIGFPE, "SIGFPE", ""},
    {SIGABRT, "SIGABRT", ""},
    {SIGURG, "SIGURG", "stalls are logged without a stack"},
    {SIGTERM, "SIGTERM", "gruvid may not hear it any more"},
    {SIGINT, "SIGINT", "gruvid may not hear it any more"},
    {SIGHUP, "SIGHUP", "gruvid may not hear it any more"},
    {SIGUSR1, "SIGUSR1", "gruvid may not hear it any more"},
    {SIGUSR2, "SIGUSR2", "gruvid may not hear it any more"},
    {SIGPIPE, "SIGPIPE", "a peer that goes may end gruvid"},
    {SIGXFSZ, "SIGXFSZ", "a file that is full may end gruvid"},
};

#define N         (sizeof signals / sizeof *signals)
#define N_CRASHES 5

static struct sigaction right[N];
static bool remembered, settled;

static uintptr_t
handler_of(const struct sigaction *action)
{
    return action->sa_flags & SA_SIGINFO ? (uintptr_t)action->sa_sigaction
                                         : (uintptr_t)action->sa_handler;
}

/* Whether a handler is another than it should be. */
static bool
is_changed(size_t i, struct sigaction *now)
{
    return sigaction(signals[i].signum, NULL, now) == 0 &&
           handler_of(now) != handler_of(&right[i]);
}

static void
describe(const struct sigaction *action, char *text, size_t size)
{
    if (handler_of(action) == (uintptr_t)SIG_DFL)
        snprintf(text, size, "the default action");
    else if (handler_of(action) == (uintptr_t)SIG_IGN)
        snprintf(text, size, "nothing");
    else
        gruvi__address_text(handler_of(action), text, size);
}

static void
take_back(size_t i, const struct sigaction *now, const char *who)
{
    char what[256];

    describe(now, what, sizeof what);
    sigaction(signals[i].signum, &right[i], NULL);
    gruvi_warning("%s has replaced the handler of %s by %s; gruvid has put it "
                  "back",
                  who, signals[i].name, what);
}

static void
complain(size_t i, const struct sigaction *now, const char *who)
{
    char what[256];

    describe(now, what, sizeof what);
    right[i] = *now; /* said once */
    gruvi_warning("%s has replaced the handler of %s by %s: %s", who,
                  signals[i].name, what, signals[i].loss);
}

static void
look(size_t n, const char *who)
{
    struct sigaction now;

    for (size_t i = 0; i < n; i++) {
        if (!is_changed(i, &now))
            continue;
        if (i < N_CRASHES)
            take_back(i, &now, who);
        else
            complain(i, &now, who);
    }
}

static void
note(size_t n)
{
    for (size_t i = 0; i < n; i++)
        sigaction(signals[i].signum, NULL, &right[i]);
}

void
gruvid__handlers_remember(void)
{
    note(N_CRASHES);
    remembered = true;
}

void
gruvid__handlers_restore(void)
{
    if (remembered)
        look(N_CRASHES, "a module that was opened");
}

void
gruvid__handlers_settle(void)
{
    note(N);
    settled = true;
}

void
gruvid__handlers_check(const char *plugin)
{
    char who[64];

    if (!settled)
        return;
    if (plugin == NULL)
        snprintf(who, sizeof who, "a plugin, or a module that was opened,");
    else
        snprintf(who, sizeof who, "plugin %s", plugin);
    look(N, who);
}
