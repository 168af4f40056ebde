/* SPDX-License-Identifier: MIT */
/*
 * Signals.  They arrive as callbacks of the event loop, which may do anything
 * but switch.  What takes time is left to the leader, which is woken.
 *
 * As process 1 gruvid inherits orphans and has to reap them.  A child may
 * belong to an event loop, or to a thread that waits for it.  So a child is
 * reaped only a second after it died, and never if it has a handle on a loop.
 * Only the thread of a loop can look for a handle, so the question goes from
 * hub to hub and back to the first.
 */
#include "run/signals.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "instance/fibers.h"
#include "log/sink.h"
#include "run/state.h"

#define REAP_AFTER 1000 /* ms */

static void
on_terminate(uv_signal_t *handle, int signum)
{
    struct gruvid__daemon *daemon = handle->data;

    (void)signum;
    gruvid__ask_to_stop(&daemon->leader);
    gruvid__wake(&daemon->leader);
}

static void
on_hangup(uv_signal_t *handle, int signum)
{
    struct gruvid__daemon *daemon = handle->data;

    (void)signum;
    if (gruvid__stopping(&daemon->leader))
        gruvi_warning("SIGHUP: no reload while stopping");
    else
        gruvi_warning("SIGHUP: reload is not available in this version; "
                      "restart gruvid for a new configuration");
}

static void
on_usr1(uv_signal_t *handle, int signum)
{
    (void)handle;
    (void)signum;
    gruvid__log_reopen();
}

static void
on_usr2(uv_signal_t *handle, int signum)
{
    const struct gruvid__daemon *daemon = handle->data;

    (void)signum;
    gruvid__fibers_log(&daemon->hubs);
}

/* --- orphans -------------------------------------------------------------- */

struct search {
    pid_t pid;
    bool found;
};

static void
compare_pid(uv_handle_t *handle, void *arg)
{
    struct search *search = arg;

    if (uv_handle_get_type(handle) == UV_PROCESS &&
        uv_process_get_pid((uv_process_t *)handle) == search->pid)
        search->found = true;
}

static bool
has_process(gruvi_hub_t *hub, pid_t pid)
{
    struct search search = {.pid = pid};
    uv_loop_t *loop = gruvi_hub_loop(hub);

    if (loop != NULL)
        uv_walk(loop, compare_pid, &search);
    return search.found;
}

static void ask_next(struct gruvid__daemon *daemon);

/* A hub callback, in the hub that is asked. */
static void
ask(void *arg)
{
    struct gruvid__daemon *daemon = arg;
    struct gruvid__signals *signals = &daemon->signals;

    signals->owned |=
        has_process(daemon->hubs.at[signals->asked].hub, signals->orphan);
    signals->asked++;
    ask_next(daemon);
}

static void reap_orphan(void *arg);

/* Ask the next hub, or tell the first what the hubs said.  A hub that cannot be
 * asked any more has closed its handles. */
static void
ask_next(struct gruvid__daemon *daemon)
{
    struct gruvid__signals *signals = &daemon->signals;

    while (signals->asked < daemon->hubs.n && !signals->owned) {
        int err = gruvi_hub_run_callback(daemon->hubs.at[signals->asked].hub,
                                         ask, daemon);

        if (err == 0)
            return;
        signals->owned = err != UV_ESHUTDOWN;
        signals->asked++;
    }
    if (gruvi_hub_run_callback(daemon->hub, reap_orphan, daemon) < 0)
        __atomic_store_n(&signals->asking, false, __ATOMIC_RELEASE);
}

/* Look for a child that died, and ask whose it is. */
static void
look(struct gruvid__daemon *daemon)
{
    struct gruvid__signals *signals = &daemon->signals;
    siginfo_t info = {.si_pid = 0};

    if (__atomic_load_n(&signals->asking, __ATOMIC_ACQUIRE) ||
        waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
        info.si_pid == 0)
        return;
    signals->orphan = info.si_pid;
    signals->asked = 0;
    signals->owned = false;
    signals->asking = true;
    ask_next(daemon);
}

/* A hub callback of the first hub. */
static void
reap_orphan(void *arg)
{
    struct gruvid__daemon *daemon = arg;
    struct gruvid__signals *signals = &daemon->signals;

    signals->asking = false;
    if (signals->owned)
        return;
    waitpid(signals->orphan, NULL, WNOHANG);
    look(daemon);
}

static void
on_reap(uv_timer_t *timer)
{
    look(timer->data);
}

static void
on_child(uv_signal_t *handle, int signum)
{
    struct gruvid__daemon *daemon = handle->data;

    (void)signum;
    uv_timer_start(&daemon->signals.reap, on_reap, REAP_AFTER, 0);
}

static const struct {
    int signum;
    uv_signal_cb callback;
    bool first_process_only;
} table[GRUVID__SIGNALS] = {
    {SIGTERM, on_terminate, false}, {SIGHUP, on_hangup, false},
    {SIGUSR1, on_usr1, false},      {SIGUSR2, on_usr2, false},
    {SIGCHLD, on_child, true},
};

int
gruvid__signals_open(struct gruvid__daemon *daemon)
{
    struct gruvid__signals *signals = &daemon->signals;
    uv_loop_t *loop = gruvi_hub_loop(daemon->hub);

    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < GRUVID__SIGNALS; i++) {
        uv_signal_t *handle = &signals->handles[i];
        int err = uv_signal_init(loop, handle);

        if (err < 0)
            return err;
        handle->data = daemon;
        if (signals->n_handles++ == 0) {
            uv_timer_init(loop, &signals->reap); /* cannot fail */
            signals->reap.data = daemon;
        }
        if (table[i].first_process_only && getpid() != 1)
            continue;
        err = uv_signal_start(handle, table[i].callback, table[i].signum);
        if (err < 0)
            return err;
    }
    return 0;
}

void
gruvid__signals_close(struct gruvid__daemon *daemon)
{
    struct gruvid__signals *signals = &daemon->signals;

    if (signals->n_handles > 0)
        gruvi_uv_close((uv_handle_t *)&signals->reap);
    while (signals->n_handles > 0)
        gruvi_uv_close((uv_handle_t *)&signals->handles[--signals->n_handles]);
}
