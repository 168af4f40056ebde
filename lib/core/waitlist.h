/* SPDX-License-Identifier: MIT */
/*
 * Waits for something shared: the records lie on the stacks of the waiters,
 * and the shared object lists them.
 *
 *   struct gruvi__joiner      fibers of one hub; wait.c
 *   struct gruvi__waiter      any fiber or thread, for one object; waitlist.c
 *   struct gruvi__multi_wait  the same for several, with a link to each
 */
#ifndef GRUVI_CORE_WAITLIST_H
#define GRUVI_CORE_WAITLIST_H

#include <stdbool.h>

#include <gruvi/base.h>

#include "base/likely.h"
#include "base/list.h"
#include "base/threads.h"
#include "core/fiber.h"
#include "core/switch.h"
#include "core/thread.h"
#include "core/wait.h"

/* A fiber of this hub waits for a fiber or a group to end. */
struct gruvi__joiner {
    struct gruvi__list link;
    gruvi_fiber_t *fiber; /* NULL: part of a struct gruvi__wait_link */
    int granted;
};

/* Grant the waits of all of them, with what granted becomes, which is not 0;
 * and empty the list. */
void gruvi__wake_joiners(struct gruvi__list *joiners, int granted);

/*
 * One wait for an object that any thread may use.  It lies on the waiter's
 * stack, linked to the object under the object's lock.
 *
 *   waker                                  waiter
 *   under the lock: unlink, claim          waits
 *   unlock: the object is not touched now
 *   wake: post, then released = 1          returns once released
 *
 * The waiter does not return before released is set, so that neither its
 * stack nor its hub goes while the waker still needs them.
 */
struct gruvi__waiter {
    struct gruvi__list link;
    gruvi_fiber_t *fiber; /* NULL: a plain thread */
    int state;            /* atomic; GRUVI__WAITER_WAITING and so on */
    int released;         /* atomic; a futex for plain threads */
};

static inline void
gruvi__waiter_init(struct gruvi__waiter *waiter, gruvi_fiber_t *fiber)
{
    gruvi__list_init(&waiter->link);
    waiter->fiber = fiber;
    waiter->state = 0;
    waiter->released = 0;
}

enum { GRUVI__WAITER_WAITING, GRUVI__WAITER_CLAIMED, GRUVI__WAITER_WITHDRAWN };

bool gruvi__waiter_decide(struct gruvi__waiter *waiter, int state);

/* Whether its fiber belongs to this thread. */
static inline bool
gruvi__waiter_is_here(const struct gruvi__waiter *waiter)
{
    return waiter->fiber != NULL && gruvi__is_own(waiter->fiber->hub);
}

/* Take the right to wake a waiter, under the object's lock or where nobody else
 * may wake it; false where it has withdrawn.  A fiber of this hub cannot
 * withdraw at the same time, and there is no other waker: no need for an atomic
 * exchange. */
static inline bool
gruvi__waiter_claim(struct gruvi__waiter *waiter)
{
    if (!gruvi__waiter_is_here(waiter))
        return gruvi__waiter_decide(waiter, GRUVI__WAITER_CLAIMED);
    if (gruvi__atomic_load(&waiter->state, __ATOMIC_RELAXED) !=
        GRUVI__WAITER_WAITING)
        return false;
    gruvi__atomic_store(&waiter->state, GRUVI__WAITER_CLAIMED,
                        __ATOMIC_RELAXED);
    return true;
}

/* gruvi__waiter_claim() from another thread, when the waiter may have withdrawn
 * and its fiber may be gone. */
bool gruvi__waiter_claim_late(struct gruvi__waiter *waiter);

/* Claim the first waiter that has not withdrawn and take it off the list; NULL:
 * there is none.  A list that is all zeros is empty. */
struct gruvi__waiter *gruvi__waiter_claim_first(struct gruvi__list *waiters);

void gruvi__waiter_wake_afar(struct gruvi__waiter *waiter);

/* Wake a waiter that was claimed: the last touch. */
static inline void
gruvi__waiter_wake(struct gruvi__waiter *waiter)
{
    if (gruvi__waiter_is_here(waiter)) {
        waiter->released = 1;
        if (waiter->fiber->state == GRUVI__WAITING)
            gruvi__make_ready(waiter->fiber);
    } else {
        gruvi__waiter_wake_afar(waiter);
    }
}

int gruvi__waiter_wait_slowly(struct gruvi__waiter *waiter, const char *what,
                              double timeout);

/*
 * Wait.  Returns 0 where claimed and woken, else the error: then the caller
 * still has to unlink it, under the lock.
 *
 * Inlined, like claiming and waking, because of what an event costs: each call
 * on the way to the switch is a frame more to save and to return through.
 */
static inline int
gruvi__waiter_wait(struct gruvi__waiter *waiter, const char *what,
                   double timeout)
{
    if (timeout < 0 && waiter->fiber != NULL &&
        gruvi__wait_fast(waiter->fiber, &waiter->state, what) &&
        gruvi__likely(gruvi__atomic_load(&waiter->released, __ATOMIC_ACQUIRE)))
        return 0;
    return gruvi__waiter_wait_slowly(waiter, what, timeout);
}

/*
 * gruvi__waiter_wait() in two: true where it was claimed and woken, else it has
 * withdrawn.  Then gruvi__waiter_end(), which takes the error only where done
 * is false.
 */
bool gruvi__waiter_try(struct gruvi__waiter *waiter, const char *what,
                       double timeout);

/* In more pieces; see gruvi__wait_begin().  False: interrupted. */
void gruvi__waiter_begin(struct gruvi__waiter *waiter, double timeout);
bool gruvi__waiter_run(struct gruvi__waiter *waiter, const char *what);
int gruvi__waiter_end(struct gruvi__waiter *waiter, bool done);

/* Until woken, even if an error is pending. */
void gruvi__waiter_through(struct gruvi__waiter *waiter, const char *what);

/* After an interrupt: false where the waiter was claimed before, and is woken
 * by now. */
bool gruvi__waiter_withdraw(struct gruvi__waiter *waiter);

/*
 * A wait for several objects: a link to each, and one waiter.  The waker that
 * makes it enough claims the waiter.
 *
 *   waker, of one object                   waiter
 *   under the lock: take the links
 *   unlock: the object is not touched now
 *   fire: count; last: claim; state = DONE
 *   last: wake                             returns when each of its links is
 *                                          taken back or DONE
 *
 * The links lie on the waiter's stack, whose last touch by a waker is DONE,
 * or the wake.  Once a link is DONE, the waker does not touch its object.
 */
struct gruvi__multi_wait {
    struct gruvi__waiter waiter;
    long left; /* atomic: the waker that takes it to 0 claims the waiter */
    int error; /* of an object that was closed, by the hub's thread; or 0 */
};

struct gruvi__wait_link {
    struct gruvi__joiner joiner; /* its link; granted is its state */
    struct gruvi__multi_wait *wait;
};

enum {
    GRUVI__LINK_LISTED,
    GRUVI__LINK_TAKEN, /* will be DONE soon: wait for it */
    GRUVI__LINK_DONE
};

static inline struct gruvi__wait_link *
gruvi__wait_link_of(struct gruvi__list *link)
{
    return gruvi__list_entry(link, struct gruvi__wait_link, joiner.link);
}

/* Under the object's lock. */
static inline bool
gruvi__wait_link_listed(const struct gruvi__wait_link *link)
{
    return gruvi__atomic_load(&link->joiner.granted, __ATOMIC_RELAXED) ==
           GRUVI__LINK_LISTED;
}

/* Under the object's lock: move its links to a list of the waker's. */
void gruvi__wait_link_take_all(struct gruvi__list *links,
                               struct gruvi__list *taken);

/* The waker's last touch. */
void gruvi__wait_link_fire(struct gruvi__wait_link *link);

/* The same where the object goes: the wait ends, and fails unless enough were
 * done.  In the waiter's thread. */
void gruvi__wait_link_abort(struct gruvi__wait_link *link, int error);

/* Wait until a taken link is DONE: a few instructions of another thread. */
void gruvi__wait_link_settle(const struct gruvi__wait_link *link);

#endif
