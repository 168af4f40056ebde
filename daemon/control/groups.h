/* SPDX-License-Identifier: MIT */
/* Fibers that are alike: of one generation of a plugin, waiting for the same,
 * with equal stacks where there are stacks. */
#ifndef GRUVID_CONTROL_GROUPS_H
#define GRUVID_CONTROL_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "control/set.h"
#include "control/stacks.h"
#include "control/survey.h"

struct gruvid__alike {
    const struct gruvid__seen *seen;   /* the first of them */
    const struct gruvid__stack *stack; /* or NULL */
    size_t n;
    float longest; /* wait, in seconds */
    uint32_t used; /* bytes of a stack, the most */
    struct gruvid__alike *next;
};

struct gruvid__groups {
    struct gruvid__set set;
    struct gruvid__alike *first;
};

void gruvid__groups_init(struct gruvid__groups *groups);
void gruvid__groups_free(struct gruvid__groups *groups);

/* Add a fiber; false: no memory.
 *
 *   seen, stack  borrowed as long as groups
 */
bool gruvid__groups_add(struct gruvid__groups *groups,
                        const struct gruvid__seen *seen,
                        const struct gruvid__stack *stack);

/* All groups, the largest first: an array that the caller frees, of
 * groups->set.n.  NULL: no memory, or no group. */
struct gruvid__alike **
gruvid__groups_sorted(const struct gruvid__groups *groups);

#endif
