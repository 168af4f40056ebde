/* SPDX-License-Identifier: MIT */
/*
 * wrap: tells its clients when a folder changes.  To try it:
 *
 *     mkdir /tmp/watched
 *     gruvid ... -o 'plugin wrap.listen=tcp://127.0.0.1:7015' \
 *         -o 'plugin wrap.folder=/tmp/watched'
 *     nc 127.0.0.1 7015 &
 *     touch /tmp/watched/news
 *
 * The watch is libuv's own, a library that calls back.  watch_next() makes it a
 * function that waits: the callback notes what has happened, and switches back
 * to the fiber.  That goes for each library whose callbacks come from the event
 * loop of the hub.  What happens while no fiber waits is in the note, so that
 * nothing is lost.
 */
#include <gruvid/plugin.h>

static const gruvid_option_t options[] = {
    {.name = "folder",
     .type = GRUVID_STRING,
     .default_value = "/tmp",
     .help = "the folder to watch"},
    {.name = "quiet",
     .type = GRUVID_DURATION,
     .default_value = "30s",
     .min = "1ms",
     .help = "time without a change until a client is told so"},
    GRUVID_OPTIONS_END,
};

struct watch {
    uv_fs_event_t handle;
    gruvi_switch_back_t *waiter; /* NULL: no fiber waits */
    bool changed;
    int error;
};

static void
on_change(uv_fs_event_t *handle, const char *name, int events, int status)
{
    struct watch *watch = handle->data;

    (void)name;
    (void)events;
    watch->changed = true;
    if (status < 0)
        watch->error = status;
    if (watch->waiter != NULL)
        gruvi_switch_back_switch(watch->waiter, NULL);
}

/* Whether it fails or not, watch_end() is to follow. */
static int
watch_begin(struct watch *watch, const char *folder)
{
    uv_fs_event_init(gruvi_hub_loop(gruvi_get_hub()), &watch->handle);
    watch->handle.data = watch;
    watch->waiter = NULL;
    watch->changed = false;
    watch->error = 0;
    return uv_fs_event_start(&watch->handle, on_change, folder, 0);
}

/* The handle may be gone only when libuv has let go of it. */
static GRUVI_SWITCHPOINT void
watch_end(struct watch *watch)
{
    (void)gruvi_uv_close((uv_handle_t *)&watch->handle);
}

/*
 * Wait for a change since the last.
 *
 * Returns 0; UV_ETIMEDOUT where there was none in so many seconds; UV_ECANCELED
 * and the like as every switchpoint.
 */
static GRUVI_SWITCHPOINT int
watch_next(struct watch *watch, double timeout)
{
    int err = 0;

    GRUVI_WITH_SWITCH_BACK (waiter, timeout) {
        watch->waiter = &waiter;
        if (!watch->changed)
            err = gruvi_hub_switch(gruvi_get_hub(), NULL);
        watch->waiter = NULL; /* it is gone with this block */
    }
    if (err == 0)
        watch->changed = false;
    return err == 0 ? watch->error : err;
}

/* A client that only listens is not read from, so its end is watched. */
static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    double quiet = gruvid_option_duration(plugin, "quiet");
    struct watch watch;
    int err = watch_begin(&watch, gruvid_option_string(plugin, "folder"));

    if (err == 0)
        err = gruvi_stream_watch_peer(stream, true);
    if (err == 0)
        err = gruvi_stream_printf(stream, "watching\n");
    while (err == 0) {
        err = watch_next(&watch, quiet);
        if (err == 0)
            err = gruvi_stream_printf(stream, "changed\n");
        else if (err == UV_ETIMEDOUT)
            err = gruvi_stream_printf(stream, "quiet\n");
    }
    watch_end(&watch);
    return err;
}

GRUVID_PLUGIN(wrap,
    .summary = "tells its clients when a folder changes",
    .options = options,
    .connection = connection,
    .multi_hub = true);
