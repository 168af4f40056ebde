/* SPDX-License-Identifier: MIT */
/* A plugin whose file has another name. */
#include <gruvid/plugin.h>

GRUVID_PLUGIN(somebody-else);
