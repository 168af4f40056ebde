/* SPDX-License-Identifier: MIT */
/*
 * Leaves out of a core what no stack has ever used, right before a process
 * dies.
 *
 *   | guard, never used        | used || guard, never used     | used |
 *     left out                   dumped  left out               dumped
 *
 * It costs a mapping for each piece, which is why it is not so all the time:
 * see stack_dump.h.  The process that dies has its memory in any state.  So
 * extents are known in a table that is no heap, and only pages are left out
 * that the kernel has never given memory to: a core lacks nothing, even if the
 * table were wrong.
 */
#ifndef GRUVI_BASE_STACK_THIN_H
#define GRUVI_BASE_STACK_THIN_H

#include <stddef.h>

/* Declares gruvi__stacks_thin(). */
#include <gruvi/fiber.h>

/* More extents than these are dumped as they are. */
#define GRUVI__THIN_EXTENTS 512

/* An extent is mapped from now on, or will not be. */
void gruvi__stack_thin_add(char *base, size_t size);
void gruvi__stack_thin_remove(const char *base);

/* A slot is used from now on: it is dumped, if the process dies already. */
void gruvi__stack_thin_keep(char *low, size_t size);

#endif
