/* SPDX-License-Identifier: MIT */
/* What can be asked about a fiber. */
#include <string.h>

#include <gruvi/fiber.h>
#include <gruvi/log.h>

#include "base/likely.h"
#include "base/stack.h"
#include "core/error.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/thread.h"

/* "Fiber-N", by means that a signal handler may use. */
static void
make_name(char *name, uint64_t id)
{
    char digits[20];
    size_t n = 0;

    do
        digits[n++] = (char)('0' + id % 10);
    while ((id /= 10) > 0);
    memcpy(name, "Fiber-", 6);
    for (name += 6; n > 0;)
        *name++ = digits[--n];
    *name = '\0';
}

const char *
gruvi_fiber_name(const gruvi_fiber_t *fiber)
{
    /* Made on demand, so the const is cast away: the block is ours. */
    char *name = ((gruvi_fiber_t *)fiber)->name;

    if (fiber->kind == GRUVI__ROOT)
        return "Root";
    if (fiber->kind == GRUVI__HUB)
        return "Hub";
    if (!fiber->named)
        make_name(name, fiber->id);
    return name;
}

void
gruvi__fiber_rename(gruvi_fiber_t *fiber, const char *name)
{
    size_t n = name == NULL ? 0 : strnlen(name, GRUVI__NAME_SIZE - 1);

    if (n == 0)
        return;
    memcpy(fiber->name, name, n);
    fiber->name[n] = '\0';
    fiber->named = true;
}

bool
gruvi_fiber_alive(const gruvi_fiber_t *fiber)
{
    return fiber->state != GRUVI__DEAD;
}

bool
gruvi_fiber_cancelled(const gruvi_fiber_t *fiber)
{
    return fiber->was_cancelled;
}

int
gruvi_fiber_status(const gruvi_fiber_t *fiber)
{
    return fiber->state == GRUVI__DEAD ? fiber->status : UV_EBUSY;
}

const char *
gruvi_fiber_waiting_for(const gruvi_fiber_t *fiber)
{
    return fiber->state == GRUVI__WAITING ? fiber->waiting_for : "";
}

gruvi_fiber_t *
gruvi_fiber_parent(const gruvi_fiber_t *fiber)
{
    switch (fiber->kind) {
    case GRUVI__ROOT:
        return NULL;
    case GRUVI__HUB:
        return fiber->hub->root;
    default:
        return &fiber->hub->fiber;
    }
}

gruvi_fiber_t *
gruvi_current_fiber(void)
{
    if (gruvi__likely(gruvi__self.current != NULL))
        return gruvi__self.current;
    return gruvi__root_fiber();
}

int
gruvi_set_stack_size(size_t bytes)
{
    return gruvi__stack_set_default_size(bytes == 0 ? GRUVI__STACK_DEFAULT
                                                    : bytes);
}

void
gruvi__fault_in_guard(const void *buf, size_t len)
{
    gruvi_fiber_t *fiber = gruvi__self.current;
    uintptr_t low, start = (uintptr_t)buf;

    if (fiber == NULL || fiber->kind != GRUVI__FIBER)
        return;
    low = (uintptr_t)fiber->stack.low;
    if (start >= low ||
        start + len <= low - gruvi__stack_guard_bytes(&fiber->stack))
        return;
    gruvi__fiber_set_message(fiber, "the buffer lies below the fiber's stack");
    gruvi_error("stack overflow in fiber %s: a buffer of %zu bytes lies below "
                "its stack of %zu KiB; give it a larger one, or the buffer to "
                "the heap",
                gruvi_fiber_name(fiber), len, fiber->stack.size / 1024);
}

int
gruvi_set_guard_size(size_t bytes)
{
    return gruvi__stack_set_guard_size(bytes);
}

void
gruvi__add_to_stacks(size_t bytes)
{
    gruvi__stack_set_extra(bytes);
}

const char *
gruvi_stack_guard(size_t *ceiling)
{
    if (ceiling != NULL)
        *ceiling = gruvi__stack_ceiling();
    return gruvi__stack_guard_mode();
}
