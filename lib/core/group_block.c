/* SPDX-License-Identifier: MIT */
/*
 * Blocks and calls that have a group.
 *
 *   GRUVI_IN_GROUP      the fiber makes things in another group than its own
 *   GRUVI_WITH_GROUP    a block with a group, which ends with the block
 *   gruvi_group_call()  a function with a group, which ends after the function
 *
 * The fiber stays on the list of its own group: fiber->group only says where
 * the fibers that it spawns belong meanwhile.
 *
 * gruvi_group_call() ends the group when the function's frame is dead, and the
 * members may still use that frame: it has a buffer that a member fills, or the
 * struct that all of them share.  So the dead frames have to stay as they are
 * until the members have ended:
 *
 *   frame of gruvi_group_call()
 *   frame of the function          dead, used by members
 *   frames below                   dead
 *   --- the stack pointer at the fiber's last switch
 *   frames that end the group
 *
 * A member runs only while this fiber is switched away, which happened below
 * all frames that were alive.  So what a member has seen of this stack lies
 * above the last switch, and to begin below that is enough.  If the function
 * has not switched no member has run, and none will: a fiber that is cancelled
 * before it runs never runs.  Nothing is noted when a fiber is spawned.
 *
 * What remains: a signal in the few instructions between the return and the
 * move of the stack pointer, whose handler has no stack of its own, writes into
 * the frame.  GRUVI_WITH_GROUP() has no such gap.
 */
#include <alloca.h>
#include <stdint.h>

#include <gruvi/exception.h>
#include <gruvi/fiber.h>
#include <gruvi/group.h>
#include <gruvi/switch_back.h>

#ifdef HAVE_VALGRIND
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_DEFINED(at, size) ((void)0)
#endif

#include "base/context.h"
#include "base/context_tools.h"
#include "core/fiber.h"
#include "core/group.h"
#include "core/wait.h"

/* What it takes to end a group, with a message to the log; in bytes of stack.
 */
#define ROOM 6144

gruvi__in_group_t *
gruvi__in_group_enter(gruvi__in_group_t *block, gruvi_group_t *group)
{
    *block = (gruvi__in_group_t){.fiber = gruvi_current_fiber()};
    if (block->fiber != NULL) {
        block->outer = (gruvi_group_t *)block->fiber->group;
        block->fiber->group = gruvi__group_real(group);
    }
    return block;
}

void
gruvi__in_group_exit(gruvi__in_group_t *block)
{
    if (block->fiber != NULL)
        block->fiber->group = gruvi__group_real(block->outer);
}

/* If there is no hub for the group no fiber can be spawned, either. */
static int
begin(gruvi_group_t *public, const char *name)
{
    struct gruvi__group *group = gruvi__group_real(public);
    int err = gruvi_group_init(public, name);

    if (err == 0) {
        group->owner = gruvi_current_fiber();
        group->owner->group = group;
    }
    return err;
}

static void
leave(struct gruvi__group *group)
{
    group->owner->group = group->parent;
    group->owner = NULL;
}

static GRUVI_SWITCHPOINT void
end(gruvi_group_t *group, const char *message)
{
    if (gruvi_group_size(group) > 0) {
        gruvi_group_cancel(group, message);
        GRUVI_SHIELD {
            (void)gruvi_group_join(group, GRUVI_FOREVER);
        }
    }
    gruvi_group_destroy(group);
}

gruvi_group_t *
gruvi__with_group_enter(gruvi_group_t *group)
{
    begin(group, NULL);
    return group;
}

GRUVI_SWITCHPOINT void
gruvi__with_group_exit(gruvi_group_t *group)
{
    if (gruvi__group_real(group)->hub == NULL)
        return;
    leave(gruvi__group_real(group));
    end(group, "the block of the group has ended");
}

/* kept is an argument so that the memory is taken before.  The compiler leaves
 * out what it does not see used, so this looks like a use. */
static GRUVI_SWITCHPOINT __attribute__((noinline)) void
end_below(gruvi_group_t *group, gruvi_group_fn ending, void *arg,
          const volatile char *kept)
{
    __asm__ volatile("" : : "r"(kept) : "memory");
    if (gruvi__group_real(group)->hub == NULL)
        return;
    leave(gruvi__group_real(group));
    if (ending != NULL && gruvi_group_size(group) > 0)
        ending(group, arg);
    end(group, "the function of the group has returned");
}

/* The lowest address at which the group may be ended. */
static const char *
lowest(const gruvi_fiber_t *fiber)
{
    return fiber->kind == GRUVI__FIBER ? fiber->stack.low + ROOM : NULL;
}

/*
 * From the return of target until the stack pointer has moved there is no call:
 * it would write where the frame of target was.  So all that is needed is at
 * hand before, and no sanitizer may add a call to an access to memory.  Nor may
 * gcc probe the stack on the way: the memory was in use before, and a thread of
 * a pool may be writing there.  An exception ends at gruvi__guard(), which
 * calls nothing after target.
 */
#if defined(__GNUC__) && !defined(__clang__)
__attribute__((optimize("no-stack-clash-protection")))
#endif
__attribute__((noinline, no_sanitize("address"), no_sanitize("thread")))
GRUVI_SWITCHPOINT int
gruvi_group_call(const char *name, gruvi_fiber_fn target, void *arg,
                 gruvi_group_fn ending)
{
    gruvi_fiber_t *self;
    const void *const *switched_at;
    const char *here = __builtin_frame_address(0), *low, *kept_from;
    volatile char *kept = NULL;
    gruvi_group_t group;
    int status;

    if ((status = gruvi__enter_through(__func__, &self)) < 0)
        return status;
    if (target == NULL)
        return UV_EINVAL;
    if ((status = begin(&group, name)) < 0)
        return status;
    switched_at = gruvi__context_sp_at(&self->context);
    low = lowest(self);
    status = gruvi__guard(target, arg);
    kept_from = *switched_at;
    if (kept_from < low)
        kept_from = low;
    if (kept_from != NULL && kept_from < here) {
        // cppcheck-suppress allocaCalled // that it moves the stack is its use
        kept = alloca((size_t)(here - kept_from));
        VALGRIND_MAKE_MEM_DEFINED(kept, here - kept_from);
    }
    end_below(&group, ending, arg, kept);
    return status;
}
