/* SPDX-License-Identifier: MIT */
/*
 * Locks, plain and reentrant.
 *
 * The owner is one word.  Without competition, acquiring and releasing cost an
 * exchange of it each, and no system call.
 *
 * Where there are waiters, which are listed under a spin lock, the lock is
 * handed over: its owner names the next one, under the spin lock, and then
 * wakes it.  So the word is not 0 while there are waiters, no newcomer
 * overtakes them, and a claimed waiter has the lock, though its timeout may
 * have passed by then.
 *
 * The next owner may free the lock at once.  So a release touches it last when
 * the word becomes 0, or when the spin lock is unlocked after the word has
 * named a waiter, which is woken after that.
 */
#include <limits.h>

#include "sync/lock.h"

#include "base/likely.h"
#include "base/list.h"
#include "base/spin.h"
#include "base/threads.h"
#include "core/fiber.h"
#include "core/switchpoint.h"
#include "core/thread.h"
#include "core/wait.h"
#include "core/waitlist.h"

struct waiter {
    struct gruvi__waiter waiter;
    uintptr_t id;
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

/* --- the word ------------------------------------------------------------ */

static inline uintptr_t
self(void)
{
    return (uintptr_t)gruvi__self_id();
}

static inline uintptr_t
owner_in(uintptr_t word)
{
    return word & ~(uintptr_t)GRUVI__LOCK_WAITED;
}

static inline uintptr_t
word_of(const struct gruvi__lock *lock)
{
    return gruvi__atomic_load(&lock->word, __ATOMIC_RELAXED);
}

static inline bool
is_mine(const struct gruvi__lock *lock)
{
    return owner_in(word_of(lock)) == self();
}

/* Exchange it where it is so; false: it is not.  A thread that is alone spares
 * the locked instruction. */
static inline bool
exchange(struct gruvi__lock *lock, uintptr_t from, uintptr_t to, int order)
{
    if (gruvi__alone()) {
        if (lock->word != from)
            return false;
        lock->word = to;
        return true;
    }
    return gruvi__atomic_compare_exchange(&lock->word, &from, to, false, order,
                                          __ATOMIC_RELAXED);
}

static inline bool
take_free(struct gruvi__lock *lock, uintptr_t id)
{
    return exchange(lock, 0, id, __ATOMIC_ACQUIRE);
}

/* Its owner acquires it again; false: it is not the owner, or has acquired it
 * too often. */
static inline bool
take_again(struct gruvi__lock *lock, uintptr_t id)
{
    if (!lock->reentrant || owner_in(word_of(lock)) != id ||
        lock->again == UINT_MAX - 1)
        return false;
    lock->again++;
    return true;
}

/* --- waiting for it ------------------------------------------------------ */

/* Under the spin lock: acquire the lock for id, or have its owner know that
 * there is a waiter; returns whether it was acquired. */
static bool
take_or_mark(struct gruvi__lock *lock, uintptr_t id)
{
    for (;;) {
        uintptr_t word = word_of(lock);

        if (word == 0) {
            if (take_free(lock, id))
                return true;
        } else if ((word & GRUVI__LOCK_WAITED) ||
                   exchange(lock, word, word | GRUVI__LOCK_WAITED,
                            __ATOMIC_RELAXED)) {
            return false;
        }
    }
}

/* Acquire it for id; false: it is held, and a waiter is enqueued. */
static bool
take_or_enqueue(struct gruvi__lock *lock, uintptr_t id, struct waiter *waiter,
                gruvi_fiber_t *fiber)
{
    bool taken;

    gruvi__spin_lock(&lock->spin);
    taken = take_or_mark(lock, id);
    if (!taken) {
        gruvi__waiter_init(&waiter->waiter, fiber);
        waiter->id = id;
        if (lock->waiters.next == NULL)
            gruvi__list_init(&lock->waiters);
        gruvi__list_add(&lock->waiters, &waiter->waiter.link);
    }
    gruvi__spin_unlock(&lock->spin);
    return taken;
}

static __attribute__((noinline)) int
acquire_slowly(struct gruvi__lock *lock, const char *function, double timeout)
{
    uintptr_t id = self();
    struct waiter waiter;
    gruvi_fiber_t *fiber;
    int err = gruvi__enter_any(function, &fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (take_free(lock, id) || take_again(lock, id))
        return 0;
    if (timeout == 0)
        return UV_ETIMEDOUT;
    if (lock->reentrant && is_mine(lock))
        return UV_EAGAIN; /* too often: it would wait for itself */
    if (take_or_enqueue(lock, id, &waiter, fiber))
        return 0;
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
    int err;

    if (gruvi__likely(may_enter() && timeout == timeout) &&
        gruvi__likely(take_free(lock, self())))
        return 0;
    err = acquire_slowly(lock, __func__, timeout);
    gruvi__keep_frame();
    return err;
}

int
gruvi_lock_try_acquire(gruvi_lock_t *public)
{
    struct gruvi__lock *lock = gruvi__lock_real(public);
    uintptr_t id = self();

    return take_free(lock, id) || take_again(lock, id) ? 0 : UV_EAGAIN;
}

/* --- releasing it -------------------------------------------------------- */

/* Name the next owner and wake it; false: there are no waiters any more, and
 * the word says so. */
static bool
hand_over(struct gruvi__lock *lock)
{
    struct gruvi__waiter *next;
    uintptr_t word;

    gruvi__spin_lock(&lock->spin);
    word = word_of(lock);
    if (!(word & GRUVI__LOCK_WAITED)) {
        gruvi__spin_unlock(&lock->spin);
        return false;
    }
    next = gruvi__waiter_claim_first(&lock->waiters);
    if (next == NULL)
        word = owner_in(word);
    else
        word = gruvi__list_entry(next, struct waiter, waiter)->id |
               (gruvi__list_empty(&lock->waiters) ? 0 : GRUVI__LOCK_WAITED);
    /* With waiters in it, only the holder of the spin lock changes it. */
    gruvi__atomic_store(&lock->word, word, __ATOMIC_RELEASE);
    gruvi__spin_unlock(&lock->spin);
    if (next != NULL)
        gruvi__waiter_wake(next);
    return next != NULL;
}

/* However often it was acquired. */
static int
release_all(struct gruvi__lock *lock)
{
    uintptr_t word;

    lock->again = 0;
    while ((word = word_of(lock)) != 0) {
        if (word & GRUVI__LOCK_WAITED) {
            if (hand_over(lock))
                return 0;
        } else if (exchange(lock, word, 0, __ATOMIC_RELEASE)) {
            return 0;
        }
    }
    return UV_EPERM;
}

static __attribute__((noinline)) int
release_slowly(struct gruvi__lock *lock)
{
    if (!lock->reentrant)
        return release_all(lock);
    if (!is_mine(lock))
        return UV_EPERM;
    if (lock->again == 0)
        return release_all(lock);
    lock->again--;
    return 0;
}

int
gruvi_lock_release(gruvi_lock_t *public)
{
    struct gruvi__lock *lock = gruvi__lock_real(public);
    uintptr_t word = word_of(lock);

    if (gruvi__likely(word != 0 && !(word & GRUVI__LOCK_WAITED) &&
                      !lock->reentrant) &&
        gruvi__likely(exchange(lock, word, 0, __ATOMIC_RELEASE)))
        return 0;
    return release_slowly(lock);
}

bool
gruvi_lock_locked(gruvi_lock_t *public)
{
    return gruvi__atomic_load(&gruvi__lock_real(public)->word,
                              __ATOMIC_ACQUIRE) != 0;
}

/* --- for conditions ------------------------------------------------------ */

bool
gruvi__lock_mine(struct gruvi__lock *lock)
{
    return is_mine(lock);
}

unsigned
gruvi__lock_let_go(struct gruvi__lock *lock)
{
    unsigned again = lock->again;

    release_all(lock);
    return again;
}

void
gruvi__lock_take_back(struct gruvi__lock *lock, unsigned again)
{
    gruvi_fiber_t *fiber = gruvi__self.hub == NULL ? NULL : gruvi__self.current;
    uintptr_t id = self();
    struct waiter waiter;

    if (!take_free(lock, id) && !take_or_enqueue(lock, id, &waiter, fiber))
        gruvi__waiter_through(&waiter.waiter, "lock");
    lock->again = again;
}
