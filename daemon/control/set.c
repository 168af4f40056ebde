/* SPDX-License-Identifier: MIT */
/* See set.h. */
#include "control/set.h"

#include <stdlib.h>
#include <string.h>

static void **
find(const struct gruvid__set *set, const void *item)
{
    size_t i = set->hash(item) & (set->size - 1);

    while (set->slots[i] != NULL && !set->same(set->slots[i], item))
        i = (i + 1) & (set->size - 1);
    return &set->slots[i];
}

/* Less than half of it is in use. */
static bool
grow(struct gruvid__set *set)
{
    struct gruvid__set larger = *set;

    larger.size = set->size == 0 ? 256 : 2 * set->size;
    larger.slots = calloc(larger.size, sizeof *larger.slots);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < set->size; i++)
        if (set->slots[i] != NULL)
            *find(&larger, set->slots[i]) = set->slots[i];
    free(set->slots);
    *set = larger;
    return true;
}

void **
gruvid__set_slot(struct gruvid__set *set, const void *item)
{
    if (2 * (set->n + 1) > set->size && !grow(set))
        return NULL;
    return find(set, item);
}

void
gruvid__set_free(struct gruvid__set *set)
{
    free(set->slots);
    set->slots = NULL;
    set->size = set->n = 0;
}

/* Eight bytes at a time; what is left is filled up with zeros. */
uint64_t
gruvid__hash(uint64_t hash, const void *bytes, size_t size)
{
    const char *at = bytes;

    for (hash += size; size > 0;) {
        size_t n = size < sizeof hash ? size : sizeof hash;
        uint64_t word = 0;

        memcpy(&word, at, n);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 29;
        at += n;
        size -= n;
    }
    return hash;
}
