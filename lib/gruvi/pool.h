/* SPDX-License-Identifier: MIT */
/*
 * Thread pools, for work that must not run in a fiber: code that computes for
 * long, and foreign code that blocks.  A process has a pool for each kind,
 * shared by all hubs.
 *
 *     static int hash_password(void *arg, void **result);
 *
 *     err = gruvi_compute(hash_password, &request, &hash);
 *
 * The fiber waits, its hub does not.
 */
#ifndef GRUVI_POOL_H
#define GRUVI_POOL_H

#include <gruvi/base.h>
#include <gruvi/future.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/*
 * Work for a thread of a pool.  It runs without a hub and must not use fibers
 * or anything that belongs to a hub.  The thread blocks the signals that were
 * blocked in the thread that made it, but none of its own faults; the stack has
 * the system's default size.
 *
 *   arg     as handed over
 *   result  may be set; NULL before
 *
 * Returns 0, or a negative code.
 */
typedef int (*gruvi_work_fn)(void *arg, void **result);

/*
 * Set the sizes of the two pools, at any time.  Where there are more threads
 * than that, idle threads end.
 *
 *   cpu_threads  0: the number of cores this process may use
 *   io_threads   0: 20
 *
 * Returns 0.
 * Errors:  UV_EINVAL over 1024.
 * Context: any thread.
 */
GRUVI_API int gruvi_set_pool_sizes(unsigned cpu_threads, unsigned io_threads);

/*
 * Run blocking work in the IO pool, and work that computes in the CPU pool,
 * and wait for it.
 *
 *   arg     usually on the caller's stack; see below
 *   result  where to put the work's result; may be NULL.  NULL is put there
 *           if the work did not run or failed.
 *
 * A cancel or deadline withdraws work that no thread has begun: it never
 * runs.  Work that a thread has begun is waited for, even past a deadline,
 * because its argument belongs to the caller; then its own result is returned
 * and the cancel stays pending.
 *
 * If work of the same pool makes the call, or work that such work waits for,
 * fn runs at once in the calling thread: a full pool does not wait for itself.
 *
 * Returns the result of fn.
 * Errors:  UV_ECANCELED, UV_ETIMEDOUT (an enclosing deadline), UV_EINTR,
 *          UV_ESHUTDOWN (also while the process exits): fn never ran.
 *          UV_EAGAIN or UV_ENOMEM if the pool cannot make a single thread.
 *          UV_EINVAL without fn.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_blocking(gruvi_work_fn fn, void *arg,
                                               void **result);
GRUVI_API GRUVI_SWITCHPOINT int gruvi_compute(gruvi_work_fn fn, void *arg,
                                              void **result);

/*
 * Run work in the IO pool for a caller that cannot wait for work that a thread
 * has begun: a cancel or deadline returns at once.
 *
 *   arg      has to outlive the call: on the heap, owned by the work from here
 *            on
 *   release  after an interrupted wait, called once with arg and the work's
 *            result (NULL if it failed or never ran), by the thread that ran
 *            the work or by this call, when arg is not needed any more.  May
 *            be NULL.
 *
 * Returns the result of fn; then arg belongs to the caller again and release
 * is not called.  Work that can fail should return 0 and put its error into
 * its result: a caller cannot tell a result of fn from an interrupted wait.
 * Errors:  as gruvi_blocking(); fn may still be running.  release is called
 *          after each, also if the pool could not take the work.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_blocking_abandon(gruvi_work_fn fn, void *arg,
                       void (*release)(void *arg, void *result), void **result);

/* --- own pools ------------------------------------------------------------ */

typedef struct gruvi_pool gruvi_pool_t;

typedef struct gruvi_pool_options {
    unsigned
        max_size; /* workers at most; 0: the number of cores; fibers: 100 */
    unsigned min_size; /* workers kept when there is nothing to do */
    const char *name;  /* copied, cut to 11 bytes; workers are NAME-1, ... */
    void *reserved[4]; /* NULL */
} gruvi_pool_options_t;

/*
 * Make a pool: of threads, for work that blocks or computes, or of fibers of
 * this hub, for work that waits in switchpoints.  Workers are made as they are
 * needed, up to max_size, and end when they were idle for long.
 *
 * A fiber pool belongs to its hub's thread, but any thread may submit to it.
 * When the hub closes, queued work is done with UV_ECANCELED.  Fiber-local
 * data that work has set ends with the work.
 *
 *   options  NULL: the defaults
 *
 * Returns a pool that the caller owns (gruvi_pool_unref()), or NULL.
 * Errors:  UV_ENOMEM, UV_EINVAL, UV_ESHUTDOWN.
 * Context: any thread; a fiber pool: hub thread.
 */
GRUVI_API gruvi_pool_t *
gruvi_thread_pool_new(const gruvi_pool_options_t *options);
GRUVI_API gruvi_pool_t *
gruvi_fiber_pool_new(const gruvi_pool_options_t *options);

/* The two pools of the process, borrowed; they cannot be closed.
 * Context: any thread. */
GRUVI_API gruvi_pool_t *gruvi_get_cpu_pool(void);
GRUVI_API gruvi_pool_t *gruvi_get_io_pool(void);

/*
 * Hand work to a pool.
 *
 *   arg  has to live until the future is done
 *
 * Returns a future that the caller owns, or NULL.
 * Errors:  UV_ENOMEM, UV_EINVAL, UV_ESHUTDOWN (the pool is closed), UV_EAGAIN
 *          (it cannot make a single worker; if a fiber pool finds that later,
 *          the future ends with this error).
 * Context: any thread.
 */
GRUVI_API gruvi_future_t *gruvi_pool_submit(gruvi_pool_t *pool,
                                            gruvi_work_fn fn, void *arg);

/*
 * Run fn for each of n arguments, and wait for all of them.
 *
 *   args     n of them; they, and this array, usually lie on the caller's stack
 *   results  n of them; written just before the return: NULL for work that did
 *            not run or failed; may be NULL
 *   timeout  seconds; GRUVI_FOREVER waits without limit
 *
 * After a timeout, a cancel or a failure of fn, work that has not begun is
 * withdrawn, and work that has begun is waited for; a fiber pool also cancels
 * it.  If nothing was withdrawn or cancelled the results are returned, and a
 * cancel stays pending.  A worker of the same pool runs all work itself.
 *
 * Returns 0, or the first error in the order of args.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN, UV_ENOMEM,
 *          UV_EINVAL, and those of fn.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_pool_map(gruvi_pool_t *pool,
                                               gruvi_work_fn fn, void *args[],
                                               void *results[], size_t n,
                                               double timeout);

/*
 * Wait until a pool has nothing to do.
 *
 * Returns 0.
 * Errors:  UV_ETIMEDOUT (a deadline), UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN;
 *          UV_EINVAL in a worker of the pool.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_pool_join(gruvi_pool_t *pool);

/*
 * Close a pool: it takes no more work, and finishes the work it has.  This
 * call waits until its workers have ended.  A second call is fine.
 *
 * Returns 0.
 * Errors:  UV_EPERM for the pools of the process; as gruvi_pool_join(): then
 *          the pool is closing, and another call waits for the rest.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_pool_close(gruvi_pool_t *pool);

/*
 * Take or release a reference to a pool.  The last release closes it without
 * waiting: it finishes the work it has.  The pools of the process have no
 * references.
 *
 * Returns pool.
 * Context: any thread; gruvi_pool_unref() of a fiber pool: hub thread.
 */
GRUVI_API gruvi_pool_t *gruvi_pool_ref(gruvi_pool_t *pool);
GRUVI_API void gruvi_pool_unref(gruvi_pool_t *pool);

/* Upper bounds of the histogram's buckets: 2^i microseconds; the last has
 * none. */
#define GRUVI_POOL_WAIT_BUCKETS 24

typedef struct gruvi_pool_stats_values {
    unsigned size; /* workers alive */
    unsigned busy; /* workers at work */
    size_t queued; /* work that waits for a worker */
    uint64_t done; /* work that ended, since the pool was made */
    /* How long work waited in the queue: the figure that shows starvation.
     * wait[i] counts waits under 2^i us and not under 2^(i-1) us. */
    uint64_t wait[GRUVI_POOL_WAIT_BUCKETS];
    uint64_t max_size; /* workers at most */
    uint64_t wait_sum; /* all waits added up, in nanoseconds */
    uint64_t reserved[2];
} gruvi_pool_stats_t;

/* What a pool does now.  Context: any thread. */
GRUVI_API void gruvi_pool_stats(gruvi_pool_t *pool, gruvi_pool_stats_t *stats);

GRUVI_END_DECLS

#endif
