/* SPDX-License-Identifier: MIT */
/*
 * The inside of a pool of fibers.
 */
#ifndef GRUVI_POOL_FIBER_POOL_H
#define GRUVI_POOL_FIBER_POOL_H

#include "pool/pool.h"

struct gruvi__fiber_pool {
    gruvi_pool_t pool;
    gruvi_hub_t *hub;
    struct gruvi__hub_end end; /* its thread's; it keeps the pool */
    double idle_timeout;       /* seconds after which an idle worker ends */
    unsigned min, max;

    pthread_mutex_t lock; /* all that follows */
    struct gruvi__load load;
    unsigned size;
    bool draining, abandoned;
    bool called;              /* a worker is on its way to the queue */
    bool wanted;              /* and visit() is to make it */
    bool posted;              /* visit() is */
    struct gruvi__list queue; /* struct gruvi__work */
    struct gruvi__list idle;  /* by waiter.link, last used first */
    struct gruvi__list workers;
    struct gruvi__inbox_node node;
};

/*
 * Under the lock: have a worker come to the queue, if one can be had.
 *
 *   waiter  whom to wake when the lock is free; or NULL
 *
 * Returns why there is not a single worker, or 0.
 */
int gruvi__fiber_pool_call(struct gruvi__fiber_pool *pool,
                           struct gruvi__waiter **waiter);

/* Under the lock: no worker is left, nor any work for one. */
bool gruvi__fiber_pool_over(const struct gruvi__fiber_pool *pool);

/* In the hub's thread: where it is over for good, let go of the hub. */
void gruvi__fiber_pool_retire(struct gruvi__fiber_pool *pool);

/* Cancel work: 0, or UV_EBUSY where no worker has it. */
int gruvi__fiber_pool_cancel(struct gruvi__fiber_pool *pool,
                             struct gruvi__work *work);

/* Whether a worker of this pool calls. */
bool gruvi__fiber_pool_is_worker(struct gruvi__fiber_pool *pool);

void gruvi__fiber_pool_on_hub_end(struct gruvi__hub_end *end);

#endif
