/* SPDX-License-Identifier: MIT */
/*
 * Thread pools, for what must not run in a fiber: code that computes for
 * long, and code of others that blocks.  There are two in a process, shared by
 * all hubs: one for each kind.
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
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/*
 * Work for a thread of a pool.  It runs without a hub and must not use what
 * belongs to fibers.  Signals are blocked there, but for those that a fault of
 * its own raises; the stack has the system's default size.
 *
 *   arg     as handed over
 *   result  may be set; NULL before
 *
 * Returns 0, or a negative code.
 */
typedef int (*gruvi_work_fn)(void *arg, void **result);

/*
 * Size the two pools; before the first work is handed to either.
 *
 *   cpu_threads  0: the number of cores this process may use
 *   io_threads   0: 20
 *
 * Returns 0.
 * Errors:  UV_EBUSY once a pool has started, UV_EINVAL over 1024.
 * Context: any thread.
 */
GRUVI_API int gruvi_set_pool_sizes(unsigned cpu_threads, unsigned io_threads);

/*
 * Run blocking work in the IO pool, and work that computes in the CPU pool,
 * and wait for it.
 *
 *   arg     usually on the caller's stack; see below
 *   result  where to put the work's result; may be NULL.  NULL is put there
 *           where the work did not run or failed.
 *
 * A cancel or deadline withdraws work that no thread has begun: it never
 * runs.  Work that a thread has begun is waited for, even past a deadline,
 * because its argument is the caller's; then its own result is returned and
 * the cancel stays pending.
 *
 * Called by work of the same pool, or by work that such work waits for, fn
 * runs at once in the calling thread: a full pool does not wait for itself.
 *
 * Returns what fn returned.
 * Errors:  UV_ECANCELED, UV_ETIMEDOUT (an enclosing deadline), UV_EINTR,
 *          UV_ESHUTDOWN (also while the process exits): fn never ran.
 *          UV_EAGAIN or UV_ENOMEM where the pool cannot have a single thread.
 *          UV_EINVAL without fn.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_blocking(gruvi_work_fn fn, void *arg,
                                               void **result);
GRUVI_API GRUVI_SWITCHPOINT int gruvi_compute(gruvi_work_fn fn, void *arg,
                                              void **result);

GRUVI_END_DECLS

#endif
