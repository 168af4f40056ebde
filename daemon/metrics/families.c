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

struct column {
    struct gruvid__family family;
    size_t offset, size; /* of an unsigned integer or bool in the figures */
};

#define AT(type, member)                                                       \
    offsetof(struct type, member), sizeof(((struct type *)0)->member)
#define GAUGE(name, unit, type, member, help)                                  \
    {                                                                          \
        {name, GRUVID__GAUGE, unit, help}, AT(type, member)                    \
    }
#define COUNTER(name, unit, type, member, help)                                \
    {                                                                          \
        {name, GRUVID__COUNTER, unit, help}, AT(type, member)                  \
    }

static uint64_t
value_at(const void *item, const struct column *column)
{
    const char *at = (const char *)item + column->offset;
    uint64_t wide;
    uint32_t half;
    uint8_t byte;

    switch (column->size) {
    case sizeof wide:
        memcpy(&wide, at, sizeof wide);
        return wide;
    case sizeof half:
        memcpy(&half, at, sizeof half);
        return half;
    default:
        memcpy(&byte, at, sizeof byte);
        return byte;
    }
}

/* Items that are alike: hubs, sections, or pools. */
struct items {
    const void *at;
    size_t n, size;
    const char *label;
    /* The label's value; may be in buf. */
    const char *(*name)(const void *item, char *buf, size_t size);
};

static const void *
item_at(const struct items *items, size_t i)
{
    return (const char *)items->at + i * items->size;
}

/* The labels of an item; the second is free. */
static void
label_item(const struct items *items, size_t i, struct gruvid__label *labels,
           char *buf, size_t size)
{
    labels[0] = (struct gruvid__label){
        items->label, items->name(item_at(items, i), buf, size)};
    labels[1] = (struct gruvid__label){NULL, NULL};
}

static void
write_columns(struct gruvid__exposition *e, const struct column *columns,
              size_t n, const struct items *items)
{
    struct gruvid__label labels[2];
    char buf[32];

    for (size_t c = 0; c < n; c++) {
        gruvid__exposition_family(e, &columns[c].family);
        for (size_t i = 0; i < items->n; i++) {
            label_item(items, i, labels, buf, sizeof buf);
            gruvid__exposition_sample(e, &columns[c].family, labels,
                                      value_at(item_at(items, i), &columns[c]));
        }
    }
}

#define WRITE_COLUMNS(e, columns, items)                                       \
    write_columns(e, columns, sizeof(columns) / sizeof *(columns), items)

/* --- gruvid --------------------------------------------------------------- */

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
    struct gruvid__label labels[2] = {{"version", about->version},
                                      {NULL, NULL}};
    struct gruvid__label none[2] = {{NULL, NULL}, {NULL, NULL}};

    gruvid__exposition_family(e, &build);
    gruvid__exposition_sample(e, &build, labels, 1);
    gruvid__exposition_family(e, &start);
    gruvid__exposition_sample(e, &start, none, about->begun);
    gruvid__exposition_family(e, &ready);
    gruvid__exposition_sample(e, &ready, none, about->ready);
}

/* --- hubs ----------------------------------------------------------------- */

static const struct column hub_columns[] = {
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

static const char *
hub_name(const void *item, char *buf, size_t size)
{
    snprintf(buf, size, "%u",
             ((const struct gruvid__hub_figures *)item)->number);
    return buf;
}

static void
write_hubs(struct gruvid__exposition *e, const struct gruvid__figures *figures)
{
    const struct items items = {figures->hubs, figures->n_hubs,
                                sizeof *figures->hubs, "hub", hub_name};

    WRITE_COLUMNS(e, hub_columns, &items);
}

/* --- plugins -------------------------------------------------------------- */

static const struct column plugin_columns[] = {
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
    COUNTER("gruvid_plugin_received_bytes", "bytes", gruvid__plugin_figures,
            counts.received,
            "Bytes that connections have received, as far as "
            "they were counted."),
    COUNTER("gruvid_plugin_sent_bytes", "bytes", gruvid__plugin_figures,
            counts.sent,
            "Bytes that connections have sent, as far as they "
            "were counted."),
};

static const char *
plugin_name(const void *item, char *buf, size_t size)
{
    (void)buf;
    (void)size;
    return ((const struct gruvid__plugin_figures *)item)->name;
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
write_errors(struct gruvid__exposition *e, const struct items *items)
{
    static const struct gruvid__family errors = {
        "gruvid_plugin_errors", GRUVID__COUNTER, NULL,
        "Failed or gone connections and fibers, by their code."};

    gruvid__exposition_family(e, &errors);
    for (size_t i = 0; i < items->n; i++) {
        const struct gruvid__plugin_figures *one = item_at(items, i);
        struct gruvid__label labels[2];

        label_item(items, i, labels, NULL, 0);
        write_codes(e, &errors, labels, &one->counts.codes);
    }
}

static void
write_times(struct gruvid__exposition *e, const struct items *items)
{
    static const struct gruvid__family times = {
        "gruvid_plugin_call_duration_seconds", GRUVID__HISTOGRAM, "seconds",
        "How long calls of the function for connections took."};

    gruvid__exposition_family(e, &times);
    for (size_t i = 0; i < items->n; i++) {
        const struct gruvid__plugin_figures *one = item_at(items, i);
        struct gruvid__label labels[2];

        label_item(items, i, labels, NULL, 0);
        gruvid__exposition_histogram(e, &times, labels, one->counts.times.at,
                                     GRUVID__TIME_BUCKETS,
                                     one->counts.times.sum);
    }
}

static void
write_plugins(struct gruvid__exposition *e,
              const struct gruvid__figures *figures)
{
    const struct items items = {figures->sections, figures->n_sections,
                                sizeof *figures->sections, "plugin",
                                plugin_name};

    WRITE_COLUMNS(e, plugin_columns, &items);
    write_errors(e, &items);
    write_times(e, &items);
}

/* --- pools ---------------------------------------------------------------- */

static const struct column pool_columns[] = {
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

static const char *
pool_name(const void *item, char *buf, size_t size)
{
    (void)buf;
    (void)size;
    return ((const struct gruvid__pool_figures *)item)->name;
}

static void
write_pools(struct gruvid__exposition *e, const struct gruvid__figures *figures)
{
    static const struct gruvid__family waits = {
        "gruvid_pool_wait_seconds", GRUVID__HISTOGRAM, "seconds",
        "How long work has waited for a thread."};
    const struct items items = {figures->pools, GRUVID__POOLS,
                                sizeof *figures->pools, "pool", pool_name};

    WRITE_COLUMNS(e, pool_columns, &items);
    gruvid__exposition_family(e, &waits);
    for (size_t i = 0; i < GRUVID__POOLS; i++) {
        const gruvi_pool_stats_t *stats = &figures->pools[i].stats;
        struct gruvid__label labels[2];

        label_item(&items, i, labels, NULL, 0);
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
    write_hubs(exposition, figures);
    write_plugins(exposition, figures);
    write_pools(exposition, figures);
    gruvid__exposition_end(exposition);
}
