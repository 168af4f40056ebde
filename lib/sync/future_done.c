/* SPDX-License-Identifier: MIT */
/*
 * Done callbacks of futures.
 *
 *   WAITING --settle, any thread--> DUE --posted--> run by its hub, freed
 *      |                              '--refused: its hub has closed--> freed
 *      '--remove, or the end of its hub--> freed
 *
 * A callback belongs to the thread that added it, and is linked twice: to its
 * future, under the future's spin lock, and to the end of its hub, by its
 * thread alone.  It has a reference to both.
 *
 * Whoever settles the future takes the right to free a callback away from its
 * thread, for as long as it is under way: what the thread takes back meanwhile
 * it marks as removed.  The end of the hub comes before its inbox refuses
 * anything.  So one that is refused is on no list of its thread any more.
 */
#include <stdlib.h>

#include <gruvi/error.h>
#include <gruvi/hub.h>

#include "base/list.h"
#include "base/spin.h"
#include "core/callback.h"
#include "core/hub.h"
#include "core/inbox.h"
#include "core/thread.h"
#include "sync/future.h"

struct gruvi__future_callback {
    struct gruvi__callback node; /* only its node is used */
    struct gruvi__hub_end end;   /* its thread's */
    struct gruvi__list link;     /* on future->callbacks until it runs */
    struct gruvi__future_callback *next; /* the next one that is due */
    gruvi_future_t *future;
    gruvi_hub_t *hub;
    void (*fn)(gruvi_future_t *f, void *arg);
    void *arg;
    bool due;     /* under the future's spin lock */
    bool removed; /* likewise, until it is off its future's list */
};

#define callback_of(ptr, member)                                               \
    gruvi__list_entry(ptr, struct gruvi__future_callback, member)

static void
unlink_from_future(struct gruvi__future_callback *callback)
{
    gruvi__spin_lock(&callback->future->spin);
    gruvi__list_remove(&callback->link);
    gruvi__spin_unlock(&callback->future->spin);
}

static void
free_callback(struct gruvi__future_callback *callback)
{
    gruvi_hub_t *hub = callback->hub;

    gruvi_future_unref(callback->future);
    free(callback);
    gruvi_hub_unref(hub);
}

/* In its hub. */
static void
run(struct gruvi__inbox_node *node)
{
    struct gruvi__future_callback *callback = callback_of(node, node.node);
    unsigned n = 0;

    unlink_from_future(callback);
    /* Added while the future was being settled, it may be early. */
    while (!gruvi_future_done(callback->future))
        gruvi__spin_pause(&n);
    gruvi__list_remove(&callback->end.link);
    if (!callback->removed)
        callback->fn(callback->future, callback->arg);
    free_callback(callback);
}

/* Under the future's spin lock, in its thread: whether it may free it. */
static bool
take_back(struct gruvi__future_callback *callback)
{
    gruvi__list_remove(&callback->link);
    callback->removed = true;
    return !callback->due;
}

static void
on_hub_end(struct gruvi__hub_end *end)
{
    struct gruvi__future_callback *callback = callback_of(end, end);
    gruvi_future_t *future = callback->future;
    bool mine = false;

    gruvi__spin_lock(&future->spin);
    if (!callback->due)
        mine = take_back(callback);
    gruvi__spin_unlock(&future->spin);
    if (mine)
        free_callback(callback);
}

/* Queue one, from the thread that settles its future. */
static void
post(struct gruvi__future_callback *callback)
{
    /* It may run, and let go of its own reference, before this is done. */
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

struct gruvi__future_callback *
gruvi__future_due(gruvi_future_t *f)
{
    struct gruvi__future_callback *first = NULL, **last = &first;
    struct gruvi__list *link;

    for (link = f->callbacks.next; link != &f->callbacks; link = link->next) {
        *last = callback_of(link, link);
        (*last)->due = true;
        last = &(*last)->next;
    }
    *last = NULL;
    return first;
}

void
gruvi__future_post(struct gruvi__future_callback *due)
{
    struct gruvi__future_callback *next;

    for (; due != NULL; due = next) {
        next = due->next;
        post(due);
    }
}

int
gruvi_future_add_done_callback(gruvi_future_t *f,
                               void (*fn)(gruvi_future_t *f, void *arg),
                               void *arg)
{
    struct gruvi__future_callback *callback;
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
    callback->node.node.run = run;
    callback->future = gruvi_future_ref(f);
    callback->hub = gruvi_hub_ref(hub);
    callback->fn = fn;
    callback->arg = arg;
    gruvi__spin_lock(&f->spin);
    due = callback->due = f->settled;
    gruvi__list_add(&f->callbacks, &callback->link);
    gruvi__spin_unlock(&f->spin);
    if (due)
        post(callback);
    return 0;
}

/* The first of this hub's that has not been taken back. */
static struct gruvi__future_callback *
find(gruvi_future_t *f, void (*fn)(gruvi_future_t *f, void *arg), void *arg)
{
    struct gruvi__future_callback *callback;
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
    struct gruvi__future_callback *callback;
    bool mine = false;

    if (f == NULL || fn == NULL)
        return UV_EINVAL;
    gruvi__spin_lock(&f->spin);
    callback = find(f, fn, arg);
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
