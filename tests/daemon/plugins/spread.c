/* SPDX-License-Identifier: MIT */
/*
 * spread: a plugin that lives in every hub, and says in which.
 *
 * Its n-th start is that of hub n.  A connection is greeted with the number of
 * its hub and of its thread, 3 and 8 digits, and then echoes, unless it says:
 *
 *   hold\n    keep the hub's thread, until the peer says something or goes
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gruvid/plugin.h>

static const gruvid_option_t options[] = {
    {.name = "refuse",
     .type = GRUVID_INTEGER,
     .default_value = "0",
     .help = "which start refuses"},
    {.name = "stubborn",
     .type = GRUVID_INTEGER,
     .default_value = "0",
     .help = "which start spawns a fiber that heeds no cancel"},
    {.name = "hang",
     .type = GRUVID_INTEGER,
     .default_value = "0",
     .help = "which start does not return until it is cancelled"},
    {.name = "stray",
     .type = GRUVID_INTEGER,
     .default_value = "0",
     .help = "which start leaves a fiber that belongs to nobody"},
    GRUVID_OPTIONS_END,
};

static intptr_t starts;   /* they run one after the other */
static int here, at_most; /* atomic: connections, of all hubs */

static int
wait_on(void *arg)
{
    (void)arg;
    GRUVI_SHIELD {
        gruvi_sleep(GRUVI_FOREVER);
    }
    return 0;
}

static void
spawn_stubborn(const char *name)
{
    gruvi_fiber_options_t named = {.name = name};

    gruvi_fiber_unref(gruvi_spawn_ex(wait_on, NULL, &named));
}

/* A hub callback: what it spawns belongs to no group. */
static void
spawn_stray(void *arg)
{
    (void)arg;
    spawn_stubborn("stray");
    gruvi_info("a stray fiber");
}

static int
start(gruvid_plugin_t *plugin)
{
    intptr_t n = ++starts;

    if (gruvid_hub_data(plugin) != NULL ||
        gruvid_set_hub_data(plugin, (void *)n) != 0)
        return UV_EIO;
    if (n == 1 && gruvid_set_plugin_data(plugin, &starts) != 0)
        return UV_EIO;
    gruvi_info("start %d in thread %d", (int)n, (int)gettid());
    if (gruvid_option_integer(plugin, "stubborn") == n)
        spawn_stubborn("stubborn");
    if (gruvid_option_integer(plugin, "stray") == n)
        gruvi_hub_run_callback(gruvi_get_hub(), spawn_stray, NULL);
    if (gruvid_option_integer(plugin, "hang") == n)
        return gruvi_sleep(GRUVI_FOREVER);
    return gruvid_option_integer(plugin, "refuse") == n ? UV_EACCES : 0;
}

/* Nothing else happens in this hub meanwhile. */
static void
hold(gruvi_stream_t *stream)
{
    struct pollfd pfd = {.fd = gruvi_stream_fd(stream), .events = POLLIN};

    while (poll(&pfd, 1, -1) < 0 && errno == EINTR)
        ;
}

static int
talk(gruvi_stream_t *stream)
{
    char buf[4096];
    ssize_t n;
    int err;

    while ((n = gruvi_stream_read(stream, buf, sizeof buf)) > 0) {
        err = gruvi_stream_write(stream, buf, (size_t)n);
        if (err < 0)
            return err;
        if (n == 5 && memcmp(buf, "hold\n", 5) == 0)
            hold(stream);
    }
    return (int)n;
}

static void
count_in(void)
{
    int n = __atomic_add_fetch(&here, 1, __ATOMIC_SEQ_CST);
    int most = __atomic_load_n(&at_most, __ATOMIC_SEQ_CST);

    while (most < n &&
           !__atomic_compare_exchange_n(&at_most, &most, n, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        continue;
}

static int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    int n = (int)(intptr_t)gruvid_hub_data(plugin), status;
    char text[32];

    if (gruvid_plugin_data(plugin) != &starts ||
        gruvid_set_plugin_data(plugin, NULL) != UV_EPERM ||
        gruvid_set_hub_data(plugin, NULL) != UV_EPERM)
        gruvi_error("data was changed");
    count_in();
    snprintf(text, sizeof text, "%03d %08d\n", n, (int)gettid());
    status = gruvi_stream_write(stream, text, 13);
    if (status == 0)
        status = talk(stream);
    __atomic_sub_fetch(&here, 1, __ATOMIC_SEQ_CST);
    return status;
}

static void
stop(gruvid_plugin_t *plugin)
{
    gruvi_info("stop %d in thread %d; %zu fibers left; at most %d at once",
               (int)(intptr_t)gruvid_hub_data(plugin), (int)gettid(),
               gruvi_group_size(gruvid_plugin_group(plugin)) - 1,
               __atomic_load_n(&at_most, __ATOMIC_SEQ_CST));
}

GRUVID_PLUGIN(spread,
    .version = "1.0",
    .summary = "says in which hub it is",
    .options = options,
    .start = start,
    .connection = connection,
    .stop = stop,
    .multi_hub = true,
    .per_hub = true);
