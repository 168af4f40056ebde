/* SPDX-License-Identifier: MIT */
/*
 * Fiber-local data: each fiber has a short list of values, each with the number
 * of its variable.  A variable gets its number when it is first set, and no
 * number is given twice; so a value that outlives its variable is not found.
 *
 * A hub keeps the memory of one value: fibers that end soon, one after the
 * other, need no other.
 */
#include <stdlib.h>

#include "base/threads.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/local.h"
#include "core/thread.h"

#include <gruvi/fiber.h>
#include <gruvi/local.h>
#include <gruvi/log.h>

/* Destroyers may set values again; there are so many rounds of destroying. */
#define ROUNDS 4

struct gruvi__local_value {
    struct gruvi__local_value *next;
    uint64_t id;
    void *value;
    void (*destroy)(void *value);
};

_Static_assert(sizeof(gruvi_local_t) == 32, "the size is part of the ABI");

static uint64_t last_id; /* atomic */

/* The number of a variable, made on first use by whichever thread is first. */
static uint64_t
number(gruvi_local_t *local)
{
    uint64_t *id = &local->gruvi__private.id, none = 0, fresh;
    uint64_t known = gruvi__atomic_load(id, __ATOMIC_ACQUIRE);

    if (known != 0)
        return known;
    fresh = gruvi__atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
    if (gruvi__atomic_compare_exchange(id, &none, fresh, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return fresh;
    return none;
}

static struct gruvi__local_value *
take(gruvi_hub_t *hub)
{
    struct gruvi__local_value *entry = hub == NULL ? NULL : hub->spare_local;

    if (entry == NULL)
        return malloc(sizeof *entry);
    hub->spare_local = NULL;
    return entry;
}

static void
give(gruvi_hub_t *hub, struct gruvi__local_value *entry)
{
    if (hub == NULL || hub->closed || hub->spare_local != NULL)
        free(entry);
    else
        hub->spare_local = entry;
}

void
gruvi__local_forget(gruvi_hub_t *hub)
{
    free(hub->spare_local);
    hub->spare_local = NULL;
}

static struct gruvi__local_value **
find(gruvi_fiber_t *fiber, uint64_t id)
{
    struct gruvi__local_value **link = &fiber->locals;

    while (*link != NULL && (*link)->id != id)
        link = &(*link)->next;
    return link;
}

void
gruvi_local_init(gruvi_local_t *local, void (*destroy)(void *value))
{
    *local = (gruvi_local_t)GRUVI_LOCAL_INIT(destroy);
}

int
gruvi_local_set(gruvi_local_t *local, void *value)
{
    gruvi_fiber_t *fiber = gruvi_current_fiber();
    struct gruvi__local_value **link, *entry;
    uint64_t id;

    if (fiber == NULL)
        return UV_ENOMEM;
    id = number(local);
    link = find(fiber, id);
    entry = *link;
    if (entry == NULL) {
        entry = take(fiber->hub);
        if (entry == NULL)
            return UV_ENOMEM;
        entry->next = NULL;
        entry->id = id;
        entry->destroy = local->gruvi__private.destroy;
        *link = entry;
    }
    entry->value = value;
    return 0;
}

int
gruvi_local_get(gruvi_local_t *local, void **value)
{
    gruvi_fiber_t *fiber = gruvi__self.current;
    struct gruvi__local_value *entry =
        fiber == NULL ? NULL : *find(fiber, number(local));

    if (value != NULL)
        *value = entry == NULL ? NULL : entry->value;
    return entry == NULL ? UV_ENOENT : 0;
}

int
gruvi_local_unset(gruvi_local_t *local)
{
    gruvi_fiber_t *fiber = gruvi__self.current;
    struct gruvi__local_value **link, *entry;

    if (fiber == NULL)
        return UV_ENOENT;
    link = find(fiber, number(local));
    entry = *link;
    if (entry == NULL)
        return UV_ENOENT;
    *link = entry->next;
    give(fiber->hub, entry);
    return 0;
}

void
gruvi_local_destroy(gruvi_local_t *local)
{
    gruvi__atomic_store(&local->gruvi__private.id, 0, __ATOMIC_RELEASE);
}

static void
end_round(gruvi_fiber_t *fiber, bool destroy)
{
    struct gruvi__local_value *entry = fiber->locals, *next;

    fiber->locals = NULL;
    for (; entry != NULL; entry = next) {
        next = entry->next;
        if (destroy && entry->destroy != NULL)
            entry->destroy(entry->value);
        give(fiber->hub, entry);
    }
}

void
gruvi__local_end(gruvi_fiber_t *fiber)
{
    int round;

    for (round = 0; fiber->locals != NULL && round < ROUNDS; round++)
        end_round(fiber, true);
    if (fiber->locals != NULL) {
        gruvi_warning("fiber-local data of %s is set by its own destroyers "
                      "again and again; left as it is",
                      gruvi_fiber_name(fiber));
        end_round(fiber, false);
    }
}
