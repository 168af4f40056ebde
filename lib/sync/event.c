/* SPDX-License-Identifier: MIT */
/*
 * The event: a flag, and the waiters for it to be set.
 *
 *   state   SET      the flag; then nobody waits
 *           WAITERS  one of the lists is not empty
 *           LOCKED   a thread works on the lists; other threads spin
 *
 * All of it is one word, because a thread that sees the flag may free the event
 * at once: the store of the flag has to be the setter's last touch.  A lock
 * beside the flag would be unlocked after that.  So set() claims the waiters
 * under the lock, unlocks with the very store that sets the flag, and only then
 * wakes them, from a list of its own.  (Not so fibers of its own hub, which do
 * not run before it returns.)
 *
 * Setting an event that is set is a read-modify-write too, not just a load.  A
 * thread that clears the event and then looks at the data once more relies on
 * it: either it sees the data, or its wait sees the flag.
 */
#include "base/likely.h"
#include "base/list.h"
#include "base/spin.h"
#include "base/threads.h"
#include "core/switchpoint.h"
#include "core/wait.h"
#include "core/waitlist.h"
#include "sync/event.h"

enum { SET = 1, WAITERS = 2, LOCKED = 4 };

_Static_assert(sizeof(struct gruvi__event) <= sizeof(gruvi_event_t),
               "gruvi_event_t has too little room");
_Static_assert(_Alignof(struct gruvi__event) <= _Alignof(gruvi_event_t),
               "gruvi_event_t is not aligned");

static inline struct gruvi__event *
real(gruvi_event_t *event)
{
    return (struct gruvi__event *)event;
}

/* from is what was read just now. */
static inline bool
try_change(struct gruvi__event *event, unsigned *from, unsigned to)
{
    if (gruvi__alone()) {
        gruvi__atomic_store(&event->state, to, __ATOMIC_RELAXED);
        return true;
    }
    return gruvi__atomic_compare_exchange(&event->state, from, to, true,
                                          __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) unsigned
lock_slowly(struct gruvi__event *event, unsigned state)
{
    unsigned n = 0;

    for (;;) {
        if (state & LOCKED) {
            gruvi__spin_pause(&n);
            state = gruvi__atomic_load(&event->state, __ATOMIC_RELAXED);
        } else if (try_change(event, &state, state | LOCKED)) {
            return state;
        }
    }
}

/* Take the lock.  Returns the state without LOCKED. */
static inline unsigned
lock(struct gruvi__event *event)
{
    unsigned state = gruvi__atomic_load(&event->state, __ATOMIC_RELAXED);

    if (gruvi__likely(!(state & LOCKED) &&
                      try_change(event, &state, state | LOCKED)))
        return state;
    return lock_slowly(event, state);
}

static void
unlock(struct gruvi__event *event, unsigned state)
{
    gruvi__atomic_store(&event->state, state, __ATOMIC_RELEASE);
}

int
gruvi_event_init(gruvi_event_t *event)
{
    *event = (gruvi_event_t)GRUVI_EVENT_INIT;
    return 0;
}

void
gruvi_event_destroy(gruvi_event_t *event)
{
    if (gruvi__atomic_load(&real(event)->state, __ATOMIC_ACQUIRE) & WAITERS)
        gruvi__assert_failed("gruvi_event_destroy: somebody waits for it");
}

bool
gruvi_event_is_set(gruvi_event_t *event)
{
    return gruvi__atomic_load(&real(event)->state, __ATOMIC_ACQUIRE) & SET;
}

void
gruvi_event_clear(gruvi_event_t *event)
{
    struct gruvi__event *e = real(event);
    unsigned state = gruvi__atomic_load(&e->state, __ATOMIC_RELAXED);

    /* The lists stay as they are, so the lock need not be taken. */
    while (!(state & LOCKED))
        if (gruvi__likely(try_change(e, &state, state & ~SET)))
            return;
    state = lock_slowly(e, state);
    unlock(e, state & ~SET);
}

/*
 * Where very many fibers wait, the record of each is in no near cache, and
 * tells where the next is only when it is there.  Fibers that were made
 * together lie at equal distances, as a rule, so this fetches what lies further
 * on by as much.  A record there or not: to fetch from a wrong address does no
 * harm.
 */
static inline void
fetch_waiters(const struct gruvi__waiter *waiter, uintptr_t *distance)
{
    enum { FAR = 8 };
    uintptr_t next = (uintptr_t)waiter->link.next - (uintptr_t)waiter;

    if (next == *distance) {
        next *= FAR;
        __builtin_prefetch((void *)((uintptr_t)waiter + next), 1);
        next += (uintptr_t)waiter->fiber - (uintptr_t)waiter;
        next += offsetof(gruvi_fiber_t, next);
        __builtin_prefetch((void *)((uintptr_t)waiter + next), 1);
        return;
    }
    *distance = next;
}

/* Claim the waiters that have not withdrawn.  Fibers of this hub, which run
 * later, are woken at once; others go to claimed: they may use the event, and
 * free it, as soon as they are woken. */
static void
claim_all(struct gruvi__event *event, struct gruvi__list *claimed)
{
    struct gruvi__waiter *waiter;
    struct gruvi__list *link;
    uintptr_t distance = 0;

    for (;;) {
        link = event->waiters.next;
        if (link == &event->waiters)
            return;
        waiter = gruvi__list_entry(link, struct gruvi__waiter, link);
        fetch_waiters(waiter, &distance);
        gruvi__list_remove(link);
        if (!gruvi__waiter_claim(waiter))
            continue;
        if (gruvi__waiter_is_here(waiter))
            gruvi__waiter_wake(waiter);
        else
            gruvi__list_add(claimed, link);
    }
}

/* The event may be gone by now; claimed waiters stay until they are woken. */
static void
wake_all(struct gruvi__list *claimed, struct gruvi__list *taken)
{
    struct gruvi__list *link;

    while ((link = gruvi__list_pop(claimed)) != NULL)
        gruvi__waiter_wake(gruvi__list_entry(link, struct gruvi__waiter, link));
    while ((link = gruvi__list_pop(taken)) != NULL)
        gruvi__wait_link_fire(gruvi__wait_link_of(link));
}

/* Under the lock, with WAITERS set: the only waiter, if it is a fiber of this
 * hub; NULL: there are more, or others. */
static inline struct gruvi__waiter *
only_here(struct gruvi__event *event)
{
    struct gruvi__list *first = event->waiters.next;
    struct gruvi__waiter *waiter =
        gruvi__list_entry(first, struct gruvi__waiter, link);

    if (gruvi__unlikely(!gruvi__list_empty(&event->links) ||
                        first->next != &event->waiters ||
                        !gruvi__waiter_is_here(waiter)))
        return NULL;
    return waiter;
}

/* Under the lock, which it gives up with the flag set. */
static __attribute__((noinline)) void
set_for_all(struct gruvi__event *event)
{
    struct gruvi__list claimed, taken;

    gruvi__list_init(&claimed);
    gruvi__list_init(&taken);
    claim_all(event, &claimed);
    gruvi__wait_link_take_all(&event->links, &taken);
    unlock(event, SET);
    wake_all(&claimed, &taken);
}

void
gruvi_event_set(gruvi_event_t *event)
{
    struct gruvi__event *e = real(event);
    unsigned state = gruvi__atomic_load(&e->state, __ATOMIC_RELAXED);
    struct gruvi__waiter *only;

    while (!(state & (LOCKED | WAITERS)))
        if (try_change(e, &state, SET))
            return;
    if (gruvi__unlikely(!(lock(e) & WAITERS))) {
        unlock(e, SET);
    } else if (gruvi__likely((only = only_here(e)) != NULL)) {
        /* It takes nothing off: the list is empty because the flag says so, and
         * a waiter that was claimed does not look at its link. */
        gruvi__waiter_claim(only);
        unlock(e, SET);
        gruvi__waiter_wake(only);
    } else {
        set_for_all(e);
    }
}

/* Join one of the lists; false where the event has been set meanwhile. */
static inline __attribute__((always_inline)) bool
enqueue(struct gruvi__event *event, struct gruvi__list *list,
        struct gruvi__list *link)
{
    unsigned state = lock(event);

    if (gruvi__unlikely(state & SET)) {
        unlock(event, state);
        return false;
    }
    if (!(state & WAITERS)) {
        gruvi__list_init(&event->waiters);
        gruvi__list_init(&event->links);
    }
    gruvi__list_add(list, link);
    unlock(event, state | WAITERS);
    return true;
}

/* Leave the list; a set may have taken the link off already. */
static void
dequeue(struct gruvi__event *event, struct gruvi__list *link)
{
    unsigned state = lock(event);

    gruvi__list_remove(link);
    if ((state & WAITERS) && gruvi__list_empty(&event->waiters) &&
        gruvi__list_empty(&event->links))
        state &= ~WAITERS;
    unlock(event, state);
}

bool
gruvi__event_link(struct gruvi__event *event, struct gruvi__wait_link *link)
{
    return enqueue(event, &event->links, &link->joiner.link);
}

/* A set that took the link has it on a list that no other thread may touch. */
bool
gruvi__event_unlink(struct gruvi__event *event, struct gruvi__wait_link *link)
{
    unsigned state = lock(event);
    bool listed = gruvi__wait_link_listed(link);

    if (listed)
        gruvi__list_remove(&link->joiner.link);
    if ((state & WAITERS) && gruvi__list_empty(&event->waiters) &&
        gruvi__list_empty(&event->links))
        state &= ~WAITERS;
    unlock(event, state);
    return listed;
}

static inline __attribute__((always_inline)) int
wait_for(gruvi_event_t *event, gruvi_fiber_t *fiber, const char *what,
         double timeout)
{
    struct gruvi__event *e = real(event);
    struct gruvi__waiter waiter;
    int err;

    if (gruvi__atomic_load(&e->state, __ATOMIC_ACQUIRE) & SET)
        return 0;
    if (timeout == 0)
        return UV_ETIMEDOUT;
    gruvi__waiter_init(&waiter, fiber);
    if (!enqueue(e, &e->waiters, &waiter.link))
        return 0;
    err = gruvi__waiter_wait(&waiter, what, timeout);
    if (gruvi__unlikely(err < 0))
        dequeue(e, &waiter.link);
    return err;
}

int
gruvi__event_wait(gruvi_event_t *event, gruvi_fiber_t *fiber, const char *what,
                  double timeout)
{
    return wait_for(event, fiber, what, timeout);
}

static __attribute__((noinline)) int
wait_slowly(const char *function, gruvi_event_t *event, double timeout)
{
    gruvi_fiber_t *fiber;
    int err = gruvi__enter_any(function, &fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    return wait_for(event, fiber, "event", timeout);
}

/* A fiber in which nothing is unusual, without a timeout.  Inlined, so that it
 * is gruvi_event_wait() that the fiber's stack shows. */
static inline __attribute__((always_inline)) int
wait_fast(struct gruvi__event *event, gruvi_fiber_t *fiber)
{
    struct gruvi__waiter waiter;
    int err;

    waiter.fiber = fiber;
    waiter.state = waiter.released = 0;
    if (gruvi__unlikely(!enqueue(event, &event->waiters, &waiter.link)))
        return 0;
    fiber->waiting_for = "event";
    gruvi__park_here(fiber);
    if (gruvi__likely(gruvi__atomic_load(&waiter.released, __ATOMIC_ACQUIRE)))
        return 0;
    err = gruvi__waiter_wait_slowly(&waiter, "event", GRUVI_FOREVER);
    if (gruvi__unlikely(err < 0))
        dequeue(event, &waiter.link);
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_event_wait(gruvi_event_t *event, double timeout)
{
    const struct gruvi__thread *self = &gruvi__self;
    int err;

    if (gruvi__unlikely(self->section != NULL || self->hub == NULL ||
                        self->current->pending != 0 || self->hub->closing ||
                        !(timeout < 0))) {
        err = wait_slowly(__func__, event, timeout);
        gruvi__keep_frame();
        return err;
    }
    if (gruvi__atomic_load(&real(event)->state, __ATOMIC_ACQUIRE) & SET)
        return 0;
    return wait_fast(real(event), self->current);
}

gruvi_waitable_t *
gruvi_event_waitable(gruvi_event_t *event)
{
    return event == NULL ? NULL : &real(event)->waitable;
}
