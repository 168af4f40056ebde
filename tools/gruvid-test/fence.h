/* SPDX-License-Identifier: MIT */
/* Memory in pages of its own, which nobody can use any more once it is freed.
 * Context: any thread. */
#ifndef GRUVID_TEST_FENCE_H
#define GRUVID_TEST_FENCE_H

#include <stdbool.h>
#include <stddef.h>

void fence_open(void);

/* size bytes, aligned to 16, at the end of a page; NULL: too many, or too much
 * for a page. */
void *fence_take(size_t size);

/* Whether memory is from there. */
bool fence_has(const void *memory);

/* How many bytes it has. */
size_t fence_size(const void *memory);

/* Free it. */
void fence_drop(void *memory);

#endif
