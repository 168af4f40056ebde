/* SPDX-License-Identifier: MIT */
/*
 * Futures: results that arrive later, once.
 *
 *   pending --> running --> done     with a value or an error
 *      |           |          ^
 *      '-----------'----------+      cancelled: done with UV_ECANCELED
 *
 * Thread-safe, like everything in gruvi/sync.h: any fiber and any thread may
 * wait for a future, and may settle it.
 */
#ifndef GRUVI_FUTURE_H
#define GRUVI_FUTURE_H

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

typedef struct gruvi_future gruvi_future_t;

/*
 * Make a future that is pending.
 *
 * Returns a future that the caller owns (gruvi_future_unref()), or NULL.
 * Errors:  UV_ENOMEM.
 * Context: any thread.
 */
GRUVI_API gruvi_future_t *gruvi_future_new(void);

/*
 * Take or release a reference.  The fiber or thread that will settle a future
 * needs a reference.
 *
 * Returns f.
 * Context: any thread.
 */
GRUVI_API gruvi_future_t *gruvi_future_ref(gruvi_future_t *f);
GRUVI_API void gruvi_future_unref(gruvi_future_t *f);

/*
 * Wait for the result.
 *
 *   value    where to put it; may be NULL.  NULL is put there on failure.
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0, or the future's error; gruvi_future_status() separates it from an
 * error of the wait.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN, UV_EINVAL for
 *          NaN.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_future_result(gruvi_future_t *f, void **value, double timeout);

/* UV_EBUSY until the future is done, then 0 or its error.
 * Context: any thread. */
GRUVI_API int gruvi_future_status(gruvi_future_t *f);

/* Whether it has a result, an error, or was cancelled.  Context: any thread. */
GRUVI_API bool gruvi_future_done(gruvi_future_t *f);

/* Whether a pool works on it now.  Context: any thread. */
GRUVI_API bool gruvi_future_running(gruvi_future_t *f);

/* Whether it was cancelled.  Context: any thread. */
GRUVI_API bool gruvi_future_cancelled(gruvi_future_t *f);

/*
 * Cancel a future: it is done with UV_ECANCELED.  Work of a pool that has not
 * begun never runs.  Work that a fiber of a pool has begun is cancelled as a
 * fiber is, and the future is done when the work has returned.
 *
 * Returns 0.
 * Errors:  UV_EBUSY (a thread is running the work), UV_EALREADY (the future is
 *          done), UV_EINVAL for NULL.
 * Context: any thread.
 */
GRUVI_API int gruvi_future_cancel(gruvi_future_t *f);

/*
 * Settle a future: all waiters are woken, callbacks are queued.
 *
 *   value  handed to every waiter; borrowed
 *   err    a negative code
 *
 * Returns 0.
 * Errors:  UV_EALREADY (the future is done), UV_EPERM (the future belongs to a
 *          pool, and only the pool settles it), UV_EINVAL (a code that is not
 *          negative).
 * Context: any thread.
 */
GRUVI_API int gruvi_future_set_result(gruvi_future_t *f, void *value);
GRUVI_API int gruvi_future_set_error(gruvi_future_t *f, int err);

/*
 * Run a callback when the future is done; if it is done already, in the next
 * iteration.  The callback runs once, in this thread's hub, which is made if
 * there is none, and must not switch.  It keeps the future alive.  If the hub
 * closes before the future is done, it does not run.
 *
 * Returns 0.
 * Errors:  UV_ENOMEM, UV_ESHUTDOWN, UV_EINVAL, and why no hub can be made.
 * Context: fiber, hub callback.
 */
GRUVI_API int gruvi_future_add_done_callback(gruvi_future_t *f,
                                             void (*callback)(gruvi_future_t *f,
                                                              void *arg),
                                             void *arg);

/*
 * Remove a callback that this thread has added: it does not run.
 *
 * Returns 0.
 * Errors:  UV_ENOENT (there is no such callback with this arg, or it has run).
 * Context: fiber, hub callback.
 */
GRUVI_API int gruvi_future_remove_done_callback(
    gruvi_future_t *f, void (*callback)(gruvi_future_t *f, void *arg),
    void *arg);

GRUVI_END_DECLS

#endif
