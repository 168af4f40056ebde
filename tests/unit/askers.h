/* SPDX-License-Identifier: MIT */
/*
 * What the tests of look-ups share: fibers that ask, and a small pool.
 *
 * With CK_FORK=no the pool, and what hangs in it, lasts from one test to the
 * next: so each ends with nothing in it.
 */
#ifndef TESTS_UNIT_ASKERS_H
#define TESTS_UNIT_ASKERS_H

#include "unit/calls.h"
#include "unit/harness.h"

#define IO_THREADS 4
#define SHARE      (IO_THREADS / 2)

/* As the first thing in a test, and as the last: nothing is in the pool any
 * more. */
void begin(void);
void settle(void);

/* A look-up in a fiber. */
struct asker {
    const char *host;
    const struct addrinfo *hints;
    double timeout;
    gruvi_fiber_t *fiber;
    struct addrinfo *list;
    int result;
};

/* Ask, with what is there. */
int run_asker(void *asker);

/* It waits when this returns, unless its timeout has passed. */
void begin_ask(struct asker *a, const char *host, double timeout);

/* It has ended; the list is left. */
int end_ask(struct asker *a);

/* It is this address of IPv4. */
void check_address(const struct addrinfo *info, const char *address);

#endif
