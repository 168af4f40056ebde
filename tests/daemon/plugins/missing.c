/* SPDX-License-Identifier: MIT */
/* A plugin that calls what nobody has. */
#include <gruvid/plugin.h>

int nobody_has_this(gruvid_plugin_t *plugin);

GRUVID_PLUGIN(missing, .start = nobody_has_this);
