/* SPDX-License-Identifier: MIT */
/*
 * Instances, and where they live.
 *
 * An instance with one home lives where the generation before it does, or else
 * where the fewest do: at a start they are dealt out in turn, in the order of
 * the file.  Instances with multi_hub live in every hub and are not counted.
 */
#include "instance/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instance/counters.h"
#include "instance/handover.h"
#include "instance/options.h"
#include "instance/shard.h"
#include "instance/traffic.h"

/* Seconds for what comes before the first call of a connection. */
#define GREETING 30.0

const struct gruvid__instances *gruvid__instances_here;

/* --- lines ---------------------------------------------------------------- */

static struct gruvid__line *
find_line(const struct gruvid__instances *instances, const char *name)
{
    struct gruvid__line *line = instances->lines;

    while (line != NULL && strcmp(line->name, name) != 0)
        line = line->next;
    return line;
}

static struct gruvid__line *
add_line(struct gruvid__instances *instances, const char *name)
{
    struct gruvid__line *line = calloc(1, sizeof *line);

    if (line == NULL || gruvid__traffic_open(line, instances->hubs->n) < 0) {
        free(line);
        return NULL;
    }
    gruvi_event_init(&line->answers);
    snprintf(line->name, sizeof line->name, "%s", name);
    pthread_mutex_lock(&instances->lock);
    line->next = instances->lines;
    instances->lines = line;
    pthread_mutex_unlock(&instances->lock);
    return line;
}

/* --- counters ------------------------------------------------------------- */

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

void
gruvid__counts_add(struct gruvid__counts *sum,
                   const struct gruvid__counts *more)
{
    sum->accepted += more->accepted;
    sum->served += more->served;
    sum->failed += more->failed;
    sum->gone += more->gone;
    sum->cut += more->cut;
    sum->stalls += more->stalls;
    sum->received += more->received;
    sum->sent += more->sent;
    sum->fibers += more->fibers;
    sum->full += more->full;
    sum->refused += more->refused;
    sum->most_fibers = larger(sum->most_fibers, more->most_fibers);
    sum->most_stack = larger(sum->most_stack, more->most_stack);
    sum->requests += more->requests;
    sum->requests_failed += more->requests_failed;
    gruvid__times_add(&sum->times, &more->times);
    gruvid__codes_add(&sum->codes, &more->codes);
}

static void
add_fibers(struct gruvid__counts *sum, const gruvi__group_counts_t *counts)
{
    sum->fibers += __atomic_load_n(&counts->total, __ATOMIC_RELAXED);
    sum->refused += __atomic_load_n(&counts->refused, __ATOMIC_RELAXED);
    sum->most_fibers += __atomic_load_n(&counts->most, __ATOMIC_RELAXED);
    sum->most_stack =
        larger(sum->most_stack,
               __atomic_load_n(&counts->most_stack, __ATOMIC_RELAXED));
}

struct gruvid__counts
gruvid__plugin_counts(const gruvid_plugin_t *plugin)
{
    struct gruvid__counts sum = {
        .cut = __atomic_load_n(&plugin->cut, __ATOMIC_RELAXED),
        .full = __atomic_load_n(&plugin->full, __ATOMIC_RELAXED),
        .stalls = __atomic_load_n(&plugin->stalls, __ATOMIC_RELAXED)};

    for (size_t i = 0; i < plugin->n_shards; i++) {
        const struct gruvid__shard *shard = &plugin->shards[i];

        sum.accepted += __atomic_load_n(&shard->accepted, __ATOMIC_RELAXED);
        sum.served += __atomic_load_n(&shard->served, __ATOMIC_RELAXED);
        sum.failed += __atomic_load_n(&shard->failed, __ATOMIC_RELAXED);
        sum.gone += __atomic_load_n(&shard->gone, __ATOMIC_RELAXED);
        add_fibers(&sum, &shard->fibers);
        sum.received += __atomic_load_n(&shard->received, __ATOMIC_RELAXED);
        sum.sent += __atomic_load_n(&shard->sent, __ATOMIC_RELAXED);
        sum.requests +=
            __atomic_load_n(&shard->requests_done, __ATOMIC_RELAXED);
        sum.requests_failed +=
            __atomic_load_n(&shard->requests_failed, __ATOMIC_RELAXED);
        gruvid__times_add(&sum.times, &shard->times);
        gruvid__codes_add(&sum.codes, &shard->codes);
    }
    return sum;
}

size_t
gruvid__plugin_fibers(const gruvid_plugin_t *plugin)
{
    size_t now = 0;

    for (size_t i = 0; i < plugin->n_shards; i++)
        now += __atomic_load_n(&plugin->shards[i].fibers.now, __ATOMIC_RELAXED);
    return now;
}

size_t
gruvid__plugin_open(const gruvid_plugin_t *plugin)
{
    size_t open = 0;

    for (size_t i = 0; i < plugin->n_shards; i++)
        open += __atomic_load_n(&plugin->shards[i].open, __ATOMIC_RELAXED);
    return open;
}

/* --- the list ------------------------------------------------------------- */

static bool
make_room(struct gruvid__instances *instances)
{
    size_t room = instances->room == 0 ? 16 : 2 * instances->room;
    gruvid_plugin_t **more;

    if (instances->n < instances->room)
        return true;
    pthread_mutex_lock(&instances->lock);
    more = realloc(instances->at, room * sizeof(*more));
    if (more != NULL) {
        instances->at = more;
        instances->room = room;
    }
    pthread_mutex_unlock(&instances->lock);
    return more != NULL;
}

static void
take_off_list(struct gruvid__instances *instances, gruvid_plugin_t *plugin)
{
    size_t i = 0;

    while (i < instances->n && instances->at[i] != plugin)
        i++;
    if (i == instances->n)
        return;
    instances->n--;
    memmove(&instances->at[i], &instances->at[i + 1],
            (instances->n - i) * sizeof(*instances->at));
}

gruvid_plugin_t *
gruvid__instance_find(const struct gruvid__instances *instances,
                      const char *name)
{
    for (size_t i = 0; i < instances->n; i++)
        if (instances->at[i]->role == GRUVID__CURRENT &&
            strcmp(instances->at[i]->name, name) == 0)
            return instances->at[i];
    return NULL;
}

struct gruvid__line *
gruvid__line_find(struct gruvid__instances *instances, const char *name)
{
    struct gruvid__line *line;

    pthread_mutex_lock(&instances->lock);
    line = find_line(instances, name);
    pthread_mutex_unlock(&instances->lock);
    return line;
}

bool
gruvid__instances_had(const struct gruvid__instances *instances,
                      const char *name)
{
    return find_line(instances, name) != NULL;
}

void
gruvid__instances_each(struct gruvid__instances *instances,
                       void (*fn)(gruvid_plugin_t *plugin, void *arg),
                       void *arg)
{
    pthread_mutex_lock(&instances->lock);
    for (size_t i = 0; i < instances->n; i++)
        fn(instances->at[i], arg);
    pthread_mutex_unlock(&instances->lock);
}

/* --- homes ---------------------------------------------------------------- */

static size_t
count_at_home(const struct gruvid__instances *instances,
              const struct gruvid__hub *hub)
{
    size_t n = 0;

    for (size_t i = 0; i < instances->n; i++) {
        const gruvid_plugin_t *plugin = instances->at[i];

        n += plugin->role != GRUVID__OLD && plugin->n_shards == 1 &&
             plugin->shards[0].hub == hub;
    }
    return n;
}

static unsigned
choose_home(const struct gruvid__instances *instances, const char *name)
{
    const gruvid_plugin_t *before = gruvid__instance_find(instances, name);
    struct gruvid__hubs *hubs = instances->hubs;
    unsigned home = 0;

    if (before != NULL && before->n_shards == 1)
        return before->shards[0].hub->number - 1;
    for (unsigned i = 1; i < hubs->n; i++)
        if (count_at_home(instances, &hubs->at[i]) <
            count_at_home(instances, &hubs->at[home]))
            home = i;
    return home;
}

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
init_shards(gruvid_plugin_t *plugin, struct gruvid__instances *instances)
{
    struct gruvid__hubs *hubs = instances->hubs;
    bool everywhere = plugin->module->descriptor.multi_hub && hubs->n > 1;
    size_t n = everywhere ? hubs->n : 1;
    unsigned first = everywhere ? 0 : choose_home(instances, plugin->name);

    plugin->shards = allocate(n, sizeof *plugin->shards);
    if (plugin->shards == NULL)
        return UV_ENOMEM;
    plugin->n_shards = n;
    for (size_t i = 0; i < n; i++) {
        plugin->shards[i].plugin = plugin;
        plugin->shards[i].hub = &hubs->at[first + i];
        plugin->shards[i].options = plugin->options;
        plugin->shards[i].fibers.limit =
            (size_t)gruvid__section_integer(plugin->section, "max_fibers");
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

    return gruvid__module_current(modules, dir,
                                  gruvid__section_module(section));
}

static int
read_section(gruvid_plugin_t *plugin, gruvid__section_t *section)
{
    int err = gruvid__instance_hold(plugin, section);

    if (err < 0)
        return err;
    plugin->section = section;
    plugin->options = gruvid__options_of(plugin, section);
    if (plugin->options == NULL)
        return UV_ENOMEM;
    plugin->settled = plugin->offered = plugin->options;
    plugin->max_connections =
        (size_t)gruvid__section_integer(section, "max_connections");
    plugin->read_timeout = gruvid__section_duration(section, "read_timeout");
    plugin->idle_timeout = gruvid__section_duration(section, "idle_timeout");
    plugin->request_timeout =
        gruvid__section_duration(section, "request_timeout");
    plugin->max_body = gruvid__section_size(section, "max_body");
    plugin->routes = gruvid__section_routes(section);
    plugin->greeting = GREETING;
    return gruvid__section_proxies(section, &plugin->proxies);
}

void
gruvid__instance_show_generation(gruvid_plugin_t *plugin)
{
    __atomic_store_n(&plugin->title, plugin->full_title, __ATOMIC_RELAXED);
}

static void
free_plugin(gruvid_plugin_t *plugin)
{
    gruvi_event_destroy(&plugin->may_accept);
    gruvi_event_destroy(&plugin->below_limit);
    gruvi_event_destroy(&plugin->drain_event);
    gruvid__handover_free(plugin->given);
    gruvid__handover_free(plugin->received);
    gruvid__proxies_free(plugin->proxies);
    gruvid__instance_forget(plugin);
    free(plugin->shards);
    free(plugin);
}

int
gruvid__instance_new(gruvid_plugin_t **result,
                     struct gruvid__instances *instances,
                     gruvid__section_t *section,
                     const struct gruvid__module *module, size_t position)
{
    const char *name = gruvid__section_plugin(section);
    struct gruvid__line *line = find_line(instances, name);
    gruvid_plugin_t *plugin = allocate(1, sizeof *plugin);
    int err;

    *result = NULL;
    if (line == NULL)
        line = add_line(instances, name);
    if (line == NULL || plugin == NULL || !make_room(instances)) {
        free(plugin);
        return UV_ENOMEM;
    }
    plugin->leader = instances->hubs->leader;
    plugin->all = instances;
    plugin->line = line;
    plugin->name = line->name;
    plugin->title = line->name;
    plugin->module = module;
    plugin->position = position;
    gruvi_event_init(&plugin->may_accept);
    gruvi_event_init(&plugin->below_limit);
    gruvi_event_init(&plugin->drain_event);
    err = read_section(plugin, section);
    if (err == 0)
        err = init_shards(plugin, instances);
    if (err < 0) {
        free_plugin(plugin);
        return err;
    }
    plugin->generation = ++line->last;
    snprintf(plugin->full_title, sizeof plugin->full_title,
             "%s, generation %llu", plugin->name,
             (unsigned long long)plugin->generation);
    if (plugin->generation > 1)
        gruvid__instance_show_generation(plugin);
    pthread_mutex_lock(&instances->lock);
    instances->at[instances->n++] = plugin;
    pthread_mutex_unlock(&instances->lock);
    *result = plugin;
    return 0;
}

void
gruvid__instance_free(struct gruvid__instances *instances,
                      gruvid_plugin_t *plugin)
{
    struct gruvid__counts counts = gruvid__plugin_counts(plugin);

    pthread_mutex_lock(&instances->lock);
    gruvid__counts_add(&plugin->line->ended, &counts);
    take_off_list(instances, plugin);
    pthread_mutex_unlock(&instances->lock);
    free_plugin(plugin);
}

void
gruvid__instances_init(struct gruvid__instances *instances,
                       struct gruvid__hubs *hubs)
{
    *instances = (struct gruvid__instances){.hubs = hubs};
    pthread_mutex_init(&instances->lock, NULL);
    gruvid__instances_here = instances;
}

int
gruvid__instances_load(struct gruvid__instances *instances,
                       gruvid__config_t *config,
                       struct gruvid__modules *modules)
{
    gruvid__section_t *section = NULL;
    gruvid_plugin_t *plugin;
    int err = 0;

    while (err == 0 && (section = gruvid__config_next_plugin(config, section)))
        err = gruvid__instance_new(&plugin, instances, section,
                                   find_module(config, modules, section),
                                   instances->n);
    return err;
}

void
gruvid__instances_free(struct gruvid__instances *instances)
{
    gruvid__instances_here = NULL;
    while (instances->n > 0)
        gruvid__instance_free(instances, instances->at[instances->n - 1]);
    free(instances->at);
    while (instances->lines != NULL) {
        struct gruvid__line *line = instances->lines;

        instances->lines = line->next;
        gruvid__traffic_close(line);
        gruvid__counters_close(line);
        gruvi_event_destroy(&line->answers);
        free(line);
    }
    pthread_mutex_destroy(&instances->lock);
}
