/* SPDX-License-Identifier: MIT */
/*
 * How much of a stack a fiber has used: the pages that are in memory when it
 * ends.  A stack is used again and again, so its pages are given back before a
 * fiber that is measured begins.  Both cost a system call.
 */
#ifndef GRUVI_BASE_STACK_USE_H
#define GRUVI_BASE_STACK_USE_H

#include <stddef.h>

#include "base/stack.h"

/* Give the pages of a stack back that its fiber has not touched yet.
 *
 *   top  where its frames begin
 */
void gruvi__stack_forget(const struct gruvi__stack *stack, const void *top);

/* The bytes from the lowest page in memory to the end, in whole pages; 0: it is
 * not known. */
size_t gruvi__stack_touched(const struct gruvi__stack *stack);

#endif
