/* SPDX-License-Identifier: MIT */
/*
 * Groups: the fibers that belong to one task.  They are cancelled and joined
 * together, so that no fiber outlives its task.
 *
 * A fiber that a member spawns joins the member's group when it starts.  A
 * group initialised in a fiber of group A is A's child: cancel, join and size
 * include children.  Fibers started by hub callbacks belong to no group.
 *
 * One hub: everything here is for its thread.
 */
#ifndef GRUVI_GROUP_H
#define GRUVI_GROUP_H

#include <gruvi/base.h>
#include <gruvi/fiber.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/* Placed by the caller; not copied, not moved. */
typedef union gruvi_group {
    unsigned char opaque[192];
    uint64_t align;
} gruvi_group_t;

/*
 * Make a group.
 *
 *   name  for diagnostics; copied, cut to 31 bytes; may be NULL
 *
 * Returns 0.
 * Errors:  whatever the hub cannot be made for; UV_ESHUTDOWN.
 * Context: hub thread.
 */
GRUVI_API int gruvi_group_init(gruvi_group_t *group, const char *name);

/*
 * End a group.  Members that are left are an assertion failure.
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_group_destroy(gruvi_group_t *group);

/*
 * Make a fiber and start it in the group.
 *
 * Returns a fiber that the caller owns, or NULL.
 * Errors:  UV_ECANCELED (the group, or a group around it, is cancelled); those
 *          of gruvi_fiber_new().
 * Context: hub thread.
 */
GRUVI_API GRUVI_OWNED gruvi_fiber_t *
gruvi_group_spawn(gruvi_group_t *group, gruvi_fiber_fn target, void *arg);

/*
 * A block in which the fibers that the calling fiber starts, and the groups
 * that it makes, belong to group in place of the fiber's own group.  The fiber
 * itself stays in its own group, so that it may join group afterwards:
 *
 *     gruvi_group_init(&group, NULL);
 *     GRUVI_IN_GROUP(&group) { err = handler(request); }
 *     gruvi_group_cancel(&group, "the request is done");
 *     gruvi_group_join(&group, GRUVI_FOREVER);
 *     gruvi_group_destroy(&group);
 *
 * Nests; ends on every way out of the block, also by return and goto.  It is a
 * loop that runs once: break and continue leave the block, not a loop around
 * it.  The group has to outlive the block.
 *
 * Context: hub thread.
 */
#define GRUVI_IN_GROUP(group) GRUVI__IN_GROUP(group, __COUNTER__)

/*
 * A block with a group of its own, declared under the name group.  The fibers
 * that the calling fiber starts in the block, and the groups that it makes,
 * belong to the group.  On every way out, also by return and goto and in C++ by
 * an exception, the members that are left are cancelled and joined, then the
 * group is destroyed.  So they may use the variables of the function:
 *
 *     struct chat chat = { stream, ... };
 *     GRUVI_WITH_GROUP(group) {
 *         err = gruvi_go(write_lines, &chat);
 *         if (err == 0)
 *             err = read_lines(&chat);
 *     }
 *
 * To wait for the members in place of cancelling them, join the group at the
 * end of the block.  The joining at the way out holds back cancels and
 * deadlines of the calling fiber, as GRUVI_SHIELD does.  The block is a loop
 * that runs once, as that of GRUVI_IN_GROUP().  Without a hub (gruvi_get_hub())
 * the block has no group, and no fiber can be spawned in it.
 *
 * Context: fiber, switchpoint.
 */
#define GRUVI_WITH_GROUP(group)                                                \
    for (gruvi_group_t group __attribute__((cleanup(gruvi__with_group_exit))), \
         *GRUVI__PASTE(gruvi__once_, group) = gruvi__with_group_enter(&group); \
         GRUVI__PASTE(gruvi__once_, group) != NULL;                            \
         GRUVI__PASTE(gruvi__once_, group) = NULL)

typedef GRUVI_SWITCHPOINT void (*gruvi_group_fn)(gruvi_group_t *group,
                                                 void *arg);

/*
 * Call a function as in a block of GRUVI_WITH_GROUP(): what is left of the
 * fibers that it spawned is cancelled and joined when it has returned.  Until
 * then the function's frame stays untouched, though it has returned: fibers to
 * which it has given addresses of its variables may use them to their end.
 * The frames of functions that it calls are kept only until these return.
 *
 *   name    of the group, as in gruvi_group_init()
 *   target  an exception that leaves it ends here, as UV_UNKNOWN
 *   arg     handed to target; borrowed
 *   ending  NULL, or called with the group and arg when target has returned and
 *           members are left, to end them in another way; it may switch.  What
 *           it leaves is cancelled and joined
 *
 * Returns what target returns.
 * Errors:  UV_EINVAL (no target); those of gruvi_group_init().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_group_call(const char *name,
                                                 gruvi_fiber_fn target,
                                                 void *arg,
                                                 gruvi_group_fn ending);

/*
 * Cancel all members, as gruvi_fiber_cancel() does, and refuse new ones from
 * now on.  The caller, if a member, is cancelled as well.
 *
 *   message  copied; may be NULL
 *
 * Returns 0.
 * Errors:  UV_EPERM in another thread.
 * Context: hub thread.
 */
GRUVI_API int gruvi_group_cancel(gruvi_group_t *group, const char *message);

/*
 * Wait until the group has no members.
 *
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0; after a failure in a group that fails as one the code of the
 *          member that failed first, by every join.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN; UV_EINVAL in a
 *          member of the group, and for NaN; UV_EPERM in another thread.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_group_join(gruvi_group_t *group,
                                                 double timeout);

/*
 * Make a group fail as one.  When a member ends with a negative code, but for
 * UV_ECANCELED, the group has failed: all other members are cancelled, new
 * members are refused, and gruvi_group_join() returns the code when the last
 * member has ended.  Only the first failure counts.  It is logged like that of
 * any fiber.
 *
 * A failure in a child of the group counts here, too, unless the child itself
 * fails as one.  A failed group stays so until it is destroyed.
 *
 *   on  whether it fails as one; for members that end from now on
 *
 * Returns 0.
 * Errors:  UV_EPERM in another thread, UV_EINVAL for a group that was not made.
 * Context: hub thread.
 */
GRUVI_API int gruvi_group_set_fail_fast(gruvi_group_t *group, bool on);

/*
 * The name of the fiber that failed first in a group that fails as one; "" if
 * none has.
 *
 * Returns text that lives as long as the group.
 * Context: hub thread.
 */
GRUVI_API const char *gruvi_group_error(const gruvi_group_t *group);

/* The number of live fibers, with its children's.  Context: hub thread. */
GRUVI_API size_t gruvi_group_size(const gruvi_group_t *group);

/*
 * The name of a group, "" if it has none.
 *
 * Returns text that lives as long as the group.
 * Context: hub thread.
 */
GRUVI_API const char *gruvi_group_name(const gruvi_group_t *group);

/*
 * The group that a fiber belongs to; inside GRUVI_IN_GROUP() the group of the
 * block.
 *
 * Returns a borrowed group, NULL if the fiber belongs to none.
 * Context: hub thread.
 */
GRUVI_API gruvi_group_t *gruvi_fiber_group(const gruvi_fiber_t *fiber);

/*
 * The group around a group.
 *
 * Returns a borrowed group, NULL if there is none.
 * Context: hub thread.
 */
GRUVI_API gruvi_group_t *gruvi_group_parent(const gruvi_group_t *group);

/*
 * Behind gruvid; do not use.  A group may have a keeper, which is what its
 * fibers work for.  Groups that are made in it from then on have it, too.
 * gruvi__fiber_keeper() returns the one of the fiber's group, NULL where there
 * is none; it is for the fiber's thread, and for a signal handler there.
 */
GRUVI_API void gruvi__group_set_keeper(gruvi_group_t *group, void *keeper);
GRUVI_API void *gruvi__fiber_keeper(const gruvi_fiber_t *fiber);

/* The fibers of a group and of the groups within it: atomic, written by the
 * hub's thread. */
typedef struct gruvi__group_counts {
    size_t now, most;
    uint64_t total;
    size_t most_stack; /* bytes that a fiber has used, of those that were
                          measured, in whole pages; 0: it is not known */
    size_t limit;      /* of now: a fiber more is UV_EAGAIN; 0: none; may be
                          written by any thread */
    uint64_t refused;  /* fibers, by the limit */

    /* For the hub's thread. */
    bool lifted;           /* the limit does not count just now */
    uint64_t next_refusal; /* when it may be logged again */
} gruvi__group_counts_t;

/*
 * Behind gruvid; do not use.  Have a group without fibers count them.
 *
 *   counts  borrowed until the group is destroyed; read from any thread
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi__group_set_counts(gruvi_group_t *group,
                                       gruvi__group_counts_t *counts);

/* Behind the macro above; do not use. */
#define GRUVI__IN_GROUP(group, n)                                              \
    for (gruvi__in_group_t GRUVI__PASTE(gruvi__in_group_, n)                   \
             __attribute__((cleanup(gruvi__in_group_exit))),                   \
         *GRUVI__PASTE(gruvi__once_, n) = gruvi__in_group_enter(               \
             &GRUVI__PASTE(gruvi__in_group_, n), (group));                     \
         GRUVI__PASTE(gruvi__once_, n); GRUVI__PASTE(gruvi__once_, n) = NULL)

typedef struct gruvi__in_group {
    gruvi_fiber_t *fiber;
    gruvi_group_t *outer;
} gruvi__in_group_t;

GRUVI_API gruvi_group_t *gruvi__with_group_enter(gruvi_group_t *group);
GRUVI_API GRUVI_SWITCHPOINT void gruvi__with_group_exit(gruvi_group_t *group);
GRUVI_API gruvi__in_group_t *gruvi__in_group_enter(gruvi__in_group_t *block,
                                                   gruvi_group_t *group);
GRUVI_API void gruvi__in_group_exit(gruvi__in_group_t *block);

GRUVI_END_DECLS

#endif
