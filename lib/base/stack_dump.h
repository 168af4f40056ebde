/* SPDX-License-Identifier: MIT */
/*
 * Which slots of an extent are in core dumps: those that hold something.  A
 * core that goes through a pipe has no holes, and would have zeros for all the
 * others.
 *
 *   | chunk       | chunk       | chunk       |
 *     slot slot     slot  -       -    -        slot: in use, or cached
 *     dumped        dumped        left out
 *
 * An extent is left out until it is used.  It goes by chunks, because what the
 * kernel keeps apart is a mapping of its own, of which a process cannot have
 * many, and because a system call for many slots costs next to nothing.
 */
#ifndef GRUVI_BASE_STACK_DUMP_H
#define GRUVI_BASE_STACK_DUMP_H

#include <stddef.h>
#include <stdint.h>

#define GRUVI__DUMP_CHUNKS 32

struct gruvi__stack_dump {
    char *base;
    size_t size;                       /* of the extent, in bytes */
    size_t slot;                       /* bytes */
    unsigned chunk_log;                /* slots of a chunk: a power of two */
    uint32_t used[GRUVI__DUMP_CHUNKS]; /* slots of each */
};

/* No slot is in use.  base is a mapping of slots of slot bytes. */
void gruvi__stack_dump_init(struct gruvi__stack_dump *dump, char *base,
                            size_t slot, size_t slots);

/* A slot is resident from now on, or is not. */
void gruvi__stack_dump_add(struct gruvi__stack_dump *dump, size_t i);
void gruvi__stack_dump_remove(struct gruvi__stack_dump *dump, size_t i);

#endif
