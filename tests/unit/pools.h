/* SPDX-License-Identifier: MIT */
/* A pool of either kind, and its work, for calls that succeed. */
#ifndef TESTS_UNIT_POOLS_H
#define TESTS_UNIT_POOLS_H

#include "unit/harness.h"

/* Kind 0 is a pool of threads, 1 of fibers. */
gruvi_pool_t *new_pool(int kind, unsigned max, unsigned min);
void end_pool(gruvi_pool_t *pool);

gruvi_future_t *submit(gruvi_pool_t *pool, gruvi_work_fn fn, void *arg);

/* Wait for a future, let go of it, and return its status. */
int finish_future(gruvi_future_t *f);

/* Work: none. */
int do_nothing(void *arg, void **result);

#endif
