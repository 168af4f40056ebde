/* SPDX-License-Identifier: MIT */
/*
 * Groups: a tree whose leaves are fibers.
 *
 *   group ---> children (groups), members (fibers)
 *
 * size counts the members of the whole subtree, so that joining looks at one
 * number; a fiber that enters or leaves walks up the tree.
 */
#include <stdio.h>
#include <string.h>

#include <gruvi/error.h>
#include <gruvi/fiber.h>
#include <gruvi/group.h>
#include <gruvi/hub.h>

#include "base/list.h"
#include "base/threads.h"
#include "core/error.h"
#include "core/fiber.h"
#include "core/group.h"
#include "core/group_counts.h"
#include "core/hub.h"
#include "core/switchpoint.h"
#include "core/thread.h"
#include "core/wait.h"
#include "core/waitlist.h"

_Static_assert(sizeof(struct gruvi__group) <= sizeof(gruvi_group_t),
               "a group outgrew its public size");

static bool
is_cancelled(const struct gruvi__group *group)
{
    for (; group != NULL; group = group->parent)
        if (group->cancelled)
            return true;
    return false;
}

static bool
is_within(const struct gruvi__group *inner, const struct gruvi__group *outer)
{
    while (inner != NULL && inner != outer)
        inner = inner->parent;
    return inner != NULL;
}

int
gruvi_group_init(gruvi_group_t *public, const char *name)
{
    struct gruvi__group *group = gruvi__group_real(public);
    gruvi_hub_t *hub = gruvi_get_hub();
    size_t n = name == NULL ? 0 : strnlen(name, GRUVI__NAME_SIZE - 1);

    /* What is behind the names' first bytes does not count. */
    memset(public, 0, offsetof(struct gruvi__group, name));
    group->name[0] = group->failed_name[0] = '\0';
    if (hub == NULL)
        return gruvi_last_error();
    if (hub->closed)
        return UV_ESHUTDOWN;
    group->hub = hub;
    group->parent = gruvi__self.current->group;
    gruvi__list_init(&group->sibling_link);
    gruvi__list_init(&group->children);
    gruvi__list_init(&group->members);
    gruvi__list_init(&group->joiners);
    if (n > 0) {
        memcpy(group->name, name, n);
        group->name[n] = '\0';
    }
    if (group->parent != NULL) {
        group->keeper = group->parent->keeper;
        gruvi__list_add(&group->parent->children, &group->sibling_link);
    }
    return 0;
}

void
gruvi_group_destroy(gruvi_group_t *public)
{
    struct gruvi__group *group = gruvi__group_real(public), *child;
    struct gruvi__list *link;

    if (group->hub == NULL)
        return;
    if (group->size > 0) {
        gruvi__assert_failed("gruvi_group_destroy(): group %s has %zu members "
                             "left; cancel and join it first",
                             group->name, group->size);
        return;
    }
    /* Empty groups inside it now belong to its parent. */
    while ((link = gruvi__list_pop(&group->children)) != NULL) {
        child = gruvi__list_entry(link, struct gruvi__group, sibling_link);
        child->parent = group->parent;
        if (child->parent != NULL)
            gruvi__list_add(&child->parent->children, &child->sibling_link);
    }
    gruvi__list_remove(&group->sibling_link);
    if (group->owner != NULL)
        group->owner->group = group->parent;
    group->hub = NULL;
}

/* 0, or why the group takes no members. */
static int
may_enter(const struct gruvi__group *group)
{
    for (; group != NULL; group = group->parent) {
        if (group->cancelled)
            return UV_ECANCELED;
        if (group->counts != NULL && gruvi__counts_refuse(group->counts))
            return UV_EAGAIN;
    }
    return 0;
}

int
gruvi__group_enter(gruvi_fiber_t *fiber, struct gruvi__group *group)
{
    int err = may_enter(group);

    if (err < 0 || group == NULL)
        return err;
    fiber->group = group;
    gruvi__list_add(&group->members, &fiber->group_link);
    for (; group != NULL; group = group->parent) {
        group->size++;
        if (group->counts != NULL)
            gruvi__counts_enter(group->counts, fiber);
    }
    return 0;
}

void
gruvi__group_measure(const gruvi_fiber_t *fiber)
{
    const struct gruvi__group *group = fiber->group;

    for (; group != NULL; group = group->parent)
        if (group->counts != NULL)
            gruvi__counts_measure(group->counts, fiber);
}

/* The next group of the tree below top, in the order of a walk. */
static struct gruvi__group *
next_in_tree(const struct gruvi__group *top, struct gruvi__group *group)
{
    struct gruvi__list *next = group->children.next;

    if (next != &group->children)
        return gruvi__list_entry(next, struct gruvi__group, sibling_link);
    for (; group != top; group = group->parent) {
        next = group->sibling_link.next;
        if (next != &group->parent->children)
            return gruvi__list_entry(next, struct gruvi__group, sibling_link);
    }
    return NULL;
}

static void
cancel_members(struct gruvi__group *group, const char *message)
{
    struct gruvi__list *link;

    group->cancelled = true;
    for (link = group->members.next; link != &group->members; link = link->next)
        gruvi_fiber_cancel(gruvi__list_entry(link, gruvi_fiber_t, group_link),
                           message);
}

static void
cancel_tree(struct gruvi__group *top, const char *message)
{
    struct gruvi__group *group = top;

    for (; group != NULL; group = next_in_tree(top, group))
        cancel_members(group, message);
}

/* A member has failed: this fails the innermost group around it that fails as
 * one.  What goes wrong after the first failure comes of that. */
static void
fail(struct gruvi__group *group, const gruvi_fiber_t *fiber)
{
    char message[GRUVI__MESSAGE_SIZE];

    while (group != NULL && !group->fail_fast)
        group = group->parent;
    if (group == NULL || group->error < 0)
        return;
    group->error = fiber->status;
    snprintf(group->failed_name, sizeof group->failed_name, "%s",
             gruvi_fiber_name(fiber));
    snprintf(message, sizeof message, "fiber %s has failed",
             group->failed_name);
    cancel_tree(group, message);
}

void
gruvi__group_leave(gruvi_fiber_t *fiber)
{
    struct gruvi__group *group = fiber->group;

    if (group == NULL)
        return;
    fiber->group = NULL;
    gruvi__list_remove(&fiber->group_link);
    if (fiber->status < 0 && fiber->status != UV_ECANCELED)
        fail(group, fiber);
    for (; group != NULL; group = group->parent) {
        if (group->counts != NULL)
            gruvi__counts_leave(group->counts, fiber);
        if (--group->size == 0)
            gruvi__wake_joiners(&group->joiners,
                                group->error < 0 ? group->error : 1);
    }
}

gruvi_fiber_t *
gruvi_group_spawn(gruvi_group_t *public, gruvi_fiber_fn target, void *arg)
{
    struct gruvi__group *group = gruvi__group_real(public);
    gruvi_fiber_t *fiber;
    int err;

    if (group->hub == NULL)
        return gruvi__fail(UV_EINVAL);
    if (!gruvi__is_own(group->hub))
        return gruvi__fail(UV_EPERM);
    if (is_cancelled(group))
        return gruvi__fail(UV_ECANCELED);
    fiber = gruvi_fiber_new(target, arg, NULL);
    if (fiber == NULL)
        return NULL;
    err = gruvi__fiber_start_in(fiber, group);
    if (err < 0) {
        gruvi_fiber_unref(fiber);
        return gruvi__fail(err);
    }
    return fiber;
}

int
gruvi_group_cancel(gruvi_group_t *public, const char *message)
{
    struct gruvi__group *group = gruvi__group_real(public);

    if (group->hub == NULL)
        return UV_EINVAL;
    if (!gruvi__is_own(group->hub))
        return UV_EPERM;
    cancel_tree(group, message);
    return 0;
}

int
gruvi_group_set_fail_fast(gruvi_group_t *public, bool on)
{
    struct gruvi__group *group = gruvi__group_real(public);

    if (group->hub == NULL)
        return UV_EINVAL;
    if (!gruvi__is_own(group->hub))
        return UV_EPERM;
    group->fail_fast = on;
    return 0;
}

const char *
gruvi_group_error(const gruvi_group_t *group)
{
    return gruvi__group_real(group)->failed_name;
}

/* The group that the fiber is a member of, whatever blocks it is in. */
static struct gruvi__group *
own_group(const gruvi_fiber_t *fiber)
{
    struct gruvi__group *group = fiber->group;

    while (group != NULL && group->owner == fiber)
        group = group->parent;
    return group;
}

GRUVI_SWITCHPOINT int
gruvi_group_join(gruvi_group_t *public, double timeout)
{
    struct gruvi__group *group = gruvi__group_real(public);
    struct gruvi__joiner joiner = {.granted = 0};
    int err = gruvi__enter(__func__, &joiner.fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (group->hub == NULL)
        return UV_EINVAL;
    if (!gruvi__is_own(group->hub))
        return UV_EPERM;
    if (is_within(own_group(joiner.fiber), group))
        return UV_EINVAL;
    if (group->size == 0)
        return group->error;
    gruvi__list_add(&group->joiners, &joiner.link);
    err = gruvi__wait(joiner.fiber, &joiner.granted, "join", timeout);
    gruvi__list_remove(&joiner.link);
    /* The group may be gone: another joiner may have ended it. */
    return err == 0 && joiner.granted < 0 ? joiner.granted : err;
}

size_t
gruvi_group_size(const gruvi_group_t *group)
{
    return gruvi__group_real(group)->size;
}

const char *
gruvi_group_name(const gruvi_group_t *group)
{
    return gruvi__group_real(group)->name;
}

gruvi_group_t *
gruvi_fiber_group(const gruvi_fiber_t *fiber)
{
    return (gruvi_group_t *)fiber->group;
}

gruvi_group_t *
gruvi_group_parent(const gruvi_group_t *group)
{
    return (gruvi_group_t *)gruvi__group_real(group)->parent;
}

void
gruvi__group_set_keeper(gruvi_group_t *group, void *keeper)
{
    gruvi__group_real(group)->keeper = keeper;
}

void
gruvi__group_set_counts(gruvi_group_t *group, gruvi__group_counts_t *counts)
{
    gruvi__group_real(group)->counts = counts;
}

/* A signal may come while the fiber enters or leaves a group.  Each of both is
 * one store of a pointer, and the group is there before and after it. */
void *
gruvi__fiber_keeper(const gruvi_fiber_t *fiber)
{
    const struct gruvi__group *group =
        gruvi__atomic_load(&fiber->group, __ATOMIC_RELAXED);

    return group == NULL ? NULL : group->keeper;
}

const char *
gruvi__group_outermost(const gruvi_fiber_t *fiber)
{
    const struct gruvi__group *group = fiber->group;
    const char *name = "";

    for (; group != NULL; group = group->parent)
        if (group->name[0] != '\0')
            name = group->name;
    return name;
}
