/* SPDX-License-Identifier: MIT */
/*
 * Instances, and where they live.
 *
 * Those of one home are dealt out in the order of the file, the first to the
 * first hub.  Those with multi_hub live everywhere and are not counted.
 */
#include "instance/instance.h"

#include <stdlib.h>
#include <string.h>

/* --- making them --------------------------------------------------------- */

/* Zeroed, in cache lines of their own. */
static void *
allocate(size_t n, size_t size)
{
    void *memory;

    if (posix_memalign(&memory, 64, n * size) != 0)
        return NULL;
    return memset(memory, 0, n * size);
}

static int
init_parts(gruvid_plugin_t *plugin, unsigned *next_home)
{
    struct gruvid__daemon *daemon = plugin->daemon;
    bool everywhere = plugin->module->descriptor.multi_hub;
    size_t n = everywhere ? daemon->n_hubs : 1;
    unsigned first = everywhere ? 0 : (*next_home)++ % daemon->n_hubs;

    plugin->parts = allocate(n, sizeof *plugin->parts);
    if (plugin->parts == NULL)
        return UV_ENOMEM;
    plugin->n_parts = n;
    for (size_t i = 0; i < n; i++) {
        plugin->parts[i].plugin = plugin;
        plugin->parts[i].hub = &daemon->hubs[first + i];
    }
    return 0;
}

static int
init_plugin(struct gruvid__daemon *daemon, gruvid_plugin_t *plugin,
            gruvid__section_t *section, unsigned *next_home)
{
    char why[1024];

    plugin->daemon = daemon;
    plugin->section = section;
    plugin->name = gruvid__section_plugin(section);
    /* It is open already: that was checked. */
    plugin->module = gruvid__module_open(
        daemon->modules,
        gruvid__section_string(gruvid__config_section(daemon->config, "gruvid"),
                               "plugin_dir"),
        gruvid__section_module(section), why, sizeof why);
    plugin->max_connections =
        (size_t)gruvid__section_integer(section, "max_connections");
    plugin->read_timeout = gruvid__section_duration(section, "read_timeout");
    plugin->idle_timeout = gruvid__section_duration(section, "idle_timeout");
    gruvid__section_list(section, "listen", &plugin->n_doors);
    gruvi_event_init(&plugin->room);
    return init_parts(plugin, next_home);
}

int
gruvid__instances_init(struct gruvid__daemon *daemon)
{
    gruvid__section_t *section = NULL;
    unsigned next_home = 0;
    size_t n = 0;
    int err = 0;

    while ((section = gruvid__config_next_plugin(daemon->config, section)))
        n++;
    daemon->plugins = allocate(n + 1, sizeof *daemon->plugins);
    if (daemon->plugins == NULL)
        return UV_ENOMEM;
    while (err == 0 &&
           (section = gruvid__config_next_plugin(daemon->config, section)))
        err = init_plugin(daemon, &daemon->plugins[daemon->n_plugins++],
                          section, &next_home);
    return err;
}

void
gruvid__instances_free(struct gruvid__daemon *daemon)
{
    for (size_t i = 0; i < daemon->n_plugins; i++) {
        gruvi_event_destroy(&daemon->plugins[i].room);
        free(daemon->plugins[i].parts);
    }
    free(daemon->plugins);
}

/* --- looking at them ------------------------------------------------------ */

struct gruvid__part *
gruvid__part_here(const gruvid_plugin_t *plugin)
{
    const struct gruvid__hub *hub = gruvid__hub_self();

    if (hub == NULL)
        return NULL;
    if (plugin->n_parts > 1)
        return &plugin->parts[hub->number - 1];
    return plugin->parts[0].hub == hub ? &plugin->parts[0] : NULL;
}

size_t
gruvid__plugin_open(const gruvid_plugin_t *plugin)
{
    size_t open = 0;

    for (size_t i = 0; i < plugin->n_parts; i++)
        open += __atomic_load_n(&plugin->parts[i].open, __ATOMIC_RELAXED);
    return open;
}

struct gruvid__counts
gruvid__plugin_counts(const gruvid_plugin_t *plugin)
{
    struct gruvid__counts sum = {0};

    for (size_t i = 0; i < plugin->n_parts; i++) {
        const struct gruvid__part *part = &plugin->parts[i];

        sum.accepted += __atomic_load_n(&part->accepted, __ATOMIC_RELAXED);
        sum.served += __atomic_load_n(&part->served, __ATOMIC_RELAXED);
        sum.failed += __atomic_load_n(&part->failed, __ATOMIC_RELAXED);
        sum.gone += __atomic_load_n(&part->gone, __ATOMIC_RELAXED);
    }
    return sum;
}

/* --- doing something in their hubs ---------------------------------------- */

int
gruvid__each_part(gruvid_plugin_t *plugin, int (*fn)(void *part), double within)
{
    int first = 0;

    for (size_t i = 0; i < plugin->n_parts; i++) {
        struct gruvid__part *part = &plugin->parts[i];
        int err = gruvid__hub_call(part->hub, fn, part, within);

        if (first == 0)
            first = err;
    }
    return first;
}

static int
body_main(void *arg)
{
    struct gruvid__part *part = arg;

    part->status = part->body(part);
    __atomic_store_n(&part->done, true, __ATOMIC_RELEASE);
    gruvid__wake(part->plugin->daemon);
    return 0;
}

/* In the hub of the part. */
static int
spawn_body(void *arg)
{
    struct gruvid__part *part = arg;
    gruvi_fiber_options_t options = {.name = part->body_name};
    gruvi_fiber_t *fiber = NULL;

    GRUVI_IN_GROUP (&part->group) {
        fiber = gruvi_spawn_ex(body_main, part, &options);
    }
    if (fiber == NULL)
        return gruvi_last_error();
    gruvi_fiber_unref(fiber);
    return 0;
}

int
gruvid__part_spawn(struct gruvid__part *part, const char *name,
                   int (*body)(struct gruvid__part *part))
{
    part->body = body;
    part->body_name = name;
    part->done = false;
    return gruvid__hub_call(part->hub, spawn_body, part, 0);
}

int
gruvid__part_run(struct gruvid__part *part, const char *name,
                 int (*body)(struct gruvid__part *part), double timeout)
{
    struct gruvid__daemon *daemon = part->plugin->daemon;
    double until = timeout < 0 ? GRUVI_FOREVER : gruvid__now() + timeout;
    int err = gruvid__part_spawn(part, name, body);

    if (err < 0)
        return err;
    while (!__atomic_load_n(&part->done, __ATOMIC_ACQUIRE)) {
        if (gruvid__stopping(daemon))
            return UV_ECANCELED;
        if (!gruvid__wait(daemon, until))
            return gruvid__stopping(daemon) ? UV_ECANCELED : UV_ETIMEDOUT;
    }
    return 0;
}
