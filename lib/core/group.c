/* SPDX-License-Identifier: MIT */
/*
 * Groups: a tree whose leaves are fibers.
 *
 *   group ---> children (groups), members (fibers)
 *
 * size counts the members of the whole subtree, so that joining looks at one
 * number; a fiber that enters or leaves walks up the tree.
 */
#include <string.h>

#include <gruvi/error.h>
#include <gruvi/fiber.h>
#include <gruvi/group.h>
#include <gruvi/hub.h>

#include "base/list.h"
#include "core/error.h"
#include "core/fiber.h"
#include "core/group.h"
#include "core/hub.h"
#include "core/switchpoint.h"
#include "core/thread.h"
#include "core/wait.h"
#include "core/waitlist.h"

struct gruvi__group {
    gruvi_hub_t *hub;
    struct gruvi__group *parent;
    struct gruvi__list sibling_link; /* on parent->children, or on none */
    struct gruvi__list children, members, joiners;
    size_t size;
    bool cancelled;
    char name[GRUVI__NAME_SIZE];
};

_Static_assert(sizeof(struct gruvi__group) <= sizeof(gruvi_group_t),
               "a group outgrew its public size");

static inline struct gruvi__group *
real(const gruvi_group_t *group)
{
    return (struct gruvi__group *)group;
}

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
    struct gruvi__group *group = real(public);
    gruvi_hub_t *hub = gruvi_get_hub();
    size_t n = name == NULL ? 0 : strnlen(name, GRUVI__NAME_SIZE - 1);

    memset(public, 0, sizeof *public);
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
    if (n > 0)
        memcpy(group->name, name, n);
    if (group->parent != NULL)
        gruvi__list_add(&group->parent->children, &group->sibling_link);
    return 0;
}

void
gruvi_group_destroy(gruvi_group_t *public)
{
    struct gruvi__group *group = real(public), *child;
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
    group->hub = NULL;
}

int
gruvi__group_enter(gruvi_fiber_t *fiber, struct gruvi__group *group)
{
    if (group == NULL)
        return 0;
    if (is_cancelled(group))
        return UV_ECANCELED;
    fiber->group = group;
    gruvi__list_add(&group->members, &fiber->group_link);
    for (; group != NULL; group = group->parent)
        group->size++;
    return 0;
}

void
gruvi__group_leave(gruvi_fiber_t *fiber)
{
    struct gruvi__group *group = fiber->group;

    if (group == NULL)
        return;
    fiber->group = NULL;
    gruvi__list_remove(&fiber->group_link);
    for (; group != NULL; group = group->parent)
        if (--group->size == 0)
            gruvi__wake_joiners(&group->joiners);
}

gruvi_fiber_t *
gruvi_group_spawn(gruvi_group_t *public, gruvi_fiber_fn target, void *arg)
{
    struct gruvi__group *group = real(public);
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

/* The fiber stays on the list of its own group: fiber->group only says where
 * the fibers that it spawns belong meanwhile. */
gruvi__in_group_t *
gruvi__in_group_enter(gruvi__in_group_t *block, gruvi_group_t *group)
{
    *block = (gruvi__in_group_t){.fiber = gruvi_current_fiber()};
    if (block->fiber != NULL) {
        block->outer = (gruvi_group_t *)block->fiber->group;
        block->fiber->group = real(group);
    }
    return block;
}

void
gruvi__in_group_exit(gruvi__in_group_t *block)
{
    if (block->fiber != NULL)
        block->fiber->group = real(block->outer);
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

int
gruvi_group_cancel(gruvi_group_t *public, const char *message)
{
    struct gruvi__group *group = real(public), *top;

    if (group->hub == NULL)
        return UV_EINVAL;
    if (!gruvi__is_own(group->hub))
        return UV_EPERM;
    for (top = group; group != NULL; group = next_in_tree(top, group))
        cancel_members(group, message);
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi_group_join(gruvi_group_t *public, double timeout)
{
    struct gruvi__group *group = real(public);
    struct gruvi__joiner joiner = {.granted = 0};
    int err = gruvi__enter(__func__, &joiner.fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (group->hub == NULL)
        return UV_EINVAL;
    if (!gruvi__is_own(group->hub))
        return UV_EPERM;
    if (is_within(joiner.fiber->group, group))
        return UV_EINVAL;
    if (group->size == 0)
        return 0;
    gruvi__list_add(&group->joiners, &joiner.link);
    err = gruvi__wait(joiner.fiber, &joiner.granted, "join", timeout);
    gruvi__list_remove(&joiner.link);
    return err;
}

size_t
gruvi_group_size(const gruvi_group_t *group)
{
    return real(group)->size;
}

const char *
gruvi_group_name(const gruvi_group_t *group)
{
    return real(group)->name;
}

gruvi_group_t *
gruvi_fiber_group(const gruvi_fiber_t *fiber)
{
    return (gruvi_group_t *)fiber->group;
}

gruvi_group_t *
gruvi_group_parent(const gruvi_group_t *group)
{
    return (gruvi_group_t *)real(group)->parent;
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
