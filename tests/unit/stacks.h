/* SPDX-License-Identifier: MIT */
/* What the tests of stacks share: an arena a test, and children that fault. */
#ifndef TESTS_UNIT_STACKS_H
#define TESTS_UNIT_STACKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/stack.h"

#include "support/valgrind.h"

/* Made and freed by the fixture. */
extern struct gruvi__arena *arena;
void stacks_setup(void);
void stacks_teardown(void);

/* A stack of size bytes, or the test fails. */
struct gruvi__stack *get(size_t size);

/* Whether a child that writes there dies of SIGSEGV. */
bool faults(char *addr);

/* What run returns in a child, from 0 to 255. */
int in_child(int (*run)(void));

/* Whether the kernel leaves the memory at an address out of dumps. */
bool is_left_out(const void *at);

#endif
