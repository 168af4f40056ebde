/* SPDX-License-Identifier: MIT */
/*
 * The inside of the scheduler, inlined where a fiber is left: every call
 * between a fiber and the switch is another frame to return through.  See
 * schedule.c.
 */
#ifndef GRUVI_CORE_SWITCH_H
#define GRUVI_CORE_SWITCH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/context.h"
#include "base/context_tools.h"
#include "base/likely.h"
#include "base/probe.h"
#include "core/exception.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/run_queue.h"
#include "core/schedule.h"
#include "core/thread.h"

/* gruvi__ready() for a fiber that surely waits, or is new. */
static inline void
gruvi__make_ready(gruvi_fiber_t *fiber)
{
    fiber->state = GRUVI__READY;
    gruvi__queue_push(&fiber->hub->woken, fiber);
}

/* The hub has work: no fiber begins a turn for it.  gruvi__next_turn() looks at
 * one number for this and the clock. */
static inline void
gruvi__call_hub(gruvi_hub_t *hub)
{
    hub->next_clock_check = INT_MAX;
}

/* Begin a turn that needs neither callbacks nor the loop, and take its first
 * fiber; the hub's where there is none. */
gruvi_fiber_t *gruvi__next_turn(gruvi_hub_t *hub);

/* Where very many fibers are ready: fetch one that runs later. */
void gruvi__fetch_ahead(gruvi_hub_t *hub);

/* The fiber that runs next, taken off the queue; the hub at the end of a turn.
 */
static inline __attribute__((always_inline)) gruvi_fiber_t *
gruvi__next_fiber(gruvi_hub_t *hub)
{
    gruvi_fiber_t *fiber = hub->turn;

    if (fiber == NULL)
        return gruvi__next_turn(hub);
    if (gruvi__unlikely(hub->scout != NULL))
        gruvi__fetch_ahead(hub);
    hub->budget--;
    hub->turn = fiber->next;
    return fiber;
}

static inline __attribute__((always_inline)) void
gruvi__switch_to(gruvi_fiber_t *from, gruvi_fiber_t *to)
{
    GRUVI__PROBE2(fiber__switch, from, to);
    gruvi__self.current = to;
    to->state = GRUVI__RUNNING;
    gruvi__tools_before_switch(&from->tools, &to->tools);
    gruvi__context_switch(&from->context, &to->context);
    gruvi__tools_after_switch(&from->tools);
}

/* gruvi__park() for the few calls that are worth a switch of their own: that
 * saves two frames. */
static inline __attribute__((always_inline)) void
gruvi__park_here(gruvi_fiber_t *fiber)
{
    if (gruvi__unlikely(fiber->sb_unarmed) || gruvi__cxx_busy()) {
        gruvi__park(fiber);
        return;
    }
    fiber->state = GRUVI__WAITING;
    fiber->parked_at = fiber->hub->tick;
    gruvi__switch_to(fiber, gruvi__next_fiber(fiber->hub));
}

/*
 * Leave a fiber that has ended, for good.  No call may lie between its entry
 * function and this: the processor predicts returns by the calls before them,
 * and a call that never returns shifts the predictions of the next fiber (4 ns
 * for each of its returns).
 */
static inline __attribute__((always_inline, noreturn)) void
gruvi__leave(gruvi_fiber_t *fiber, gruvi_fiber_t *next)
{
    GRUVI__PROBE2(fiber__switch, fiber, next);
    gruvi__self.current = next;
    next->state = GRUVI__RUNNING;
    gruvi__tools_before_switch(NULL, &next->tools);
    gruvi__context_leave(&fiber->context, &next->context);
}

#endif
