/* SPDX-License-Identifier: MIT */
/*
 * The life of an instance, as the root fiber of the first hub leads it.
 *
 *   LOADED --bind, start fiber--> STARTED --stop fiber--> STOPPED
 *      ^                             |
 *      |  refused                    | cancelled, and did not end
 *      +-------                      v
 *                                 ABANDONED
 *
 * bind, start and stop run in fibers of the instance's group, so that what they
 * spawn and log is the instance's, and so that one that hangs can be left.
 * stop has a group of its own: the first one is cancelled and empty by then.
 *
 * start and stop run in one hub, that of the first part; with per_hub in each,
 * one after the other, stop in reverse order.
 *
 * What is done in the hub of a part is a function of its own, with the part as
 * its argument; gruvid__hub_call() and gruvid__each_part() take it there.
 */
#include "instance/instance.h"

/* --- in the hub of a part ------------------------------------------------- */

static int
open_part(void *arg)
{
    struct gruvid__part *part = arg;
    int err = gruvi_group_init(&part->group, part->plugin->name);

    part->has_group = err == 0;
    return err;
}

static int
close_part(void *arg)
{
    struct gruvid__part *part = arg;

    gruvid__serve_close(part);
    if (part->has_connections)
        gruvi_group_destroy(&part->connections);
    if (part->has_group)
        gruvi_group_destroy(&part->group);
    part->has_connections = part->has_group = false;
    return 0;
}

static int
cancel_part(void *arg)
{
    struct gruvid__part *part = arg;

    if (part->has_group)
        gruvi_group_cancel(&part->group, part->why);
    part->until = gruvid__now() + part->plugin->daemon->cancel_timeout;
    return 0;
}

/* UV_EBUSY where it did not end; then its fibers are named. */
static int
join_part(void *arg)
{
    struct gruvid__part *part = arg;

    if (!part->has_group ||
        gruvid__join(part->plugin->daemon, &part->group, part->until))
        return 0;
    gruvid__fibers_accuse(part);
    return UV_EBUSY;
}

static int
start_body(struct gruvid__part *part)
{
    int (*start)(gruvid_plugin_t *) = part->plugin->module->descriptor.start;
    int status;

    if (start == NULL)
        return 0;
    part->starting = true;
    status = start(part->plugin);
    part->starting = false;
    return status;
}

static int
stop_body(struct gruvid__part *part)
{
    part->plugin->module->descriptor.stop(part->plugin);
    return 0;
}

/* Wait for stop: it has cancel_timeout to return, and once more when it has
 * been cancelled. */
static int
join_stop(void *arg)
{
    struct gruvid__part *part = arg;
    struct gruvid__daemon *daemon = part->plugin->daemon;

    if (!gruvid__join(daemon, &part->group,
                      gruvid__now() + daemon->cancel_timeout) &&
        !__atomic_load_n(&part->done, __ATOMIC_RELAXED))
        gruvi_warning("plugin %s: stop has not returned within %g seconds",
                      part->plugin->name, daemon->cancel_timeout);
    cancel_part(part);
    return join_part(part);
}

/* --- of the instance ------------------------------------------------------ */

static void
abandon(gruvid_plugin_t *plugin)
{
    plugin->state = GRUVID__ABANDONED;
    plugin->daemon->abandoned = true;
}

/*
 * Cancel what is in its groups and wait for it, in all hubs at once.  What does
 * not end is named, and the instance marked: nothing of it may be freed then.
 */
static bool
end_groups(gruvid_plugin_t *plugin, const char *why)
{
    int err;

    for (size_t i = 0; i < plugin->n_parts; i++)
        plugin->parts[i].why = why;
    err = gruvid__each_part(plugin, cancel_part, 0);
    if (err == 0)
        err = gruvid__each_part(plugin, join_part,
                                plugin->daemon->cancel_timeout);
    if (err < 0)
        abandon(plugin);
    return err == 0;
}

/* A stop was asked for, and that is why. */
static bool
is_stop(const gruvid_plugin_t *plugin, int err)
{
    return err == UV_ECANCELED && gruvid__stopping(plugin->daemon);
}

/* --- bind ----------------------------------------------------------------- */

/* Logs what went wrong, unless it is a stop, or a hub that is stuck. */
static int
bind_part(struct gruvid__part *part)
{
    const gruvid_plugin_t *plugin = part->plugin;
    int err = gruvid__part_run(part, "bind", gruvid__doors_open, GRUVI_FOREVER);

    if (err == 0 && part->status < 0)
        gruvid__doors_blame(part);
    else if (err < 0 && !is_stop(plugin, err))
        gruvi_error("plugin %s cannot listen: %s", plugin->name,
                    gruvi_strerror(err));
    return err < 0 ? err : part->status;
}

int
gruvid__plugin_bind(gruvid_plugin_t *plugin)
{
    int err = gruvid__each_part(plugin, open_part, 0);

    if (err < 0) {
        gruvi_error("plugin %s cannot be started: %s", plugin->name,
                    gruvi_strerror(err));
        return err;
    }
    for (size_t i = 0; i < plugin->n_parts && err == 0 && plugin->n_doors > 0;
         i++)
        err = bind_part(&plugin->parts[i]);
    if (err < 0)
        end_groups(plugin, "gruvid stops");
    return err;
}

/* --- start ---------------------------------------------------------------- */

/* In how many hubs start and stop run. */
static size_t
n_starts(const gruvid_plugin_t *plugin)
{
    return plugin->module->descriptor.per_hub ? plugin->n_parts : 1;
}

/* " in hub 2", where that says anything. */
static const char *
in_hub(const struct gruvid__part *part)
{
    return part->plugin->daemon->n_hubs > 1 ? part->hub->name : "";
}

static int
start_part(struct gruvid__part *part)
{
    const gruvid_plugin_t *plugin = part->plugin;
    double timeout = gruvid__section_duration(plugin->section, "start_timeout");
    const char *where = in_hub(part), *in = where[0] == '\0' ? "" : " in ";
    int err = gruvid__part_run(part, "start", start_body,
                               timeout > 0 ? timeout : GRUVI_FOREVER);

    if (is_stop(plugin, err))
        return err;
    if (err == UV_ETIMEDOUT)
        gruvi_error("plugin %s did not start%s%s within %g seconds "
                    "(start_timeout)",
                    plugin->name, in, where, timeout);
    else if (err < 0)
        gruvi_error("plugin %s cannot be started%s%s: %s", plugin->name, in,
                    where, gruvi_strerror(err));
    else if (part->status < 0)
        gruvi_error("plugin %s refused to start%s%s: %s (%s)", plugin->name, in,
                    where, gruvi_strerror(part->status),
                    gruvi_err_name(part->status));
    if (err == 0 && part->status < 0)
        err = part->status;
    part->started = err == 0;
    return err;
}

static bool run_stops(gruvid_plugin_t *plugin);

/* It has started in some hubs only, or in none. */
static void
give_up(gruvid_plugin_t *plugin)
{
    if (end_groups(plugin, "the plugin did not start"))
        run_stops(plugin);
}

int
gruvid__plugin_start(gruvid_plugin_t *plugin)
{
    int err = 0;

    for (size_t i = 0; i < n_starts(plugin) && err == 0; i++)
        err = start_part(&plugin->parts[i]);
    if (err < 0)
        give_up(plugin);
    else
        plugin->state = GRUVID__STARTED;
    return err;
}

/* --- stop ----------------------------------------------------------------- */

/* Run stop, and end what it has spawned. */
static void
stop_part(struct gruvid__part *part)
{
    gruvid_plugin_t *plugin = part->plugin;
    double timeout = plugin->daemon->cancel_timeout;
    int err;

    part->why = "gruvid stops";
    err = gruvid__hub_call(part->hub, close_part, part, 0);
    if (err == 0)
        err = gruvid__hub_call(part->hub, open_part, part, 0);
    if (err == 0)
        err = gruvid__part_spawn(part, "stop", stop_body);
    if (err < 0)
        gruvi_error("plugin %s: stop cannot be run: %s", plugin->name,
                    gruvi_strerror(err));
    else
        err = gruvid__hub_call(part->hub, join_stop, part, 2 * timeout);
    if (err == UV_EBUSY || err == UV_ETIMEDOUT)
        abandon(plugin);
}

/* Run stop wherever start was.  Whether all has ended. */
static bool
run_stops(gruvid_plugin_t *plugin)
{
    for (size_t i = n_starts(plugin); i-- > 0;)
        if (plugin->parts[i].started &&
            plugin->module->descriptor.stop != NULL &&
            plugin->state != GRUVID__ABANDONED)
            stop_part(&plugin->parts[i]);
    return plugin->state != GRUVID__ABANDONED;
}

void
gruvid__plugin_stop(gruvid_plugin_t *plugin)
{
    struct gruvid__counts counts;

    if (!end_groups(plugin, "gruvid stops") ||
        gruvid__each_part(plugin, close_part, 0) < 0 || !run_stops(plugin))
        return;
    plugin->state = GRUVID__STOPPED;
    counts = gruvid__plugin_counts(plugin);
    if (plugin->module->descriptor.connection == NULL)
        gruvi_info("plugin %s has stopped", plugin->name);
    else
        gruvi_info("plugin %s has stopped: %llu connections, %llu gone, "
                   "%llu failed, %llu cut",
                   plugin->name, (unsigned long long)counts.served,
                   (unsigned long long)counts.gone,
                   (unsigned long long)counts.failed,
                   (unsigned long long)plugin->cut);
}

void
gruvid__plugin_close(gruvid_plugin_t *plugin)
{
    if (plugin->state != GRUVID__ABANDONED)
        gruvid__each_part(plugin, close_part, 0);
}
