/* SPDX-License-Identifier: MIT */
/*
 * The inside of a lock, for conditions, which release it during a wait.
 */
#ifndef GRUVI_SYNC_LOCK_H
#define GRUVI_SYNC_LOCK_H

#include <stdint.h>

#include <gruvi/sync.h>

#include "base/list.h"
#include "base/spin.h"

struct gruvi__lock {
    /* gruvi__self_id() of its owner, with GRUVI__LOCK_WAITED in it where there
     * may be waiters; 0: free.  Atomic. */
    uintptr_t word;
    unsigned again;             /* times more that its owner has acquired it */
    bool reentrant;             /* never changes */
    struct gruvi__spin spin;    /* guards waiters */
    struct gruvi__list waiters; /* struct waiter; zeros: empty */
};

#define GRUVI__LOCK_WAITED 1u

static inline struct gruvi__lock *
gruvi__lock_real(gruvi_lock_t *lock)
{
    return (struct gruvi__lock *)lock;
}

/* Whether the caller holds it. */
bool gruvi__lock_mine(struct gruvi__lock *lock);

/* Release it, however often it was acquired; returns how many times more than
 * once. */
unsigned gruvi__lock_let_go(struct gruvi__lock *lock);

/* Acquire it as often again, whatever is pending. */
void gruvi__lock_take_back(struct gruvi__lock *lock, unsigned again);

#endif
