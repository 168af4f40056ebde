/* SPDX-License-Identifier: MIT */
/*
 * Memory for nghttp2: blocks of a few sizes; a hub keeps those that
 * are free.  Each stream takes five or six, and gives them back soon.
 */
#ifndef HTTP_H2_MEMORY_H
#define HTTP_H2_MEMORY_H

#include <nghttp2/nghttp2.h>

/* Multiples of H2_BLOCK bytes; what is larger is not kept. */
#define H2_BLOCK  32
#define H2_BLOCKS 16

struct h2_block;

/* Zeros at first. */
struct h2_memory {
    struct h2_block *spare[H2_BLOCKS + 1]; /* by size, linked by next */
    size_t kept;                           /* bytes */
};

/* How nghttp2 takes and gives it.  The memory is borrowed. */
nghttp2_mem h2_memory_calls(struct h2_memory *memory);

/* Free what is kept. */
void h2_memory_forget(struct h2_memory *memory);

#endif
