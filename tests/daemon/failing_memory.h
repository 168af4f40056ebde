/* SPDX-License-Identifier: MIT */
/* A gruvid where an allocation fails, at the word of the test that runs it
 * (failing_malloc.c, which the test's .needs has to name). */
#ifndef TESTS_DAEMON_FAILING_MEMORY_H
#define TESTS_DAEMON_FAILING_MEMORY_H

#include <stdbool.h>

/* Whether the allocator can be replaced; if not, say that the test is skipped.
 */
bool failing_memory_works(void);

/* Begin; returns the environment of gruvid, as in struct gruvid_options. */
const char *const *failing_memory_begin(void);

/* Have the allocation fail that comes as number n from now; 0: none. */
void failing_memory_at(int n);

/* Whether it has failed. */
bool failing_memory_failed(void);

/* Leave no file behind, begun or not. */
void failing_memory_end(void);

#endif
