/* SPDX-License-Identifier: MIT */
/* A note without a descriptor. */
#include <gruvid/plugin.h>

GRUVID__NOTE;
