/* SPDX-License-Identifier: MIT */
/*
 * Signals of the process, waited for by fibers.
 *
 * While a call or a watcher listens for a signal, the signal does nothing else.
 * Before and afterwards it has its own action (which ends the process, as a
 * rule).  Any number of fibers, of any hubs, may wait for a signal: it wakes
 * them all.  A fiber that handles each signal, and must not miss a signal that
 * comes while it handles another, uses a watcher:
 *
 *     static const int signums[] = {SIGHUP, SIGTERM};
 *
 *     gruvi_signal_open(&watcher, signums, 2);
 *     while (gruvi_signal_next(watcher, GRUVI_FOREVER) == SIGHUP)
 *         reload();
 *     gruvi_signal_close(watcher);
 *
 * gruvi_signal_wait() listens only as long as the call lasts.  Do not call it
 * in a loop: a signal that comes between two calls has its own action, and may
 * end the process.
 *
 * A hub keeps one note for each signal.  A signal that comes again before it
 * was looked at counts once, also a real-time signal; but no number of signals
 * makes another signal be lost.  A signal that is blocked in the hub's thread
 * is unblocked while somebody listens for it there.
 *
 * SIGINT also makes a wait of the root fiber in the first hub of the process
 * return UV_EINTR; gruvi_hub_set_ignore_interrupt() stops that.
 */
#ifndef GRUVI_SIGNAL_H
#define GRUVI_SIGNAL_H

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>
#include <gruvi/wait.h>

GRUVI_BEGIN_DECLS

/* Listens for signals, from open to close. */
typedef struct gruvi_signal gruvi_signal_t;

/*
 * Wait until a signal comes, once.  A signal that came before the call does
 * not count.
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
 * Errors:  UV_EINVAL (an n of 0; not a signal; SIGKILL and SIGSTOP, which
 *          cannot be caught; SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS
 *          and SIGTRAP, which mean faults of the program itself; the two that
 *          the C library reserves), UV_ENOMEM, UV_ESHUTDOWN.
 * Context: hub thread.
 */
GRUVI_API int gruvi_signal_open(gruvi_signal_t **watcher, const int signums[],
                                unsigned n);

/*
 * Wait for the next signal of a watcher; return at once if a signal came since
 * the last call, or since the watcher was opened.  A signal that came several
 * times meanwhile counts once.  A call that fails takes no signal.
 *
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns the signal; of several the lowest number.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN; UV_EBUSY
 *          (another fiber waits with this watcher, or it has a callback),
 * UV_ECONNABORTED (it was closed meanwhile), UV_EPERM (a watcher of another
 * thread), UV_EINVAL (NaN). Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_signal_next(gruvi_signal_t *watcher,
                                                  double timeout);

/*
 * Have a function called for each signal of a watcher, instead of
 * gruvi_signal_next(): for what does not wait, and needs no fiber of its own.
 * It runs in the hub's fiber and must not switch; it may close the watcher.
 *
 *   fn   called with each signal that came; NULL: gruvi_signal_next() again
 *   arg  handed to fn; borrowed
 *
 * Returns 0.
 * Errors:  UV_EBUSY (a fiber waits with this watcher), UV_EPERM (another
 *          thread's), UV_EINVAL (no watcher).
 * Context: hub thread.
 */
GRUVI_API int gruvi_signal_set_callback(gruvi_signal_t *watcher,
                                        void (*fn)(int signum, void *arg),
                                        void *arg);

/*
 * Stop listening, and free the watcher.  Signals that no call has returned are
 * dropped.  A fiber that waits with it gets UV_ECONNABORTED.  NULL is fine.
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_signal_close(gruvi_signal_t *watcher);

/*
 * For gruvi_wait(): a watcher is done while gruvi_signal_next() would return a
 * signal.  A watcher with a callback never is.  It
 * may be closed during such a wait, which then returns UV_ECONNABORTED.
 *
 * Returns a borrowed waitable; NULL for NULL.
 * Context: hub thread, and it is waited for there.
 */
GRUVI_API gruvi_waitable_t *gruvi_signal_waitable(gruvi_signal_t *watcher);

GRUVI_END_DECLS

#endif
