/* SPDX-License-Identifier: MIT */
/*
 * The guards below stacks, of the whole process: see stack_guard.c.
 */
#ifndef GRUVI_BASE_STACK_GUARD_H
#define GRUVI_BASE_STACK_GUARD_H

#include <stddef.h>

/* How a guard was made. */
enum gruvi__guard {
    GRUVI__GUARD_MARKED = 0,   /* in the page table; costs nothing */
    GRUVI__GUARD_PROTECTED = 1 /* a mapping of its own */
};

size_t gruvi__page_size(void);

/* The usual size of the guard of a slot. */
size_t gruvi__guard_size(size_t slot_size);

/*
 * Make size bytes at low fault.  Both are multiples of the page size.
 *
 * Returns one of enum gruvi__guard or a negative UV_E*: UV_EMFILE at the
 * ceiling of gruvi__stack_ceiling(), UV_ENOMEM.
 */
int gruvi__guard_install(void *low, size_t size);

/* n protected guards have been unmapped. */
void gruvi__guard_forget(size_t n);

#endif
