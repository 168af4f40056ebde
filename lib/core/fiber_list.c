/* SPDX-License-Identifier: MIT */
/*
 * A visit to all fibers of a hub, in slices, so that no fiber waits long for
 * it.
 *
 *   fiber fiber [at] fiber fiber fiber [end] fiber
 *   `--visited--'   `---to come-----'       `-new-'
 *
 * Fibers leave the list when they end.  So the place is kept by links of the
 * visit's own, and costs a fiber nothing.
 */
#include <gruvi/fiber.h>
#include <gruvi/inspect.h>

#include "core/clock.h"
#include "core/fiber.h"
#include "core/fiber_list.h"
#include "core/group.h"
#include "core/hub.h"

struct gruvi__list *
gruvi__fibers_next(gruvi_hub_t *hub, const struct gruvi__list *link)
{
    do
        link = link->next;
    while (link == &hub->visit.at || link == &hub->visit.end);
    return (struct gruvi__list *)link;
}

int
gruvi__visit_begin(gruvi_hub_t *hub)
{
    struct gruvi__visit *visit = &hub->visit;

    if (visit->running)
        return UV_EBUSY;
    visit->running = true;
    visit->begun = false;
    gruvi__list_add(&hub->fibers, &visit->end);
    gruvi__list_add(hub->fibers.next, &visit->at); /* in front of the first */
    return 0;
}

static gruvi_fiber_t *
fiber_of(struct gruvi__list *link)
{
    return gruvi__list_entry(link, gruvi_fiber_t, all_link);
}

/* The fibers lie anywhere, and on pages of their own.  While one is visited the
 * memory of the next is on its way. */
static void
fetch(struct gruvi__list *link)
{
    const char *fiber = (const char *)fiber_of(link);

    __builtin_prefetch(fiber - 128);
    __builtin_prefetch(fiber + offsetof(gruvi_fiber_t, next));
    __builtin_prefetch(fiber + offsetof(gruvi_fiber_t, all_link));
    __builtin_prefetch(fiber + offsetof(gruvi_fiber_t, group));
    __builtin_prefetch(fiber + offsetof(gruvi_fiber_t, name));
}

void
gruvi__visit_end(gruvi_hub_t *hub)
{
    struct gruvi__visit *visit = &hub->visit;

    if (!visit->running)
        return;
    gruvi__list_remove(&visit->at);
    gruvi__list_remove(&visit->end);
    visit->running = false;
}

bool
gruvi__visit_some(gruvi_hub_t *hub, unsigned max,
                  void (*fn)(gruvi_fiber_t *fiber, void *arg), void *arg)
{
    struct gruvi__visit *visit = &hub->visit;
    struct gruvi__list *link = visit->at.next;

    if (!visit->begun) {
        fn(hub->root, arg);
        if (!hub->closed)
            fn(&hub->fiber, arg);
        visit->begun = true;
    }
    gruvi__list_remove(&visit->at);
    for (; max > 0 && link != &visit->end; max--) {
        struct gruvi__list *next = link->next;

        fetch(next);
        fn(fiber_of(link), arg);
        link = next;
    }
    if (link != &visit->end) {
        gruvi__list_add(link, &visit->at); /* in front of it */
        return true;
    }
    gruvi__visit_end(hub);
    return false;
}

/* --- a fiber
 * ------------------------------------------------------------------ */

static const char *
state_of(const gruvi_fiber_t *fiber)
{
    switch (fiber->state) {
    case GRUVI__WAITING:
        return "waits";
    case GRUVI__RUNNING:
        return "runs";
    default:
        return "ready";
    }
}

static void
look_at_stack(const gruvi_fiber_t *fiber, gruvi__fiber_view_t *view)
{
    const struct gruvi__stack *stack = &fiber->stack;
    uintptr_t sp = (uintptr_t)gruvi__context_sp(&fiber->context);

    view->used = view->size = 0;
    if (fiber->kind != GRUVI__FIBER)
        return;
    view->size = stack->size;
    if (fiber->state != GRUVI__RUNNING && sp >= (uintptr_t)stack->low &&
        sp <= (uintptr_t)fiber)
        view->used = (size_t)((uintptr_t)fiber - sp);
}

void
gruvi__fiber_look(const gruvi_fiber_t *fiber, gruvi__fiber_view_t *view)
{
    bool waits = fiber->state == GRUVI__WAITING;

    view->id = fiber->id;
    view->name = fiber->kind != GRUVI__FIBER ? gruvi_fiber_name(fiber)
                 : fiber->named              ? fiber->name
                                             : NULL;
    view->state = state_of(fiber);
    view->waits = waits && fiber->waiting_for != NULL ? fiber->waiting_for : "";
    view->waited = 0;
    if (waits)
        view->waited = (double)(fiber->hub->tick - fiber->parked_at) *
                       (double)GRUVI__TICK_NS / 1e9;
    look_at_stack(fiber, view);
    if (fiber->measured)
        gruvi__group_measure(fiber);
}
