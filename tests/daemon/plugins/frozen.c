/* SPDX-License-Identifier: MIT */
/* frozen: a plugin that was compiled with the headers of ABI 1.0, and that has
 * something in each member that was reserved then. */
#include <stdlib.h>

#include <gruvid/plugin.h>

_Static_assert(GRUVID_ABI_MINOR == 0, "these are not the headers of 1.0");

static const gruvid_option_t options[] = {
    {.name = "word", .type = GRUVID_STRING, .default_value = "cold"},
    GRUVID_OPTIONS_END,
};

static int
start(gruvid_plugin_t *plugin)
{
    gruvi_info("%s is %s", gruvid_plugin_name(plugin),
               gruvid_option_string(plugin, "word"));
    return gruvid_set_plugin_data(plugin, plugin);
}

static int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    if (gruvid_plugin_data(plugin) != plugin)
        return UV_EIO;
    return gruvi_stream_write(stream, "hello from 1.0\n", 15);
}

static void
stop(gruvid_plugin_t *plugin)
{
    gruvi_info("%s melts", gruvid_plugin_name(plugin));
}

GRUVID_PLUGIN(frozen,
    .version = "1.0",
    .options = options,
    .start = start,
    .connection = connection,
    .stop = stop,
    .reserved = {abort, abort, abort, abort});
