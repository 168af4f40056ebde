/* SPDX-License-Identifier: MIT */
#include "h2_memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that a hub keeps: what 500 streams use. */
#define KEPT (1 << 19)

/* In front of what nghttp2 has. */
struct h2_block {
    struct h2_block *next;
    size_t size; /* in blocks; 0: it is not kept */
};

_Static_assert(sizeof(struct h2_block) % _Alignof(max_align_t) == 0,
               "what follows is aligned");

static size_t
bytes(const struct h2_block *block)
{
    return block->size * H2_BLOCK;
}

/* AddressSanitizer sees what is used after it was given back only where nothing
 * is kept. */
#ifdef __SANITIZE_ADDRESS__
#define KEEPS false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS false
#endif
#endif
#ifndef KEEPS
#define KEEPS true
#endif

static size_t
size_of(size_t size)
{
    return KEEPS && size <= (size_t)H2_BLOCK * H2_BLOCKS
               ? (size + H2_BLOCK - 1) / H2_BLOCK
               : 0;
}

static void *
take(size_t size, void *arg)
{
    struct h2_memory *memory = arg;
    size_t n = size_of(size);
    struct h2_block *block = memory->spare[n];

    if (block != NULL) {
        memory->spare[n] = block->next;
        memory->kept -= bytes(block);
        return block + 1;
    }
    if (size > SIZE_MAX / 2)
        return NULL;
    block = malloc(sizeof *block + (n > 0 ? n * H2_BLOCK : size));
    if (block == NULL)
        return NULL;
    block->size = n;
    return block + 1;
}

static void
give(void *data, void *arg)
{
    struct h2_memory *memory = arg;
    struct h2_block *block;

    if (data == NULL)
        return;
    block = (struct h2_block *)data - 1;
    if (block->size == 0 || memory->kept + bytes(block) > KEPT) {
        free(block);
        return;
    }
    memory->kept += bytes(block);
    block->next = memory->spare[block->size];
    memory->spare[block->size] = block;
}

static void *
take_zeros(size_t n, size_t size, void *arg)
{
    void *data = size > 0 && n > SIZE_MAX / size ? NULL : take(n * size, arg);

    return data == NULL ? NULL : memset(data, 0, n * size);
}

static void *
grow_large(struct h2_block *block, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    block = realloc(block, sizeof *block + size);
    return block == NULL ? NULL : block + 1;
}

static void *
take_again(void *data, size_t size, void *arg)
{
    struct h2_block *block;
    void *other;

    if (data == NULL)
        return take(size, arg);
    block = (struct h2_block *)data - 1;
    if (block->size == 0)
        return grow_large(block, size);
    if (size <= bytes(block))
        return data;
    other = take(size, arg);
    if (other != NULL) {
        memcpy(other, data, bytes(block));
        give(data, arg);
    }
    return other;
}

nghttp2_mem
h2_memory_calls(struct h2_memory *memory)
{
    return (nghttp2_mem){
        .mem_user_data = memory,
        .malloc = take,
        .free = give,
        .calloc = take_zeros,
        .realloc = take_again,
    };
}

void
h2_memory_forget(struct h2_memory *memory)
{
    for (size_t n = 1; n <= H2_BLOCKS; n++)
        while (memory->spare[n] != NULL) {
            struct h2_block *block = memory->spare[n];
            memory->spare[n] = block->next;
            free(block);
        }
    memory->kept = 0;
}
