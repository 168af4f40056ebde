/* SPDX-License-Identifier: MIT */
/* The least that is a plugin: it takes no connections and has no options. */
#include <gruvid/plugin.h>

GRUVID_PLUGIN(silent);
