/* SPDX-License-Identifier: MIT */
/*
 * Who waits for what: the records of waits for something that is shared, which
 * lie on the waiter's stack and are linked to it.
 *
 *   struct gruvi__joiner   fibers of one hub; wait.c
 *   struct gruvi__waiter   any fiber or thread, for one object; waitlist.c
 *   struct gruvi__watcher  the same, for several, with a watch on each
 */
#ifndef GRUVI_CORE_WAITLIST_H
#define GRUVI_CORE_WAITLIST_H

#include <stdbool.h>

#include <gruvi/base.h>

#include "base/list.h"

/* Somebody of this hub who waits for a fiber or a group to end. */
struct gruvi__joiner {
    struct gruvi__list link;
    gruvi_fiber_t *fiber; /* NULL: this is a part of a struct gruvi__watch */
    int granted;
};

/* Grant the waits of all of them, and empty the list. */
void gruvi__wake_joiners(struct gruvi__list *joiners);

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
    int state;            /* atomic; enum in waitlist.c */
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

/* Take the right to wake a waiter, under the object's lock or as the only one
 * who may; false where it has withdrawn. */
bool gruvi__waiter_claim(struct gruvi__waiter *waiter);

/* The same from another thread, where the fiber of a waiter that has withdrawn
 * may be gone. */
bool gruvi__waiter_claim_late(struct gruvi__waiter *waiter);

/* Take the first off a list that has not withdrawn, claimed; NULL: none.  A
 * list that is all zeros is empty. */
struct gruvi__waiter *gruvi__waiter_claim_first(struct gruvi__list *waiters);

/* Wake one that was claimed: the last touch. */
void gruvi__waiter_wake(struct gruvi__waiter *waiter);

/*
 * Wait.  Returns 0 where claimed and woken, else the error: then the caller
 * still has to unlink it, under the lock.
 */
int gruvi__waiter_wait(struct gruvi__waiter *waiter, const char *what,
                       double timeout);

/*
 * The same in two: whether it was claimed and woken, else it has withdrawn.
 * Then gruvi__waiter_end(), which takes the error only where done is false.
 */
bool gruvi__waiter_try(struct gruvi__waiter *waiter, const char *what,
                       double timeout);

/* And in more; see gruvi__wait_begin().  Not claimed: interrupted. */
void gruvi__waiter_begin(struct gruvi__waiter *waiter, double timeout);
bool gruvi__waiter_run(struct gruvi__waiter *waiter, const char *what);
int gruvi__waiter_end(struct gruvi__waiter *waiter, bool done);

/* Until woken, whatever is pending. */
void gruvi__waiter_through(struct gruvi__waiter *waiter, const char *what);

/* Of a wait that was interrupted: false where it was claimed first, and woken
 * by now. */
bool gruvi__waiter_withdraw(struct gruvi__waiter *waiter);

/*
 * A wait for several objects: a watch on each, and one waiter, claimed by the
 * waker who makes it enough.
 *
 *   waker, of one object                   waiter
 *   under the lock: take the watches
 *   unlock: the object is not touched now
 *   fire: count; last: claim; state = DONE
 *   last: wake                             returns when all of its watches are
 *                                          taken back or DONE
 *
 * All watches lie on the waiter's stack, whose last touch by a waker is DONE,
 * or the wake.  A watch that is DONE says that its object is not touched.
 */
struct gruvi__watcher {
    struct gruvi__waiter waiter;
    long left; /* atomic: who takes it to 0 claims the waiter */
};

struct gruvi__watch {
    struct gruvi__joiner joiner; /* its link; granted is its state */
    struct gruvi__watcher *watcher;
};

enum {
    GRUVI__WATCH_LISTED,
    GRUVI__WATCH_TAKEN, /* on its way: wait for */
    GRUVI__WATCH_DONE
};

static inline struct gruvi__watch *
gruvi__watch_entry(struct gruvi__list *link)
{
    return gruvi__list_entry(link, struct gruvi__watch, joiner.link);
}

/* Under the object's lock. */
static inline bool
gruvi__watch_listed(const struct gruvi__watch *watch)
{
    return __atomic_load_n(&watch->joiner.granted, __ATOMIC_RELAXED) ==
           GRUVI__WATCH_LISTED;
}

/* Under the object's lock: move all from its list to one of the waker's. */
void gruvi__watch_take_all(struct gruvi__list *watches,
                           struct gruvi__list *taken);

/* The waker's last touch. */
void gruvi__watch_fire(struct gruvi__watch *watch);

/* Wait for one that is taken: a few instructions of another thread. */
void gruvi__watch_settle(const struct gruvi__watch *watch);

#endif
