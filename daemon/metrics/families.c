/* SPDX-License-Identifier: MIT */
/*
 * The metrics of gruvid: tables of families, each with where its value is in
 * the figures.  gruvid(8) lists them.
 *
 * Plugins are told apart by their section, of all its generations together: so
 * counters do not go down when a generation ends.
 */
#include "metrics/families.h"

#include <stdio.h>
#include <string.h>

#include <gruvi.h>

#include "metrics/columns.h"

/* --- gruvid --------------------------------------------------------------- */

static void
write_one(struct gruvid__exposition *e, const struct gruvid__family *family,
          uint64_t value)
{
    static const struct gruvid__label none[GRUVID__LABELS];

    gruvid__exposition_family(e, family);
    gruvid__exposition_sample(e, family, none, value);
}

static void
write_about(struct gruvid__exposition *e, const struct gruvid__about *about)
{
    static const struct gruvid__family build = {"gruvid_build", GRUVID__INFO,
                                                NULL, "What gruvid runs."};
    static const struct gruvid__family start = {
        "gruvid_start_time_seconds", GRUVID__GAUGE, "seconds",
        "When gruvid has started, in seconds since 1970."};
    static const struct gruvid__family ready = {
        "gruvid_ready", GRUVID__GAUGE, NULL,
        "1 while gruvid takes connections and was not asked to stop."};
    struct gruvid__label labels[GRUVID__LABELS] = {{"version", about->version}};

    gruvid__exposition_family(e, &build);
    gruvid__exposition_sample(e, &build, labels, 1);
    write_one(e, &start, about->begun);
    write_one(e, &ready, about->ready);
}

/* Each is one item: gruvid. */
static const struct gruvid__column own_columns[] = {
    GAUGE("gruvid_plugins", NULL, gruvid__own_figures, plugins,
          "Sections of plugins that run."),
    GAUGE("gruvid_draining_generations", NULL, gruvid__own_figures, draining,
          "Old generations of plugins that drain."),
    COUNTER("gruvid_reloads", NULL, gruvid__own_figures, reloads,
            "Reloads that are over."),
    COUNTER("gruvid_reloads_failed", NULL, gruvid__own_figures, reloads_failed,
            "Reloads that have failed."),
    GAUGE("gruvid_last_reload_failed", NULL, gruvid__own_figures,
          last_reload_failed, "1 if the last reload has failed."),
    COUNTER("gruvid_log_lines", NULL, gruvid__own_figures, log_lines,
            "Lines of the log, those that were lost included."),
    COUNTER("gruvid_log_lost_lines", NULL, gruvid__own_figures, log_lost,
            "Lines of the log that were lost: nothing took them in time."),
};

static void
label_nothing(const void *item, struct gruvid__label *labels, char *buf,
              size_t size)
{
    (void)item;
    (void)labels;
    (void)buf;
    (void)size;
}

static void
write_own(struct gruvid__exposition *e, const struct gruvid__figures *figures)
{
    const struct gruvid__items items = {&figures->own, 1, sizeof figures->own,
                                        label_nothing};

    WRITE_COLUMNS(e, own_columns, &items);
}

/* --- hubs ----------------------------------------------------------------- */

static const struct gruvid__column hub_columns[] = {
    GAUGE("gruvid_hub_up", NULL, gruvid__hub_figures, answers,
          "1 while the hub answers within a second."),
    GAUGE("gruvid_hub_lag_seconds", "seconds", gruvid__hub_figures, lag,
          "How long the hub took to come to the last question, or has not come "
          "to it."),
    GAUGE("gruvid_hub_fibers", NULL, gruvid__hub_figures, fibers,
          "Fibers of the hub, with its own two."),
    GAUGE("gruvid_hub_ready_fibers", NULL, gruvid__hub_figures, ready,
          "Fibers that were ready when the hub last ran them."),
    GAUGE("gruvid_hub_ready_fibers_max", NULL, gruvid__hub_figures,
          view.most_ready, "The most fibers that were ready at once."),
    GAUGE("gruvid_hub_connections", NULL, gruvid__hub_figures, connections,
          "Connections of the hub."),
    GAUGE("gruvid_hub_generations", NULL, gruvid__hub_figures, generations,
          "Generations of plugins that live in the hub."),
    COUNTER("gruvid_hub_turns", NULL, gruvid__hub_figures, view.turns,
            "Looks of the hub at events."),
    COUNTER("gruvid_hub_switches", NULL, gruvid__hub_figures, view.switches,
            "Times that the hub has let a fiber run."),
    COUNTER("gruvid_hub_spawned_fibers", NULL, gruvid__hub_figures,
            view.spawned, "Fibers that were made in the hub."),
    COUNTER("gruvid_hub_refused_fibers", NULL, gruvid__hub_figures,
            view.refused,
            "Fibers that were not made, by fibers.max_fibers or without "
            "memory."),
};

static void
label_hub(const void *item, struct gruvid__label *labels, char *buf,
          size_t size)
{
    snprintf(buf, size, "%u",
             ((const struct gruvid__hub_figures *)item)->number);
    labels[0] = (struct gruvid__label){"hub", buf};
}

static void
write_hubs(struct gruvid__exposition *e, const struct gruvid__figures *figures)
{
    const struct gruvid__items items = {figures->hubs, figures->n_hubs,
                                        sizeof *figures->hubs, label_hub};

    WRITE_COLUMNS(e, hub_columns, &items);
}

/* --- plugins -------------------------------------------------------------- */

static const struct gruvid__column plugin_columns[] = {
    GAUGE("gruvid_plugin_generations", NULL, gruvid__plugin_figures,
          generations,
          "Generations that there are: more than 1 while old "
          "ones drain."),
    GAUGE("gruvid_plugin_fibers", NULL, gruvid__plugin_figures, fibers,
          "Fibers of the plugin."),
    GAUGE("gruvid_plugin_fibers_max", NULL, gruvid__plugin_figures,
          counts.most_fibers,
          "The most fibers of a generation at a time, each "
          "hub's added up."),
    GAUGE("gruvid_plugin_connections", NULL, gruvid__plugin_figures,
          connections, "Connections of the plugin."),
    GAUGE("gruvid_plugin_parked_connections", NULL, gruvid__plugin_figures,
          parked, "Connections that wait without a fiber."),
    GAUGE("gruvid_plugin_stack_used_bytes", "bytes", gruvid__plugin_figures,
          counts.most_stack,
          "The most of a stack that measured fibers have "
          "used, in whole pages."),
    COUNTER("gruvid_plugin_spawned_fibers", NULL, gruvid__plugin_figures,
            counts.fibers, "Fibers that were started."),
    COUNTER("gruvid_plugin_refused_fibers", NULL, gruvid__plugin_figures,
            counts.refused,
            "Fibers that max_fibers of the plugin has refused."),
    COUNTER("gruvid_plugin_accepted_connections", NULL, gruvid__plugin_figures,
            counts.accepted, "Connections that were accepted."),
    COUNTER("gruvid_plugin_connections_full", NULL, gruvid__plugin_figures,
            counts.full, "Times that max_connections was reached."),
    COUNTER("gruvid_plugin_served", NULL, gruvid__plugin_figures, counts.served,
            "Connections that have ended well."),
    COUNTER("gruvid_plugin_failed", NULL, gruvid__plugin_figures, counts.failed,
            "Connections and fibers that have failed."),
    COUNTER("gruvid_plugin_gone", NULL, gruvid__plugin_figures, counts.gone,
            "Connections and fibers whose peer has gone."),
    COUNTER("gruvid_plugin_cut", NULL, gruvid__plugin_figures, counts.cut,
            "Connections that were cut at the end of a drain."),
    COUNTER("gruvid_plugin_stalls", NULL, gruvid__plugin_figures, counts.stalls,
            "Times that the plugin has kept a hub for longer "
            "than stall_warning."),
    GAUGE("gruvid_plugin_requests_open", NULL, gruvid__plugin_figures, requests,
          "Requests that the handler answers just now."),
    COUNTER("gruvid_plugin_requests", NULL, gruvid__plugin_figures,
            counts.requests, "Requests that the handler has answered."),
    COUNTER("gruvid_plugin_requests_failed", NULL, gruvid__plugin_figures,
            counts.requests_failed, "Requests that the handler has failed at."),
    COUNTER("gruvid_plugin_received_bytes", "bytes", gruvid__plugin_figures,
            counts.received,
            "Bytes that connections have received, as far as "
            "they were counted."),
    COUNTER("gruvid_plugin_sent_bytes", "bytes", gruvid__plugin_figures,
            counts.sent,
            "Bytes that connections have sent, as far as they "
            "were counted."),
};

static void
label_plugin(const void *item, struct gruvid__label *labels, char *buf,
             size_t size)
{
    (void)buf;
    (void)size;
    labels[0] = (struct gruvid__label){
        "plugin", ((const struct gruvid__plugin_figures *)item)->name};
}

static void
write_codes(struct gruvid__exposition *e, const struct gruvid__family *family,
            struct gruvid__label *labels, const struct gruvid__codes *codes)
{
    for (size_t i = 0; i < GRUVID__CODES && codes->at[i].code != 0; i++) {
        labels[1] =
            (struct gruvid__label){"code", gruvi_err_name(codes->at[i].code)};
        gruvid__exposition_sample(e, family, labels, codes->at[i].n);
    }
    if (codes->others > 0) {
        labels[1] = (struct gruvid__label){"code", "others"};
        gruvid__exposition_sample(e, family, labels, codes->others);
    }
}

static void
write_errors(struct gruvid__exposition *e, const struct gruvid__items *items)
{
    static const struct gruvid__family errors = {
        "gruvid_plugin_errors", GRUVID__COUNTER, NULL,
        "Failed or gone connections and fibers, by their code."};

    gruvid__exposition_family(e, &errors);
    for (size_t i = 0; i < items->n; i++) {
        const struct gruvid__plugin_figures *one = gruvid__item_at(items, i);
        struct gruvid__label labels[GRUVID__LABELS];

        gruvid__item_label(items, i, labels, NULL, 0);
        write_codes(e, &errors, labels, &one->counts.codes);
    }
}

static void
write_times(struct gruvid__exposition *e, const struct gruvid__items *items)
{
    static const struct gruvid__family times = {
        "gruvid_plugin_call_duration_seconds", GRUVID__HISTOGRAM, "seconds",
        "How long calls of the function for connections took."};

    gruvid__exposition_family(e, &times);
    for (size_t i = 0; i < items->n; i++) {
        const struct gruvid__plugin_figures *one = gruvid__item_at(items, i);
        struct gruvid__label labels[GRUVID__LABELS];

        gruvid__item_label(items, i, labels, NULL, 0);
        gruvid__exposition_histogram(e, &times, labels, one->counts.times.at,
                                     GRUVID__TIME_BUCKETS,
                                     one->counts.times.sum);
    }
}

static void
write_plugins(struct gruvid__exposition *e,
              const struct gruvid__figures *figures)
{
    const struct gruvid__items items = {figures->sections, figures->n_sections,
                                        sizeof *figures->sections,
                                        label_plugin};

    WRITE_COLUMNS(e, plugin_columns, &items);
    write_errors(e, &items);
    write_times(e, &items);
}

/* --- pools ---------------------------------------------------------------- */

static const struct gruvid__column pool_columns[] = {
    GAUGE("gruvid_pool_threads", NULL, gruvid__pool_figures, stats.size,
          "Threads of the pool."),
    GAUGE("gruvid_pool_threads_limit", NULL, gruvid__pool_figures,
          stats.max_size, "Threads that the pool may have."),
    GAUGE("gruvid_pool_busy_threads", NULL, gruvid__pool_figures, stats.busy,
          "Threads that work."),
    GAUGE("gruvid_pool_queued", NULL, gruvid__pool_figures, stats.queued,
          "Work that waits for a thread."),
    COUNTER("gruvid_pool_done", NULL, gruvid__pool_figures, stats.done,
            "Work that was done."),
};

static void
label_pool(const void *item, struct gruvid__label *labels, char *buf,
           size_t size)
{
    (void)buf;
    (void)size;
    labels[0] = (struct gruvid__label){
        "pool", ((const struct gruvid__pool_figures *)item)->name};
}

static void
write_pools(struct gruvid__exposition *e, const struct gruvid__figures *figures)
{
    static const struct gruvid__family waits = {
        "gruvid_pool_wait_seconds", GRUVID__HISTOGRAM, "seconds",
        "How long work has waited for a thread."};
    const struct gruvid__items items = {figures->pools, GRUVID__POOLS,
                                        sizeof *figures->pools, label_pool};

    WRITE_COLUMNS(e, pool_columns, &items);
    gruvid__exposition_family(e, &waits);
    for (size_t i = 0; i < GRUVID__POOLS; i++) {
        const gruvi_pool_stats_t *stats = &figures->pools[i].stats;
        struct gruvid__label labels[GRUVID__LABELS];

        gruvid__item_label(&items, i, labels, NULL, 0);
        gruvid__exposition_histogram(e, &waits, labels, stats->wait,
                                     GRUVI_POOL_WAIT_BUCKETS, stats->wait_sum);
    }
}

void
gruvid__families_write(struct gruvid__exposition *exposition,
                       const struct gruvid__about *about,
                       const struct gruvid__figures *figures)
{
    write_about(exposition, about);
    write_own(exposition, figures);
    write_hubs(exposition, figures);
    write_plugins(exposition, figures);
    gruvid__families_write_requests(exposition, figures);
    write_pools(exposition, figures);
    gruvid__families_write_counters(exposition, figures);
    gruvid__exposition_end(exposition);
}
