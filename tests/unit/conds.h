/* SPDX-License-Identifier: MIT */
/* A condition and its lock, for calls that succeed. */
#ifndef TESTS_UNIT_CONDS_H
#define TESTS_UNIT_CONDS_H

#include "sync/lock.h"
#include "unit/harness.h"

static inline gruvi_lock_t *
lock_of(gruvi_cond_t *cond)
{
    return gruvi_cond_lock(cond);
}

/* By whoever is the caller. */
static inline bool
is_held(gruvi_cond_t *cond)
{
    return gruvi__lock_mine(gruvi__lock_real(lock_of(cond)));
}

static inline void
acquire(gruvi_cond_t *cond)
{
    ck_assert_int_eq(gruvi_lock_acquire(lock_of(cond), GRUVI_FOREVER), 0);
}

static inline void
release(gruvi_cond_t *cond)
{
    ck_assert_int_eq(gruvi_lock_release(lock_of(cond)), 0);
}

static inline void
notify(gruvi_cond_t *cond, unsigned n)
{
    acquire(cond);
    ck_assert_int_eq(gruvi_cond_notify(cond, n), 0);
    release(cond);
}

#endif
