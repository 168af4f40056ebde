/* SPDX-License-Identifier: MIT */
/*
 * The load of a pool, under its lock: counts of its work, and who waits until
 * it has nothing to do, or no workers.
 */
#ifndef GRUVI_POOL_LOAD_H
#define GRUVI_POOL_LOAD_H

#include <gruvi/pool.h>

#include "base/list.h"

struct gruvi__load {
    size_t queued;
    unsigned busy; /* begun and not done */
    uint64_t done;
    uint64_t wait[GRUVI_POOL_WAIT_BUCKETS];
    uint64_t wait_sum;                   /* nanoseconds */
    struct gruvi__list joiners, closers; /* struct gruvi__waiter */
};

void gruvi__load_init(struct gruvi__load *load);

/* Work that was queued at that time has begun. */
void gruvi__load_begin(struct gruvi__load *load, uint64_t queued_at);

/* Work is done, or was withdrawn; joiners are woken if nothing is left. */
void gruvi__load_end(struct gruvi__load *load);
void gruvi__load_withdraw(struct gruvi__load *load);

/* Wake all waiters on a list. */
void gruvi__load_wake(struct gruvi__list *waiters);

#endif
