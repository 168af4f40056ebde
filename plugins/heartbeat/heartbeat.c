/* SPDX-License-Identifier: MIT */
/*
 * heartbeat: says in the log that gruvid is alive.
 *
 * A plugin with options, and with a fiber of its own.  There is no stop: the
 * fiber belongs to the plugin's group, so gruvid cancels it, gruvi_sleep()
 * returns UV_ECANCELED, and beat() returns.
 */
#include <gruvid/plugin.h>

static const gruvid_option_t options[] = {
    {.name = "interval",
     .type = GRUVID_DURATION,
     .default_value = "10s",
     .min = "1ms",
     .help = "time between two beats"},
    {.name = "message",
     .type = GRUVID_STRING,
     .default_value = "still alive",
     .help = "what to log"},
    {.name = "count",
     .type = GRUVID_INTEGER,
     .default_value = "0",
     .min = "0",
     .help = "how many beats; 0: for ever"},
    GRUVID_OPTIONS_END,
};

static GRUVI_SWITCHPOINT int
beat(void *arg)
{
    const gruvid_plugin_t *plugin = arg;
    double interval = gruvid_option_duration(plugin, "interval");
    const char *message = gruvid_option_string(plugin, "message");
    int64_t count = gruvid_option_integer(plugin, "count");

    for (int64_t n = 1; count == 0 || n <= count; n++) {
        int err = gruvi_sleep(interval);
        if (err < 0)
            return err;
        gruvi_info("%s", message);
    }
    return 0;
}

static int
start(gruvid_plugin_t *plugin)
{
    gruvi_fiber_t *fiber =
        gruvi_spawn_ex(beat, plugin, &(gruvi_fiber_options_t){.name = "beat"});

    if (fiber == NULL)
        return gruvi_last_error();
    gruvi_fiber_unref(fiber);
    return 0;
}

GRUVID_PLUGIN(heartbeat,
    .version = "1.0",
    .summary = "says in the log that gruvid is alive",
    .options = options,
    .start = start);
