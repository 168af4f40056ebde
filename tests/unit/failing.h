/* SPDX-License-Identifier: MIT */
/*
 * Count allocations, and make them fail: those of libgruvi itself, and libuv's
 * for its handles and loops.
 *
 * The program is linked with FAILING_FLAGS, so that the sanitizers' and
 * Valgrind's allocators stay behind these.
 */
#ifndef TESTS_UNIT_FAILING_H
#define TESTS_UNIT_FAILING_H

#include <stdbool.h>

#include "unit/harness.h"

/* Call this first in main(): libuv allocates through it from now on. */
void failing_begin(void);

/* Make the only thread of the IO pool before the count begins, in a test that
 * looks up names. */
void start_io_pool(void);

/* Count what this thread allocates and frees, until the thread ends. */
void count_allocations(void);

/*
 * Make the nth allocation of this thread from now on fail, or also all after
 * it; 0: none.  Memory and mappings both count.
 */
void fail_allocation(int n, bool all_from_there);

/* No more failures.  Returns the number of allocations that have failed. */
int stop_failing(void);

/* The number of allocations since fail_allocation(), also failed ones. */
int allocations(void);

/* The number of counted allocations that were not freed. */
int live_allocations(void);

/*
 * An operation that allocates.  Returns 0, or its error if it has done nothing;
 * it frees again what it has made.
 */
typedef int (*operation_fn)(gruvi_hub_t *hub);

/* One attempt, in a thread of its own: allocation n fails. */
struct trial {
    operation_fn operation;
    int n;
    bool all;    /* and all that follow */
    bool failed; /* set if it did */
};

/*
 * Make each allocation fail in turn, until the operation has no more
 * allocations, and check each time that nothing is left.
 *
 * Returns the number of allocations.
 */
int sweep(void (*try)(void *trial), bool all);

/*
 * Sweep an operation twice: each allocation fails alone, and together with all
 * that follow.  It has to fail with UV_ENOMEM, and to work right afterwards.
 */
int sweep_operation(operation_fn operation);

#endif
