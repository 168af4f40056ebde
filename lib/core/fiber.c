/* SPDX-License-Identifier: MIT */
/*
 * The life of a fiber.
 *
 *   new --start--> ready --> running <--> waiting
 *                               |
 *                               v
 *                             dead     until the last handle is let go
 *
 * A fiber that is cancelled, or has an error thrown into it, before it ran
 * still runs: it finds the error at its entry and ends there.  So only the
 * scheduler starts and ends fibers.
 *
 * The control block is the upper end of the fiber's own stack.  A fiber that
 * ends lets go of it while it still runs there, so the memory goes to the cache
 * later, when another fiber runs (hub->dead).
 */
#include <string.h>

#include <gruvi/error.h>
#include <gruvi/hub.h>
#include <gruvi/log.h>
#include <gruvi/switch_back.h>

#include "base/likely.h"
#include "base/probe.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/exception.h"
#include "core/fiber.h"
#include "core/group.h"
#include "core/hub.h"
#include "core/local.h"
#include "core/schedule.h"
#include "core/switch.h"
#include "core/switchpoint.h"
#include "core/trace.h"
#include "core/uncaught.h"
#include "core/wait.h"
#include "core/waitlist.h"

GRUVI__STACK_LAST(struct gruvi_fiber, stack);
#if defined(GRUVI_CONTEXT_X86_64) && !defined(GRUVI__ASAN) &&                  \
    !defined(GRUVI__TSAN)
_Static_assert(sizeof(struct gruvi_fiber) % 64 == 0 &&
                   offsetof(struct gruvi_fiber, target) == 64,
               "control blocks begin with a line of the cache");
#endif

static void
set_name(gruvi_fiber_t *fiber, const char *name)
{
    size_t n = name == NULL ? 0 : strnlen(name, GRUVI__NAME_SIZE - 1);

    if (n == 0)
        return;
    memcpy(fiber->name, name, n);
    fiber->name[n] = '\0';
    fiber->named = true;
}

/* The stack member is its allocator's and stays as it is. */
void
gruvi__fiber_init(gruvi_fiber_t *fiber, gruvi_hub_t *hub, enum gruvi__kind kind)
{
    const size_t size =
        offsetof(gruvi_fiber_t, timeout) + sizeof(fiber->timeout.due);
    size_t i;

    /* In pieces, a few moves each.  To clear all of it at once gcc puts
     * "rep stos", which takes 20 ns to begin. */
    for (i = 0; i + 64 <= size; i += 64)
        memset((char *)fiber + i, 0, 64);
    memset((char *)fiber + i, 0, size % 64);
    fiber->hub = hub;
    fiber->kind = (uint8_t)kind;
    fiber->waitable.kind = GRUVI__WAITABLE_FIBER;
    fiber->waiting_for = "";
    fiber->refs = 1;
    gruvi__list_init(&fiber->all_link);
    gruvi__list_init(&fiber->joiners);
}

/* Other threads look at it. */
static inline void
count_live(gruvi_hub_t *hub, int change)
{
    __atomic_store_n(&hub->live, hub->live + (size_t)change, __ATOMIC_RELAXED);
}

/* All that a fiber does after its target has returned, except leaving. */
static void
end(gruvi_fiber_t *fiber, int status)
{
    gruvi_hub_t *hub = fiber->hub;

    fiber->target = NULL; /* no exception ends it any more */
    if (gruvi__unlikely(fiber->sb != NULL)) {
        gruvi__assert_failed("fiber %s ended inside a switch back block that "
                             "it has not left with gruvi_switch_back_exit()",
                             gruvi_fiber_name(fiber));
        while (fiber->sb != NULL)
            gruvi_switch_back_exit((gruvi_switch_back_t *)fiber->sb);
    }
    if (fiber->locals != NULL)
        gruvi__local_end(fiber);
    if (status < 0 && status != UV_ECANCELED)
        gruvi__uncaught(fiber, status);
    fiber->status = status;
    fiber->state = GRUVI__DEAD;
    fiber->waiting_for = "";
    GRUVI__PROBE3(fiber__exit, fiber, fiber->id, status);
    gruvi__list_remove(&fiber->all_link);
    count_live(hub, -1);
    if (!gruvi__list_empty(&fiber->joiners))
        gruvi__wake_joiners(&fiber->joiners, 1);
    if (fiber->group != NULL)
        gruvi__group_leave(fiber);
    gruvi_fiber_unref(fiber);
}

static __attribute__((noinline)) int
run_unusually(gruvi_fiber_t *fiber)
{
    int status;

    fiber->pending &= (uint8_t)~GRUVI__PENDING_TRACED;
    if (fiber->pending & GRUVI__PENDING_THROW)
        return fiber->throw_error;
    if (fiber->pending & GRUVI__PENDING_CANCEL)
        return UV_ECANCELED;
    gruvi__trace(fiber, GRUVI__SWITCH_BEGIN);
    status = fiber->target(fiber->arg);
    gruvi__trace(fiber, GRUVI__SWITCH_END);
    return status;
}

static inline int
run(gruvi_fiber_t *fiber)
{
    if (gruvi__unlikely(fiber->pending &
                        (GRUVI__PENDING_THROW | GRUVI__PENDING_CANCEL |
                         GRUVI__PENDING_TRACED)))
        return run_unusually(fiber);
    return fiber->target(fiber->arg);
}

/* The personality routine of entry(): a fiber that an exception has left ends
 * here, above the frames that are gone. */
GRUVI__PERSONALITY int
gruvi__fiber_personality(int version, int actions, uint64_t language,
                         struct gruvi__unwind_exception *exception,
                         void *context);

int
gruvi__fiber_personality(int version, int actions, uint64_t language,
                         struct gruvi__unwind_exception *exception,
                         void *context)
{
    gruvi_fiber_t *fiber = gruvi__self.current;

    (void)version;
    (void)language;
    (void)context;
    if ((actions & GRUVI__UNWIND_FORCED) || fiber->target == NULL)
        return GRUVI__UNWIND_CONTINUE;
    if (actions & GRUVI__UNWIND_SEARCH)
        return GRUVI__UNWIND_HANDLER;
    fiber->target = NULL;
    gruvi__exception_end(exception);
    end(fiber, UV_UNKNOWN);
    gruvi__leave(fiber, gruvi__next_fiber(fiber->hub));
    return 0;
}

/* Where a fiber begins, on its own stack. */
static void
entry(void)
{
    gruvi_fiber_t *fiber = gruvi__self.current;

    GRUVI__ENDS_EXCEPTIONS(gruvi__fiber_personality);
    gruvi__tools_after_switch(&fiber->tools);
    gruvi__tools_will_block();
    end(fiber, run(fiber));
    gruvi__leave(fiber, gruvi__next_fiber(fiber->hub));
}

static int
check_options(const gruvi_fiber_options_t *options, gruvi_hub_t *hub)
{
    size_t i;

    if (options->hub != NULL && options->hub != hub)
        return UV_EPERM;
    for (i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++)
        if (options->reserved[i] != NULL)
            return UV_EINVAL;
    return 0;
}

/* Log why there is no fiber, but not each time: a server that is full has a
 * place again every now and then. */
static gruvi_fiber_t *
refuse(gruvi_hub_t *hub, int err)
{
    __atomic_store_n(&hub->refused, hub->refused + 1, __ATOMIC_RELAXED);
    if (gruvi__clock_now() < hub->next_refusal)
        return gruvi__fail(err);
    hub->next_refusal = gruvi__clock_due(GRUVI__REFUSALS_APART);
    if (err == UV_EAGAIN)
        gruvi_warning("no more fibers: max_fibers is %zu", hub->max_fibers);
    else
        gruvi_warning("no more fibers: %s", gruvi__arena_error(hub->arena));
    return gruvi__fail(err);
}

gruvi_fiber_t *
gruvi_fiber_new(gruvi_fiber_fn target, void *arg,
                const gruvi_fiber_options_t *options)
{
    gruvi_hub_t *hub = gruvi__self.hub;
    struct gruvi__stack *stack;
    gruvi_fiber_t *fiber;
    int err;

    if (hub == NULL && (hub = gruvi_get_hub()) == NULL)
        return NULL;
    if (target == NULL)
        return gruvi__fail(UV_EINVAL);
    if (options != NULL && (err = check_options(options, hub)) < 0)
        return gruvi__fail(err);
    if (hub->closing)
        return gruvi__fail(UV_ESHUTDOWN);
    if (hub->max_fibers != 0 && hub->live >= hub->max_fibers)
        return refuse(hub, UV_EAGAIN);
    if (hub->dead != NULL)
        gruvi__fiber_reap(hub);
    err = gruvi__stack_alloc(hub->arena,
                             options == NULL ? 0 : options->stack_size, &stack);
    if (err < 0)
        return err == UV_EINVAL ? gruvi__fail(err) : refuse(hub, err);
    fiber = gruvi__stack_control(stack, gruvi_fiber_t, stack);
    gruvi__fiber_init(fiber, hub, GRUVI__FIBER);
    if (options != NULL)
        set_name(fiber, options->name);
    fiber->target = target;
    fiber->arg = arg;
    fiber->id = hub->next_id + 1;
    __atomic_store_n(&hub->next_id, fiber->id, __ATOMIC_RELAXED);
    fiber->pending = hub->trace.new_fibers;
    gruvi__context_make(&fiber->context, stack->low, fiber, entry);
    gruvi__tools_init(&fiber->tools, stack->low,
                      (size_t)((char *)(stack + 1) - stack->low));
    gruvi__list_add(&hub->fibers, &fiber->all_link);
    count_live(hub, 1);
    hub->blocks++;
    GRUVI__PROBE3(fiber__spawn, fiber, fiber->id, target);
    return fiber;
}

/* Give the memory of a fiber to the cache. */
void
gruvi__fiber_release(gruvi_fiber_t *fiber)
{
    gruvi_hub_t *hub = fiber->hub;

    gruvi__tools_destroy(&fiber->tools);
    gruvi__stack_release(hub->arena, &fiber->stack);
    if (--hub->blocks == 0 && hub->closed) {
        gruvi__arena_free(hub->arena);
        gruvi_hub_unref(hub);
    }
}

/* No handle is left; its wake-up may still be in the inbox. */
static void
release_soon(gruvi_fiber_t *fiber)
{
    if (gruvi__unlikely(__atomic_load_n(&fiber->wake_posted, __ATOMIC_SEQ_CST)))
        fiber->release_on_wake = true;
    else
        gruvi__fiber_release(fiber);
}

/* Release the fibers that have ended. */
void
gruvi__fiber_reap(gruvi_hub_t *hub)
{
    gruvi_fiber_t *fiber;

    while ((fiber = hub->dead) != NULL) {
        hub->dead = fiber->next;
        release_soon(fiber);
    }
}

gruvi_fiber_t *
gruvi_fiber_ref(gruvi_fiber_t *fiber)
{
    fiber->refs++;
    return fiber;
}

void
gruvi_fiber_unref(gruvi_fiber_t *fiber)
{
    if (fiber == NULL || fiber->kind != GRUVI__FIBER || --fiber->refs > 0)
        return;
    if (!fiber->started && fiber->state != GRUVI__DEAD) {
        /* Never started, and now it never will be. */
        fiber->state = GRUVI__DEAD;
        gruvi__list_remove(&fiber->all_link);
        count_live(fiber->hub, -1);
    }
    if (fiber == gruvi__self.current) {
        fiber->next = fiber->hub->dead;
        fiber->hub->dead = fiber;
    } else {
        release_soon(fiber);
    }
}

/* Start a fiber of this thread; the caller has checked that it may. */
static inline int
start(gruvi_fiber_t *fiber, struct gruvi__group *group)
{
    int err;

    if (group != NULL && (err = gruvi__group_enter(fiber, group)) < 0)
        return err;
    fiber->started = true;
    fiber->refs++;
    gruvi__make_ready(fiber);
    return 0;
}

/* The fiber is a member of group from now on; NULL: of none. */
int
gruvi__fiber_start_in(gruvi_fiber_t *fiber, struct gruvi__group *group)
{
    if (fiber->kind != GRUVI__FIBER)
        return UV_EINVAL;
    if (!gruvi__is_own(fiber->hub))
        return UV_EPERM;
    if (fiber->started)
        return UV_EALREADY;
    if (fiber->hub->closing && fiber->cancels == 0)
        return UV_ESHUTDOWN;
    return start(fiber, group);
}

int
gruvi_fiber_start(gruvi_fiber_t *fiber)
{
    gruvi_fiber_t *current = gruvi__self.current;

    if (fiber == NULL)
        return UV_EINVAL;
    return gruvi__fiber_start_in(fiber,
                                 current == NULL ? NULL : current->group);
}

gruvi_fiber_t *
gruvi_spawn_ex(gruvi_fiber_fn target, void *arg,
               const gruvi_fiber_options_t *options)
{
    gruvi_fiber_t *fiber = gruvi_fiber_new(target, arg, options);
    int err;

    if (fiber == NULL)
        return NULL;
    err = start(fiber, gruvi__self.current->group);
    if (gruvi__unlikely(err < 0)) {
        gruvi_fiber_unref(fiber);
        return gruvi__fail(err);
    }
    return fiber;
}

gruvi_fiber_t *
gruvi_spawn(gruvi_fiber_fn target, void *arg)
{
    return gruvi_spawn_ex(target, arg, NULL);
}

int
gruvi_go(gruvi_fiber_fn target, void *arg)
{
    gruvi_fiber_t *fiber = gruvi_spawn_ex(target, arg, NULL);

    if (fiber == NULL)
        return gruvi_last_error();
    gruvi_fiber_unref(fiber);
    return 0;
}

int
gruvi_fiber_cancel(gruvi_fiber_t *fiber, const char *message)
{
    if (fiber == NULL || fiber->kind != GRUVI__FIBER)
        return UV_EINVAL;
    if (!gruvi__is_own(fiber->hub))
        return UV_EPERM;
    if (fiber->state == GRUVI__DEAD)
        return 0;
    fiber->was_cancelled = true;
    if (fiber->cancels < UINT16_MAX)
        fiber->cancels++;
    gruvi__message_copy(fiber->thrown_message, message);
    gruvi__interrupt(fiber, GRUVI__PENDING_CANCEL);
    if (!fiber->started)
        return gruvi__fiber_start_in(fiber, NULL);
    return 0;
}

/* What gruvi_fiber_switch() and gruvi_fiber_throw() have in common. */
static int
check_callback(const gruvi_fiber_t *fiber)
{
    if (fiber == NULL || fiber->kind == GRUVI__HUB)
        return UV_EINVAL;
    if (!gruvi__in_callback() || !gruvi__is_own(fiber->hub))
        return UV_EPERM;
    return 0;
}

/* Start a new fiber, so that it runs first in this turn. */
static int
start_urgent(gruvi_fiber_t *fiber)
{
    if (fiber->hub->closing && (fiber->pending & ~GRUVI__PENDING_TRACED) == 0)
        return UV_ESHUTDOWN;
    fiber->started = true;
    fiber->refs++;
    fiber->state = GRUVI__WAITING;
    gruvi__ready_urgent(fiber);
    return 0;
}

int
gruvi_fiber_switch(gruvi_fiber_t *fiber, void *value)
{
    int err = check_callback(fiber);

    if (err < 0)
        return err;
    if (fiber->state == GRUVI__NEW)
        return start_urgent(fiber);
    if (fiber->state != GRUVI__WAITING || !fiber->in_switch)
        return UV_EBUSY;
    fiber->switch_value = value;
    fiber->switched = true;
    fiber->switch_value_ready = 1;
    gruvi__ready_urgent(fiber);
    return 0;
}

int
gruvi_fiber_throw(gruvi_fiber_t *fiber, int err, const char *message)
{
    int refused = check_callback(fiber);

    if (refused < 0)
        return refused;
    if (err >= 0)
        return UV_EINVAL;
    if (fiber->state == GRUVI__DEAD)
        return 0;
    if (fiber->pending & GRUVI__PENDING_THROW)
        return UV_EBUSY;
    fiber->throw_error = err;
    gruvi__message_copy(fiber->thrown_message, message);
    fiber->pending |= GRUVI__PENDING_THROW;
    if (fiber->state == GRUVI__NEW)
        return start_urgent(fiber);
    if (fiber->shield == 0)
        gruvi__ready_urgent(fiber);
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi_fiber_join(gruvi_fiber_t *fiber, double timeout)
{
    struct gruvi__joiner joiner = {.granted = 0};
    bool held;
    int err;

    if ((joiner.fiber = gruvi__enter_fast()) == NULL &&
        (err = gruvi__enter(__func__, &joiner.fiber)) < 0)
        return err;
    if ((err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (fiber == NULL || fiber->kind != GRUVI__FIBER || fiber == joiner.fiber)
        return UV_EINVAL;
    if (!gruvi__is_own(fiber->hub))
        return UV_EPERM;
    if (fiber->state == GRUVI__DEAD)
        return 0;
    /* A fiber that runs lives until it ends, and then empties its list.  A
     * fiber that was never started may be let go before. */
    held = !fiber->started;
    if (gruvi__unlikely(held))
        gruvi_fiber_ref(fiber);
    gruvi__list_add(&fiber->joiners, &joiner.link);
    if (timeout < 0 && gruvi__wait_fast(joiner.fiber, &joiner.granted, "join"))
        err = 0;
    else
        err = gruvi__wait(joiner.fiber, &joiner.granted, "join", timeout);
    gruvi__list_remove(&joiner.link);
    if (gruvi__unlikely(held))
        gruvi_fiber_unref(fiber);
    return err;
}
