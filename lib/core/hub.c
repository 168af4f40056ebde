/* SPDX-License-Identifier: MIT */
/*
 * The hub runs the fibers of one thread on top of one libuv loop.  This file
 * is its life; what it does meanwhile is in schedule.c.
 *
 *   gruvi_get_hub()    allocate, loop, arena, the hub's own fiber
 *   ...                turns, each time the root fiber waits
 *   gruvi_hub_close()  cancel all fibers; turns until they have ended;
 *                      then, still in the hub's fiber: data, callbacks,
 *                      handles, the loop; back to the root fiber for good
 *
 * The memory stays until the last reference goes: other threads may post, and
 * get UV_ESHUTDOWN.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gruvi/exception.h>
#include <gruvi/inspect.h>
#include <gruvi/log.h>

#include "base/likely.h"
#include "base/overflow.h"
#include "base/shadow_stack.h"
#include "base/threads.h"
#include "core/callback.h"
#include "core/clock.h"
#include "core/debug.h"
#include "core/error.h"
#include "core/hub.h"
#include "core/hub_data.h"
#include "core/interrupt.h"
#include "core/local.h"
#include "core/loop.h"
#include "core/poll.h"
#include "core/schedule.h"
#include "core/switch.h"
#include "core/switch_back.h"

/* The callbacks of libuv and of programs run on it. */
#define HUB_STACK_SIZE ((size_t)256 * 1024)

/* Seconds until surplus stacks of ended fibers are given back; how many at a
 * time, which takes some 0.2 ms; and seconds until the next batch.  A hundred
 * thousand are gone within a second. */
#define TRIM_AFTER 0.5
#define TRIM_BATCH 512
#define TRIM_NEXT  0.001

/* Blocks of memory of callbacks that an idle hub keeps. */
#define SPARE_BLOCKS 4

static void shut_down(gruvi_hub_t *hub);

/* The hub's fiber. */
static void
hub_main(void)
{
    gruvi_hub_t *hub = gruvi__self.hub;

    gruvi__tools_after_switch(&hub->fiber.tools);
    gruvi__tools_will_block();
    while (!hub->closing || hub->live > 0)
        gruvi__hub_turn(hub);
    shut_down(hub);
    gruvi__schedule_end(hub);
}

/* For the handler of stack overflows: async-signal-safe. */
static bool
describe_overflow(const void *addr, struct gruvi__overflow *overflow)
{
    gruvi_fiber_t *fiber = gruvi__self.current;
    const struct gruvi__stack *stack;

    if (fiber == NULL || fiber->kind == GRUVI__ROOT)
        return false;
    stack = fiber->kind == GRUVI__HUB ? fiber->hub->stack : &fiber->stack;
    if (!gruvi__stack_guards(stack, addr))
        return false;
    overflow->name = gruvi_fiber_name(fiber);
    overflow->stack_size = stack->size;
    overflow->advice =
        fiber->kind == GRUVI__HUB
            ? "It is the hub's own, on which hub and libuv callbacks run; its "
              "size is fixed.  Let callbacks use less, or a fiber do their "
              "work."
            : "Give it a larger one: stack_size in gruvi_fiber_options_t, or "
              "in section [fibers] of gruvid.conf.";
    return true;
}

bool
gruvi__in_stack_guard(const void *addr)
{
    struct gruvi__overflow overflow;

    return describe_overflow(addr, &overflow);
}

static int
open_handles(gruvi_hub_t *hub)
{
    int err = uv_async_init(&hub->loop, &hub->alive, NULL);

    return err < 0 ? err : gruvi__poll_set_open(hub);
}

static int
open_fiber(gruvi_hub_t *hub)
{
    struct gruvi__stack *stack;
    int err = gruvi__stack_alloc(hub->arena, HUB_STACK_SIZE, &stack);

    if (err < 0)
        return err;
    hub->stack = stack;
    gruvi__fiber_init(&hub->fiber, hub, GRUVI__HUB);
    hub->fiber.started = true;
    hub->fiber.pending = GRUVI__PENDING_REFUSED;
    hub->fiber.state = GRUVI__READY;
    gruvi__context_make(&hub->fiber.context, stack->low, stack, hub_main);
    gruvi__tools_init(&hub->fiber.tools, stack->low,
                      (size_t)((char *)(stack + 1) - stack->low));
    return 0;
}

static int
hub_open(gruvi_hub_t *hub)
{
    int err;

    if (gruvi__shadow_stack_in_the_way()) {
        gruvi_error("no hub: this thread has a shadow stack, which a switch "
                    "between fibers breaks; run without (GLIBC_TUNABLES), or "
                    "build gruvi with --with-context=ucontext");
        return UV_ENOTSUP;
    }
    if ((err = gruvi__inbox_init(&hub->inbox)) < 0)
        return err;
    if ((err = gruvi__loop_open(&hub->loop)) < 0)
        goto fail_loop;
    if ((err = open_handles(hub)) < 0)
        goto fail_handles;
    err = UV_ENOMEM;
    if ((hub->arena = gruvi__arena_new()) == NULL)
        goto fail_arena;
    if ((err = open_fiber(hub)) < 0)
        goto fail_fiber;
    gruvi__walk_this_thread();
    err = UV_ENOMEM;
    if ((hub->poller = gruvi__poller_new(hub)) == NULL)
        goto fail_poller;
    if ((err = gruvi__overflow_thread_enter()) < 0)
        goto fail_overflow;
    return 0;

fail_overflow:
    gruvi__poller_free(hub->poller);
fail_poller:
    gruvi__tools_destroy(&hub->fiber.tools);
    gruvi__stack_release(hub->arena, hub->stack);
fail_fiber:
    gruvi__arena_free(hub->arena);
fail_arena:
    gruvi__poll_set_close(hub);
fail_handles:
    gruvi__loop_drop(&hub->loop);
fail_loop:
    gruvi__inbox_destroy(&hub->inbox);
    return err;
}

/* Give up to max surplus stacks, and as much memory of callbacks, back to the
 * system.  Returns how much there is left of both. */
static size_t
trim(gruvi_hub_t *hub, size_t max)
{
    return gruvi__arena_trim(hub->arena, max) +
           gruvi__callbacks_trim(&hub->spare, SPARE_BLOCKS, max);
}

/* A batch at a time, so that no fiber waits long. */
static void
on_trim(struct gruvi__deadline *deadline)
{
    gruvi_hub_t *hub = gruvi__list_entry(deadline, gruvi_hub_t, trim);

    if (trim(hub, TRIM_BATCH) > 0)
        gruvi__deadline_arm(hub, &hub->trim, gruvi__clock_due(TRIM_NEXT));
}

void
gruvi__hub_trim_later(gruvi_hub_t *hub)
{
    if (!gruvi__deadline_armed(&hub->trim) && trim(hub, 0) > 0)
        gruvi__deadline_arm(hub, &hub->trim, gruvi__clock_due(TRIM_AFTER));
}

static gruvi_hub_t *
hub_new(gruvi_fiber_t *root)
{
    gruvi_hub_t *hub;
    int err;

    if (posix_memalign((void **)&hub, _Alignof(gruvi_hub_t), sizeof *hub))
        return gruvi__fail(UV_ENOMEM);
    memset(hub, 0, sizeof *hub);
    hub->refs = 1;
    hub->root = root;
    hub->room = SIZE_MAX;
    hub->thread = &gruvi__self;
    hub->trim.fire = on_trim;
    gruvi__list_init(&hub->fibers);
    gruvi__list_init(&hub->data);
    gruvi__list_init(&hub->closings);
    gruvi__list_init(&hub->ends);
    gruvi__list_init(&hub->hubs_link);
    gruvi__signals_init(&hub->signals);
    gruvi__schedule_init(hub);
    gruvi__wheel_init(&hub->deadlines);
    if ((err = hub_open(hub)) < 0) {
        free(hub);
        return gruvi__fail(err);
    }
    gruvi__atomic_store(&gruvi__overflow_describe, describe_overflow,
                        __ATOMIC_RELAXED);
    gruvi__overflow_install();
    gruvi__cxx_find(RTLD_DEFAULT);
    gruvi__sigint_listen(hub);
    gruvi__debug_add(hub);
    return hub;
}

gruvi_hub_t *
gruvi_get_hub(void)
{
    gruvi_fiber_t *root;
    gruvi_hub_t *hub = gruvi__self.hub;

    if (gruvi__likely(hub != NULL))
        return hub;
    root = gruvi__root_fiber();
    if (root == NULL)
        return NULL;
    hub = hub_new(root);
    if (hub == NULL)
        return NULL;
    root->hub = hub;
    gruvi__self.hub = hub;
    if (gruvi__self.refused != 0)
        gruvi__sb_refuse(gruvi__self.refused);
    return hub;
}

gruvi_hub_t *
gruvi_hub_ref(gruvi_hub_t *hub)
{
    gruvi__atomic_fetch_add(&hub->refs, 1, __ATOMIC_RELAXED);
    return hub;
}

void
gruvi_hub_unref(gruvi_hub_t *hub)
{
    if (hub == NULL ||
        gruvi__atomic_sub_fetch(&hub->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    gruvi__callbacks_trim(&hub->spare, 0, SIZE_MAX);
    gruvi__inbox_destroy(&hub->inbox);
    gruvi__wheel_destroy(&hub->deadlines);
    free(hub->spare_buffer);
    free(hub);
}

uv_loop_t *
gruvi_hub_loop(gruvi_hub_t *hub)
{
    return hub->closed ? NULL : &hub->loop;
}

const char *
gruvi_hub_name(const gruvi_hub_t *hub)
{
    (void)hub;
    return "Hub";
}

gruvi_poller_t *
gruvi_hub_poll(gruvi_hub_t *hub)
{
    return hub->poller;
}

static void
set_room(gruvi_hub_t *hub)
{
    if (hub->closing)
        hub->room = 0;
    else
        hub->room = hub->max_fibers == 0 ? SIZE_MAX : hub->max_fibers;
}

void
gruvi_hub_set_max_fibers(gruvi_hub_t *hub, size_t max)
{
    hub->max_fibers = max;
    set_room(hub);
}

void
gruvi_hub_each_fiber(gruvi_hub_t *hub,
                     void (*fn)(gruvi_fiber_t *fiber, void *arg), void *arg)
{
    struct gruvi__list *link, *next;

    fn(hub->root, arg);
    if (!hub->closed)
        fn(&hub->fiber, arg);
    for (link = gruvi__fibers_next(hub, &hub->fibers); link != &hub->fibers;
         link = next) {
        next = gruvi__fibers_next(hub, link);
        fn(gruvi__list_entry(link, gruvi_fiber_t, all_link), arg);
    }
}

static void
close_left(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (uv_is_closing(handle))
        return;
    gruvi_warning("the hub closes a %s handle that was left on its loop",
                  uv_handle_type_name(uv_handle_get_type(handle)));
    uv_close(handle, NULL);
}

int
gruvi__hub_add_end(gruvi_hub_t *hub, struct gruvi__hub_end *end)
{
    if (hub->ended)
        return UV_ESHUTDOWN;
    gruvi__list_add(&hub->ends, &end->link);
    return 0;
}

static void
run_ends(gruvi_hub_t *hub)
{
    struct gruvi__hub_end *end;
    struct gruvi__list *link;

    hub->ended = true;
    while ((link = gruvi__list_pop(&hub->ends)) != NULL) {
        end = gruvi__list_entry(link, struct gruvi__hub_end, link);
        end->run(end);
    }
}

/* The root fiber is left, and cannot wait any more. */
static void
set_closed(gruvi_hub_t *hub)
{
    gruvi__debug_remove(hub);
    hub->closed = true;
    hub->root->pending |= GRUVI__PENDING_REFUSED;
}

/* In the hub's fiber, when all others have ended. */
static void
shut_down(gruvi_hub_t *hub)
{
    gruvi__hub_data_destroy(hub);
    run_ends(hub);
    gruvi__sigint_unlisten(hub);
    gruvi__signals_close(&hub->signals);
    gruvi__poller_free(hub->poller);
    hub->poller = NULL;
    gruvi__poll_set_close(hub);
    uv_close((uv_handle_t *)&hub->alive, NULL);
    gruvi__inbox_close(&hub->inbox);
    do {
        gruvi__hub_run_callbacks(hub);
        uv_walk(&hub->loop, close_left, NULL);
        uv_run(&hub->loop, UV_RUN_DEFAULT);
        gruvi__local_end(&hub->fiber);
    } while (hub->callbacks != NULL || uv_loop_alive(&hub->loop));
    set_closed(hub);
    uv_loop_close(&hub->loop);
}

/* In the root fiber, when the hub's fiber has been left for good. */
static void
free_stacks(gruvi_hub_t *hub)
{
    gruvi__tools_destroy(&hub->fiber.tools);
    gruvi__stack_release(hub->arena, hub->stack);
    hub->blocks = gruvi__arena_given_out(hub->arena);
    if (hub->blocks == 0)
        gruvi__arena_free(hub->arena);
    else
        gruvi_hub_ref(hub); /* until the last handle of a fiber is let go */
    gruvi__overflow_thread_leave();
}

GRUVI_SWITCHPOINT int
gruvi_hub_close(gruvi_hub_t *hub)
{
    struct gruvi__list *link, *next;
    gruvi_fiber_t *root;

    if (hub == NULL)
        return UV_EINVAL;
    if (gruvi__switchpoint(__func__) < 0)
        return UV_EPERM;
    if (!gruvi__is_own(hub) || gruvi__self.current != hub->root)
        return UV_EPERM;
    if (hub->closed)
        return 0;
    root = hub->root;
    hub->closing = true;
    set_room(hub);
    gruvi__call_hub(hub);
    for (link = gruvi__fibers_next(hub, &hub->fibers); link != &hub->fibers;
         link = next) {
        next = gruvi__fibers_next(hub, link);
        gruvi_fiber_cancel(gruvi__list_entry(link, gruvi_fiber_t, all_link),
                           "the hub closes");
    }
    gruvi__deadline_disarm(hub, &hub->trim);
    while (!hub->closed) {
        root->waiting_for = "close";
        gruvi__park(root);
    }
    gruvi__local_end(root);
    gruvi__local_forget(hub);
    free_stacks(hub);
    return 0;
}

void
gruvi__hub_abandon(gruvi_hub_t *hub)
{
    hub->closing = true;
    set_room(hub);
    gruvi__call_hub(hub);
    run_ends(hub);
    gruvi__inbox_close(&hub->inbox);
    do
        gruvi__hub_run_callbacks(hub);
    while (hub->callbacks != NULL);
    gruvi__sigint_unlisten(hub);
    gruvi__signals_close(&hub->signals);
    set_closed(hub);
    gruvi_hub_ref(hub); /* for ever: the fibers still refer to it */
}
