/* SPDX-License-Identifier: MIT */
/*
 * Waiting for several things at once.
 */
#ifndef GRUVI_WAIT_H
#define GRUVI_WAIT_H

#include <gruvi/base.h>
#include <gruvi/fiber.h>
#include <gruvi/future.h>
#include <gruvi/switchpoint.h>
#include <gruvi/sync.h>

GRUVI_BEGIN_DECLS

/* The part of an object that says whether it is done.  It is borrowed, and
 * lives as long as the object. */
typedef struct gruvi_waitable gruvi_waitable_t;

/*
 * The waitable of an object.  An event is done when it is set, a future when it
 * has its result, a fiber when it has ended, a queue as long as it has items or
 * is closed.  Processes, streams, listeners, datagrams and signals have a
 * waitable, too: see gruvi/process.h, stream.h, net.h and signal.h.
 *
 * That a queue, a stream and the like is done means that a call on it would
 * find something then.  All who wait are told, and the first that calls may
 * take it: call without waiting (gruvi_queue_try_get(), a timeout of 0) and
 * wait again.
 *
 * Returns a borrowed waitable; NULL for NULL.
 * Context: any thread; for a fiber: hub thread, which also has to wait for it.
 */
GRUVI_API gruvi_waitable_t *gruvi_event_waitable(gruvi_event_t *e);
GRUVI_API gruvi_waitable_t *gruvi_future_waitable(gruvi_future_t *f);
GRUVI_API gruvi_waitable_t *gruvi_fiber_waitable(gruvi_fiber_t *f);
GRUVI_API gruvi_waitable_t *gruvi_queue_waitable(gruvi_queue_t *q);

/*
 * Wait until some of several objects are done.
 *
 *   objects  borrowed; an object may occur several times, and counts as often
 *   n        how many objects there are
 *   count    how many of them to wait for; 0: all
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *   done     set for each object, whether it is done; may be NULL
 *
 * Returns the number of objects that are done, also after a timeout.
 * Errors:  UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN, UV_ETIMEDOUT for a deadline
 *          around this call; UV_EINVAL (count over n, NaN, NULL, the calling
 *          fiber, root and hub), UV_EPERM (an object of another thread),
 *          UV_ECONNABORTED (a stream, listener, socket of datagrams or watcher
 *          of signals was closed meanwhile, before enough objects were done),
 *          UV_ENOMEM for n over 64, and errors of gruvi_poll_add().
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_wait(gruvi_waitable_t *objects[],
                                           size_t n, size_t count,
                                           double timeout, bool done[]);

GRUVI_END_DECLS

#endif
