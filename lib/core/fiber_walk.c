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

#include "base/cfi.h"
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

/* Where the stack that sp is on begins.  After an overflow sp lies below. */
static uintptr_t
stack_low(const gruvi_fiber_t *fiber, uintptr_t sp)
{
    const struct gruvi__stack *stack;

    if (fiber == NULL || fiber->kind == GRUVI__ROOT)
        return sp;
    stack = fiber->kind == GRUVI__HUB ? fiber->hub->stack : &fiber->stack;
    return gruvi__stack_guards(stack, (const void *)sp) ? (uintptr_t)stack->low
                                                        : sp;
}

/* A call that went nowhere has left its return address, and nothing else: on
 * the stack, or in a register. */
__attribute__((no_sanitize_address, no_sanitize_thread)) static bool
leave_nowhere(struct gruvi__registers *at, uintptr_t low, uintptr_t high)
{
#if defined(__x86_64__)
    if (gruvi__module_at(at->pc) == NULL && at->sp == low && low < high &&
        gruvi__follows_call(*(const uintptr_t *)low)) {
        at->pc = *(const uintptr_t *)low;
        at->sp += sizeof low;
        return true;
    }
#elif defined(__aarch64__)
    uintptr_t back = gruvi__without_signature(at->lr);

    if (gruvi__module_at(at->pc) == NULL && gruvi__follows_call(back)) {
        at->pc = back;
        at->lr = 0;
        return true;
    }
#endif
    (void)at;
    (void)low;
    (void)high;
    return false;
}

/* Most code has call frame information, which knows all callers; what has none
 * is left by its frame pointer.  True: the outermost was found. */
static bool
walk_by_cfi(struct gruvi__registers *at, uintptr_t low, uintptr_t high,
            gruvi__frames_t *frames)
{
    enum gruvi__cfi_result result = GRUVI__CFI_CALLER;

    if (leave_nowhere(at, low, high))
        frames->at[frames->n++] = at->pc - 1;
    while (frames->n < GRUVI__MOST_FRAMES) {
        result = gruvi__cfi_step(at, at->sp, high, frames->n == 1);
        if (result != GRUVI__CFI_CALLER || at->pc == 0)
            break;
        frames->at[frames->n++] = at->pc - 1;
    }
    return result == GRUVI__CFI_OUTERMOST;
}

static void
walk_or_scan(struct gruvi__registers *at, uintptr_t low, uintptr_t high,
             gruvi__frames_t *frames)
{
    low = (low + sizeof low - 1) & ~(uintptr_t)(sizeof low - 1);
    if (at->sp >= low && walk_by_cfi(at, low, high, frames))
        return;
    /* Code with call frame information may have any value there. */
    if (at->fp == 0)
        return;
    if (at->sp > low)
        low = at->sp;
    if (frames->n > 1 || (at->fp >= low && at->fp < high)) {
        gruvi__walk(at->fp, low, high, frames);
        return;
    }
    frames->note = "during a switch between fibers, or in code that was "
                   "compiled without frame pointers";
    gruvi__scan(frames, (const uintptr_t *)low, (high - low) / sizeof low, low);
}

int
gruvi__walk_interrupted(const void *ucontext, gruvi__frames_t *frames)
{
    struct gruvi__registers at;
    uintptr_t low, high;

    frames->n = 0;
    frames->note = "";
    if (!gruvi__registers_of(ucontext, &at))
        return UV_ENOTSUP;
    add_first(frames, at.pc);
    if (gruvi__in_alternate_stack(ucontext, at.sp)) {
        frames->note = "in the handler of a signal";
        return 0;
    }
    low = stack_low(gruvi__self.current, at.sp);
    high = stack_high(gruvi__self.current, low);
    if (high == 0)
        frames->note = "during a switch between fibers, or on a stack that is "
                       "not a fiber's";
    else
        walk_or_scan(&at, low, high, frames);
    return 0;
}
