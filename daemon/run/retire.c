/* SPDX-License-Identifier: MIT */
/* The end of a generation: see retire.h. */
#include "run/retire.h"

#include <stdio.h>
#include <string.h>

#include "bus/bus.h"
#include "instance/shard.h"
#include "request/list.h"
#include "request/target.h"
#include "run/life.h"
#include "serve/serve.h"

/* Seconds between two looks at requests that end soon. */
#define LOOK 0.01

GRUVI_SWITCHPOINT void
gruvid__plugin_drain(gruvid_plugin_t *plugin)
{
    __atomic_store_n(&plugin->draining, true, __ATOMIC_RELEASE);
    gruvid__requests_watch(plugin);
    gruvi_event_set(&plugin->drain_event);
    plugin->still_accepts = gruvid__serve_stop(plugin) < 0;
}

bool
gruvid__plugin_over(const gruvid_plugin_t *plugin)
{
    return gruvid__serve_over(plugin) && gruvid__requests_over(plugin);
}

void
gruvid__plugin_cut(gruvid_plugin_t *plugin)
{
    size_t open = gruvid__plugin_open(plugin);

    __atomic_store_n(&plugin->cut, open, __ATOMIC_RELAXED);
    if (open > 0)
        gruvi_warning("plugin %s: %zu connection%s cut, %s", plugin->title,
                      open, open == 1 ? "" : "s",
                      plugin->is_hurried ? "interrupted again"
                                         : "drain_timeout has passed");
}

/* --- in its fiber --------------------------------------------------------- */

/* A stop may change the time.  Calls of a bus count here only: at a stop it
 * ends after the sections behind it, whose fibers call. */
static GRUVI_SWITCHPOINT void
await_connections(const gruvid_plugin_t *plugin)
{
    while ((!gruvid__plugin_over(plugin) || !gruvid__bus_over(plugin)) &&
           gruvid__now() < plugin->cut_at)
        (void)gruvid__wait(plugin->leader, plugin->cut_at);
}

/* Requests of other hubs that are being told that it is too late. */
static GRUVI_SWITCHPOINT bool
await_coming(const gruvid_plugin_t *plugin)
{
    while (!gruvid__requests_over(plugin) && !plugin->leader->ending)
        (void)gruvid__wait(plugin->leader, gruvid__now() + LOOK);
    return gruvid__requests_over(plugin);
}

static void
tell_begin(const gruvid_plugin_t *plugin)
{
    size_t open = gruvid__plugin_open(plugin);
    double left = plugin->cut_at - gruvid__now();

    if (open == 0)
        gruvi_info("plugin %s ends: %s", plugin->title, plugin->why);
    else
        gruvi_info("plugin %s drains: %s; %zu connection%s left, cut in %.0f s",
                   plugin->title, plugin->why, open, open == 1 ? "" : "s",
                   left > 0 ? left : 0);
}

static GRUVI_SWITCHPOINT void
retire(gruvid_plugin_t *plugin)
{
    if (plugin->still_accepts)
        gruvid__plugin_drain(plugin);
    gruvid__target_settle(plugin);
    tell_begin(plugin);
    await_connections(plugin);
    gruvid__plugin_cut(plugin);
    gruvid__plugin_stop(plugin);
    /* Closing switches: until it is freed, nobody else may close it. */
    if (plugin->state == GRUVID__STOPPED && await_coming(plugin)) {
        gruvid__plugin_close(plugin);
        gruvid__instance_free(plugin->all, plugin);
    } else {
        plugin->is_retiring = false;
    }
}

static GRUVI_SWITCHPOINT int
retire_main(void *arg)
{
    gruvid_plugin_t *plugin = arg;
    struct gruvid__leader *leader = plugin->leader;

    retire(plugin);
    gruvid__wake(leader);
    return 0;
}

/* --- for the leader ------------------------------------------------------- */

static void
spawn(gruvid_plugin_t *plugin)
{
    char name[32];
    gruvi_fiber_options_t options = {.name = name};
    gruvi_fiber_t *fiber;

    snprintf(name, sizeof name, "end of %s", plugin->name);
    fiber = gruvi_spawn_ex(retire_main, plugin, &options);
    plugin->is_retiring = fiber != NULL;
    if (fiber != NULL)
        gruvi_fiber_unref(fiber);
}

GRUVI_SWITCHPOINT void
gruvid__plugin_retire(gruvid_plugin_t *plugin, double until, const char *why)
{
    gruvid__instance_become(plugin, GRUVID__OLD);
    gruvid__target_end(plugin);
    gruvid__bus_end(plugin);
    plugin->why = why;
    __atomic_store(&plugin->cut_at, &until, __ATOMIC_RELAXED);
    gruvid__instance_show_generation(plugin);
    /* At once: whoever connects after a reload meets the next generation. */
    gruvid__plugin_drain(plugin);
    spawn(plugin);
    if (!plugin->is_retiring)
        gruvi_warning("plugin %s cannot be ended yet: %s", plugin->title,
                      gruvi_strerror(gruvi_last_error()));
}

/* A generation that is to be ended, and has no fiber for that. */
static bool
is_waiting(const gruvid_plugin_t *plugin)
{
    return plugin->role == GRUVID__OLD && !plugin->is_retiring &&
           plugin->state != GRUVID__ABANDONED &&
           plugin->state != GRUVID__STOPPED;
}

bool
gruvid__retire_again(struct gruvid__instances *instances)
{
    bool some = false;

    for (size_t i = 0; i < instances->n; i++) {
        if (is_waiting(instances->at[i]))
            spawn(instances->at[i]);
        some |= is_waiting(instances->at[i]);
    }
    return some;
}

static bool
exists(const struct gruvid__instances *instances, const char *name,
       uint64_t generation)
{
    for (size_t i = 0; i < instances->n; i++)
        if (instances->at[i]->generation == generation &&
            strcmp(instances->at[i]->name, name) == 0)
            return true;
    return false;
}

GRUVI_SWITCHPOINT bool
gruvid__retire_wait(struct gruvid__instances *instances, const char *name,
                    uint64_t generation, double until)
{
    struct gruvid__leader *leader = instances->hubs->leader;

    while (exists(instances, name, generation) && !gruvid__stopping(leader) &&
           gruvid__now() < until)
        (void)gruvid__wait(leader, until);
    return !exists(instances, name, generation);
}

GRUVI_SWITCHPOINT void
gruvid__retire_end(struct gruvid__instances *instances)
{
    struct gruvid__leader *leader = instances->hubs->leader;
    size_t i = 0;

    leader->ending = true;
    gruvid__wake(leader);
    while (i < instances->n) {
        gruvid_plugin_t *plugin = instances->at[i];

        if (plugin->is_retiring) {
            (void)gruvid__wait(leader, GRUVI_FOREVER);
            i = 0;
        } else if (is_waiting(plugin) && !plugin->was_stopped) {
            plugin->was_stopped = true;
            retire(plugin);
            i = 0;
        } else {
            i++;
        }
    }
}
