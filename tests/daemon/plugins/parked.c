/* SPDX-License-Identifier: MIT */
/*
 * parked: fibers that wait, so that they can be looked at.
 *
 * A connection echoes.  The functions in which the fibers wait are static, and
 * not inlined: their names are in the debug information alone.
 */
#include <stdio.h>

#include <gruvid/plugin.h>

static const gruvid_option_t options[] = {
    {.name = "fibers",
     .type = GRUVID_INTEGER,
     .default_value = "10",
     .help = "how many wait for an event"},
    {.name = "sleepers",
     .type = GRUVID_INTEGER,
     .default_value = "0",
     .help = "how many sleep"},
    GRUVID_OPTIONS_END,
};

static gruvi_event_t never = GRUVI_EVENT_INIT;
static volatile int passed;

static __attribute__((noinline)) int
parked_inner(void *arg)
{
    int err = gruvi_event_wait(arg, GRUVI_FOREVER);

    passed++;
    return err;
}

static __attribute__((noinline)) int
parked_outer(void *arg)
{
    int err = parked_inner(arg);

    passed++;
    return err == UV_ECANCELED ? 0 : err;
}

static __attribute__((noinline)) int
parked_sleeper(void *arg)
{
    int err;

    (void)arg;
    do {
        err = gruvi_sleep(0.01); /* wakes up, and waits again */
        passed++;
    } while (err == 0);
    return err == UV_ECANCELED ? 0 : err;
}

static int
spawn_some(gruvi_fiber_fn target, void *arg, const char *name, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        gruvi_fiber_options_t named = {.name = i == 0 ? name : NULL};
        gruvi_fiber_t *fiber = gruvi_spawn_ex(target, arg, &named);

        if (fiber == NULL)
            return gruvi_last_error();
        gruvi_fiber_unref(fiber);
    }
    return 0;
}

static int
start(gruvid_plugin_t *plugin)
{
    int err = spawn_some(parked_outer, &never, "first",
                         gruvid_option_integer(plugin, "fibers"));

    if (err == 0)
        err = spawn_some(parked_sleeper, NULL, "first-sleeper",
                         gruvid_option_integer(plugin, "sleepers"));
    return err;
}

static int
echo(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char text[256];
    ssize_t n;

    (void)plugin;
    while ((n = gruvi_stream_read(stream, text, sizeof text)) > 0)
        if ((n = gruvi_stream_write(stream, text, (size_t)n)) < 0)
            break;
    return (int)n;
}

GRUVID_PLUGIN(parked, .version = "1.0", .summary = "fibers that wait",
              .options = options, .start = start, .connection = echo);
