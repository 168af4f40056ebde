/* SPDX-License-Identifier: MIT */
/*
 * A pool of threads, and the work that is handed to it.
 *
 * Work is a record of its owner's: on the stack of whoever waits for it, or in
 * a future.  The pool only links it, so that handing over allocates nothing.
 */
#ifndef GRUVI_POOL_THREAD_POOL_H
#define GRUVI_POOL_THREAD_POOL_H

#include <pthread.h>

#include <gruvi/pool.h>

#include "core/core.h"
#include "pool/load.h"

struct gruvi__thread_pool;
struct gruvi__worker;

struct gruvi__work {
    /* From the owner. */
    gruvi_work_fn fn;
    void *arg;
    void (*done)(struct gruvi__work *work); /* the pool's last touch */

    /* From the thread that ran it; valid in done and afterwards. */
    void *result; /* NULL where status is negative */
    int status;   /* what fn returned */

    struct gruvi__list link; /* on pool->queue until a thread begins it */
    uint64_t queued_at;
    union {
        struct gruvi__thread_pool *pool;
        void *worker; /* in a pool of fibers: what runs it, or NULL */
    };
    struct gruvi__work *outer; /* the work that waits for this; or NULL */
};

struct gruvi__thread_pool {
    const char *name;    /* static; threads are called NAME-1, NAME-2, ... */
    double idle_timeout; /* seconds after which a thread without work ends */

    pthread_mutex_t lock; /* all that follows */
    unsigned max, size;   /* threads: at most, alive */
    unsigned min;         /* those that stay though they are idle */
    bool started;         /* it has had a thread */
    bool closing;         /* threads end, and no work is taken */
    bool draining;        /* no work is added, threads end when there is none */
    bool abandoned;       /* nobody will join them */
    gruvi_pool_t *owner;  /* kept by each thread; or NULL */
    struct gruvi__load load;
    bool called; /* a worker is on its way to the queue */
    bool short_of_threads;
    struct gruvi__list queue;    /* struct gruvi__work, oldest first */
    struct gruvi__list idle;     /* by waiter.link, last used first */
    struct gruvi__list workers;  /* by number */
    struct gruvi__worker *ended; /* the last one that did: to be joined */
};

/* max is the number of threads; it may be changed until the pool starts. */
void gruvi__thread_pool_init(struct gruvi__thread_pool *pool, const char *name,
                             unsigned max);

/*
 * Hand over work, of which the owner's part is filled in.  It is run in the
 * order in which it came, and then done is called, in the thread that ran it.
 *
 *   outer  the work that waits for this one, from gruvi__work_current(), or
 *          NULL where nothing waits
 *
 * Returns 0, or why the pool cannot have a single thread, or UV_ESHUTDOWN:
 * then the work is the owner's again.
 */
int gruvi__thread_pool_add(struct gruvi__thread_pool *pool,
                           struct gruvi__work *work, struct gruvi__work *outer);

/* Take back work that no thread has begun: it never runs.  False: one has. */
bool gruvi__thread_pool_withdraw(struct gruvi__work *work);

/* The work that this thread runs, or NULL. */
struct gruvi__work *gruvi__work_current(void);

/*
 * Run work at once in this thread, without done, where the thread works for
 * the pool already: as one of its threads, or for work that one of them waits
 * for.  To wait for the pool there could be to wait for oneself.
 *
 * Returns whether it did.
 */
bool gruvi__thread_pool_run_inside(struct gruvi__thread_pool *pool,
                                   struct gruvi__work *work);

/* Whether that would be so. */
bool gruvi__thread_pool_is_inside(const struct gruvi__thread_pool *pool);

/* Take no more work, and end each thread that finds none. */
void gruvi__thread_pool_drain(struct gruvi__thread_pool *pool);

/* Join the thread that ended last; the others have been. */
void gruvi__thread_pool_reap(struct gruvi__thread_pool *pool);

/* Drain, and leave the threads that there still are to themselves. */
void gruvi__thread_pool_abandon(struct gruvi__thread_pool *pool);

/*
 * End the threads that have nothing to run, and join them; those that have end
 * after that, on their own.
 */
void gruvi__thread_pool_close(struct gruvi__thread_pool *pool);

/* In the child of a fork: the threads are gone, and with them their work. */
void gruvi__thread_pool_reset(struct gruvi__thread_pool *pool);

#endif
