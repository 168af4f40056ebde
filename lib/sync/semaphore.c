/* SPDX-License-Identifier: MIT */
/*
 * Semaphores: a number of permits under a spin lock, and the waiters for one.
 * A permit that is released while there are waiters goes to the first of them
 * and is never counted, so no newcomer can take it meanwhile.
 */
#include <limits.h>

#include <gruvi/sync.h>

#include "base/list.h"
#include "base/spin.h"
#include "core/switchpoint.h"
#include "core/wait.h"
#include "core/waitlist.h"

struct semaphore {
    struct gruvi__spin spin; /* guards the rest */
    unsigned permits;
    struct gruvi__list waiters; /* struct gruvi__waiter */
};

_Static_assert(sizeof(struct semaphore) <= sizeof(gruvi_semaphore_t),
               "gruvi_semaphore_t has too little room");

static inline struct semaphore *
real(gruvi_semaphore_t *sem)
{
    return (struct semaphore *)sem;
}

int
gruvi_semaphore_init(gruvi_semaphore_t *public, unsigned value)
{
    struct semaphore *sem = real(public);

    *sem = (struct semaphore){.permits = value};
    gruvi__list_init(&sem->waiters);
    return 0;
}

void
gruvi_semaphore_destroy(gruvi_semaphore_t *public)
{
    struct semaphore *sem = real(public);
    bool waited_for;

    gruvi__spin_lock(&sem->spin);
    waited_for = !gruvi__list_empty(&sem->waiters);
    gruvi__spin_unlock(&sem->spin);
    if (waited_for)
        gruvi__assert_failed(
            "gruvi_semaphore_destroy(): somebody waits for it");
}

GRUVI_SWITCHPOINT int
gruvi_semaphore_acquire(gruvi_semaphore_t *public, double timeout)
{
    struct semaphore *sem = real(public);
    struct gruvi__waiter waiter;
    gruvi_fiber_t *fiber;
    int err = gruvi__enter_any(__func__, &fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (gruvi_semaphore_try_acquire(public) == 0)
        return 0;
    if (timeout == 0)
        return UV_ETIMEDOUT;
    gruvi__waiter_init(&waiter, fiber);
    gruvi__spin_lock(&sem->spin);
    if (sem->permits > 0) {
        sem->permits--;
        gruvi__spin_unlock(&sem->spin);
        return 0;
    }
    gruvi__list_add(&sem->waiters, &waiter.link);
    gruvi__spin_unlock(&sem->spin);
    err = gruvi__waiter_wait(&waiter, "semaphore", timeout);
    if (err < 0) {
        gruvi__spin_lock(&sem->spin);
        gruvi__list_remove(&waiter.link);
        gruvi__spin_unlock(&sem->spin);
    }
    return err;
}

int
gruvi_semaphore_try_acquire(gruvi_semaphore_t *public)
{
    struct semaphore *sem = real(public);
    bool taken;

    gruvi__spin_lock(&sem->spin);
    taken = sem->permits > 0;
    sem->permits -= taken;
    gruvi__spin_unlock(&sem->spin);
    return taken ? 0 : UV_EAGAIN;
}

int
gruvi_semaphore_release(gruvi_semaphore_t *public)
{
    struct semaphore *sem = real(public);
    struct gruvi__waiter *next;
    int err = 0;

    gruvi__spin_lock(&sem->spin);
    next = gruvi__waiter_claim_first(&sem->waiters);
    if (next == NULL && sem->permits == UINT_MAX)
        err = UV_EOVERFLOW;
    else if (next == NULL)
        sem->permits++;
    gruvi__spin_unlock(&sem->spin);
    if (next != NULL)
        gruvi__waiter_wake(next);
    return err;
}
