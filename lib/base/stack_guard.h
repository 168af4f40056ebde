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

/* At most that many at a time. */
#define GRUVI__GUARDS_AT_ONCE 64

/*
 * The same for n guards, apart bytes from each other, in one system call; and,
 * if that works, have the page in front of each end in memory, which is apart
 * bytes above its guard's beginning.  Linux 6.15, and only where guards are
 * marks.
 *
 * Returns how many there are, from the first on: often 0, and then
 * gruvi__guard_install() has to do it, and to say why if it cannot.
 */
size_t gruvi__guard_install_many(char *low, size_t size, size_t apart,
                                 size_t n);

/* n protected guards have been unmapped. */
void gruvi__guard_forget(size_t n);

#endif
