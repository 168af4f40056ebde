/* SPDX-License-Identifier: MIT */
/*
 * Stacks as they are sent: each different one once, its addresses by object and
 * place in the object's file.  Equal addresses, stacks and objects are told
 * apart by a number, from 0 in the order in which they came.
 *
 * Context of all: any thread, one at a time.
 */
#ifndef GRUVID_CONTROL_STACKS_H
#define GRUVID_CONTROL_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/out.h"
#include "control/set.h"
#include "control/survey.h"

struct gruvid__stack {
    const struct gruvid__seen *seen; /* the first fiber that had it */
    size_t number;
    struct gruvid__stack *next;
};

struct gruvid__stacks {
    struct gruvid__set set;
    struct gruvid__stack *first, **end;
    struct gruvid__set addresses; /* that were looked up */
    struct gruvid__address *looked_up;
    struct gruvid__listed *modules; /* the newest first */
};

void gruvid__stacks_init(struct gruvid__stacks *stacks);
void gruvid__stacks_free(struct gruvid__stacks *stacks);

/* The stack of a fiber, that was seen before or not; NULL: no memory.
 *
 *   seen  borrowed as long as stacks
 */
struct gruvid__stack *gruvid__stacks_add(struct gruvid__stacks *stacks,
                                         const struct gruvid__seen *seen);

/*
 * Add a stack as an object of JSON; its objects get their numbers.
 *
 *   {"stack":0,"frames":[{"module":0,"offset":4660,"function":"f","at":28}],
 *    "note":"..."}
 *
 * Returns false without memory.
 */
bool gruvid__stack_write(struct gruvid__stacks *stacks,
                         const struct gruvid__stack *stack,
                         struct gruvid__out *out);

/* Add the objects of all stacks that were written: elements of an array.
 *
 *   {"module":0,"name":"echo.so","path":"/...","build_id":"..."}
 */
void gruvid__stacks_modules(const struct gruvid__stacks *stacks,
                            struct gruvid__out *out);

#endif
