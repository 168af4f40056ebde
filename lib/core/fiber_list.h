/* SPDX-License-Identifier: MIT */
/* The fibers of a hub, and a visit to them that takes several turns: see
 * fiber_list.c. */
#ifndef GRUVI_CORE_FIBER_LIST_H
#define GRUVI_CORE_FIBER_LIST_H

#include <stdbool.h>

#include <gruvi/base.h>

#include "base/list.h"

/* Two links on hub->fibers that belong to no fiber. */
struct gruvi__visit {
    struct gruvi__list at;  /* the fiber behind it comes next */
    struct gruvi__list end; /* fibers behind it began later */
    bool running;           /* at and end are on the list */
    bool begun;             /* root fiber and hub's fiber were visited */
};

/* What is behind a link, or behind the list's head: the next fiber's link, or
 * the list. */
struct gruvi__list *gruvi__fibers_next(gruvi_hub_t *hub,
                                       const struct gruvi__list *link);

#endif
