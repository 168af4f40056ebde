/* SPDX-License-Identifier: MIT */
/*
 * What pools of threads and pools of fibers have in common.
 *
 *   pool.c    references, joining, closing, what a pool does now
 *   load.c    counts what is queued, running and done
 *   task.c    work with a future
 *   map.c     the same work for many arguments
 *
 * A pool is closed when its last reference goes, and its memory goes when the
 * last of its workers and its tasks has gone, too: that is life.
 */
#ifndef GRUVI_POOL_POOL_H
#define GRUVI_POOL_POOL_H

#include "pool/thread_pool.h"

#define GRUVI__POOL_NAME_SIZE 12
#define GRUVI__POOL_MAX       1024

struct gruvi__pool_ops {
    const char *what; /* what those who join it wait for */

    /* As those of thread_pool.h; waits: the caller waits for the work. */
    int (*add)(gruvi_pool_t *pool, struct gruvi__work *work, bool waits);
    bool (*withdraw)(gruvi_pool_t *pool, struct gruvi__work *work);

    /* Whether this caller, if he waited for the pool, might wait for himself:
     * he is a worker, or one waits for him.  Then he runs it himself. */
    bool (*is_inside)(gruvi_pool_t *pool);
    void (*run_inside)(gruvi_pool_t *pool, struct gruvi__work *work);

    /* Cancel work that has begun: 0, or UV_EBUSY where that cannot be. */
    int (*cancel)(gruvi_pool_t *pool, struct gruvi__work *work);

    /* Take no more work, and end the workers when there is none. */
    void (*close)(gruvi_pool_t *pool);
    /* Under the lock: whether they have ended. */
    bool (*is_over)(gruvi_pool_t *pool);
    /* Then: let go of what is left of them; may be NULL. */
    void (*reap)(gruvi_pool_t *pool);
    /* The last reference is gone: close, and nobody will wait for that. */
    void (*abandon)(gruvi_pool_t *pool);
    void (*free)(gruvi_pool_t *pool);
};

struct gruvi_pool {
    const struct gruvi__pool_ops *ops;
    pthread_mutex_t *lock;
    struct gruvi__load *load; /* under lock */
    const unsigned *size;     /* likewise: workers alive */
    bool is_shared;           /* one of the two of the process */
    int refs;                 /* atomic */
    int life;                 /* atomic: refs are one */
    char name[GRUVI__POOL_NAME_SIZE];
};

/* What a pool of its own is made of.  0, or UV_EINVAL. */
int gruvi__pool_check(const gruvi_pool_options_t *options);
void gruvi__pool_init(gruvi_pool_t *pool, const struct gruvi__pool_ops *ops,
                      const gruvi_pool_options_t *options);

/* Keep the memory of a pool, and let go of it. */
void gruvi__pool_hold(gruvi_pool_t *pool);
void gruvi__pool_drop(gruvi_pool_t *pool);

/* Deliver what is pending before anything is handed over; 0: nothing is. */
int gruvi__pool_look_first(gruvi_fiber_t *fiber, const char *what);

/* shared_pools.c: gruvi_blocking() as another switchpoint, without a result. */
int gruvi__blocking(const char *function, gruvi_work_fn fn, void *arg);

/* The number of cores. */
unsigned gruvi__pool_cores(void);

/* And how many threads the IO pool may have. */
unsigned gruvi__io_threads(void);

#endif
