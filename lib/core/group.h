/* SPDX-License-Identifier: MIT */
/* Groups: see group.c, and group_block.c for the blocks. */
#ifndef GRUVI_CORE_GROUP_H
#define GRUVI_CORE_GROUP_H

#include <stdbool.h>
#include <stddef.h>

#include <gruvi/group.h>

#include "base/list.h"
#include "core/fiber.h"

struct gruvi__group {
    gruvi_hub_t *hub;
    struct gruvi__group *parent;
    struct gruvi__list sibling_link; /* on parent->children, or on none */
    struct gruvi__list children, members, joiners;
    size_t size;
    gruvi_fiber_t *owner; /* the fiber that is in the group's block, or NULL */
    int error;            /* of the member that failed first; 0: none */
    bool cancelled, fail_fast;
    void *keeper;                  /* see gruvi__group_set_keeper() */
    gruvi__group_counts_t *counts; /* NULL: nobody asks */
    char name[GRUVI__NAME_SIZE];
    char failed_name[GRUVI__NAME_SIZE]; /* of that member */
};

static inline struct gruvi__group *
gruvi__group_real(const gruvi_group_t *group)
{
    return (struct gruvi__group *)group;
}

/* A fiber that has not run becomes a member.  0, UV_ECANCELED, or UV_EAGAIN: a
 * limit keeps it out. */
int gruvi__group_enter(gruvi_fiber_t *fiber, struct gruvi__group *group);

/* Look at the stack of a fiber that is measured, for its groups. */
void gruvi__group_measure(const gruvi_fiber_t *fiber);

/* After the fiber's status was set. */
void gruvi__group_leave(gruvi_fiber_t *fiber);
const char *gruvi__group_outermost(const gruvi_fiber_t *fiber);

#endif
