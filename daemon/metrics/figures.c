/* SPDX-License-Identifier: MIT */
/* Collecting what is counted: see figures.h. */
#include "metrics/figures.h"

#include <stdlib.h>
#include <string.h>

#include "hub/hubs.h"
#include "hub/lag.h"
#include "instance/counters.h"
#include "instance/shard.h"
#include "log/writer.h"

/* --- hubs ----------------------------------------------------------------- */

static int
collect_hubs(struct gruvid__figures *figures, struct gruvid__hubs *hubs)
{
    figures->hubs = calloc(hubs->n, sizeof *figures->hubs);
    if (figures->hubs == NULL && hubs->n > 0)
        return UV_ENOMEM;
    figures->n_hubs = hubs->n;
    for (unsigned i = 0; i < hubs->n; i++) {
        struct gruvid__hub_figures *hub = &figures->hubs[i];

        gruvid__lag_ask(&hubs->at[i]);
        hub->number = hubs->at[i].number;
        hub->lag = gruvid__lag(&hubs->at[i], &hub->answers);
        gruvi__hub_view(hubs->at[i].hub, &hub->view);
        hub->fibers = hub->view.fibers + 2;
        hub->ready = hub->view.sleeps ? 0 : hub->view.ready;
    }
    return 0;
}

/* --- plugins -------------------------------------------------------------- */

static void
collect_shards(struct gruvid__figures *figures,
               struct gruvid__plugin_figures *sum,
               const gruvid_plugin_t *plugin)
{
    for (size_t i = 0; i < plugin->n_shards; i++) {
        const struct gruvid__shard *shard = &plugin->shards[i];
        struct gruvid__hub_figures *hub =
            &figures->hubs[shard->hub->number - 1];
        size_t open = __atomic_load_n(&shard->open, __ATOMIC_RELAXED);

        hub->generations++;
        hub->connections += open;
        sum->connections += open;
        sum->requests +=
            __atomic_load_n(&shard->requests_open, __ATOMIC_RELAXED);
        sum->parked += __atomic_load_n(&shard->parked, __ATOMIC_RELAXED);
    }
}

static void
collect_plugin(struct gruvid__figures *figures,
               struct gruvid__plugin_figures *sum,
               const gruvid_plugin_t *plugin)
{
    sum->name = plugin->name;
    sum->generation = plugin->generation;
    sum->generations = 1;
    sum->fibers = gruvid__plugin_fibers(plugin);
    sum->counts = gruvid__plugin_counts(plugin);
    collect_shards(figures, sum, plugin);
    figures->own.plugins += gruvid__role(plugin) == GRUVID__CURRENT;
    figures->own.draining += gruvid__role(plugin) == GRUVID__OLD;
}

/* What generations of a section have counted that are gone, and then what the
 * others count. */
static void
collect_section(struct gruvid__figures *figures,
                struct gruvid__plugin_figures *sum,
                const struct gruvid__line *line)
{
    sum->name = line->name;
    sum->counts = line->ended;
    for (size_t i = 0; i < figures->n_generations; i++) {
        const struct gruvid__plugin_figures *one = &figures->generations[i];

        if (one->name != line->name)
            continue;
        sum->generations++;
        sum->fibers += one->fibers;
        sum->connections += one->connections;
        sum->parked += one->parked;
        sum->requests += one->requests;
        gruvid__counts_add(&sum->counts, &one->counts);
    }
    for (size_t i = 0; i < figures->n_hubs; i++)
        gruvid__codes_add(&sum->unrouted, &line->unrouted[i].codes);
}

static int
by_name(const void *a, const void *b)
{
    const struct gruvid__plugin_figures *first = a, *second = b;

    return strcmp(first->name, second->name);
}

static size_t
count_lines(const struct gruvid__instances *instances)
{
    const struct gruvid__line *line = instances->lines;
    size_t n = 0;

    for (; line != NULL; line = line->next)
        n++;
    return n;
}

/* Under the lock of the instances: none ends between the two sums. */
static int
collect_plugins(struct gruvid__figures *figures,
                const struct gruvid__instances *instances)
{
    const struct gruvid__line *line = instances->lines;
    size_t n = count_lines(instances);

    figures->generations =
        calloc(instances->n + 1, sizeof *figures->generations);
    figures->sections = calloc(n + 1, sizeof *figures->sections);
    if (figures->generations == NULL || figures->sections == NULL)
        return UV_ENOMEM;
    for (size_t i = 0; i < instances->n; i++)
        collect_plugin(figures, &figures->generations[i], instances->at[i]);
    figures->n_generations = instances->n;
    for (size_t i = 0; i < n; i++, line = line->next)
        collect_section(figures, &figures->sections[i], line);
    figures->n_sections = n;
    qsort(figures->sections, n, sizeof *figures->sections, by_name);
    return 0;
}

/* --- routes --------------------------------------------------------------- */

static int
by_plugin_and_route(const void *a, const void *b)
{
    const struct gruvid__route_figures *first = a, *second = b;
    int order = strcmp(first->plugin, second->plugin);

    return order != 0 ? order : strcmp(first->route, second->route);
}

static size_t
count_tallies(const struct gruvid__instances *instances)
{
    size_t n = 0;

    for (const struct gruvid__line *line = instances->lines; line != NULL;
         line = line->next)
        for (struct gruvid__tally *tally = line->tallies; tally != NULL;
             tally = tally->next)
            n++;
    return n;
}

static bool
collect_tally(struct gruvid__route_figures *sum,
              const struct gruvid__line *line,
              const struct gruvid__tally *tally, size_t n_hubs)
{
    *sum = (struct gruvid__route_figures){.plugin = line->name,
                                          .route = tally->route};
    for (size_t i = 0; i < n_hubs; i++)
        gruvid__traffic_add(&sum->traffic, &tally->at[i]);
    return sum->traffic.open > 0 || gruvid__traffic_done(&sum->traffic) > 0;
}

static int
collect_routes(struct gruvid__figures *figures,
               const struct gruvid__instances *instances)
{
    size_t size = (count_tallies(instances) + 1) * sizeof *figures->routes;
    void *memory;

    if (posix_memalign(&memory, 64, size) != 0)
        return UV_ENOMEM;
    figures->routes = memory;
    for (const struct gruvid__line *line = instances->lines; line != NULL;
         line = line->next)
        for (struct gruvid__tally *tally = line->tallies; tally != NULL;
             tally = tally->next)
            figures->n_routes +=
                collect_tally(&figures->routes[figures->n_routes], line, tally,
                              figures->n_hubs);
    qsort(figures->routes, figures->n_routes, sizeof *figures->routes,
          by_plugin_and_route);
    return 0;
}

/* --- counters of plugins ---------------------------------------------------
 */

static int
by_name_and_label(const void *a, const void *b)
{
    const struct gruvid__counter_figures *first = a, *second = b;
    int order = strcmp(first->name, second->name);

    if (order == 0)
        order = strcmp(first->plugin, second->plugin);
    if (order == 0)
        order = strcmp(first->label, second->label);
    return order != 0 ? order : strcmp(first->value, second->value);
}

static size_t
count_counters(const struct gruvid__instances *instances)
{
    size_t n = 0;

    for (const struct gruvid__line *line = instances->lines; line != NULL;
         line = line->next)
        for (struct gruvid_counter *c = line->counters; c != NULL; c = c->next)
            n++;
    return n;
}

static int
collect_counters(struct gruvid__figures *figures,
                 const struct gruvid__instances *instances)
{
    size_t n = 0;

    figures->counters =
        calloc(count_counters(instances) + 1, sizeof *figures->counters);
    if (figures->counters == NULL)
        return UV_ENOMEM;
    for (const struct gruvid__line *line = instances->lines; line != NULL;
         line = line->next)
        for (struct gruvid_counter *c = line->counters; c != NULL; c = c->next)
            figures->counters[n++] = (struct gruvid__counter_figures){
                line->name, c->name,  c->help,
                c->label,   c->value, gruvid__counter_sum(c)};
    figures->n_counters = n;
    qsort(figures->counters, n, sizeof *figures->counters, by_name_and_label);
    return 0;
}

/* --- all ------------------------------------------------------------------ */

static void
collect_pools(struct gruvid__figures *figures)
{
    figures->pools[0].name = "cpu";
    gruvi_pool_stats(gruvi_get_cpu_pool(), &figures->pools[0].stats);
    figures->pools[1].name = "io";
    gruvi_pool_stats(gruvi_get_io_pool(), &figures->pools[1].stats);
}

static void
collect_own(struct gruvid__own_figures *own,
            const struct gruvid__leader *leader)
{
    own->reloads = __atomic_load_n(&leader->reloads, __ATOMIC_RELAXED);
    own->reloads_failed =
        __atomic_load_n(&leader->reloads_failed, __ATOMIC_RELAXED);
    own->last_reload_failed =
        __atomic_load_n(&leader->last_reload_failed, __ATOMIC_RELAXED);
    gruvid__writer_counts(&own->log_lines, &own->log_lost);
}

int
gruvid__figures_collect(struct gruvid__figures *figures,
                        struct gruvid__instances *instances)
{
    int err;

    memset(figures, 0, sizeof *figures);
    err = collect_hubs(figures, instances->hubs);
    if (err < 0)
        return err;
    pthread_mutex_lock(&instances->lock);
    err = collect_plugins(figures, instances);
    if (err == 0)
        err = collect_routes(figures, instances);
    if (err == 0)
        err = collect_counters(figures, instances);
    pthread_mutex_unlock(&instances->lock);
    if (err < 0)
        return err;
    collect_pools(figures);
    collect_own(&figures->own, instances->hubs->leader);
    return 0;
}

void
gruvid__figures_free(struct gruvid__figures *figures)
{
    free(figures->hubs);
    free(figures->generations);
    free(figures->sections);
    free(figures->routes);
    free(figures->counters);
}
