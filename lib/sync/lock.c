/* SPDX-License-Identifier: MIT */
/*
 * Locks, plain and reentrant.
 *
 * A few fields lie under a spin lock, which is held for some instructions.
 * Without competition, acquiring and releasing cost one exchange and one store
 * each, and no system call.
 *
 * A lock is handed over: its holder names the next owner, under the spin lock,
 * and then wakes it.  So no newcomer overtakes a waiter, and a claimed waiter
 * has the lock, though its timeout may have passed by then.  The lock itself is
 * touched last when the spin lock is unlocked.
 */
#include <limits.h>

#include "sync/lock.h"

#include "base/likely.h"
#include "base/list.h"
#include "base/spin.h"
#include "core/fiber.h"
#include "core/switchpoint.h"
#include "core/thread.h"
#include "core/wait.h"
#include "core/waitlist.h"

struct waiter {
    struct gruvi__waiter waiter;
    const void *id;
};

_Static_assert(sizeof(struct gruvi__lock) <= sizeof(gruvi_lock_t),
               "gruvi_lock_t has too little room");

int
gruvi_lock_init(gruvi_lock_t *lock)
{
    *lock = (gruvi_lock_t)GRUVI_LOCK_INIT;
    return 0;
}

int
gruvi_rlock_init(gruvi_lock_t *lock)
{
    gruvi_lock_init(lock);
    gruvi__lock_real(lock)->reentrant = true;
    return 0;
}

void
gruvi_lock_destroy(gruvi_lock_t *lock)
{
    if (gruvi_lock_locked(lock))
        gruvi__assert_failed("gruvi_lock_destroy(): the lock is held");
}

/* Under the spin lock: acquire the lock for id; false: it is held. */
static bool
take(struct gruvi__lock *lock, const void *id)
{
    if (lock->depth == 0) {
        lock->owner = id;
        lock->depth = 1;
        return true;
    }
    if (lock->reentrant && lock->owner == id && lock->depth < UINT_MAX) {
        lock->depth++;
        return true;
    }
    return false;
}

/* Under the spin lock, after take() failed: id would wait for itself. */
static bool
is_exhausted(const struct gruvi__lock *lock, const void *id)
{
    return lock->reentrant && lock->owner == id;
}

static void
enqueue(struct gruvi__lock *lock, struct waiter *waiter, gruvi_fiber_t *fiber,
        const void *id)
{
    gruvi__waiter_init(&waiter->waiter, fiber);
    waiter->id = id;
    if (lock->waiters.next == NULL)
        gruvi__list_init(&lock->waiters);
    gruvi__list_add(&lock->waiters, &waiter->waiter.link);
}

static __attribute__((noinline)) int
acquire_slowly(struct gruvi__lock *lock, const char *function, double timeout)
{
    const void *id = gruvi__self_id();
    struct waiter waiter;
    gruvi_fiber_t *fiber;
    int err = gruvi__enter_any(function, &fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    gruvi__spin_lock(&lock->spin);
    if (take(lock, id)) {
        gruvi__spin_unlock(&lock->spin);
        return 0;
    }
    if (timeout == 0 || is_exhausted(lock, id)) {
        err = timeout == 0 ? UV_ETIMEDOUT : UV_EAGAIN;
        gruvi__spin_unlock(&lock->spin);
        return err;
    }
    enqueue(lock, &waiter, fiber, id);
    gruvi__spin_unlock(&lock->spin);
    err = gruvi__waiter_wait(&waiter.waiter, "lock", timeout);
    if (err < 0) {
        gruvi__spin_lock(&lock->spin);
        gruvi__list_remove(&waiter.waiter.link);
        gruvi__spin_unlock(&lock->spin);
    }
    return err;
}

/* Whether gruvi__enter_any() is sure to return 0; a plain thread stays here,
 * too, as long as it need not wait. */
static inline bool
may_enter(void)
{
    return gruvi__self.section == NULL &&
           (gruvi__self.hub == NULL || gruvi__enter_fast() != NULL);
}

GRUVI_SWITCHPOINT int
gruvi_lock_acquire(gruvi_lock_t *public, double timeout)
{
    struct gruvi__lock *lock = gruvi__lock_real(public);

    if (gruvi__likely(may_enter() && timeout == timeout)) {
        gruvi__spin_lock(&lock->spin);
        if (gruvi__likely(lock->depth == 0)) {
            lock->owner = gruvi__self_id();
            lock->depth = 1;
            gruvi__spin_unlock(&lock->spin);
            return 0;
        }
        gruvi__spin_unlock(&lock->spin);
    }
    return acquire_slowly(lock, __func__, timeout);
}

int
gruvi_lock_try_acquire(gruvi_lock_t *public)
{
    struct gruvi__lock *lock = gruvi__lock_real(public);
    bool taken;

    gruvi__spin_lock(&lock->spin);
    taken = take(lock, gruvi__self_id());
    gruvi__spin_unlock(&lock->spin);
    return taken ? 0 : UV_EAGAIN;
}

/* Under the spin lock, which it gives up: name the next owner, or none. */
static __attribute__((noinline)) void
pass_on(struct gruvi__lock *lock)
{
    struct gruvi__waiter *next = gruvi__waiter_claim_first(&lock->waiters);

    lock->depth = next != NULL;
    lock->owner = next == NULL
                      ? NULL
                      : gruvi__list_entry(next, struct waiter, waiter)->id;
    gruvi__spin_unlock(&lock->spin);
    if (next != NULL)
        gruvi__waiter_wake(next);
}

/* Under the spin lock. */
static inline bool
has_waiters(const struct gruvi__lock *lock)
{
    return lock->waiters.next != NULL && !gruvi__list_empty(&lock->waiters);
}

int
gruvi_lock_release(gruvi_lock_t *public)
{
    struct gruvi__lock *lock = gruvi__lock_real(public);

    gruvi__spin_lock(&lock->spin);
    if (gruvi__unlikely(lock->depth == 0 ||
                        (lock->reentrant && lock->owner != gruvi__self_id()))) {
        gruvi__spin_unlock(&lock->spin);
        return UV_EPERM;
    }
    if (gruvi__unlikely(lock->depth == 1 && has_waiters(lock))) {
        pass_on(lock);
        return 0;
    }
    lock->depth--;
    gruvi__spin_unlock(&lock->spin);
    return 0;
}

bool
gruvi_lock_locked(gruvi_lock_t *public)
{
    struct gruvi__lock *lock = gruvi__lock_real(public);
    bool locked;

    gruvi__spin_lock(&lock->spin);
    locked = lock->depth > 0;
    gruvi__spin_unlock(&lock->spin);
    return locked;
}

bool
gruvi__lock_mine(struct gruvi__lock *lock)
{
    bool mine;

    gruvi__spin_lock(&lock->spin);
    mine = lock->depth > 0 && lock->owner == gruvi__self_id();
    gruvi__spin_unlock(&lock->spin);
    return mine;
}

unsigned
gruvi__lock_let_go(struct gruvi__lock *lock)
{
    unsigned depth;

    gruvi__spin_lock(&lock->spin);
    depth = lock->depth;
    pass_on(lock);
    return depth;
}

void
gruvi__lock_take_back(struct gruvi__lock *lock, unsigned depth)
{
    gruvi_fiber_t *fiber = gruvi__self.hub == NULL ? NULL : gruvi__self.current;
    const void *id = gruvi__self_id();
    struct waiter waiter;

    gruvi__spin_lock(&lock->spin);
    if (!take(lock, id)) {
        enqueue(lock, &waiter, fiber, id);
        gruvi__spin_unlock(&lock->spin);
        gruvi__waiter_through(&waiter.waiter, "lock");
        gruvi__spin_lock(&lock->spin);
    }
    lock->depth = depth;
    gruvi__spin_unlock(&lock->spin);
}
