/* SPDX-License-Identifier: MIT */
/*
 * Waiting for several objects.
 *
 * First the caller looks at each, without locks.  If enough are done that is
 * all: so loops over gruvi_wait(..., 1, ...) are cheap.  Otherwise each gets a
 * link, in a table on the caller's stack; see struct gruvi__multi_wait.
 *
 * left counts down from count.  A waker takes 1 off for its object.  The caller
 * may find objects done while it links them, and takes these off in one go.
 * Enough are done when left is 0 or below.  A waker that takes it there claims
 * the waiter; if the caller does, nobody claims.  An object that is closed
 * takes it far below 0.
 *
 * Where the wait ends with an error, objects may be gone: a link that is DONE
 * says so, and the others are there.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <gruvi/wait.h>

#include "base/list.h"
#include "base/threads.h"
#include "core/fiber.h"
#include "core/thread.h"
#include "core/wait.h"
#include "core/waitable.h"
#include "core/waitlist.h"
#include "sync/event.h"

#define ON_STACK 64

struct wait {
    struct gruvi__multi_wait multi;
    gruvi_waitable_t **objects;
    size_t n, count;
    size_t linked; /* the first so many; the rest is only looked at */
    double timeout;
    struct gruvi__wait_link *links; /* one for each object */
    bool *done;                     /* may be NULL */
};

static inline gruvi_fiber_t *
fiber_of(gruvi_waitable_t *object)
{
    return gruvi__list_entry(object, gruvi_fiber_t, waitable);
}

static inline bool
is_fiber(const gruvi_waitable_t *object)
{
    return object->kind == GRUVI__WAITABLE_FIBER;
}

/* NULL: an event or a fiber. */
static inline struct gruvi__waitable_other *
other(gruvi_waitable_t *object)
{
    return object->kind == GRUVI__WAITABLE_OTHER
               ? gruvi__waitable_other_of(object)
               : NULL;
}

static inline bool
is_done(gruvi_waitable_t *object)
{
    if (other(object) != NULL)
        return other(object)->ops->is_ready(other(object));
    if (is_fiber(object))
        return fiber_of(object)->state == GRUVI__DEAD;
    return gruvi_event_is_set((gruvi_event_t *)gruvi__event_of(object));
}

static int
check_object(gruvi_waitable_t *object)
{
    gruvi_fiber_t *fiber;

    if (object == NULL)
        return UV_EINVAL;
    if (other(object) != NULL)
        return other(object)->ops->check(other(object));
    if (!is_fiber(object))
        return 0;
    fiber = fiber_of(object);
    if (fiber->kind != GRUVI__FIBER || fiber == gruvi__self.current)
        return UV_EINVAL;
    return gruvi__is_own(fiber->hub) ? 0 : UV_EPERM;
}

static int
check(const struct wait *wait)
{
    int err = gruvi__timeout_check(wait->timeout);
    size_t i;

    if (err < 0 || wait->n > INT_MAX || wait->count > wait->n ||
        (wait->objects == NULL && wait->n > 0))
        return UV_EINVAL;
    for (i = 0; i < wait->n && err == 0; i++)
        err = check_object(wait->objects[i]);
    return err;
}

/* Note whether object i is done; returns 1 where it is. */
static size_t
note(const struct wait *wait, size_t i, bool done)
{
    if (wait->done != NULL)
        wait->done[i] = done;
    return done;
}

/* How many are done now. */
static size_t
look(const struct wait *wait)
{
    size_t i, found = 0;

    for (i = 0; i < wait->n; i++)
        found += note(wait, i, is_done(wait->objects[i]));
    return found;
}

/* Link an object: 0; 1 where it is done; or an error. */
static int
link_object(gruvi_waitable_t *object, struct gruvi__wait_link *link)
{
    if (other(object) != NULL)
        return other(object)->ops->link(other(object), link);
    if (!is_fiber(object))
        return gruvi__event_link(gruvi__event_of(object), link) ? 0 : 1;
    if (is_done(object))
        return 1;
    gruvi__list_add(&fiber_of(object)->joiners, &link->joiner.link);
    return 0;
}

/* Link objects until enough are done.  Returns how many are, or an error: then
 * the object at wait->linked is not linked. */
static long
link_all(struct wait *wait)
{
    struct gruvi__wait_link *next;
    size_t found = 0;
    int result;

    for (; wait->linked < wait->n && found < wait->count; wait->linked++) {
        next = &wait->links[wait->linked];
        gruvi__list_init(&next->joiner.link);
        next->joiner.fiber = NULL;
        next->joiner.granted = GRUVI__LINK_LISTED;
        next->wait = &wait->multi;
        result = link_object(wait->objects[wait->linked], next);
        if (result < 0)
            return result;
        if (result > 0) {
            next->joiner.granted = GRUVI__LINK_DONE;
            found++;
        }
    }
    return (long)found;
}

/* Unlink an object; false where the object was done. */
static bool
unlink_object(gruvi_waitable_t *object, struct gruvi__wait_link *link)
{
    if (gruvi__atomic_load(&link->joiner.granted, __ATOMIC_ACQUIRE) ==
        GRUVI__LINK_DONE)
        return false;
    if (is_fiber(object)) {
        gruvi__list_remove(&link->joiner.link);
        return true;
    }
    if (other(object) != NULL
            ? other(object)->ops->unlink(other(object), link)
            : gruvi__event_unlink(gruvi__event_of(object), link))
        return true;
    gruvi__wait_link_settle(link);
    return false;
}

/* Unlink all.  Returns how many objects are done. */
static size_t
unlink_all(struct wait *wait)
{
    size_t i, found = 0;

    for (i = 0; i < wait->linked; i++)
        found +=
            note(wait, i, !unlink_object(wait->objects[i], &wait->links[i]));
    for (; i < wait->n; i++)
        found += note(wait, i, is_done(wait->objects[i]));
    return found;
}

/* 0 where enough are done or the wait's own timeout has passed. */
static int
wait_for_enough(struct gruvi__waiter *waiter, double timeout)
{
    bool done = gruvi__waiter_try(waiter, "objects", timeout);
    bool late = !done &&
                (waiter->fiber == NULL || gruvi__wait_timed_out(waiter->fiber));
    int err = gruvi__waiter_end(waiter, done);

    return late ? 0 : err;
}

/* After a look in vain. */
static int
wait_for_objects(struct wait *wait, gruvi_fiber_t *fiber)
{
    long found, left;
    size_t done;
    int err = 0;

    gruvi__waiter_init(&wait->multi.waiter, fiber);
    wait->multi.left = (long)wait->count;
    wait->multi.error = 0;
    found = link_all(wait);
    if (found < 0) {
        unlink_all(wait);
        return (int)found;
    }
    left = gruvi__atomic_fetch_sub(&wait->multi.left, found, __ATOMIC_ACQ_REL);
    if (left <= 0 || left > found)
        err = wait_for_enough(&wait->multi.waiter, wait->timeout);
    if (err == 0)
        err = wait->multi.error;
    done = unlink_all(wait);
    return err < 0 ? err : (int)done;
}

static int
wait_with_few(struct wait *wait, gruvi_fiber_t *fiber)
{
    struct gruvi__wait_link links[ON_STACK];

    wait->links = links;
    return wait_for_objects(wait, fiber);
}

static int
wait_with_many(struct wait *wait, gruvi_fiber_t *fiber)
{
    int result;

    wait->links = calloc(wait->n, sizeof *wait->links);
    if (wait->links == NULL)
        return UV_ENOMEM;
    result = wait_for_objects(wait, fiber);
    free(wait->links);
    return result;
}

GRUVI_SWITCHPOINT int
gruvi_wait(gruvi_waitable_t *objects[], size_t n, size_t count, double timeout,
           bool done[])
{
    struct wait wait = {.objects = objects,
                        .n = n,
                        .count = count == 0 ? n : count,
                        .timeout = timeout,
                        .done = done};
    gruvi_fiber_t *fiber;
    size_t found;
    int err;

    if (done != NULL)
        memset(done, 0, n * sizeof *done);
    if ((err = gruvi__enter_any(__func__, &fiber)) < 0 ||
        (err = check(&wait)) < 0)
        return err;
    found = look(&wait);
    if (found >= wait.count || timeout == 0)
        return (int)found;
    return n <= ON_STACK ? wait_with_few(&wait, fiber)
                         : wait_with_many(&wait, fiber);
}

gruvi_waitable_t *
gruvi_fiber_waitable(gruvi_fiber_t *fiber)
{
    return fiber == NULL ? NULL : &fiber->waitable;
}
