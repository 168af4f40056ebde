/* SPDX-License-Identifier: MIT */
/*
 * What pools of threads and pools of fibers have in common.
 *
 *   pool.c      references, joining, closing, what a pool does now
 *   workers.c   the queue, and the workers that come to it
 *   load.c      counts what is queued, running and done
 *   task.c      work with a future
 *   map.c       the same work for many arguments
 *
 * A pool is closed when its last reference goes.  Its memory is freed when the
 * last of its workers and tasks has gone, too: life counts them.
 */
#ifndef GRUVI_POOL_POOL_H
#define GRUVI_POOL_POOL_H

#include "pool/workers.h"

#define GRUVI__POOL_MAX 1024

struct gruvi__pool_ops {
    /* Whether the caller, by waiting for the pool, might wait for itself: it is
     * a worker, or a worker waits for it.  Then it runs work itself. */
    bool (*is_inside)(gruvi_pool_t *pool);
    void (*run_inside)(gruvi_pool_t *pool, struct gruvi__work *work);

    /* Cancel work that has begun: 0, or UV_EBUSY where that cannot be. */
    int (*cancel)(gruvi_pool_t *pool, struct gruvi__work *work);

    /* All workers have ended: let go of what is left of them; may be NULL. */
    void (*reap)(gruvi_pool_t *pool);
    /* The last reference is gone: drain, and nobody will wait for that. */
    void (*abandon)(gruvi_pool_t *pool);
    void (*free)(gruvi_pool_t *pool);
};

struct gruvi_pool {
    const struct gruvi__pool_ops *ops;
    struct gruvi__workers workers;
    bool is_shared; /* one of the two of the process */
    int refs;       /* atomic */
    int life;       /* atomic: one for all refs, one a worker, one a task */
};

/* 0, or UV_EINVAL. */
int gruvi__pool_check(const gruvi_pool_options_t *options);

/* max is the number of workers where options do not say it. */
void gruvi__pool_init(gruvi_pool_t *pool, const struct gruvi__pool_ops *ops,
                      const struct gruvi__worker_kind *kind,
                      const gruvi_pool_options_t *options, unsigned max);

/* Keep the memory of a pool, and let go of it. */
void gruvi__pool_hold(gruvi_pool_t *pool);
void gruvi__pool_drop(gruvi_pool_t *pool);

/* Before work is added: deliver a pending interrupt; 0: there is none. */
int gruvi__pool_deliver_pending(gruvi_fiber_t *fiber, const char *what);

/* The number of cores. */
unsigned gruvi__pool_cores(void);

/* shared_pools.c: gruvi_blocking() as another switchpoint, without a result. */
int gruvi__blocking(const char *function, gruvi_work_fn fn, void *arg);

/* shared_pools.c: how many threads the IO pool may have. */
unsigned gruvi__io_threads(void);

#endif
