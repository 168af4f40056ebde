/* SPDX-License-Identifier: MIT */
/*
 * What another thread sees of a hub: whether it goes on, and the fiber that it
 * runs.
 *
 * The hub pays a few stores a turn for it, and nothing a switch.  Which fiber
 * runs is nothing that it tells: that is read from its memory, by a system
 * call, so that what is gone meanwhile is an error and no fault.
 */
#include <string.h>
#include <unistd.h>

#include <gruvi/hub.h>

#include "base/threads.h"
#include "core/fiber.h"
#include "core/group.h"
#include "core/hub.h"
#include "core/signals.h"
#include "core/thread.h"

void
gruvi__hub_view(const gruvi_hub_t *hub, gruvi__hub_view_t *view)
{
    view->turns = gruvi__figure_load(&hub->turns);
    view->switches = gruvi__figure_load(&hub->switches);
    view->spawned = gruvi__figure_load(&hub->next_id);
    view->refused = gruvi__figure_load(&hub->refused);
    view->fibers = gruvi__figure_load(&hub->live);
    view->most_ready = gruvi__figure_load(&hub->most_ready);
    view->ready = gruvi__figure_load(&hub->ready);
    view->sleeps = gruvi__figure_load(&hub->inbox.sleeping);
    view->signals = gruvi__signals_waiting(&hub->signals);
}

/* Whether size bytes at an address could be copied. */
static bool
copy(int memory, void *to, const void *from, size_t size)
{
    return pread(memory, to, size, (off_t)(uintptr_t)from) == (ssize_t)size;
}

/* The bounds of the stack that a fiber runs on; both 0: a thread's own. */
static void
find_stack(gruvi__peek_t *peek, const gruvi_fiber_t *fiber,
           const gruvi_fiber_t *at, int memory)
{
    const struct gruvi__stack *end = &at->stack;
    struct gruvi__stack stack = fiber->stack;

    if (fiber->kind == GRUVI__ROOT)
        return;
    if (fiber->kind == GRUVI__HUB) {
        end = fiber->hub->stack; /* never changes */
        if (!copy(memory, &stack, end, sizeof stack))
            return;
    }
    peek->low = (uintptr_t)stack.low;
    peek->high = (uintptr_t)end;
}

int
gruvi__hub_peek(const gruvi_hub_t *hub, int memory, gruvi__peek_t *peek)
{
    struct gruvi__thread thread;
    struct gruvi__group group;
    gruvi_fiber_t fiber;

    memset(peek, 0, sizeof *peek);
    if (!copy(memory, &thread, hub->thread, sizeof thread) ||
        thread.current == NULL ||
        !copy(memory, &fiber, thread.current, sizeof fiber) || fiber.hub != hub)
        return UV_ESRCH;
    fiber.name[sizeof fiber.name - 1] = '\0';
    strcpy(peek->name, gruvi_fiber_name(&fiber));
    if (fiber.group != NULL && copy(memory, &group, fiber.group, sizeof group))
        peek->keeper = group.keeper;
    find_stack(peek, &fiber, thread.current, memory);
    return 0;
}

int
gruvi__hub_set(const gruvi_hub_t *hub)
{
    return hub->set.fd;
}
