/* SPDX-License-Identifier: MIT */
/*
 * Signals.  They arrive as callbacks of the first hub, which may do anything
 * but switch.  What takes time is left to the leader, which is woken.
 */
#include "run/signals.h"

#include <signal.h>
#include <unistd.h>

#include "instance/fibers.h"
#include "log/sink.h"
#include "run/state.h"

static void
on_terminate(struct gruvid__daemon *daemon)
{
    gruvid__ask_to_stop(&daemon->leader);
    gruvid__wake(&daemon->leader);
}

static void
on_hangup(struct gruvid__daemon *daemon)
{
    int err = gruvid__reload_ask(daemon, "SIGHUP", NULL, NULL, NULL);

    if (err == UV_ESHUTDOWN)
        gruvi_warning("SIGHUP: no reload while stopping");
    else if (err < 0)
        gruvi_error("SIGHUP: no reload: %s", gruvi_strerror(err));
}

static void
on_usr1(struct gruvid__daemon *daemon)
{
    (void)daemon;
    gruvid__log_reopen();
}

static void
on_usr2(struct gruvid__daemon *daemon)
{
    gruvid__fibers_log(&daemon->hubs);
}

static void
on_child(struct gruvid__daemon *daemon)
{
    gruvid__orphans_look(&daemon->signals.orphans);
}

static const struct {
    int signum;
    void (*callback)(struct gruvid__daemon *daemon);
} table[] = {
    {SIGTERM, on_terminate}, {SIGHUP, on_hangup}, {SIGUSR1, on_usr1},
    {SIGUSR2, on_usr2},      {SIGCHLD, on_child}, /* last: of process 1 only */
};

#define SIGNALS (sizeof table / sizeof *table)

static void
on_signal(int signum, void *arg)
{
    for (size_t i = 0; i < SIGNALS; i++)
        if (table[i].signum == signum)
            table[i].callback(arg);
}

int
gruvid__signals_open(struct gruvid__daemon *daemon)
{
    struct gruvid__signals *signals = &daemon->signals;
    int signums[SIGNALS], err;

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < SIGNALS; i++)
        signums[i] = table[i].signum;
    signals->is_first_process = getpid() == 1;
    err = gruvi_signal_open(&signals->watcher, signums,
                            signals->is_first_process ? SIGNALS : SIGNALS - 1);
    if (err < 0)
        return err;
    if (signals->is_first_process)
        gruvid__orphans_open(&signals->orphans, gruvi_hub_loop(daemon->hub));
    return gruvi_signal_set_callback(signals->watcher, on_signal, daemon);
}

/* What comes from here on must not end a gruvid that is about to end: its
 * status would be the signal's.  Blocked as well, for the default is back for a
 * moment when the watcher closes. */
static void
ignore_late_signals(void)
{
    sigset_t late;

    sigemptyset(&late);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaddset(&late, table[i].signum);
    sigdelset(&late, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &late, NULL);
    for (size_t i = 0; i < SIGNALS; i++)
        if (table[i].signum != SIGCHLD)
            signal(table[i].signum, SIG_IGN);
}

GRUVI_SWITCHPOINT void
gruvid__signals_close(struct gruvid__daemon *daemon)
{
    struct gruvid__signals *signals = &daemon->signals;

    if (signals->watcher == NULL)
        return;
    ignore_late_signals();
    gruvi_signal_close(signals->watcher);
    signals->watcher = NULL;
    if (signals->is_first_process)
        gruvid__orphans_close(&signals->orphans);
}
