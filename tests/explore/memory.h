/* SPDX-License-Identifier: MIT */
/*
 * Memory that nobody may use any more: what was freed in this schedule, and
 * frames that were left.
 *
 * free() is replaced: what a schedule frees is overwritten, and kept until its
 * end, so that a thread that comes too late is seen, or crashes.
 */
#ifndef TESTS_EXPLORE_MEMORY_H
#define TESTS_EXPLORE_MEMORY_H

#include <stdbool.h>

void sim_memory_begin(void);
void sim_memory_end(void);

/* A thread has left all frames below this one, or will use them again. */
void sim_memory_frame(const void *thread, char *frame, bool left);

/* Why a thread must not use a word; or NULL. */
const char *sim_memory_gone(const void *thread, const volatile void *word);

#endif
