/* SPDX-License-Identifier: MIT */
/*
 * Work for a pool of threads that can be held up, and waited for.
 */
#ifndef TESTS_UNIT_POOL_JOBS_H
#define TESTS_UNIT_POOL_JOBS_H

#include "pool/thread_pool.h"
#include "unit/harness.h"

/* Its threads are called test-1, test-2. */
void init_pool(struct gruvi__thread_pool *pool, unsigned max);

/* How many threads a pool has; they come and go on their own. */
unsigned size_of(struct gruvi__thread_pool *pool);
void wait_for_size(struct gruvi__thread_pool *pool, unsigned size);

struct job {
    struct gruvi__work work;
    gruvi_event_t begun, go, done;
    const char *name; /* recorded when it runs; may be NULL */
    int ran;          /* how often; atomic */
    char thread[16];  /* where it ran */
};

void init_job(struct job *job, const char *name);
void add_job(struct gruvi__thread_pool *pool, struct job *job);

/* Add a job, and wait until a thread has it. */
void begin_job(struct gruvi__thread_pool *pool, struct job *job,
               const char *name);

/* Let it end, wait for that, and look at what it returned. */
void end_job(struct job *job);

void await(gruvi_event_t *event);

#endif
