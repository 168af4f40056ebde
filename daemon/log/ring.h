/* SPDX-License-Identifier: MIT */
/*
 * A ring of lines that wait to be written.  There is one, and its user has a
 * lock for it.
 */
#ifndef GRUVID_LOG_RING_H
#define GRUVID_LOG_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a line in the ring. */
struct gruvid__ring_entry {
    uint32_t length;
    uint32_t lost; /* lines that are missing in front of it */
};

/* Put a line at the end.  Returns whether there is room for it. */
bool gruvid__ring_put(const char *line, size_t length, uint64_t lost);

/* Look at the first line.  Returns whether there is any. */
bool gruvid__ring_first(struct gruvid__ring_entry *entry);

/* Take the first line out.
 *
 *   to  has room for its length */
void gruvid__ring_take(char *to);

void gruvid__ring_clear(void);

#endif
