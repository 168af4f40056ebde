/* SPDX-License-Identifier: MIT */
/*
 * Readiness of descriptors: any number of watches on a descriptor, in any mix,
 * though the event loop allows only one handle for each descriptor.
 *
 * Level-triggered.  Remove watches before closing a descriptor.
 *
 * A descriptor that is watched becomes non-blocking.  Processes that share a
 * descriptor share that, and a program makes its standard input and output
 * blocking as it begins.  gruvi_wait_fd() therefore makes the descriptor
 * non-blocking again each time.  A function of gruvi_poll_add() should use
 * calls that cannot block: recv() and send() with MSG_DONTWAIT.  For a pipe
 * there are none, so do not share the end that is watched.
 */
#ifndef GRUVI_POLL_H
#define GRUVI_POLL_H

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/*
 * Called when a descriptor is ready, or has an error (then with all events of
 * the watch, so that the next call on the descriptor shows the error).
 *
 *   events  UV_READABLE | UV_WRITABLE, those of the watch that came
 *
 * Where the kernel has no room for another descriptor (UV_ENOMEM, UV_ENOSPC), it
 * is called, too, and the descriptor is tried again every tenth of a second.
 *
 * It may add, update and remove watches, also its own; it must not switch.
 */
typedef void (*gruvi_poll_fn)(int fd, int events, void *arg);

/*
 * Watch a descriptor.
 *
 *   events  UV_READABLE | UV_WRITABLE; 0: paused
 *   arg     handed to fn; borrowed
 *
 * Returns a watch that the caller owns (gruvi_poll_remove()), or NULL.
 * Errors:  UV_EBADF, UV_EINVAL (events, no fn), UV_ENOMEM, UV_ENOSPC, UV_EPERM
 *          (a descriptor that cannot be polled, or another thread),
 *          UV_EEXIST (a libuv handle of the program has it), UV_ESHUTDOWN.
 * Context: hub thread.
 */
GRUVI_API gruvi_watch_t *gruvi_poll_add(gruvi_poller_t *poller, int fd,
                                        int events, gruvi_poll_fn fn,
                                        void *arg);

/*
 * Change what a watch waits for.
 *
 *   events  as for gruvi_poll_add()
 *
 * Returns 0.
 * Errors:  UV_EINVAL, UV_ENOENT (not a watch of this poller), and errors of
 *          the event loop; then the watch is paused.
 * Context: hub thread.
 */
GRUVI_API int gruvi_poll_update(gruvi_poller_t *poller, gruvi_watch_t *watch,
                                int events);

/*
 * End a watch: its function is not called any more.
 *
 * Returns 0.
 * Errors:  UV_ENOENT (not a watch of this poller).
 * Context: hub thread.
 */
GRUVI_API int gruvi_poll_remove(gruvi_poller_t *poller, gruvi_watch_t *watch);

/*
 * Wait until a descriptor is ready.  Leaves no registration behind, so that a
 * library that owns its descriptors may close them and reuse the numbers.
 *
 *   events   UV_READABLE | UV_WRITABLE
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * A descriptor that is closed in the turn in which the wait began is
 * UV_EBADF; later the wait does not notice.
 *
 * Returns the events that came.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN, and those of
 *          gruvi_poll_add().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_wait_fd(int fd, int events,
                                              double timeout);

GRUVI_END_DECLS

#endif
