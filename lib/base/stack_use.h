/* SPDX-License-Identifier: MIT */
/*
 * How much of a stack a fiber has used: the pages that are in memory when it
 * ends.  A stack is used again and again, so its pages are given back before a
 * fiber that is measured begins.  Both cost a system call.
 */
#ifndef GRUVI_BASE_STACK_USE_H
#define GRUVI_BASE_STACK_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stack.h"

/* Bits of an entry of /proc/self/pagemap: in memory, or swapped out.  See
 * proc_pid_pagemap(5). */
#define GRUVI__PAGE_IN_USE (UINT64_C(3) << 62)

/* The entries of n pages, which begin at low.  False: they are not known.
 * Async-signal-safe. */
bool gruvi__pagemap_read(int pagemap, const char *low, size_t n,
                         uint64_t *entries);

/* Give the pages of a stack back that its fiber has not touched yet.
 *
 *   top  where its frames begin
 */
void gruvi__stack_forget(const struct gruvi__stack *stack, const void *top);

/* The bytes from the lowest page in memory to the end, in whole pages; 0: it is
 * not known. */
size_t gruvi__stack_touched(const struct gruvi__stack *stack);

#endif
