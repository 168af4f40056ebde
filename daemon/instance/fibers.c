/* SPDX-License-Identifier: MIT */
/* Fibers by name: those that are there, for SIGUSR2; those that fail; those
 * that did not end when they were to. */
#include "instance/instance.h"
#include "log/sink.h"

/* The one whose fibers those are that fail; NULL: none yet, or none any more.
 */
static struct gruvid__daemon *watched;

/* The part that a fiber of this hub works for, or NULL. */
static struct gruvid__part *
find_part(const struct gruvid__daemon *daemon, const gruvi_fiber_t *fiber)
{
    gruvi_group_t *group = gruvi_fiber_group(fiber);

    for (; group != NULL; group = gruvi_group_parent(group))
        for (size_t i = 0; i < daemon->n_plugins; i++) {
            struct gruvid__part *part = gruvid__part_here(&daemon->plugins[i]);

            if (part != NULL && group == &part->group)
                return part;
        }
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
    struct gruvid__part *part = find_part(watched, fiber);
    bool departure = gruvid__is_departure(status);

    if (part != NULL)
        gruvid__count(departure ? &part->gone : &part->failed);
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
    const struct gruvid__part *part = find_part(count->daemon, fiber);
    const char *waits = gruvi_fiber_waiting_for(fiber);

    gruvid__log_notice("fiber %s%s%s: %s%s", gruvi_fiber_name(fiber),
                       part == NULL ? "" : " of plugin ",
                       part == NULL ? "" : part->plugin->name,
                       waits[0] == '\0' ? "does not wait" : "waits for ",
                       waits);
    count->fibers++;
}

/* A hub callback. */
static void
log_hub(void *arg)
{
    const struct gruvid__hub *hub = arg;
    struct count count = {.daemon = hub->daemon};

    gruvi_hub_each_fiber(hub->hub, log_one, &count);
    gruvid__log_notice("%zu fibers", count.fibers);
}

void
gruvid__fibers_log(struct gruvid__daemon *daemon)
{
    for (unsigned i = 1; i < daemon->n_hubs; i++) {
        struct gruvid__hub *hub = &daemon->hubs[i];
        int err = gruvi_hub_run_callback(hub->hub, log_hub, hub);

        if (err < 0 && err != UV_ESHUTDOWN)
            gruvi_error("%s cannot be asked for its fibers: %s", hub->name,
                        gruvi_strerror(err));
    }
    if (daemon->n_hubs > 0)
        log_hub(&daemon->hubs[0]);
}

static void
accuse_one(gruvi_fiber_t *fiber, void *arg)
{
    const struct gruvid__part *part = arg;
    const gruvi_group_t *group = gruvi_fiber_group(fiber);
    const char *waits = gruvi_fiber_waiting_for(fiber);

    while (group != NULL && group != &part->group)
        group = gruvi_group_parent(group);
    if (group != NULL)
        gruvi_error("plugin %s: fiber %s was cancelled and has not ended: it "
                    "%s%s; abandoned",
                    part->plugin->name, gruvi_fiber_name(fiber),
                    waits[0] == '\0' ? "does not wait" : "waits for ", waits);
}

void
gruvid__fibers_accuse(const struct gruvid__part *part)
{
    gruvi_hub_each_fiber(part->hub->hub, accuse_one, (void *)part);
}
