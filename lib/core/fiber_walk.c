/* SPDX-License-Identifier: MIT */
/*
 * The stack of a fiber, as addresses.
 *
 * A switch sets the current fiber first, then the stack pointer, then the frame
 * pointer.  A signal in between finds a stack pointer that is not on the stack
 * of the current fiber, or a frame pointer that is not: there the walk has
 * nothing to go by, and says so.
 */
#include <gruvi/fiber.h>
#include <gruvi/inspect.h>

#include "base/context.h"
#include "base/walk.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/thread.h"

/* Where the stack of a fiber ends, with sp on it; 0: it is not. */
static uintptr_t
stack_high(const gruvi_fiber_t *fiber, uintptr_t sp)
{
    const struct gruvi__stack *stack;

    if (fiber == NULL || fiber->kind == GRUVI__ROOT)
        return gruvi__thread_stack_high(sp);
    stack = fiber->kind == GRUVI__HUB ? fiber->hub->stack : &fiber->stack;
    return sp >= (uintptr_t)stack->low && sp < (uintptr_t)stack
               ? (uintptr_t)stack
               : 0;
}

static void
add_first(gruvi__frames_t *frames, uintptr_t pc)
{
    frames->n = 1;
    frames->note = "";
    frames->at[0] = pc;
}

int
gruvi__walk_parked(const gruvi_fiber_t *fiber, gruvi__frames_t *frames)
{
    const struct gruvi__context *context = &fiber->context;
    uintptr_t sp = (uintptr_t)gruvi__context_sp(context);
    uintptr_t fp = (uintptr_t)gruvi__context_fp(context);

    frames->n = 0;
    frames->note = "";
    if (fiber->state == GRUVI__RUNNING)
        return UV_EBUSY;
    if (fiber->state == GRUVI__DEAD)
        return UV_ESRCH;
    if (sp == 0)
        return UV_ENOTSUP;
    if (fiber->kind == GRUVI__FIBER && fp == 0) { /* it has not begun */
        add_first(frames, (uintptr_t)fiber->target);
        return 0;
    }
    add_first(frames, (uintptr_t)gruvi__context_pc(context));
    gruvi__walk(fp, sp, stack_high(fiber, sp), frames);
    return 0;
}

gruvi_fiber_t *
gruvi__fiber_here(void)
{
    return gruvi__self.current;
}

int
gruvi__walk_interrupted(const void *ucontext, gruvi__frames_t *frames)
{
    struct gruvi__registers at;
    uintptr_t high;

    frames->n = 0;
    frames->note = "";
    if (!gruvi__registers_of(ucontext, &at))
        return UV_ENOTSUP;
    add_first(frames, at.pc);
    if (gruvi__in_alternate_stack(ucontext, at.sp)) {
        frames->note = "in the handler of a signal";
        return 0;
    }
    high = stack_high(gruvi__self.current, at.sp);
    if (high == 0)
        frames->note = "during a switch between fibers, or on a stack that is "
                       "not a fiber's";
    else if (at.fp != 0 && (at.fp < at.sp || at.fp >= high))
        frames->note = "during a switch between fibers, or in code that was "
                       "compiled without frame pointers";
    else
        gruvi__walk(at.fp, at.sp, high, frames);
    return 0;
}
