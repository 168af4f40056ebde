/* SPDX-License-Identifier: MIT */
/*
 * The workers of a pool, and the queue from which they take their work.  A kind
 * of pool says what a worker is: a thread, or a fiber.
 *
 * Work is a record of its owner's: on the stack of a fiber that waits for it,
 * or in a future.  The queue only links it, so adding work allocates nothing.
 */
#ifndef GRUVI_POOL_WORKERS_H
#define GRUVI_POOL_WORKERS_H

#include <pthread.h>

#include <gruvi/pool.h>

#include "base/list.h"
#include "core/waitlist.h"
#include "pool/load.h"

#define GRUVI__POOL_NAME_SIZE 12

struct gruvi__worker;
struct gruvi__workers;

struct gruvi__work {
    /* From the owner. */
    gruvi_work_fn fn;
    void *arg;
    void (*done)(struct gruvi__work *work); /* the pool's last touch */

    /* From the worker; valid in done and afterwards. */
    void *result;     /* NULL where status is negative */
    int status;       /* what fn returned */
    bool stops_clock; /* virtual time: until it is done, or withdrawn */
    bool late;        /* see core/testing.h */

    struct gruvi__list link; /* on workers->queue until a worker begins it */
    uint64_t queued_at;
    struct gruvi__workers *workers; /* where it was added */
    struct gruvi__worker *worker;   /* a pool of fibers: runs it; or NULL */
    struct gruvi__work *outer;      /* the work that waits for this; or NULL */
};

struct gruvi__worker {
    struct gruvi__list link; /* on workers->all, by number */
    struct gruvi__workers *workers;
    gruvi_fiber_t *fiber;        /* NULL: a thread */
    struct gruvi__waiter waiter; /* an idle worker waits here */
    unsigned number;
    int busy; /* atomic; of a thread: fn runs, and may take long */
};

struct gruvi__worker_kind {
    /* They are threads: if no more of them can be started that is logged, and
     * virtual time stands while they work. */
    bool are_threads;

    /* Under the lock: start one more worker, or have it started.  0, or why
     * there will be none. */
    int (*start)(struct gruvi__workers *workers);

    /* In the worker, with the lock free: run work, and call done. */
    void (*run)(struct gruvi__worker *worker, struct gruvi__work *work);
};

struct gruvi__workers {
    const struct gruvi__worker_kind *kind;
    char name[GRUVI__POOL_NAME_SIZE]; /* workers are called NAME-1, NAME-2 */
    double idle_timeout; /* seconds after which an idle worker ends */

    pthread_mutex_t lock;    /* all that follows */
    unsigned min, max, size; /* workers: kept when idle, at most, alive */
    bool draining;           /* no work is added, idle workers end */
    bool worker_coming;      /* a worker is on its way to the queue */
    bool short_of_workers;   /* the last one could not be started */
    struct gruvi__load load;
    struct gruvi__list queue; /* struct gruvi__work, oldest first */
    struct gruvi__list idle;  /* by waiter.link, last used first */
    struct gruvi__list all;   /* by number */
};

void gruvi__workers_init(struct gruvi__workers *workers,
                         const struct gruvi__worker_kind *kind,
                         const char *name, unsigned min, unsigned max);

/* Set how many workers there may be.  More come as work waits for them; those
 * that are too many end when they find no work. */
void gruvi__workers_set_max(struct gruvi__workers *workers, unsigned max);

/*
 * Add work whose owner has filled in its part.  Work is begun in the order
 * in which it was added.  The worker that ran it calls done.
 *
 *   outer  the work that waits for this one, from gruvi__work_current(), or
 *          NULL where nothing waits
 *
 * Returns 0, or why there cannot be a single worker, or UV_ESHUTDOWN: then the
 * work is the owner's again.
 */
int gruvi__workers_add(struct gruvi__workers *workers, struct gruvi__work *work,
                       struct gruvi__work *outer);

/* Take back work that no worker has begun: it never runs.  False: one has. */
bool gruvi__work_withdraw(struct gruvi__work *work);

/* Take no more work, and end each worker that finds none. */
void gruvi__workers_drain(struct gruvi__workers *workers);

/* Under the lock: no worker is left, and no work waits for one. */
bool gruvi__workers_over(const struct gruvi__workers *workers);

/* --- for the kinds -------------------------------------------------------- */

/* Run work, without done. */
void gruvi__work_run(struct gruvi__work *work);

/* Under the lock: count a worker, with the lowest number that is free. */
void gruvi__worker_enlist(struct gruvi__workers *workers,
                          struct gruvi__worker *worker);
void gruvi__worker_delist(struct gruvi__worker *worker);

/*
 * What a worker does: run work until there is no more for it.
 *
 *   closing  begin nothing more once this is true; read under the lock
 *
 * Returns with the worker delisted, and the lock taken.
 */
void gruvi__worker_main(struct gruvi__worker *worker, const bool *closing);

/* Under the lock: move all work from the queue to works. */
void gruvi__workers_empty(struct gruvi__workers *workers,
                          struct gruvi__list *works);

/* With the lock free: work that was begun is done with UV_ECANCELED, because
 * its worker will never go on. */
void gruvi__workers_give_up(struct gruvi__workers *workers,
                            struct gruvi__work *work);

/* With the lock free: all of these works are done, with an error.  Closers
 * are woken if no worker is left. */
void gruvi__workers_fail(struct gruvi__workers *workers,
                         struct gruvi__list *works, int err);

#endif
