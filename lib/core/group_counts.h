/* SPDX-License-Identifier: MIT */
/*
 * The fibers of a group, counted and limited, for gruvid.
 *
 * Of some fibers it is measured how much of their stack they use: of the first
 * ones, and of every 256th, so that the others pay nothing.
 */
#ifndef GRUVI_CORE_GROUP_COUNTS_H
#define GRUVI_CORE_GROUP_COUNTS_H

#include <stdbool.h>

#include <gruvi/group.h>

#include "core/fiber.h"

/* Whether a limit keeps a fiber out, which is counted and logged. */
bool gruvi__counts_refuse(gruvi__group_counts_t *counts);

/* A fiber that has not run yet is a member now, or will soon be none. */
void gruvi__counts_enter(gruvi__group_counts_t *counts, gruvi_fiber_t *fiber);
void gruvi__counts_leave(gruvi__group_counts_t *counts,
                         const gruvi_fiber_t *fiber);

/* Look at the stack of a fiber that is measured. */
void gruvi__counts_measure(gruvi__group_counts_t *counts,
                           const gruvi_fiber_t *fiber);

#endif
