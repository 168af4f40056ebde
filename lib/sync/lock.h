/* SPDX-License-Identifier: MIT */
/*
 * The inside of a lock, for conditions, which release it during a wait.
 */
#ifndef GRUVI_SYNC_LOCK_H
#define GRUVI_SYNC_LOCK_H

#include <gruvi/sync.h>

#include "base/list.h"
#include "base/spin.h"

struct gruvi__lock {
    struct gruvi__spin spin; /* guards the rest */
    bool reentrant;
    unsigned depth;    /* how often its owner has acquired it; 0: free */
    const void *owner; /* gruvi__self_id() of its holder */
    struct gruvi__list waiters; /* struct waiter; zeros: empty */
};

static inline struct gruvi__lock *
gruvi__lock_real(gruvi_lock_t *lock)
{
    return (struct gruvi__lock *)lock;
}

/* Whether the caller holds it. */
bool gruvi__lock_mine(struct gruvi__lock *lock);

/* Release it, however often it was acquired; returns how often. */
unsigned gruvi__lock_let_go(struct gruvi__lock *lock);

/* Acquire it again, that often, whatever is pending. */
void gruvi__lock_take_back(struct gruvi__lock *lock, unsigned depth);

#endif
