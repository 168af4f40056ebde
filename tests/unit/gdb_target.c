/* SPDX-License-Identifier: MIT */
/*
 * A program to look into with gdb, by the script gdb: a fiber that runs in
 * innermost(), then one that is parked there while the root is in look().
 */
#include <stdlib.h>

#include "base/context.h"

#define STACK_SIZE ((size_t)256 << 10)
#define NOINLINE   __attribute__((noinline))

static struct gruvi__context root;
static struct gruvi__context parked;

static volatile int depth;

static NOINLINE void
innermost(void)
{
    depth++;
}

static NOINLINE int
park(int n)
{
    innermost();
    gruvi__context_switch(&parked, &root);
    return n + depth;
}

static NOINLINE int
middle(int n)
{
    return park(n + 1) + depth;
}

static void
entry(void)
{
    for (;;)
        depth += middle(0);
}

static NOINLINE void
look(void)
{
    depth--;
}

int
main(void)
{
    char *stack = malloc(STACK_SIZE);

    if (stack == NULL)
        return EXIT_FAILURE;
    gruvi__context_make(&parked, stack, stack + STACK_SIZE, entry);
    gruvi__context_switch(&root, &parked);
    look();
    gruvi__context_switch(&root, &parked);
    look();
    free(stack);
    return EXIT_SUCCESS;
}
