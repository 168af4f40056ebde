/* SPDX-License-Identifier: MIT */
/*
 * The inside of the scheduler, inlined where a fiber is left: every call
 * between a fiber and the switch is another frame to return through.  See
 * schedule.c.
 */
#ifndef GRUVI_CORE_SWITCH_H
#define GRUVI_CORE_SWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/context.h"
#include "base/context_tools.h"
#include "base/likely.h"
#include "base/probe.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/run_queue.h"
#include "core/thread.h"

/* A poll that is running must end now: there is work. */
static inline void
gruvi__cut_poll(gruvi_hub_t *hub)
{
    if (gruvi__unlikely(hub->in_loop))
        uv_stop(&hub->loop);
}

/* gruvi__ready() for a fiber that surely waits, or is new. */
static inline void
gruvi__make_ready(gruvi_fiber_t *fiber)
{
    gruvi_hub_t *hub = fiber->hub;

    fiber->state = GRUVI__READY;
    gruvi__queue_push(&hub->woken, fiber);
    gruvi__cut_poll(hub);
}

/* Begin a turn that needs neither callbacks nor the loop; false: there is none.
 */
bool gruvi__next_turn(gruvi_hub_t *hub);

/* The fiber that runs next, taken off the queue; the hub at the end of a turn.
 */
static inline __attribute__((always_inline)) gruvi_fiber_t *
gruvi__next_fiber(gruvi_hub_t *hub)
{
    gruvi_fiber_t *fiber = hub->turn;

    if (fiber == NULL) {
        if (!gruvi__next_turn(hub))
            return &hub->fiber;
        fiber = hub->turn;
    }
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

/*
 * Leave a fiber that has ended, for good.  No call may lie between its entry
 * function and this: the processor predicts returns by the calls before them,
 * and a call that never returns shifts the predictions of the next fiber (4 ns
 * for each of its returns).
 */
static inline __attribute__((always_inline)) void
gruvi__leave(gruvi_fiber_t *fiber, gruvi_fiber_t *next)
{
    GRUVI__PROBE2(fiber__switch, fiber, next);
    gruvi__self.current = next;
    next->state = GRUVI__RUNNING;
    gruvi__tools_before_switch(NULL, &next->tools);
    gruvi__context_switch(&fiber->context, &next->context);
    __builtin_trap();
}

#endif
