/* SPDX-License-Identifier: MIT */
/*
 * Synchronisation between fibers of any hub and plain threads.
 *
 * Everything here is thread-safe: any mix of fibers of several hubs and of
 * threads without a hub may use one object at the same time.  A thread without
 * a hub waits as a plain thread, and does not get a hub.
 *
 * Waiters are served first come, first served, and never have to try again.  A
 * waiter that is served in the moment in which it is cancelled or times out
 * returns 0.  A waiter that returned 0 may destroy the object at once, even if
 * the call that woke it still runs, as long as nothing else uses the object.
 *
 * All objects belong to the caller, and must not be copied or moved.  A wait
 * allocates no memory.  The waiting calls are switchpoints even if they need
 * not wait.  The other calls are not: hub callbacks may call them.
 *
 * Every waiting call may also return UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR in
 * the root fiber, and UV_ESHUTDOWN; then it has done nothing.
 */
#ifndef GRUVI_SYNC_H
#define GRUVI_SYNC_H

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/* --- locks --------------------------------------------------------------- */

/*
 * A lock, plain or reentrant.  As in every object, what has the size of all of
 * it is the first member: { 0 } need not clear any other.
 */
typedef union gruvi_lock {
    unsigned char opaque[64];
    uint64_t align;
} gruvi_lock_t;

/* A static initialiser for a plain lock; it needs no gruvi_lock_init(). */
#define GRUVI_LOCK_INIT                                                        \
    {                                                                          \
        {                                                                      \
            0                                                                  \
        }                                                                      \
    }

/*
 * Make a lock.  A plain lock has no owner: any fiber or thread may release it,
 * and a second acquire waits, also in the same fiber.  A reentrant lock belongs
 * to the fiber, or plain thread, that acquired it; the owner may acquire it
 * again, and has to release it as many times.
 *
 * Returns 0.
 * Context: any thread.
 */
GRUVI_API int gruvi_lock_init(gruvi_lock_t *lock);
GRUVI_API int gruvi_rlock_init(gruvi_lock_t *lock);

/*
 * End a lock.  A lock that is held, or has waiters, is an assertion failure.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_lock_destroy(gruvi_lock_t *lock);

/*
 * Acquire a lock.
 *
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN: the lock is not
 *          held.  UV_EINVAL for NaN, UV_EAGAIN (a reentrant lock was acquired
 *          too often).
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_lock_acquire(gruvi_lock_t *lock,
                                                   double timeout);

/*
 * Acquire a lock without waiting.
 *
 * Returns 0.
 * Errors:  UV_EAGAIN (it would have to wait), and as above.
 * Context: any thread.
 */
GRUVI_API int gruvi_lock_try_acquire(gruvi_lock_t *lock);

/*
 * Release a lock: it is handed to the longest waiter.
 *
 * Returns 0.
 * Errors:  UV_EPERM (it is not held, or it is reentrant and not held by the
 *          caller).
 * Context: any thread.
 */
GRUVI_API int gruvi_lock_release(gruvi_lock_t *lock);

/* Whether a lock is held.  Context: any thread. */
GRUVI_API bool gruvi_lock_locked(gruvi_lock_t *lock);

/* --- events --------------------------------------------------------------- */

/*
 * An event: something has happened, or has not happened yet.  Level-triggered:
 * it stays set until it is cleared, and while it is set no call waits.
 */
typedef union gruvi_event {
    unsigned char opaque[64];
    uint64_t align;
} gruvi_event_t;

/* A static initialiser; such an event needs no gruvi_event_init(). */
#define GRUVI_EVENT_INIT                                                       \
    {                                                                          \
        {                                                                      \
            0                                                                  \
        }                                                                      \
    }

/*
 * Make an event that is not set.
 *
 * Returns 0.
 * Context: any thread.
 */
GRUVI_API int gruvi_event_init(gruvi_event_t *event);

/*
 * End an event.  An event that has waiters is an assertion failure.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_event_destroy(gruvi_event_t *event);

/*
 * Set an event and wake all its waiters.  A waiter may destroy the event as
 * soon as its wait has returned, even if this call still runs.
 *
 * Context: any thread, hub callbacks too; not a switchpoint.
 */
GRUVI_API void gruvi_event_set(gruvi_event_t *event);

/* Clear an event.  Context: as for gruvi_event_set(). */
GRUVI_API void gruvi_event_clear(gruvi_event_t *event);

/* Whether an event is set.  Context: as for gruvi_event_set(). */
GRUVI_API bool gruvi_event_is_set(gruvi_event_t *event);

/*
 * Wait until the event is set; return at once if it already is.
 *
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0 once the event is set.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN; the event is
 *          unchanged by all of them.  UV_EINVAL for NaN.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_event_wait(gruvi_event_t *event,
                                                 double timeout);

/* --- conditions ------------------------------------------------------------
 */

/* A condition: for a wait, with a lock held, for a change of shared data. */
typedef union gruvi_cond {
    unsigned char opaque[64];
    uint64_t align;
} gruvi_cond_t;

/*
 * Make a condition.
 *
 *   lock  borrowed; NULL: the condition has a reentrant lock of its own, which
 *         gruvi_cond_lock() returns
 *
 * Returns 0.
 * Context: any thread.
 */
GRUVI_API int gruvi_cond_init(gruvi_cond_t *cond, gruvi_lock_t *lock);

/*
 * End a condition.  A condition that has waiters is an assertion failure.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_cond_destroy(gruvi_cond_t *cond);

/* Its lock, borrowed.  Context: any thread. */
GRUVI_API gruvi_lock_t *gruvi_cond_lock(gruvi_cond_t *cond);

/*
 * Release the lock as often as it was acquired, wait to be notified, and
 * acquire it again as often.  Nothing interrupts the last step: the lock is
 * held after this call, with any result but UV_EPERM.
 *
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0 if it was notified.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN; UV_EPERM (the
 *          lock is not held by the caller); UV_EINVAL for NaN.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_cond_wait(gruvi_cond_t *cond,
                                                double timeout);

/*
 * Wait until predicate returns true: it is called at once and after each
 * notification.
 *
 *   predicate  called with the lock held; must not switch
 *   timeout    seconds for the whole call
 *
 * Returns 0 if predicate returned true.
 * Errors:  as gruvi_cond_wait(); then predicate last returned false.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_cond_wait_for(gruvi_cond_t *cond, bool (*predicate)(void *arg), void *arg,
                    double timeout);

/*
 * Wake the longest waiters, or all waiters.
 *
 *   n  how many at most
 *
 * Returns 0.
 * Errors:  UV_EPERM (the lock is not held by the caller).
 * Context: any thread.
 */
GRUVI_API int gruvi_cond_notify(gruvi_cond_t *cond, unsigned n);
GRUVI_API int gruvi_cond_notify_all(gruvi_cond_t *cond);

/* --- semaphores ------------------------------------------------------------
 */

/* A number of permits. */
typedef union gruvi_semaphore {
    unsigned char opaque[64];
    uint64_t align;
} gruvi_semaphore_t;

/*
 * Make a semaphore.
 *
 *   value  how many permits it has
 *
 * Returns 0.
 * Context: any thread.
 */
GRUVI_API int gruvi_semaphore_init(gruvi_semaphore_t *sem, unsigned value);

/*
 * End a semaphore.  A semaphore that has waiters is an assertion failure.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_semaphore_destroy(gruvi_semaphore_t *sem);

/*
 * Take a permit.
 *
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN: none is taken.
 *          UV_EINVAL for NaN.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_semaphore_acquire(gruvi_semaphore_t *sem,
                                                        double timeout);

/*
 * Take a permit without waiting.
 *
 * Returns 0.
 * Errors:  UV_EAGAIN (there is none).
 * Context: any thread.
 */
GRUVI_API int gruvi_semaphore_try_acquire(gruvi_semaphore_t *sem);

/*
 * Give a permit back, or add a permit: it is handed to the longest waiter.
 *
 * Returns 0.
 * Errors:  UV_EOVERFLOW over UINT_MAX.
 * Context: any thread.
 */
GRUVI_API int gruvi_semaphore_release(gruvi_semaphore_t *sem);

/* --- queues ----------------------------------------------------------------
 */

/* A queue of pointers, bounded by the sum of their sizes. */
typedef union gruvi_queue {
    unsigned char opaque[192];
    uint64_t align;
} gruvi_queue_t;

/* Which item comes out next. */
typedef enum gruvi_queue_order {
    GRUVI_QUEUE_FIFO,    /* the oldest */
    GRUVI_QUEUE_LIFO,    /* the newest */
    GRUVI_QUEUE_PRIORITY /* the lowest priority; the oldest among equals */
} gruvi_queue_order_t;

typedef struct gruvi_queue_put_options {
    size_t size;       /* what it counts against maxsize; 0: 1 */
    int64_t priority;  /* lower first */
    void *reserved[4]; /* NULL */
} gruvi_queue_put_options_t;

/*
 * Make a queue.
 *
 *   maxsize  the largest sum of the items' sizes; 0: no bound
 *
 * Returns 0.
 * Errors:  UV_EINVAL for an unknown order.
 * Context: any thread.
 */
GRUVI_API int gruvi_queue_init(gruvi_queue_t *queue, gruvi_queue_order_t order,
                               size_t maxsize);

/*
 * End a queue.  Items that are left belong to the caller.  A queue that has
 * waiters is an assertion failure.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_queue_destroy(gruvi_queue_t *queue);

/*
 * Put an item in.  Calls wait for space in their order.
 *
 *   options  NULL: size 1, priority 0
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN: the item is not
 *          in the queue.  UV_EPIPE (the queue is closed, or was closed during
 *          the wait); UV_E2BIG for a size over maxsize; UV_ENOMEM; UV_EINVAL.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_queue_put(gruvi_queue_t *queue, void *item,
                const gruvi_queue_put_options_t *options, double timeout);

/*
 * Put an item in without waiting, and without letting other fibers run: a burst
 * fills a small queue before its readers run.  gruvi_sync(3) shows
 * what to do where that must lose nothing.
 *
 * Returns 0.
 * Errors:  UV_EAGAIN (there is no space), and as above.
 * Context: any thread.
 */
GRUVI_API int gruvi_queue_try_put(gruvi_queue_t *queue, void *item,
                                  const gruvi_queue_put_options_t *options);

/*
 * Take an item out.  Calls wait for items in their order.
 *
 *   item     where to put it; NULL is put there on failure
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN: none is taken.
 *          UV_EOF (the queue is closed and empty), UV_EINVAL for NaN.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_queue_get(gruvi_queue_t *queue,
                                                void **item, double timeout);

/*
 * Take an item out without waiting.
 *
 * Returns 0.
 * Errors:  UV_EAGAIN (there is none), and as above.
 * Context: any thread.
 */
GRUVI_API int gruvi_queue_try_get(gruvi_queue_t *queue, void **item);

/*
 * Close a queue: puts fail with UV_EPIPE, also waiting puts; gets take the
 * items that are left and then return UV_EOF.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_queue_close(gruvi_queue_t *queue);

/* The sum of the sizes of the items in it.  Context: any thread. */
GRUVI_API size_t gruvi_queue_size(gruvi_queue_t *queue);

/*
 * Say that the work on one item that was taken out is done.
 *
 * Returns 0.
 * Errors:  UV_EINVAL (the work on all items is done already).
 * Context: any thread.
 */
GRUVI_API int gruvi_queue_task_done(gruvi_queue_t *queue);

/*
 * Wait until the work on all items that were put in is done.
 *
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN; UV_EINVAL for
 *          NaN.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_queue_join(gruvi_queue_t *queue,
                                                 double timeout);

GRUVI_END_DECLS

#endif
