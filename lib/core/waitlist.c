/* SPDX-License-Identifier: MIT */
/*
 * Waits that another thread may grant: the protocol of struct gruvi__waiter.
 *
 *   state     WAITING --claim--> CLAIMED        by the waker
 *             WAITING --withdraw--> WITHDRAWN   by the waiter, interrupted
 *
 * Both are one compare-and-swap, so exactly one of them happens: a wait is
 * granted or has failed, never both and never neither.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/spin.h"
#include "base/threads.h"
#include "core/clock.h"
#include "core/fiber.h"
#include "core/schedule.h"
#include "core/thread.h"
#include "core/wait.h"
#include "core/waitable.h"
#include "core/waitlist.h"

enum {
    WAITING = GRUVI__WAITER_WAITING,
    CLAIMED = GRUVI__WAITER_CLAIMED,
    WITHDRAWN = GRUVI__WAITER_WITHDRAWN
};

bool
gruvi__waiter_decide(struct gruvi__waiter *waiter, int state)
{
    int waiting = WAITING;

    return gruvi__atomic_compare_exchange(&waiter->state, &waiting, state,
                                          false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE);
}

bool
gruvi__waiter_claim_late(struct gruvi__waiter *waiter)
{
    return gruvi__waiter_decide(waiter, CLAIMED);
}

struct gruvi__waiter *
gruvi__waiter_claim_first(struct gruvi__list *waiters)
{
    struct gruvi__waiter *waiter;
    struct gruvi__list *link;

    if (waiters->next == NULL)
        return NULL;
    while ((link = gruvi__list_pop(waiters)) != NULL) {
        waiter = gruvi__list_entry(link, struct gruvi__waiter, link);
        if (gruvi__waiter_claim(waiter))
            return waiter;
    }
    return NULL;
}

void
gruvi__waiter_wake_afar(struct gruvi__waiter *waiter)
{
    gruvi_fiber_t *fiber = waiter->fiber;

    if (fiber == NULL) {
        gruvi__atomic_store(&waiter->released, 1, __ATOMIC_SEQ_CST);
        /* The waiter may be gone by now.  Then this wakes no thread, or another
         * thread that waits at this address, and looks again: no harm. */
        gruvi__futex_wake(&waiter->released);
    } else {
        gruvi__ready_remote(fiber);
        gruvi__atomic_store(&waiter->released, 1, __ATOMIC_RELEASE);
    }
}

/* A claimed waiter waits a few instructions until the waker lets go. */
static void
await_release(const struct gruvi__waiter *waiter)
{
    unsigned n = 0;

    while (!gruvi__atomic_load(&waiter->released, __ATOMIC_ACQUIRE))
        gruvi__spin_pause(&n);
}

/* state CLAIMED is what a wait calls granted. */
_Static_assert(WAITING == 0 && CLAIMED != 0, "granted is not zero");

void
gruvi__waiter_begin(struct gruvi__waiter *waiter, double timeout)
{
    gruvi__wait_begin(waiter->fiber, timeout);
}

bool
gruvi__waiter_run(struct gruvi__waiter *waiter, const char *what)
{
    if (!gruvi__wait_run(waiter->fiber, &waiter->state, what))
        return false;
    await_release(waiter);
    return true;
}

int
gruvi__waiter_end(struct gruvi__waiter *waiter, bool done)
{
    if (waiter->fiber == NULL)
        return done ? 0 : UV_ETIMEDOUT;
    return gruvi__wait_end(waiter->fiber, done);
}

bool
gruvi__waiter_withdraw(struct gruvi__waiter *waiter)
{
    if (gruvi__waiter_decide(waiter, WITHDRAWN))
        return true;
    await_release(waiter);
    return false;
}

/* A plain thread sleeps on released. */
static bool
thread_wait(struct gruvi__waiter *waiter, double timeout)
{
    uint64_t due = gruvi__clock_due(timeout), now;
    struct timespec left;

    while (!gruvi__atomic_load(&waiter->released, __ATOMIC_ACQUIRE)) {
        if (due == UINT64_MAX) {
            gruvi__futex_wait(&waiter->released, 0, NULL);
            continue;
        }
        now = gruvi__clock_now();
        if (now >= due)
            return false;
        left.tv_sec = (time_t)((due - now) / 1000000000);
        left.tv_nsec = (long)((due - now) % 1000000000);
        gruvi__futex_wait(&waiter->released, 0, &left);
    }
    return true;
}

bool
gruvi__waiter_try(struct gruvi__waiter *waiter, const char *what,
                  double timeout)
{
    bool done;

    if (waiter->fiber == NULL) {
        done = thread_wait(waiter, timeout);
    } else {
        gruvi__waiter_begin(waiter, timeout);
        done = gruvi__waiter_run(waiter, what);
    }
    return done || !gruvi__waiter_withdraw(waiter);
}

int
gruvi__waiter_wait_slowly(struct gruvi__waiter *waiter, const char *what,
                          double timeout)
{
    return gruvi__waiter_end(waiter, gruvi__waiter_try(waiter, what, timeout));
}

void
gruvi__waiter_through(struct gruvi__waiter *waiter, const char *what)
{
    if (waiter->fiber == NULL)
        thread_wait(waiter, GRUVI_FOREVER);
    else
        gruvi__wait_through(waiter->fiber, &waiter->state, what);
    await_release(waiter);
}

void
gruvi__wait_link_take_all(struct gruvi__list *links, struct gruvi__list *taken)
{
    struct gruvi__list *link;

    for (link = links->next; link != links; link = link->next)
        gruvi__atomic_store(&gruvi__wait_link_of(link)->joiner.granted,
                            GRUVI__LINK_TAKEN, __ATOMIC_RELAXED);
    gruvi__list_splice(taken, links);
}

void
gruvi__wait_link_fire(struct gruvi__wait_link *link)
{
    struct gruvi__multi_wait *wait = link->wait;
    bool last = gruvi__atomic_fetch_sub(&wait->left, 1, __ATOMIC_ACQ_REL) == 1;
    bool claimed = last && gruvi__waiter_claim(&wait->waiter);

    gruvi__atomic_store(&link->joiner.granted, GRUVI__LINK_DONE,
                        __ATOMIC_RELEASE);
    if (claimed)
        gruvi__waiter_wake(&wait->waiter);
}

/* Far below 0, so that no waker takes it to 0 any more. */
#define ABORTED (-(1L << 30))

void
gruvi__wait_link_abort(struct gruvi__wait_link *link, int error)
{
    struct gruvi__multi_wait *wait = link->wait;
    bool last =
        gruvi__atomic_exchange(&wait->left, ABORTED, __ATOMIC_ACQ_REL) > 0;
    bool claimed = last && gruvi__waiter_claim(&wait->waiter);

    if (last)
        wait->error = error;
    gruvi__atomic_store(&link->joiner.granted, GRUVI__LINK_DONE,
                        __ATOMIC_RELEASE);
    if (claimed)
        gruvi__waiter_wake(&wait->waiter);
}

int
gruvi__waitable_link(struct gruvi__waitable_other *object,
                     struct gruvi__wait_link *link)
{
    gruvi__list_add(&object->links, &link->joiner.link);
    return 0;
}

bool
gruvi__waitable_unlink(struct gruvi__waitable_other *object,
                       struct gruvi__wait_link *link)
{
    (void)object;
    gruvi__list_remove(&link->joiner.link);
    return true;
}

void
gruvi__waitable_fire(struct gruvi__waitable_other *object)
{
    struct gruvi__list *link;

    if (!gruvi__waitable_awaited(object))
        return;
    while ((link = gruvi__list_pop(&object->links)) != NULL)
        gruvi__wait_link_fire(gruvi__wait_link_of(link));
}

void
gruvi__waitable_abort(struct gruvi__waitable_other *object)
{
    struct gruvi__list *link;

    if (!gruvi__waitable_awaited(object))
        return;
    while ((link = gruvi__list_pop(&object->links)) != NULL)
        gruvi__wait_link_abort(gruvi__wait_link_of(link), UV_ECONNABORTED);
}

void
gruvi__wait_link_settle(const struct gruvi__wait_link *link)
{
    unsigned n = 0;

    while (gruvi__atomic_load(&link->joiner.granted, __ATOMIC_ACQUIRE) !=
           GRUVI__LINK_DONE)
        gruvi__spin_pause(&n);
}

void
gruvi__wake_joiners(struct gruvi__list *joiners, int granted)
{
    struct gruvi__list *link;
    struct gruvi__joiner *joiner;

    while ((link = gruvi__list_pop(joiners)) != NULL) {
        joiner = gruvi__list_entry(link, struct gruvi__joiner, link);
        if (joiner->fiber == NULL) {
            gruvi__wait_link_fire(gruvi__wait_link_of(link));
            continue;
        }
        joiner->granted = granted;
        gruvi__ready(joiner->fiber);
    }
}
