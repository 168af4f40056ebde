/* SPDX-License-Identifier: MIT */
/*
 * Instances, and where they live.
 *
 * Instances with one home are dealt out to the hubs in turn, in the order of
 * the file.  Instances with multi_hub live in every hub and are not counted.
 */
#include "instance/instance.h"

#include <stdlib.h>
#include <string.h>

#include "instance/shard.h"

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
init_shards(gruvid_plugin_t *plugin, struct gruvid__hubs *hubs,
            unsigned *next_home)
{
    bool everywhere = plugin->module->descriptor.multi_hub;
    size_t n = everywhere ? hubs->n : 1;
    unsigned first = everywhere ? 0 : (*next_home)++ % hubs->n;

    plugin->shards = allocate(n, sizeof *plugin->shards);
    if (plugin->shards == NULL)
        return UV_ENOMEM;
    plugin->n_shards = n;
    for (size_t i = 0; i < n; i++) {
        plugin->shards[i].plugin = plugin;
        plugin->shards[i].hub = &hubs->at[first + i];
    }
    return 0;
}

/* The module is open already: that was checked. */
static const struct gruvid__module *
find_module(gruvid__config_t *config, struct gruvid__modules *modules,
            const gruvid__section_t *section)
{
    const char *dir = gruvid__section_string(
        gruvid__config_section(config, "gruvid"), "plugin_dir");
    char why[1024];

    return gruvid__module_open(modules, dir, gruvid__section_module(section),
                               why, sizeof why);
}

static void
read_section(gruvid_plugin_t *plugin, gruvid__section_t *section)
{
    plugin->section = section;
    plugin->name = gruvid__section_plugin(section);
    plugin->max_connections =
        (size_t)gruvid__section_integer(section, "max_connections");
    plugin->read_timeout = gruvid__section_duration(section, "read_timeout");
    plugin->idle_timeout = gruvid__section_duration(section, "idle_timeout");
    gruvid__section_list(section, "listen", &plugin->n_endpoints);
}

int
gruvid__instances_init(struct gruvid__instances *instances,
                       gruvid__config_t *config,
                       struct gruvid__modules *modules,
                       struct gruvid__hubs *hubs)
{
    gruvid__section_t *section = NULL;
    unsigned next_home = 0;
    size_t n = 0;
    int err = 0;

    while ((section = gruvid__config_next_plugin(config, section)))
        n++;
    instances->plugins = allocate(n + 1, sizeof *instances->plugins);
    if (instances->plugins == NULL)
        return UV_ENOMEM;
    while (err == 0 &&
           (section = gruvid__config_next_plugin(config, section))) {
        gruvid_plugin_t *plugin = &instances->plugins[instances->n++];

        plugin->leader = hubs->leader;
        plugin->module = find_module(config, modules, section);
        read_section(plugin, section);
        gruvi_event_init(&plugin->below_limit);
        err = init_shards(plugin, hubs, &next_home);
    }
    return err;
}

void
gruvid__instances_free(struct gruvid__instances *instances)
{
    for (size_t i = 0; i < instances->n; i++) {
        gruvi_event_destroy(&instances->plugins[i].below_limit);
        free(instances->plugins[i].shards);
    }
    free(instances->plugins);
}

/* --- looking at them ------------------------------------------------------ */

size_t
gruvid__plugin_open(const gruvid_plugin_t *plugin)
{
    size_t open = 0;

    for (size_t i = 0; i < plugin->n_shards; i++)
        open += __atomic_load_n(&plugin->shards[i].open, __ATOMIC_RELAXED);
    return open;
}

struct gruvid__counts
gruvid__plugin_counts(const gruvid_plugin_t *plugin)
{
    struct gruvid__counts sum = {0};

    for (size_t i = 0; i < plugin->n_shards; i++) {
        const struct gruvid__shard *shard = &plugin->shards[i];

        sum.accepted += __atomic_load_n(&shard->accepted, __ATOMIC_RELAXED);
        sum.served += __atomic_load_n(&shard->served, __ATOMIC_RELAXED);
        sum.failed += __atomic_load_n(&shard->failed, __ATOMIC_RELAXED);
        sum.gone += __atomic_load_n(&shard->gone, __ATOMIC_RELAXED);
    }
    return sum;
}
