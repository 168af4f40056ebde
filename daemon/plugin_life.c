/* SPDX-License-Identifier: MIT */
/*
 * The life of an instance, as the root fiber leads it.
 *
 *   LOADED --start fiber--> STARTED --stop fiber--> STOPPED
 *      ^                       |
 *      |  refused              | cancelled, and did not end
 *      +-- STARTING            v
 *                           ABANDONED
 *
 * start and stop run in fibers of the instance's group, so that what they
 * spawn and log is the instance's, and so that one that hangs can be left.
 * stop has a group of its own: the first one is cancelled and empty by then.
 */
#include "instance.h"

static int
start_main(void *arg)
{
    gruvid_plugin_t *plugin = arg;
    int (*start)(gruvid_plugin_t *) = plugin->module->descriptor.start;

    plugin->status = start == NULL ? 0 : start(plugin);
    plugin->done = true;
    gruvid__wake(plugin->daemon);
    return 0;
}

static int
stop_main(void *arg)
{
    gruvid_plugin_t *plugin = arg;

    plugin->module->descriptor.stop(plugin);
    plugin->done = true;
    return 0;
}

/* A fiber in the instance's group; 0 or why there is none. */
static int
spawn(gruvid_plugin_t *plugin, gruvi_fiber_fn target, const char *name)
{
    gruvi_fiber_options_t options = {.name = name};
    gruvi_fiber_t *fiber = NULL;

    GRUVI_IN_GROUP (&plugin->group) {
        fiber = gruvi_spawn_ex(target, plugin, &options);
    }
    if (fiber == NULL)
        return gruvi_last_error();
    gruvi_fiber_unref(fiber);
    return 0;
}

/*
 * Cancel what is in the group and wait for it.  What does not end is named,
 * and the instance marked: nothing of it may be freed then.
 */
static bool
end_group(gruvid_plugin_t *plugin, const char *message)
{
    struct gruvid__daemon *daemon = plugin->daemon;

    gruvi_group_cancel(&plugin->group, message);
    if (gruvid__join(daemon, &plugin->group, daemon->cancel_timeout))
        return true;
    gruvid__fibers_accuse(plugin, &plugin->group);
    plugin->state = GRUVID__ABANDONED;
    daemon->abandoned = true;
    return false;
}

/* --- start --------------------------------------------------------------- */

/* Wait for start to return: its status, or why that was given up. */
static int
await_start(gruvid_plugin_t *plugin)
{
    struct gruvid__daemon *daemon = plugin->daemon;
    double timeout = gruvid__section_duration(plugin->section, "start_timeout");
    double until = timeout > 0 ? gruvid__now() + timeout : GRUVI_FOREVER;

    while (!plugin->done) {
        if (daemon->stopping)
            return UV_ECANCELED;
        if (!gruvid__wait(daemon, until)) {
            gruvi_error("plugin %s did not start within %g seconds "
                        "(start_timeout)",
                        plugin->name, timeout);
            return UV_ETIMEDOUT;
        }
    }
    if (plugin->status < 0)
        gruvi_error("plugin %s refused to start: %s (%s)", plugin->name,
                    gruvi_strerror(plugin->status),
                    gruvi_err_name(plugin->status));
    return plugin->status < 0 ? plugin->status : 0;
}

int
gruvid__plugin_start(gruvid_plugin_t *plugin)
{
    int err = gruvi_group_init(&plugin->group, plugin->name);

    if (err < 0)
        goto fail_group;
    plugin->state = GRUVID__STARTING;
    plugin->done = false;
    err = spawn(plugin, start_main, "start");
    if (err < 0)
        goto fail_spawn;
    err = await_start(plugin);
    if (err < 0) {
        if (end_group(plugin, "the plugin did not start")) {
            gruvi_group_destroy(&plugin->group);
            plugin->state = GRUVID__LOADED;
        }
        return err;
    }
    plugin->state = GRUVID__STARTED;
    return 0;

fail_spawn:
    gruvi_group_destroy(&plugin->group);
    plugin->state = GRUVID__LOADED;
fail_group:
    gruvi_error("plugin %s cannot be started: %s", plugin->name,
                gruvi_strerror(err));
    return err;
}

/* --- stop ---------------------------------------------------------------- */

/* Run stop, and end what it has spawned.  It has cancel_timeout to return, and
 * once more when it has been cancelled. */
static void
run_stop(gruvid_plugin_t *plugin)
{
    struct gruvid__daemon *daemon = plugin->daemon;
    int err;

    if (plugin->module->descriptor.stop == NULL)
        return;
    plugin->done = false;
    err = gruvi_group_init(&plugin->group, plugin->name);
    if (err == 0)
        err = spawn(plugin, stop_main, "stop");
    if (err < 0) {
        gruvi_error("plugin %s: stop cannot be run: %s", plugin->name,
                    gruvi_strerror(err));
        return;
    }
    if (!gruvid__join(daemon, &plugin->group, daemon->cancel_timeout) &&
        !plugin->done)
        gruvi_warning("plugin %s: stop has not returned within %g seconds",
                      plugin->name, daemon->cancel_timeout);
    if (end_group(plugin, "gruvid stops"))
        gruvi_group_destroy(&plugin->group);
}

void
gruvid__plugin_stop(gruvid_plugin_t *plugin)
{
    if (!end_group(plugin, "gruvid stops"))
        return;
    gruvid__serve_close(plugin);
    gruvi_group_destroy(&plugin->connections);
    gruvi_group_destroy(&plugin->group);
    run_stop(plugin);
    if (plugin->state == GRUVID__ABANDONED)
        return;
    plugin->state = GRUVID__STOPPED;
    if (plugin->module->descriptor.connection == NULL)
        gruvi_info("plugin %s has stopped", plugin->name);
    else
        gruvi_info("plugin %s has stopped: %llu connections, %llu gone, "
                   "%llu failed, %llu cut",
                   plugin->name, (unsigned long long)plugin->served,
                   (unsigned long long)plugin->gone,
                   (unsigned long long)plugin->failed,
                   (unsigned long long)plugin->cut);
}
