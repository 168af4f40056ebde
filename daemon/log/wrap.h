/* SPDX-License-Identifier: MIT */
/*
 * Bytes that may lie around the end of a ring.  Positions only grow; a ring of
 * size bytes has the last size of them.
 */
#ifndef GRUVID_LOG_WRAP_H
#define GRUVID_LOG_WRAP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Of n bytes at a position those that lie in front of the end. */
static inline size_t
gruvid__wrap_first(size_t size, uint64_t at, size_t n)
{
    size_t room = size - at % size;

    return room < n ? room : n;
}

static inline void
gruvid__wrap_in(char *ring, size_t size, uint64_t at, const void *from,
                size_t n)
{
    size_t first = gruvid__wrap_first(size, at, n);

    memcpy(ring + at % size, from, first);
    memcpy(ring, (const char *)from + first, n - first);
}

static inline void
gruvid__wrap_out(void *to, const char *ring, size_t size, uint64_t at, size_t n)
{
    size_t first = gruvid__wrap_first(size, at, n);

    memcpy(to, ring + at % size, first);
    memcpy((char *)to + first, ring, n - first);
}

#endif
