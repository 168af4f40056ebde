/* SPDX-License-Identifier: MIT */
/*
 * Futures, and the callbacks that run when they are done.
 *
 *   settle    under the spin lock: settled, status, value
 *             the event is set: it is done, all who wait are woken
 *             callbacks are queued
 *
 * Only the event says that a future is done.  So a caller that finds it done in
 * one way finds it done in every way, and has the value.  The event's store is
 * the last touch of a future that has no callbacks; each callback has a
 * reference.
 *
 *   WAITING --settle, any thread--> DUE --posted--> run by its hub, freed
 *      |                              '--refused: its hub has closed--> freed
 *      '--remove, or the end of its hub--> freed
 *
 * A callback belongs to the thread that added it, and is linked twice: to its
 * future, under the future's spin lock, and to the end of its hub, by its
 * thread alone.  It has a reference to both.
 *
 * While a callback is due, its thread may not free it, only mark it as removed:
 * the thread that settles the future still uses it.  The hub ends its callbacks
 * before its inbox refuses anything.  So a callback that is refused is on no
 * list of its thread any more.
 */
#include <stdlib.h>

#include <gruvi/error.h>
#include <gruvi/hub.h>

#include "base/list.h"
#include "base/spin.h"
#include "base/threads.h"
#include "core/callback.h"
#include "core/error.h"
#include "core/hub.h"
#include "core/inbox.h"
#include "core/thread.h"
#include "core/wait.h"
#include "sync/event.h"
#include "sync/future.h"

void
gruvi__future_init(gruvi_future_t *f, const struct gruvi__future_ops *ops)
{
    *f = (gruvi_future_t){.refs = 1, .ops = ops};
    gruvi__list_init(&f->callbacks);
}

gruvi_future_t *
gruvi_future_new(void)
{
    gruvi_future_t *f = malloc(sizeof *f);

    if (f == NULL)
        return gruvi__fail(UV_ENOMEM);
    gruvi__future_init(f, NULL);
    return f;
}

gruvi_future_t *
gruvi_future_ref(gruvi_future_t *f)
{
    gruvi__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
    return f;
}

void
gruvi_future_unref(gruvi_future_t *f)
{
    if (f == NULL || gruvi__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    gruvi_event_destroy(&f->done);
    if (f->ops != NULL)
        f->ops->free(f);
    else
        free(f);
}

/* --- done callbacks ------------------------------------------------------- */

struct callback {
    struct gruvi__callback node;
    struct gruvi__hub_end end; /* its thread's */
    struct gruvi__list link;   /* on future->callbacks until it runs */
    struct callback *next;     /* the next one that is due */
    gruvi_future_t *future;
    gruvi_hub_t *hub;
    void (*fn)(gruvi_future_t *f, void *arg);
    void *arg;
    bool due;     /* under the future's spin lock */
    bool removed; /* likewise, until it is off its future's list */
};

#define callback_of(ptr, member) gruvi__list_entry(ptr, struct callback, member)

static void
unlink_from_future(struct callback *callback)
{
    gruvi__spin_lock(&callback->future->spin);
    gruvi__list_remove(&callback->link);
    gruvi__spin_unlock(&callback->future->spin);
}

static void
free_callback(struct callback *callback)
{
    gruvi_hub_t *hub = callback->hub;

    gruvi_future_unref(callback->future);
    free(callback);
    gruvi_hub_unref(hub);
}

/* In the callback's hub. */
static void
run_callback(struct gruvi__inbox_node *node)
{
    struct callback *callback = callback_of(node, node.node);
    unsigned n = 0;

    unlink_from_future(callback);
    /* A callback added while the future is being settled may be early. */
    while (!gruvi_future_done(callback->future))
        gruvi__spin_pause(&n);
    gruvi__list_remove(&callback->end.link);
    if (!callback->removed)
        callback->fn(callback->future, callback->arg);
    free_callback(callback);
}

/* Under the future's spin lock, in the callback's thread; returns whether the
 * thread may free the callback. */
static bool
take_back(struct callback *callback)
{
    gruvi__list_remove(&callback->link);
    callback->removed = true;
    return !callback->due;
}

static void
on_hub_end(struct gruvi__hub_end *end)
{
    struct callback *callback = callback_of(end, end);
    gruvi_future_t *future = callback->future;
    bool mine = false;

    gruvi__spin_lock(&future->spin);
    if (!callback->due)
        mine = take_back(callback);
    gruvi__spin_unlock(&future->spin);
    if (mine)
        free_callback(callback);
}

/* In the thread that settles the future: queue a callback. */
static void
post_callback(struct callback *callback)
{
    /* The callback may run, and drop its reference, before this is done. */
    gruvi_hub_t *hub = gruvi_hub_ref(callback->hub);
    int err;

    if (gruvi__is_own(hub))
        err = gruvi__hub_callback_add(hub, &callback->node);
    else
        err = gruvi__inbox_post(&hub->inbox, &callback->node.node);
    if (err < 0) {
        unlink_from_future(callback);
        free_callback(callback);
    }
    gruvi_hub_unref(hub);
}

/* Under the spin lock: all callbacks, linked by next. */
static struct callback *
make_due(gruvi_future_t *f)
{
    struct callback *first = NULL, **last = &first;
    struct gruvi__list *link;

    for (link = f->callbacks.next; link != &f->callbacks; link = link->next) {
        *last = callback_of(link, link);
        (*last)->due = true;
        last = &(*last)->next;
    }
    *last = NULL;
    return first;
}

static void
post_callbacks(struct callback *due)
{
    struct callback *next;

    for (; due != NULL; due = next) {
        next = due->next;
        post_callback(due);
    }
}

int
gruvi_future_add_done_callback(gruvi_future_t *f,
                               void (*fn)(gruvi_future_t *f, void *arg),
                               void *arg)
{
    struct callback *callback;
    gruvi_hub_t *hub;
    bool due;

    if (f == NULL || fn == NULL)
        return UV_EINVAL;
    if ((hub = gruvi_get_hub()) == NULL)
        return gruvi_last_error();
    callback = calloc(1, sizeof *callback);
    if (callback == NULL)
        return UV_ENOMEM;
    callback->end.run = on_hub_end;
    if (gruvi__hub_add_end(hub, &callback->end) < 0) {
        free(callback);
        return UV_ESHUTDOWN;
    }
    callback->node.node.run = run_callback;
    callback->future = gruvi_future_ref(f);
    callback->hub = gruvi_hub_ref(hub);
    callback->fn = fn;
    callback->arg = arg;
    gruvi__spin_lock(&f->spin);
    due = callback->due = f->settled;
    gruvi__list_add(&f->callbacks, &callback->link);
    gruvi__spin_unlock(&f->spin);
    if (due)
        post_callback(callback);
    return 0;
}

/* The first callback of this hub that has not been taken back. */
static struct callback *
find_callback(gruvi_future_t *f, void (*fn)(gruvi_future_t *f, void *arg),
              void *arg)
{
    struct callback *callback;
    struct gruvi__list *link;

    for (link = f->callbacks.next; link != &f->callbacks; link = link->next) {
        callback = callback_of(link, link);
        if (gruvi__is_own(callback->hub) && callback->fn == fn &&
            callback->arg == arg)
            return callback;
    }
    return NULL;
}

int
gruvi_future_remove_done_callback(gruvi_future_t *f,
                                  void (*fn)(gruvi_future_t *f, void *arg),
                                  void *arg)
{
    struct callback *callback;
    bool mine = false;

    if (f == NULL || fn == NULL)
        return UV_EINVAL;
    gruvi__spin_lock(&f->spin);
    callback = find_callback(f, fn, arg);
    if (callback != NULL)
        mine = take_back(callback);
    gruvi__spin_unlock(&f->spin);
    if (callback == NULL)
        return UV_ENOENT;
    if (mine) {
        gruvi__list_remove(&callback->end.link);
        free_callback(callback);
    }
    return 0;
}

/* --- settling ------------------------------------------------------------- */

void
gruvi__future_set_running(gruvi_future_t *f)
{
    gruvi__atomic_store(&f->running, 1, __ATOMIC_RELEASE);
}

int
gruvi__future_settle(gruvi_future_t *f, void *value, int status)
{
    struct callback *due;

    gruvi__spin_lock(&f->spin);
    if (f->settled) {
        gruvi__spin_unlock(&f->spin);
        return UV_EALREADY;
    }
    f->settled = true;
    f->value = value;
    f->status = status;
    due = make_due(f);
    gruvi__spin_unlock(&f->spin);
    gruvi_event_set(&f->done);
    post_callbacks(due);
    return 0;
}

/* A future that a pool works on is settled by the pool alone. */
static int
settle_from_outside(gruvi_future_t *f, void *value, int status)
{
    if (gruvi_future_done(f))
        return UV_EALREADY;
    return f->ops != NULL ? UV_EPERM : gruvi__future_settle(f, value, status);
}

int
gruvi_future_set_result(gruvi_future_t *f, void *value)
{
    return f == NULL ? UV_EINVAL : settle_from_outside(f, value, 0);
}

int
gruvi_future_set_error(gruvi_future_t *f, int err)
{
    if (f == NULL || err >= 0)
        return UV_EINVAL;
    return settle_from_outside(f, NULL, err);
}

int
gruvi_future_cancel(gruvi_future_t *f)
{
    if (f == NULL)
        return UV_EINVAL;
    if (gruvi_future_done(f))
        return UV_EALREADY;
    return f->ops != NULL ? f->ops->cancel(f)
                          : gruvi__future_settle(f, NULL, UV_ECANCELED);
}

/* --- asking and waiting --------------------------------------------------- */

bool
gruvi_future_done(gruvi_future_t *f)
{
    return gruvi_event_is_set(&f->done);
}

int
gruvi_future_status(gruvi_future_t *f)
{
    return gruvi_future_done(f) ? f->status : UV_EBUSY;
}

bool
gruvi_future_running(gruvi_future_t *f)
{
    return gruvi__atomic_load(&f->running, __ATOMIC_ACQUIRE) &&
           !gruvi_future_done(f);
}

bool
gruvi_future_cancelled(gruvi_future_t *f)
{
    return gruvi_future_status(f) == UV_ECANCELED;
}

GRUVI_SWITCHPOINT int
gruvi_future_result(gruvi_future_t *f, void **value, double timeout)
{
    gruvi_fiber_t *fiber;
    int err;

    if (value != NULL)
        *value = NULL;
    if ((err = gruvi__enter_any(__func__, &fiber)) < 0 ||
        (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (f == NULL)
        return UV_EINVAL;
    if ((err = gruvi__event_wait(&f->done, fiber, "future", timeout)) < 0)
        return err;
    if (value != NULL)
        *value = f->value;
    return f->status;
}

gruvi_waitable_t *
gruvi_future_waitable(gruvi_future_t *f)
{
    return f == NULL ? NULL : gruvi_event_waitable(&f->done);
}
