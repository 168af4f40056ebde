/* SPDX-License-Identifier: MIT */
/* A set of borrowed items, found by what they are: open addressing. */
#ifndef GRUVID_CONTROL_SET_H
#define GRUVID_CONTROL_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gruvid__set {
    void **slots; /* owned */
    size_t size, n;
    uint64_t (*hash)(const void *item);
    bool (*same)(const void *a, const void *b);
};

/* Where an item is that is the same as this one, or where it is to be put: then
 * *slot is NULL, and who puts an item there adds 1 to n.  NULL: no memory. */
void **gruvid__set_slot(struct gruvid__set *set, const void *item);

void gruvid__set_free(struct gruvid__set *set);

/* A hash of bytes, going on from another; 0 is where to begin. */
uint64_t gruvid__hash(uint64_t hash, const void *bytes, size_t size);

#endif
