/* SPDX-License-Identifier: MIT */
/*
 * Signals.  A watcher has a handle of the loop for each of its signals, and
 * notes which have come; libuv carries them from the handler to the loops.
 *
 * libuv leaves the default action behind when its last handle stops.  The
 * action before, SIG_IGN under nohup(1), say, is restored here.  That takes two
 * steps: a signal that comes in between finds the default action.
 *
 * Handles are closed by the loop, later, so a watcher is counted: the owner,
 * the fiber inside, and each handle have a reference.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include <gruvi/error.h>
#include <gruvi/hub.h>
#include <gruvi/signal.h>

#include "base/list.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/schedule.h"
#include "core/switchpoint.h"
#include "core/thread.h"
#include "core/wait.h"

#define SIGNALS 64 /* SIGRTMAX, and the bits of pending */

struct gruvi_signal {
    struct gruvi__hub_end end; /* linked as long as the handles are open */
    gruvi_hub_t *hub;          /* borrowed: it lives as long as this thread */
    gruvi_fiber_t *fiber;      /* inside gruvi_signal_next(); or NULL */
    int granted;               /* valid while it waits */
    bool closed;
    uint64_t pending; /* bit signum - 1 */
    unsigned refs;
    unsigned n; /* handles that are open */
    uv_signal_t handles[];
};

/* By number: the action of a signal before its first handle. */
static struct {
    unsigned listeners;
    bool restore;
    struct sigaction before;
} actions[SIGNALS + 1];
static pthread_mutex_t actions_lock = PTHREAD_MUTEX_INITIALIZER;

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

static void
on_signal(uv_signal_t *handle, int signum)
{
    gruvi_signal_t *watcher = handle->data;

    watcher->pending |= UINT64_C(1) << (signum - 1);
    wake(watcher);
}

static void
on_closed(uv_handle_t *handle)
{
    drop(handle->data);
}

/* Where libuv has a handler already, for handles of other code, the action
 * before it is not known. */
static int
start(uv_signal_t *handle, int signum)
{
    struct sigaction before, now;
    int err;

    pthread_mutex_lock(&actions_lock);
    if (sigaction(signum, NULL, &before) < 0)
        err = -errno;
    else
        err = uv_signal_start(handle, on_signal, signum);
    if (err == 0 && actions[signum].listeners++ == 0) {
        sigaction(signum, NULL, &now);
        actions[signum].restore = before.sa_handler != now.sa_handler;
        actions[signum].before = before;
    }
    pthread_mutex_unlock(&actions_lock);
    return err;
}

static void
stop(uv_signal_t *handle)
{
    int signum = handle->signum;
    struct sigaction now;

    pthread_mutex_lock(&actions_lock);
    uv_signal_stop(handle);
    if (--actions[signum].listeners == 0 && actions[signum].restore) {
        sigaction(signum, NULL, &now);
        if (now.sa_handler == SIG_DFL)
            sigaction(signum, &actions[signum].before, NULL);
    }
    pthread_mutex_unlock(&actions_lock);
}

static void
close_handles(gruvi_signal_t *watcher)
{
    while (watcher->n > 0) {
        uv_signal_t *handle = &watcher->handles[--watcher->n];

        if (handle->signum != 0)
            stop(handle);
        uv_close((uv_handle_t *)handle, on_closed);
    }
}

/* The hub ends, and the handles with it. */
static void
on_hub_end(struct gruvi__hub_end *end)
{
    close_handles(gruvi__list_entry(end, gruvi_signal_t, end));
}

static void
close_watcher(gruvi_signal_t *watcher)
{
    gruvi__list_remove(&watcher->end.link);
    close_handles(watcher);
    watcher->closed = true;
    wake(watcher);
    drop(watcher);
}

static int
open_watcher(gruvi_hub_t *hub, const int signums[], unsigned n,
             gruvi_signal_t **watcher)
{
    gruvi_signal_t *w = calloc(1, sizeof *w + n * sizeof *w->handles);
    int err = UV_ENOMEM;

    if (w == NULL)
        return err;
    w->hub = hub;
    w->refs = 1;
    w->end.run = on_hub_end;
    gruvi__list_init(&w->end.link);
    err = gruvi__hub_add_end(hub, &w->end);
    while (err == 0 && w->n < n) {
        uv_signal_t *handle = &w->handles[w->n];

        err = uv_signal_init(&hub->loop, handle);
        if (err < 0)
            break;
        handle->data = w;
        w->refs++;
        err = start(handle, signums[w->n++]);
    }
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
    unsigned i;

    if (watcher == NULL)
        return UV_EINVAL;
    *watcher = NULL;
    if (signums == NULL || n == 0 || n > SIGNALS)
        return UV_EINVAL;
    for (i = 0; i < n; i++)
        if (!may_be_watched(signums[i]))
            return UV_EINVAL;
    hub = gruvi_get_hub();
    if (hub == NULL)
        return gruvi_last_error();
    return open_watcher(hub, signums, n, watcher);
}

/* More signals may have come since the fiber was woken. */
static int
take(gruvi_signal_t *watcher)
{
    int signum = __builtin_ctzll(watcher->pending) + 1;

    watcher->pending &= watcher->pending - 1;
    return signum;
}

static int
next(gruvi_signal_t *watcher, gruvi_fiber_t *fiber, double timeout)
{
    int err;

    watcher->fiber = fiber;
    watcher->refs++;
    err = gruvi__yield_sometimes(fiber);
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
    if (watcher->fiber != NULL)
        return UV_EBUSY;
    return next(watcher, fiber, timeout);
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
    err = open_watcher(fiber->hub, &signum, 1, &watcher);
    if (err < 0)
        return err;
    err = next(watcher, fiber, timeout);
    close_watcher(watcher);
    return err < 0 ? err : 0;
}
