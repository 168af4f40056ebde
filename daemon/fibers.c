/* SPDX-License-Identifier: MIT */
/* Fibers by name: those that are there, for SIGUSR2; those that fail; those
 * that did not end when they were to. */
#include "instance.h"
#include "log_sink.h"

/* The one whose fibers those are that fail; NULL: none yet, or none any more.
 */
static struct gruvid__daemon *watched;

/* The plugin that a fiber works for, or NULL. */
static gruvid_plugin_t *
find_plugin(const struct gruvid__daemon *daemon, const gruvi_fiber_t *fiber)
{
    gruvi_group_t *group = gruvi_fiber_group(fiber);

    for (; group != NULL; group = gruvi_group_parent(group))
        for (size_t i = 0; i < daemon->n_plugins; i++)
            if (group == &daemon->plugins[i].group)
                return &daemon->plugins[i];
    return NULL;
}

bool
gruvid__is_departure(int status)
{
    switch (status) {
    case UV_ECONNRESET:
    case UV_EPIPE:
    case UV_EOF:
    case UV_ENOTCONN:
    case UV_ECANCELED:
    case UV_ESHUTDOWN:
        return true;
    default:
        return false;
    }
}

static void
on_failure(gruvi_fiber_t *fiber, int status)
{
    gruvid_plugin_t *plugin = find_plugin(watched, fiber);
    bool departure = gruvid__is_departure(status);

    if (plugin != NULL)
        departure ? plugin->gone++ : plugin->failed++;
    gruvi_log(departure ? GRUVI_LOG_DEBUG : GRUVI_LOG_ERROR,
              "fiber %s ended with %s: %s", gruvi_fiber_name(fiber),
              gruvi_err_name(status), gruvi_strerror(status));
}

void
gruvid__fibers_watch(struct gruvid__daemon *daemon)
{
    watched = daemon;
    gruvi_set_uncaught_handler(daemon == NULL ? NULL : on_failure);
}

struct count {
    const struct gruvid__daemon *daemon;
    size_t fibers;
};

static void
log_one(gruvi_fiber_t *fiber, void *arg)
{
    struct count *count = arg;
    const gruvid_plugin_t *plugin = find_plugin(count->daemon, fiber);
    const char *waits = gruvi_fiber_waiting_for(fiber);

    gruvid__log_notice(
        "fiber %s%s%s: %s%s", gruvi_fiber_name(fiber),
        plugin == NULL ? "" : " of plugin ", plugin == NULL ? "" : plugin->name,
        waits[0] == '\0' ? "does not wait" : "waits for ", waits);
    count->fibers++;
}

void
gruvid__fibers_log(struct gruvid__daemon *daemon)
{
    struct count count = {.daemon = daemon};

    gruvi_hub_each_fiber(daemon->hub, log_one, &count);
    gruvid__log_notice("%zu fibers", count.fibers);
}

struct accusation {
    const gruvid_plugin_t *plugin;
    const gruvi_group_t *group;
};

static void
accuse_one(gruvi_fiber_t *fiber, void *arg)
{
    const struct accusation *accusation = arg;
    const gruvi_group_t *group = gruvi_fiber_group(fiber);
    const char *waits = gruvi_fiber_waiting_for(fiber);

    while (group != NULL && group != accusation->group)
        group = gruvi_group_parent(group);
    if (group != NULL)
        gruvi_error("plugin %s: fiber %s was cancelled and has not ended: it "
                    "%s%s; abandoned",
                    accusation->plugin->name, gruvi_fiber_name(fiber),
                    waits[0] == '\0' ? "does not wait" : "waits for ", waits);
}

void
gruvid__fibers_accuse(const gruvid_plugin_t *plugin, const gruvi_group_t *group)
{
    struct accusation accusation = {plugin, group};

    gruvi_hub_each_fiber(plugin->daemon->hub, accuse_one, &accusation);
}
