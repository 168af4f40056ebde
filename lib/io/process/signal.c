/* SPDX-License-Identifier: MIT */
/*
 * Signals that fibers wait for.  A watcher listens (core/signals.h), and notes
 * which signals have come.
 *
 * A watcher is counted: its owner and the fiber inside have a reference, so
 * that it may be closed while the fiber waits.
 */
#include <signal.h>
#include <stdlib.h>

#include <gruvi/error.h>
#include <gruvi/hub.h>
#include <gruvi/signal.h>

#include "base/list.h"
#include "core/callback.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/schedule.h"
#include "core/signals.h"
#include "core/switchpoint.h"
#include "core/thread.h"
#include "core/wait.h"
#include "core/waitable.h"

struct gruvi_signal {
    struct gruvi__signal_listener listener;
    struct gruvi__hub_end end; /* linked as long as it listens */
    gruvi_hub_t *hub;          /* borrowed: it lives as long as this thread */
    gruvi_fiber_t *fiber;      /* inside gruvi_signal_next(); or NULL */
    int granted;               /* valid while it waits */
    bool listens, closed;
    uint64_t pending;                        /* a bit for each signal */
    void (*callback)(int signum, void *arg); /* NULL: a fiber asks */
    void *arg;
    struct gruvi__callback call; /* of the hub: it calls that */
    bool called;                 /* call is queued, and has a reference */
    struct gruvi__waitable_other ready; /* for gruvi_wait() */
    unsigned refs;
};

static bool
may_be_watched(int signum)
{
    switch (signum) {
    case SIGKILL:
    case SIGSTOP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGSEGV:
    case SIGSYS:
    case SIGTRAP:
        return false;
    default:
        /* From 32 to SIGRTMIN they are the C library's own. */
        return signum > 0 && signum <= SIGRTMAX &&
               (signum < 32 || signum >= SIGRTMIN);
    }
}

static void
drop(gruvi_signal_t *watcher)
{
    if (--watcher->refs == 0)
        free(watcher);
}

static void
wake(gruvi_signal_t *watcher)
{
    if (watcher->fiber != NULL) {
        watcher->granted = 1;
        gruvi__ready(watcher->fiber);
    }
}

/* More signals may have come since the fiber was woken. */
static int
take(gruvi_signal_t *watcher)
{
    int signum = __builtin_ctzll(watcher->pending) + 1;

    watcher->pending &= watcher->pending - 1;
    return signum;
}

/* A hub callback. */
static void
run_callback(struct gruvi__inbox_node *node)
{
    gruvi_signal_t *watcher =
        gruvi__list_entry(node, gruvi_signal_t, call.node);

    watcher->called = false;
    while (watcher->callback != NULL && !watcher->closed &&
           watcher->pending != 0)
        watcher->callback(take(watcher), watcher->arg);
    drop(watcher);
}

/* Not at once: a fiber with a small stack may have looked for signals. */
static void
call_later(gruvi_signal_t *watcher)
{
    if (watcher->called)
        return;
    watcher->call.node.run = run_callback;
    if (gruvi__hub_callback_add(watcher->hub, &watcher->call) < 0)
        return;
    watcher->called = true;
    watcher->refs++;
}

static void
on_signals(struct gruvi__signal_listener *listener, uint64_t came)
{
    gruvi_signal_t *watcher =
        gruvi__list_entry(listener, gruvi_signal_t, listener);

    watcher->pending |= came;
    if (watcher->callback != NULL)
        call_later(watcher);
    else
        wake(watcher);
    gruvi__waitable_fire(&watcher->ready);
}

static void
stop_listening(gruvi_signal_t *watcher)
{
    if (watcher->listens)
        gruvi__signals_unlisten(watcher->hub, &watcher->listener);
    watcher->listens = false;
}

/* The hub ends, and the watcher hears nothing any more. */
static void
on_hub_end(struct gruvi__hub_end *end)
{
    stop_listening(gruvi__list_entry(end, gruvi_signal_t, end));
}

static void
close_watcher(gruvi_signal_t *watcher)
{
    gruvi__list_remove(&watcher->end.link);
    stop_listening(watcher);
    watcher->closed = true;
    wake(watcher);
    gruvi__waitable_abort(&watcher->ready);
    drop(watcher);
}

static int
open_watcher(gruvi_hub_t *hub, uint64_t wanted, gruvi_signal_t **watcher)
{
    gruvi_signal_t *w = calloc(1, sizeof *w);
    int err;

    if (w == NULL)
        return UV_ENOMEM;
    w->hub = hub;
    w->refs = 1;
    w->listener.wanted = wanted;
    w->listener.fn = on_signals;
    w->end.run = on_hub_end;
    gruvi__list_init(&w->end.link);
    err = gruvi__hub_add_end(hub, &w->end);
    if (err == 0)
        err = gruvi__signals_listen(hub, &w->listener);
    w->listens = err == 0;
    if (err < 0)
        close_watcher(w);
    else
        *watcher = w;
    return err;
}

int
gruvi_signal_open(gruvi_signal_t **watcher, const int signums[], unsigned n)
{
    gruvi_hub_t *hub;
    uint64_t wanted = 0;

    if (watcher == NULL)
        return UV_EINVAL;
    *watcher = NULL;
    if (signums == NULL || n == 0 || n > GRUVI__SIGNALS)
        return UV_EINVAL;
    for (unsigned i = 0; i < n; i++) {
        if (!may_be_watched(signums[i]))
            return UV_EINVAL;
        wanted |= gruvi__signal_bit(signums[i]);
    }
    hub = gruvi_get_hub();
    if (hub == NULL)
        return gruvi_last_error();
    return open_watcher(hub, wanted, watcher);
}

static GRUVI_SWITCHPOINT int
next(gruvi_signal_t *watcher, gruvi_fiber_t *fiber, double timeout)
{
    int err;

    watcher->fiber = fiber;
    watcher->refs++;
    err = gruvi__yield_sometimes(fiber);
    gruvi__signals_deliver(fiber->hub);
    watcher->granted = watcher->pending != 0 || watcher->closed;
    if (err == 0)
        err = gruvi__wait(fiber, &watcher->granted, "signal", timeout);
    watcher->fiber = NULL;
    if (watcher->closed)
        err = UV_ECONNABORTED;
    else if (err == 0)
        err = take(watcher);
    drop(watcher);
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_signal_next(gruvi_signal_t *watcher, double timeout)
{
    gruvi_fiber_t *fiber;
    int err = gruvi__enter(__func__, &fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (watcher == NULL)
        return UV_EINVAL;
    if (watcher->hub != fiber->hub)
        return UV_EPERM;
    if (watcher->fiber != NULL || watcher->callback != NULL)
        return UV_EBUSY;
    return next(watcher, fiber, timeout);
}

int
gruvi_signal_set_callback(gruvi_signal_t *watcher,
                          void (*fn)(int signum, void *arg), void *arg)
{
    if (watcher == NULL)
        return UV_EINVAL;
    if (!gruvi__is_own(watcher->hub))
        return UV_EPERM;
    if (watcher->fiber != NULL)
        return UV_EBUSY;
    watcher->callback = fn;
    watcher->arg = arg;
    if (fn != NULL && watcher->pending != 0)
        call_later(watcher);
    return 0;
}

void
gruvi_signal_close(gruvi_signal_t *watcher)
{
    if (watcher == NULL)
        return;
    if (!gruvi__is_own(watcher->hub)) {
        gruvi__assert_failed("gruvi_signal_close: another thread's watcher");
        return;
    }
    close_watcher(watcher);
}

GRUVI_SWITCHPOINT int
gruvi_signal_wait(int signum, double timeout)
{
    gruvi_signal_t *watcher;
    gruvi_fiber_t *fiber;
    int err = gruvi__enter(__func__, &fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (!may_be_watched(signum))
        return UV_EINVAL;
    if (timeout == 0)
        return UV_ETIMEDOUT; /* nothing can have come */
    err = open_watcher(fiber->hub, gruvi__signal_bit(signum), &watcher);
    if (err < 0)
        return err;
    err = next(watcher, fiber, timeout);
    close_watcher(watcher);
    return err < 0 ? err : 0;
}

/* --- gruvi_wait() ----------------------------------------------------------
 */

static inline gruvi_signal_t *
watcher_of(struct gruvi__waitable_other *object)
{
    return gruvi__list_entry(object, gruvi_signal_t, ready);
}

static int
check(struct gruvi__waitable_other *object)
{
    return gruvi__is_own(watcher_of(object)->hub) ? 0 : UV_EPERM;
}

static bool
is_ready(struct gruvi__waitable_other *object)
{
    gruvi_signal_t *watcher = watcher_of(object);

    gruvi__signals_deliver(watcher->hub);
    return watcher->pending != 0;
}

gruvi_waitable_t *
gruvi_signal_waitable(gruvi_signal_t *watcher)
{
    static const struct gruvi__waitable_ops ops = {
        check, is_ready, gruvi__waitable_link, gruvi__waitable_unlink};

    return watcher == NULL ? NULL : gruvi__waitable_get(&watcher->ready, &ops);
}
