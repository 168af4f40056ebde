/* SPDX-License-Identifier: MIT */
/* Who has made a descriptor. */
#ifndef GRUVID_TEST_DESCRIPTORS_H
#define GRUVID_TEST_DESCRIPTORS_H

#include <stdbool.h>

#include "gruvid-test/stacks.h"

/* NULL: it is not known; plugins: whether a plugin has. */
const struct calls *maker_of(int fd, bool *plugins);

#endif
