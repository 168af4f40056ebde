/* SPDX-License-Identifier: MIT */
/*
 * The inside of a pool of threads, for the pools of the process.
 */
#ifndef GRUVI_POOL_THREAD_POOL_H
#define GRUVI_POOL_THREAD_POOL_H

#include "pool/pool.h"

struct gruvi__pool_thread;

struct gruvi__thread_pool {
    gruvi_pool_t pool;

    /* Under the lock of pool.workers. */
    bool started;                     /* it has had a thread */
    bool closing;                     /* threads end, though there is work */
    bool abandoned;                   /* nobody will join threads */
    struct gruvi__pool_thread *ended; /* the last one, to be joined */
};

/* Checked options, or NULL.  max_size may be changed until the pool starts. */
void gruvi__thread_pool_init(struct gruvi__thread_pool *pool,
                             const gruvi_pool_options_t *options);

/* The work that this thread runs, or NULL. */
struct gruvi__work *gruvi__work_current(void);

/* Join the threads that are not busy.  Busy threads end later, on their own. */
void gruvi__thread_pool_close(struct gruvi__thread_pool *pool);

/* In the child of a fork: the threads are gone, and with them their work. */
void gruvi__thread_pool_reset(struct gruvi__thread_pool *pool);

#endif
