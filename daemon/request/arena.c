/* SPDX-License-Identifier: MIT */
/* Memory that is freed all at once: see arena.h. */
#include "request/arena.h"

#include <stdlib.h>
#include <string.h>

#include "instance/shard.h"

/* A piece holds a usual request.  So many are kept by a hub of a transport. */
#define PIECE 4096
#define KEPT  64

#define ROUND(n) (((n) + 15) & ~(size_t)15)

static struct gruvid__piece *
new_piece(size_t size)
{
    struct gruvid__piece *piece = malloc(sizeof *piece + size);

    if (piece != NULL)
        *piece = (struct gruvid__piece){.size = size};
    return piece;
}

static struct gruvid__piece *
take_piece(struct gruvid__shard *shard)
{
    struct gruvid__piece *piece = shard == NULL ? NULL : shard->spare;

    if (piece == NULL)
        return new_piece(PIECE - sizeof *piece);
    shard->spare = piece->next;
    shard->n_spare--;
    piece->next = NULL;
    piece->used = 0;
    return piece;
}

void *
gruvid__arena_begin(struct gruvid__arena *arena, struct gruvid__shard *shard,
                    size_t size)
{
    struct gruvid__piece *piece = take_piece(shard);

    *arena = (struct gruvid__arena){piece, piece, shard};
    if (piece == NULL)
        return NULL;
    return memset(gruvid__arena_alloc(arena, size), 0, size);
}

void *
gruvid__arena_alloc(struct gruvid__arena *arena, size_t size)
{
    struct gruvid__piece *piece = arena->first;
    size_t rounded = ROUND(size == 0 ? 1 : size);
    void *memory;

    if (rounded < size)
        return NULL;
    if (rounded > piece->size - piece->used) {
        piece = new_piece(rounded > PIECE / 4 ? rounded : PIECE);
        if (piece == NULL)
            return NULL;
        piece->next = arena->first;
        arena->first = piece;
    }
    memory = piece->bytes + piece->used;
    piece->used += rounded;
    return memory;
}

static void
give_piece(struct gruvid__shard *shard, struct gruvid__piece *piece)
{
    if (shard == NULL || shard->n_spare >= KEPT) {
        free(piece);
        return;
    }
    piece->next = shard->spare;
    shard->spare = piece;
    shard->n_spare++;
}

/* The arena is in the last piece, as a rule. */
void
gruvid__arena_end(struct gruvid__arena *arena)
{
    struct gruvid__shard *shard = arena->shard;
    struct gruvid__piece *last = arena->last, *piece = arena->first;

    while (piece != last) {
        struct gruvid__piece *next = piece->next;

        free(piece);
        piece = next;
    }
    give_piece(shard, last);
}

void
gruvid__arena_clear(struct gruvid__shard *shard)
{
    while (shard->spare != NULL) {
        struct gruvid__piece *piece = shard->spare;

        shard->spare = piece->next;
        free(piece);
    }
    shard->n_spare = 0;
}
