/* SPDX-License-Identifier: MIT */
/* The members of a group: see group.c. */
#ifndef GRUVI_CORE_GROUP_H
#define GRUVI_CORE_GROUP_H

#include <gruvi/base.h>

struct gruvi__group;

int gruvi__group_enter(gruvi_fiber_t *fiber, struct gruvi__group *group);
void gruvi__group_leave(gruvi_fiber_t *fiber);
const char *gruvi__group_outermost(const gruvi_fiber_t *fiber);

#endif
