/* SPDX-License-Identifier: MIT */
/*
 * "plugins": each generation that there is, the builds of modules that are in
 * memory, and what plugins count by themselves.  Builds that no generation uses
 * any more are counted: their code stays.
 */
#include "control/commands.h"
#include "control/text.h"
#include "control/times.h"
#include "instance/shard.h"
#include "log/level.h"
#include "metrics/figures.h"

static const char *
state_name(const gruvid_plugin_t *plugin)
{
    if (plugin->state == GRUVID__ABANDONED)
        return "abandoned";
    if (plugin->state == GRUVID__STOPPED)
        return "stopped";
    if (__atomic_load_n(&plugin->draining, __ATOMIC_ACQUIRE))
        return "draining";
    return plugin->state == GRUVID__STARTED && plugin->role != GRUVID__NEXT
               ? "serving"
               : "starting";
}

static json_t *
show_hubs(const gruvid_plugin_t *plugin)
{
    json_t *hubs = json_array();

    for (size_t i = 0; i < plugin->n_shards; i++)
        json_array_append_new(
            hubs, json_integer((json_int_t)plugin->shards[i].hub->number));
    return hubs;
}

static json_t *
show_addresses(const gruvid_plugin_t *plugin)
{
    const char *const *address =
        gruvid__section_list(plugin->section, "listen", NULL);
    json_t *shown = json_array();

    for (; *address != NULL; address++)
        json_array_append_new(shown, gruvid__json_text(*address));
    return shown;
}

/* How often each error was met; those that are not told apart are "others". */
static json_t *
show_codes(const struct gruvid__codes *codes)
{
    json_t *shown = json_object();

    for (size_t i = 0; i < GRUVID__CODES && codes->at[i].code != 0; i++)
        json_object_set_new(shown, gruvi_err_name(codes->at[i].code),
                            json_integer((json_int_t)codes->at[i].n));
    if (codes->others > 0)
        json_object_set_new(shown, "others",
                            json_integer((json_int_t)codes->others));
    return shown;
}

static json_t *
show_counts(const struct gruvid__plugin_figures *figures)
{
    const struct gruvid__counts *counts = &figures->counts;
    const struct gruvid__times *times = &counts->times;

    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
        "s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:f, s:f, s:o}",
        "connections", (json_int_t)figures->connections, "parked",
        (json_int_t)figures->parked, "fibers", (json_int_t)figures->fibers,
        "most_fibers", (json_int_t)counts->most_fibers, "spawned",
        (json_int_t)counts->fibers, "refused", (json_int_t)counts->refused,
        "most_stack", (json_int_t)counts->most_stack, "accepted",
        (json_int_t)counts->accepted, "served", (json_int_t)counts->served,
        "failed", (json_int_t)counts->failed, "gone", (json_int_t)counts->gone,
        "cut", (json_int_t)counts->cut, "stalls", (json_int_t)counts->stalls,
        "received", (json_int_t)counts->received, "sent",
        (json_int_t)counts->sent, "full", (json_int_t)counts->full,
        "requests_open", (json_int_t)figures->requests, "requests",
        (json_int_t)counts->requests, "requests_failed",
        (json_int_t)counts->requests_failed, "errors",
        show_codes(&counts->codes), "time_p50",
        gruvid__times_bound(times->at, GRUVID__TIME_BUCKETS, 0.5), "time_p99",
        gruvid__times_bound(times->at, GRUVID__TIME_BUCKETS, 0.99), "times",
        gruvid__json_times(times->at, GRUVID__TIME_BUCKETS));
}

/* Seconds until a time. */
static double
left(double until)
{
    double seconds = until - gruvid__now();

    return seconds > 0 ? seconds : 0;
}

static json_t *
show_plugin(const gruvid_plugin_t *plugin,
            const struct gruvid__plugin_figures *figures)
{
    const struct gruvid__module *module = plugin->module;
    json_t *counts = show_counts(figures);
    /* An old generation ends anyway: nobody has to do anything about it. */
    bool inconsistent = plugin->inconsistent && plugin->role == GRUVID__CURRENT;
    json_t *shown = json_pack(
        "{s:o, s:I, s:s, s:o, s:I, s:s, s:o, s:o, s:b, s:s}", "plugin",
        gruvid__json_text(plugin->name), "generation",
        (json_int_t)plugin->generation, "state", state_name(plugin), "module",
        gruvid__json_text(module->name), "build", (json_int_t)module->build,
        "build_id", module->build_id, "hubs", show_hubs(plugin), "listen",
        show_addresses(plugin), "inconsistent", inconsistent, "log_level",
        gruvi_log_level_name(gruvid__log_level(plugin->name)));

    if (shown != NULL && counts != NULL)
        json_object_update(shown, counts);
    if (shown != NULL && plugin->draining)
        json_object_set_new(shown, "cut_in", json_real(left(plugin->cut_at)));
    json_decref(counts);
    return shown;
}

/* What plugins count by themselves. */
static json_t *
show_counter(const struct gruvid__counter_figures *counter)
{
    json_t *shown = json_pack("{s:o, s:s, s:I}", "plugin",
                              gruvid__json_text(counter->plugin), "counter",
                              counter->name, "count", (json_int_t)counter->n);

    if (shown != NULL && *counter->label != '\0') {
        json_object_set_new(shown, "label", json_string(counter->label));
        json_object_set_new(shown, "value", gruvid__json_text(counter->value));
    }
    return shown;
}

/* Only this hub makes and ends generations: the figures are of just these.
 * Both are NULL without memory. */
static void
show_plugins(struct gruvid__instances *instances, json_t **plugins,
             json_t **counters)
{
    struct gruvid__figures figures;
    int err = gruvid__figures_collect(&figures, instances);

    *plugins = err == 0 ? json_array() : NULL;
    *counters = err == 0 ? json_array() : NULL;
    for (size_t i = 0; err == 0 && i < figures.n_generations; i++)
        json_array_append_new(
            *plugins, show_plugin(instances->at[i], &figures.generations[i]));
    for (size_t i = 0; err == 0 && i < figures.n_counters; i++)
        json_array_append_new(*counters, show_counter(&figures.counters[i]));
    gruvid__figures_free(&figures);
}

static bool
is_used(const struct gruvid__instances *instances,
        const struct gruvid__module *module)
{
    for (size_t i = 0; i < instances->n; i++)
        if (instances->at[i]->module == module)
            return true;
    return false;
}

static json_t *
show_module(const struct gruvid__instances *instances,
            const struct gruvid__module *module)
{
    json_t *shown = json_pack(
        "{s:o, s:I, s:s, s:o, s:I, s:I, s:b, s:b}", "module",
        gruvid__json_text(module->name), "build", (json_int_t)module->build,
        "build_id", module->build_id, "file", gruvid__json_text(module->file),
        "mapped", (json_int_t)module->mapped, "tls", (json_int_t)module->tls,
        "static_tls", module->static_tls, "used", is_used(instances, module));

    if (shown != NULL && module->refused != NULL)
        json_object_set_new(shown, "refused",
                            gruvid__json_text(module->refused));
    return shown;
}

static GRUVI_SWITCHPOINT int
answer_plugins(struct gruvid__request *request)
{
    struct gruvid__instances *instances = &request->daemon->instances;
    const struct gruvid__module *module =
        gruvid__modules_first(request->daemon->modules);
    json_t *plugins, *modules = json_array(), *counters;
    int err;

    show_plugins(instances, &plugins, &counters);
    for (; module != NULL; module = module->next)
        json_array_append_new(modules, show_module(instances, module));
    err = gruvid__answer_pieces(request, "plugins", plugins);
    if (err == 0)
        err = gruvid__answer_pieces(request, "modules", modules);
    else
        json_decref(modules);
    if (err == 0)
        return gruvid__answer_list(request, "counters", counters);
    json_decref(counters);
    return err;
}

const struct gruvid__command gruvid__command_plugins = {
    .name = "plugins",
    .who = GRUVID__MAY_LOOK,
    .looks = true,
    .handler = answer_plugins,
};
