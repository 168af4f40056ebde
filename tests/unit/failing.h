/* SPDX-License-Identifier: MIT */
/*
 * Allocations that are counted, and fail when told to: those that libgruvi
 * makes itself, and libuv's for its handles and loops.
 *
 * The program is linked with FAILING_FLAGS, so that the sanitizers' and
 * Valgrind's allocators stay behind these.
 */
#ifndef TESTS_UNIT_FAILING_H
#define TESTS_UNIT_FAILING_H

#include <stdbool.h>

#include "unit/harness.h"

/* First thing in main(): libuv asks here from now on. */
void failing_begin(void);

/* The IO pool has its only thread before anything is counted: in a test of
 * what looks names up. */
void start_io_pool(void);

/* From here to its end what this thread allocates and frees is counted. */
void count_allocations(void);

/*
 * Have the nth allocation of this thread from now on fail, or all from that
 * one on; 0: none.  Memory and mappings count alike.
 */
void fail_allocation(int n, bool all_from_there);

/* No more failures.  Returns how many allocations have failed. */
int stop_failing(void);

/* How many allocations, failed ones included, since fail_allocation(). */
int allocations(void);

/* How many of those counted have not been freed. */
int live_allocations(void);

/*
 * Something that allocates.  Returns 0, or its error where it has done
 * nothing; what it made, it has ended again.
 */
typedef int (*operation_fn)(gruvi_hub_t *hub);

/* One attempt, in a thread of its own: allocation n fails. */
struct trial {
    operation_fn operation;
    int n;
    bool all;    /* and all that follow */
    bool failed; /* set where it did */
};

/*
 * Try with each allocation in turn, until none fails any more, and see each
 * time that nothing is left.
 *
 * Returns how many there were.
 */
int sweep(void (*try)(void *trial), bool all);

/*
 * The same with an operation, alone and with all that follow.  It has to return
 * UV_ENOMEM where it fails, and to work right afterwards.
 */
int sweep_operation(operation_fn operation);

#endif
