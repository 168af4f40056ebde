/* SPDX-License-Identifier: MIT */
/* Memory that is freed all at once; the first piece comes from a store of
 * pieces that a hub keeps. */
#ifndef GRUVID_REQUEST_ARENA_H
#define GRUVID_REQUEST_ARENA_H

#include <stddef.h>

struct gruvid__shard;

struct gruvid__piece {
    struct gruvid__piece *next;
    size_t size, used; /* of bytes; bytes[0] is aligned for anything */
    char bytes[] __attribute__((aligned(16)));
};

struct gruvid__arena {
    struct gruvid__piece *first; /* memory is taken from it */
    struct gruvid__piece *last;  /* that came from the store */
    struct gruvid__shard *shard; /* that has the store; NULL: there is none */
};

/*
 * Make an arena, with room for something in it.
 *
 *   shard  of this hub
 *   size   of the something, which is zeroed: at most 2 KiB
 *
 * Returns the something; copy arena into it.  NULL without memory.
 */
void *gruvid__arena_begin(struct gruvid__arena *arena,
                          struct gruvid__shard *shard, size_t size);

/* Aligned for anything; NULL without memory. */
void *gruvid__arena_alloc(struct gruvid__arena *arena, size_t size);

/* Context: the hub that has made it. */
void gruvid__arena_end(struct gruvid__arena *arena);

/* Free the store of a shard, which nobody uses any more. */
void gruvid__arena_clear(struct gruvid__shard *shard);

#endif
