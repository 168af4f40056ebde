/* SPDX-License-Identifier: MIT */
/*
 * Conditions.
 *
 *   waiter, holding the lock              notifier, holding the lock
 *   enqueue; release the lock             claim, in order; wake
 *   wait                                  release the lock
 *   take the lock back; unlink if need be
 *
 * The list of waiters needs no lock of its own: it is only touched with the
 * condition's lock held.  A waiter that is interrupted withdraws at once, so
 * that no notification is spent on it, and unlinks itself when it has the lock
 * again.
 */
#include <gruvi/sync.h>

#include "base/list.h"
#include "core/clock.h"
#include "core/switchpoint.h"
#include "core/wait.h"
#include "core/waitlist.h"
#include "sync/lock.h"

struct cond {
    struct gruvi__lock *lock;
    struct gruvi__list waiters; /* under lock */
    struct gruvi__lock own;     /* what lock points to where none was given */
};

_Static_assert(sizeof(struct cond) <= sizeof(gruvi_cond_t),
               "gruvi_cond_t has too little room");

static inline struct cond *
real(gruvi_cond_t *cond)
{
    return (struct cond *)cond;
}

int
gruvi_cond_init(gruvi_cond_t *public, gruvi_lock_t *lock)
{
    struct cond *cond = real(public);

    *cond = (struct cond){.own = {.reentrant = true}};
    cond->lock = lock != NULL ? gruvi__lock_real(lock) : &cond->own;
    gruvi__list_init(&cond->waiters);
    return 0;
}

void
gruvi_cond_destroy(gruvi_cond_t *public)
{
    if (!gruvi__list_empty(&real(public)->waiters))
        gruvi__assert_failed("gruvi_cond_destroy(): somebody waits for it");
}

gruvi_lock_t *
gruvi_cond_lock(gruvi_cond_t *cond)
{
    return (gruvi_lock_t *)real(cond)->lock;
}

/* What wait_for waits for; holds is what the predicate returned last. */
struct look {
    bool (*predicate)(void *arg);
    void *arg;
    bool holds;
};

/*
 * timeout is in seconds, and not 0.  An interrupt is taken, and so delivered,
 * only if the predicate does not hold at the last look.
 */
static int
wait(struct cond *cond, gruvi_fiber_t *fiber, struct look *look, double timeout)
{
    struct gruvi__waiter waiter;
    unsigned again;
    bool done;

    gruvi__waiter_init(&waiter, fiber);
    gruvi__list_add(&cond->waiters, &waiter.link);
    again = gruvi__lock_let_go(cond->lock);
    done = gruvi__waiter_try(&waiter, "condition", timeout);
    gruvi__lock_take_back(cond->lock, again);
    gruvi__list_remove(&waiter.link);
    if (look != NULL)
        look->holds = look->predicate(look->arg);
    return gruvi__waiter_end(&waiter, done || (look != NULL && look->holds));
}

static int
enter(const char *function, struct cond *cond, double timeout,
      gruvi_fiber_t **fiber)
{
    int err = gruvi__enter_any(function, fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    return gruvi__lock_mine(cond->lock) ? 0 : UV_EPERM;
}

GRUVI_SWITCHPOINT int
gruvi_cond_wait(gruvi_cond_t *public, double timeout)
{
    struct cond *cond = real(public);
    gruvi_fiber_t *fiber;
    int err = enter(__func__, cond, timeout, &fiber);

    if (err < 0)
        return err;
    return timeout == 0 ? UV_ETIMEDOUT : wait(cond, fiber, NULL, timeout);
}

GRUVI_SWITCHPOINT int
gruvi_cond_wait_for(gruvi_cond_t *public, bool (*predicate)(void *arg),
                    void *arg, double timeout)
{
    struct cond *cond = real(public);
    gruvi_fiber_t *fiber;
    struct look look = {predicate, arg, false};
    uint64_t due, now;
    int err = enter(__func__, cond, timeout, &fiber);

    if (err < 0)
        return err;
    due = gruvi__clock_due(timeout);
    look.holds = predicate(arg);
    while (!look.holds && err == 0) {
        if (due != UINT64_MAX) {
            now = gruvi__clock_now();
            if (now >= due)
                return UV_ETIMEDOUT;
            timeout = (double)(due - now) / 1e9;
        }
        err = wait(cond, fiber, &look, timeout);
    }
    return err;
}

/* Wake at most n waiters that have not withdrawn. */
static int
notify(struct cond *cond, size_t n)
{
    struct gruvi__list claimed, *link;
    struct gruvi__waiter *waiter;

    if (!gruvi__lock_mine(cond->lock))
        return UV_EPERM;
    gruvi__list_init(&claimed);
    while (n-- > 0 &&
           (waiter = gruvi__waiter_claim_first(&cond->waiters)) != NULL)
        gruvi__list_add(&claimed, &waiter->link);
    while ((link = gruvi__list_pop(&claimed)) != NULL)
        gruvi__waiter_wake(gruvi__list_entry(link, struct gruvi__waiter, link));
    return 0;
}

int
gruvi_cond_notify(gruvi_cond_t *cond, unsigned n)
{
    return notify(real(cond), n);
}

int
gruvi_cond_notify_all(gruvi_cond_t *cond)
{
    return notify(real(cond), SIZE_MAX);
}
