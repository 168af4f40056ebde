/* SPDX-License-Identifier: MIT */
/* A plugin made for another gruvid. */
#include <gruvid/plugin.h>

#undef GRUVID_ABI_MAJOR
#define GRUVID_ABI_MAJOR 2

GRUVID_PLUGIN(major);
