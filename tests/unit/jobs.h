/* SPDX-License-Identifier: MIT */
/*
 * Work for the two pools of the process that can be held up, and small pools
 * that are soon full.
 *
 * With CK_FORK=no the pools last from one test to the next.
 */
#ifndef TESTS_UNIT_JOBS_H
#define TESTS_UNIT_JOBS_H

#include <signal.h>

#include "unit/harness.h"

#define CPU_THREADS 2
#define IO_THREADS  3

/* As the first thing in a test. */
void small_pools(void);

struct job {
    /* gruvi_blocking or gruvi_compute. */
    int (*pool)(gruvi_work_fn fn, void *arg, void **result);
    gruvi_event_t begun, go;
    int status; /* what the work returns */
    int ran;    /* how often; atomic */

    /* What the call returned. */
    int err;
    void *result;

    /* Where the work ran. */
    char thread[16];
    sigset_t blocked;
};

/* Work for the IO pool that is held up until job->go is set. */
void init_job(struct job *job);

/* The work itself. */
int run_job(void *job, void **result);

/* Call for it, and write down what the call returned. */
int call_job(void *job);

/* Start a fiber that calls for it, and wait until a thread has it. */
gruvi_fiber_t *begin_job(struct job *job);

/* The IO pool, with all of its threads busy. */
struct full {
    struct job jobs[IO_THREADS];
    gruvi_fiber_t *fibers[IO_THREADS];
};

void fill(struct full *full);
void drain(struct full *full);

/* Start twice as much work as there are threads: all get busy, and never more.
 */
void give_party(int (*pool)(gruvi_work_fn fn, void *arg, void **result),
                int threads);

#endif
