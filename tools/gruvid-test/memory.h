/* SPDX-License-Identifier: MIT */
/* The memory of the child, from the start of gruvid to its end. */
#ifndef GRUVID_TEST_MEMORY_H
#define GRUVID_TEST_MEMORY_H

#include <stdbool.h>

/* Whether this build counts memory: not where a sanitizer does. */
bool memory_counts(void);

/* Note what is allocated, from now on; no more of it. */
void memory_begin(void);
void memory_end(void);

/* Tell what the plugin has allocated and nothing reaches any more. */
void memory_tell(void);

#endif
