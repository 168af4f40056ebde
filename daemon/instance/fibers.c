/* SPDX-License-Identifier: MIT */
/* Fibers by name, with the plugin that each works for: see fibers.h. */
#include "instance/fibers.h"

#include "instance/outcome.h"
#include "log/sink.h"

/* The instances whose fibers are watched; NULL: none. */
static const struct gruvid__instances *watched;

/* The shard that a fiber of this hub works for, or NULL. */
static struct gruvid__shard *
find_shard(const gruvi_fiber_t *fiber)
{
    gruvi_group_t *group = gruvi_fiber_group(fiber);

    for (; group != NULL; group = gruvi_group_parent(group))
        for (size_t i = 0; watched != NULL && i < watched->n; i++) {
            struct gruvid__shard *shard =
                gruvid__shard_here(&watched->plugins[i]);

            if (shard != NULL && group == &shard->group)
                return shard;
        }
    return NULL;
}

static void
on_failure(gruvi_fiber_t *fiber, int status)
{
    gruvid__report_fiber(find_shard(fiber), fiber, status);
}

void
gruvid__fibers_watch(const struct gruvid__instances *instances)
{
    watched = instances;
    gruvi_set_uncaught_handler(instances == NULL ? NULL : on_failure);
}

static void
log_one(gruvi_fiber_t *fiber, void *arg)
{
    size_t *count = arg;
    const struct gruvid__shard *shard = find_shard(fiber);
    const char *waits = gruvi_fiber_waiting_for(fiber);

    gruvid__log_notice("fiber %s%s%s: %s%s", gruvi_fiber_name(fiber),
                       shard == NULL ? "" : " of plugin ",
                       shard == NULL ? "" : shard->plugin->name,
                       waits[0] == '\0' ? "does not wait" : "waits for ",
                       waits);
    (*count)++;
}

/* A hub callback. */
static void
log_hub(void *arg)
{
    const struct gruvid__hub *hub = arg;
    size_t count = 0;

    gruvi_hub_each_fiber(hub->hub, log_one, &count);
    gruvid__log_notice("%zu fibers", count);
}

void
gruvid__fibers_log(const struct gruvid__hubs *hubs)
{
    for (unsigned i = 1; i < hubs->n; i++) {
        struct gruvid__hub *hub = &hubs->at[i];
        int err = gruvi_hub_run_callback(hub->hub, log_hub, hub);

        if (err < 0 && err != UV_ESHUTDOWN)
            gruvi_error("%s cannot be asked for its fibers: %s", hub->name,
                        gruvi_strerror(err));
    }
    if (hubs->n > 0)
        log_hub(&hubs->at[0]);
}

static void
report_one(gruvi_fiber_t *fiber, void *arg)
{
    const struct gruvid__shard *shard = arg;
    const gruvi_group_t *group = gruvi_fiber_group(fiber);
    const char *waits = gruvi_fiber_waiting_for(fiber);

    while (group != NULL && group != &shard->group)
        group = gruvi_group_parent(group);
    if (group != NULL)
        gruvi_error("plugin %s: fiber %s was cancelled and has not ended: it "
                    "%s%s; abandoned",
                    shard->plugin->name, gruvi_fiber_name(fiber),
                    waits[0] == '\0' ? "does not wait" : "waits for ", waits);
}

void
gruvid__fibers_report_stuck(const struct gruvid__shard *shard)
{
    gruvi_hub_each_fiber(shard->hub->hub, report_one, (void *)shard);
}
