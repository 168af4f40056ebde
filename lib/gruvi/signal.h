/* SPDX-License-Identifier: MIT */
/*
 * Signals of the process, waited for by fibers.
 *
 * While somebody listens for a signal it does not do what it did before (end
 * the process, as a rule); when nobody does any more it does that again.  Any
 * number of fibers, of any hubs, may wait for the same signal: it wakes them
 * all.  Who has to do something for each signal, and must not miss one that
 * comes while it is at it, listens all the while, with a watcher:
 *
 *     static const int signums[] = {SIGHUP, SIGTERM};
 *
 *     gruvi_signal_open(&watcher, signums, 2);
 *     while (gruvi_signal_next(watcher, GRUVI_FOREVER) == SIGHUP)
 *         reload();
 *     gruvi_signal_close(watcher);
 *
 * gruvi_signal_wait() listens as long as the call lasts and no longer.  In a
 * loop of those, a signal that comes between two calls is not waited for by
 * anybody: it does what it did before, and may end the process.
 *
 * SIGINT also makes a wait of the root fiber return UV_EINTR, as ever, in the
 * first hub of the process: gruvi_hub_set_ignore_interrupt() stops that.
 */
#ifndef GRUVI_SIGNAL_H
#define GRUVI_SIGNAL_H

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/* Listens for signals, from open to close. */
typedef struct gruvi_signal gruvi_signal_t;

/*
 * Wait until a signal comes, once.  One that came before the call is not
 * waited for.
 *
 *   signum   SIGHUP, say
 *   timeout  seconds; GRUVI_FOREVER waits without limit; 0 finds nothing
 *
 * Returns 0 when it has come.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN; UV_EINVAL (a
 *          signal that cannot be waited for, see gruvi_signal_open(); NaN),
 *          UV_ENOMEM.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_signal_wait(int signum, double timeout);

/*
 * Listen for signals from now on.
 *
 *   watcher  where to put the watcher, owned (gruvi_signal_close()); NULL on
 *            failure.  It belongs to this thread's hub.
 *   signums  the signals, n of them; copied
 *
 * Returns 0.
 * Errors:  UV_EINVAL (none; SIGKILL and SIGSTOP, which nobody can catch;
 *          SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS and SIGTRAP, with
 *          which a program's own mistakes end it; the two that the C library
 *          keeps to itself; no signal), UV_ENOMEM, UV_ESHUTDOWN.
 * Context: hub thread.
 */
GRUVI_API int gruvi_signal_open(gruvi_signal_t **watcher, const int signums[],
                                unsigned n);

/*
 * Wait for the next signal of a watcher; return at once if one came since the
 * last call, or since it was opened.  The same signal that came several times
 * meanwhile counts once.  A call that fails takes none.
 *
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns the signal; of several the one with the lowest number.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN; UV_EBUSY
 *          (another fiber waits with this watcher), UV_ECONNABORTED (it was
 *          closed meanwhile), UV_EPERM (another thread's), UV_EINVAL (NaN).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_signal_next(gruvi_signal_t *watcher,
                                                  double timeout);

/*
 * Stop listening, and free the watcher.  What it has and nobody asked for is
 * dropped.  Whoever waits with it gets UV_ECONNABORTED.  NULL is fine.
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_signal_close(gruvi_signal_t *watcher);

GRUVI_END_DECLS

#endif
