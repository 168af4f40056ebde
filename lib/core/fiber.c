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
 * ends lets go of it while it still runs there, and gives the stack to the
 * cache: nothing takes a stack from there before another fiber runs.
 */
#include <string.h>

#include <gruvi/error.h>
#include <gruvi/hub.h>
#include <gruvi/log.h>
#include <gruvi/switch_back.h>

#include "base/likely.h"
#include "base/probe.h"
#include "base/threads.h"
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
#include "core/testing.h"
#include "core/trace.h"
#include "core/uncaught.h"
#include "core/wait.h"
#include "core/waitlist.h"

GRUVI__STACK_LAST(struct gruvi_fiber, stack);
#if defined(GRUVI_CONTEXT_X86_64) && !defined(GRUVI__ASAN) &&                  \
    !defined(GRUVI__TSAN)
#define IN_LINE(member, line)                                                  \
    (offsetof(struct gruvi_fiber, member) + (size_t)(line)*64 ==               \
     sizeof(struct gruvi_fiber))
_Static_assert(sizeof(struct gruvi_fiber) % 64 == 0 && IN_LINE(next, 3) &&
                   IN_LINE(target, 2) && IN_LINE(sb, 1),
               "what new fibers set is three lines of the cache");
#endif

/* Of a root fiber or a hub's: where it lies nothing was a fiber before. */
void
gruvi__fiber_init(gruvi_fiber_t *fiber, gruvi_hub_t *hub, enum gruvi__kind kind)
{
    memset(fiber, 0, offsetof(gruvi_fiber_t, stack));
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
    gruvi__figure_store(&hub->live, hub->live + (size_t)change);
}

/* The last stack of a hub that is closed. */
static __attribute__((noinline)) void
release_last(gruvi_hub_t *hub)
{
    gruvi__arena_free(hub->arena);
    gruvi_hub_unref(hub);
}

/* Give the memory of a fiber to the cache. */
static inline void
release(gruvi_fiber_t *fiber)
{
    gruvi_hub_t *hub = fiber->hub;

    gruvi__tools_destroy(&fiber->tools);
    gruvi__stack_release(hub->arena, &fiber->stack);
    if (gruvi__unlikely(hub->blocks != 0) && --hub->blocks == 0)
        release_last(hub);
}

void
gruvi__fiber_release(gruvi_fiber_t *fiber)
{
    release(fiber);
}

/* No handle is left; its wake-up may still be in the inbox. */
static inline void
release_soon(gruvi_fiber_t *fiber)
{
    if (gruvi__unlikely(
            gruvi__atomic_load(&fiber->wake_posted, __ATOMIC_SEQ_CST)))
        fiber->release_on_wake = true;
    else
        release(fiber);
}

static __attribute__((noinline)) void
end_unusually(gruvi_fiber_t *fiber, int status)
{
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
}

/* The usual case, a fiber that joins and nothing else, without a call. */
static inline __attribute__((always_inline)) void
wake_joiners(gruvi_fiber_t *fiber)
{
    struct gruvi__list *first = fiber->joiners.next;
    struct gruvi__joiner *joiner =
        gruvi__list_entry(first, struct gruvi__joiner, link);

    if (first == &fiber->joiners)
        return;
    if (gruvi__unlikely(first->next != &fiber->joiners ||
                        joiner->fiber == NULL)) {
        gruvi__wake_joiners(&fiber->joiners, 1);
        return;
    }
    joiner->granted = 1; /* and its link is not touched any more */
    if (gruvi__likely(joiner->fiber->state == GRUVI__WAITING)) {
        joiner->fiber->state = GRUVI__READY;
        gruvi__queue_push(&fiber->hub->woken, joiner->fiber);
    }
}

/* All that a fiber does after its target has returned, except leaving. */
static inline __attribute__((always_inline)) void
end(gruvi_fiber_t *fiber, int status)
{
    fiber->target = NULL; /* no exception ends it any more */
    if (gruvi__unlikely(status < 0 ||
                        ((uintptr_t)fiber->sb | (uintptr_t)fiber->locals) != 0))
        end_unusually(fiber, status);
    fiber->status = status;
    fiber->state = GRUVI__DEAD;
    GRUVI__PROBE3(fiber__exit, fiber, fiber->id, status);
    gruvi__list_unlink(&fiber->all_link);
    count_live(fiber->hub, -1);
    wake_joiners(fiber);
    if (fiber->group != NULL)
        gruvi__group_leave(fiber);
    if (--fiber->refs == 0)
        release_soon(fiber);
}

static GRUVI_SWITCHPOINT __attribute__((noinline)) int
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

static inline GRUVI_SWITCHPOINT int
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
}

void
gruvi__fiber_quit(int status)
{
    gruvi_fiber_t *fiber = gruvi__self.current;

    end(fiber, status);
    gruvi__leave(fiber, gruvi__next_fiber(fiber->hub));
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
    gruvi__figure_store(&hub->refused, hub->refused + 1);
    if (gruvi__clock_now() < hub->next_refusal)
        return gruvi__fail(err);
    hub->next_refusal = gruvi__clock_due(GRUVI__REFUSALS_APART);
    if (err == UV_EAGAIN)
        gruvi_warning("no more fibers: max_fibers is %zu", hub->max_fibers);
    else
        gruvi_warning("no more fibers: %s", gruvi__arena_error(hub->arena));
    return gruvi__fail(err);
}

#define FROM_TO(first, end)                                                    \
    (offsetof(gruvi_fiber_t, end) - offsetof(gruvi_fiber_t, first))

/*
 * A control block on a stack.  Not all of it is written: what says in fiber.h
 * where it is valid stays as it is.  Small members that are next to each other
 * are copied together, which is a store of a constant.  That a fiber starts at
 * once is known here, where it costs nothing.
 */
static inline __attribute__((always_inline)) gruvi_fiber_t *
make(gruvi_hub_t *hub, struct gruvi__stack *stack, gruvi_fiber_fn target,
     void *arg, bool starts)
{
    static const gruvi_fiber_t made = {.state = GRUVI__NEW, .refs = 1};
    static const gruvi_fiber_t started = {
        .state = GRUVI__READY, .started = true, .refs = 2};
    gruvi_fiber_t *fiber = gruvi__stack_control(stack, gruvi_fiber_t, stack);

    fiber->hub = hub;
    memcpy(&fiber->state, starts ? &started.state : &made.state,
           FROM_TO(state, waiting_for));
    fiber->shield = 0;
    fiber->waitable.kind = GRUVI__WAITABLE_FIBER;
    fiber->pending = hub->trace.new_fibers;
    fiber->target = target;
    fiber->arg = arg;
    memcpy(&fiber->status, starts ? &started.status : &made.status,
           FROM_TO(status, id));
    fiber->id = hub->next_id + 1;
    gruvi__figure_store(&hub->next_id, fiber->id);
    gruvi__list_init(&fiber->joiners);
    memset(&fiber->sb, 0, FROM_TO(sb, stack));
    gruvi__context_make(&fiber->context, stack->low, fiber, entry);
    gruvi__tools_init(&fiber->tools, stack->low,
                      (size_t)((char *)(stack + 1) - stack->low));
    gruvi__list_add(&hub->fibers, &fiber->all_link);
    count_live(hub, 1);
    GRUVI__PROBE3(fiber__spawn, fiber, fiber->id, target);
    return fiber;
}

gruvi_fiber_t *
gruvi_fiber_new(gruvi_fiber_fn target, void *arg,
                const gruvi_fiber_options_t *options)
{
    gruvi_hub_t *hub = gruvi_get_hub();
    struct gruvi__stack *stack;
    gruvi_fiber_t *fiber;
    int err;

    if (hub == NULL)
        return NULL;
    if (target == NULL)
        return gruvi__fail(UV_EINVAL);
    if (options != NULL && (err = check_options(options, hub)) < 0)
        return gruvi__fail(err);
    if (hub->closing)
        return gruvi__fail(UV_ESHUTDOWN);
    if (hub->live >= hub->room)
        return refuse(hub, UV_EAGAIN);
    err = gruvi__stack_alloc(hub->arena,
                             options == NULL ? 0 : options->stack_size, &stack);
    if (err < 0)
        return err == UV_EINVAL ? gruvi__fail(err) : refuse(hub, err);
    fiber = make(hub, stack, target, arg, false);
    if (options != NULL)
        gruvi__fiber_rename(fiber, options->name);
    return fiber;
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
    release_soon(fiber);
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

/* The common case, on a stack that was used before, is one function that calls
 * nothing. */
gruvi_fiber_t *
gruvi_spawn(gruvi_fiber_fn target, void *arg)
{
    const struct gruvi__thread *self = &gruvi__self;
    gruvi_hub_t *hub = self->hub;
    struct gruvi__stack *stack;
    gruvi_fiber_t *fiber;

    if (gruvi__unlikely(hub == NULL || target == NULL ||
                        hub->live >= hub->room || self->current->group != NULL))
        return gruvi_spawn_ex(target, arg, NULL);
    stack = gruvi__stack_reuse_default(hub->arena);
    if (gruvi__unlikely(stack == NULL))
        return gruvi_spawn_ex(target, arg, NULL);
    fiber = make(hub, stack, target, arg, true);
    gruvi__queue_push(&hub->woken, fiber);
    return fiber;
}

int
gruvi_go(gruvi_fiber_fn target, void *arg)
{
    gruvi_fiber_t *fiber = gruvi_spawn(target, arg);

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

/* All of gruvi_fiber_join() but its common cases. */
static __attribute__((noinline)) int
join_slowly(const char *function, gruvi_fiber_t *fiber, double timeout)
{
    struct gruvi__joiner joiner = {.granted = 0};
    bool held;
    int err;

    if ((err = gruvi__enter(function, &joiner.fiber)) < 0 ||
        (err = gruvi__timeout_check(timeout)) < 0)
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
    err = gruvi__wait(joiner.fiber, &joiner.granted, "join", timeout);
    if (!joiner.granted)
        gruvi__list_remove(&joiner.link);
    if (gruvi__unlikely(held))
        gruvi_fiber_unref(fiber);
    return err;
}

/* Nothing is unusual, and fiber has been started and lives.  Inlined, so that
 * stacks show gruvi_fiber_join(). */
static inline __attribute__((always_inline)) int
join_fast(gruvi_fiber_t *current, gruvi_fiber_t *fiber)
{
    struct gruvi__joiner joiner;
    int err;

    joiner.fiber = current;
    joiner.granted = 0;
    gruvi__list_add(&fiber->joiners, &joiner.link);
    current->waiting_for = "join";
    gruvi__park_here(current);
    if (gruvi__likely(joiner.granted))
        return 0;
    err = gruvi__wait(joiner.fiber, &joiner.granted, "join", GRUVI_FOREVER);
    if (!joiner.granted)
        gruvi__list_remove(&joiner.link);
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_fiber_join(gruvi_fiber_t *fiber, double timeout)
{
    const struct gruvi__thread *self = &gruvi__self;
    gruvi_hub_t *hub = self->hub;
    int err;

    if (gruvi__unlikely(self->section != NULL || hub == NULL || fiber == NULL ||
                        self->current->pending != 0 || !(timeout < 0) ||
                        fiber->hub != hub || fiber->kind != GRUVI__FIBER))
        goto slowly;
    if (fiber->state == GRUVI__DEAD)
        return 0;
    if (gruvi__unlikely(hub->closing || (fiber->state != GRUVI__READY &&
                                         fiber->state != GRUVI__WAITING)))
        goto slowly;
    return join_fast(self->current, fiber);
slowly:
    err = join_slowly(__func__, fiber, timeout);
    gruvi__keep_frame();
    return err;
}
