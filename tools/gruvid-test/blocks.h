/* SPDX-License-Identifier: MIT */
/* What is allocated: blocks with who has asked for them.  Context: any thread.
 */
#ifndef GRUVID_TEST_BLOCKS_H
#define GRUVID_TEST_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "gruvid-test/stacks.h"

/* calls: NULL where it is not the plugin's. */
void blocks_add(void *at, size_t size, bool plugins, const struct calls *calls);

/* Whether it was there; size: of how many bytes, or NULL. */
bool blocks_remove(void *at, size_t *size);

/* Tell the plugin's blocks that cannot be reached. */
void blocks_tell(void);

#endif
