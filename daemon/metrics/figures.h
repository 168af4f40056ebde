/* SPDX-License-Identifier: MIT */
/*
 * All that gruvid counts, as it is now.  What shows figures takes them from
 * here: gruvictl's commands, and gruvid_metrics_write().
 *
 * The figures are read where they are written, and no hub is waited for: a hub
 * that is silent shows its last values.  The one lock is that of the list of
 * generations, under which nothing of a plugin runs.
 */
#ifndef GRUVID_METRICS_FIGURES_H
#define GRUVID_METRICS_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvi.h>

#include "instance/instance.h"
#include "instance/traffic.h"

struct gruvid__hub_figures {
    unsigned number;
    bool answers;
    uint64_t lag; /* nanoseconds: see gruvid__lag() */
    size_t generations, connections;
    size_t fibers; /* with the root and its own */
    size_t ready;  /* when it last ran those; a hub that sleeps has none */
    gruvi__hub_view_t view;
};

/* Of a generation, or of all generations of a section. */
struct gruvid__plugin_figures {
    const char *name;    /* the line's, there until gruvid ends */
    uint64_t generation; /* 0: of all */
    size_t generations;  /* that exist */
    size_t fibers, connections, parked;
    size_t requests; /* that it answers just now */
    struct gruvid__counts counts;
    struct gruvid__codes unrouted; /* of a section: requests that its routes
                                      have not taken; -404, ... */
};

/* The requests of a route, of all hubs. */
struct gruvid__route_figures {
    const char *plugin; /* the section that answers: the line's name */
    const char *route;  /* its pattern; "": none; there until gruvid ends */
    struct gruvid__traffic traffic;
};

/* A counter of a plugin, of all hubs; texts are there until gruvid ends. */
struct gruvid__counter_figures {
    const char *plugin; /* the section: the line's name */
    const char *name, *help;
    const char *label, *value; /* "": none */
    uint64_t n;
};

struct gruvid__pool_figures {
    const char *name; /* static text */
    gruvi_pool_stats_t stats;
};

#define GRUVID__POOLS 2

/* Of gruvid itself. */
struct gruvid__own_figures {
    size_t plugins, draining; /* current and old generations */
    uint64_t reloads, reloads_failed;
    bool last_reload_failed;
    uint64_t log_lines, log_lost;
};

struct gruvid__figures {
    struct gruvid__hub_figures *hubs;
    size_t n_hubs;

    struct gruvid__plugin_figures *generations; /* the oldest first */
    size_t n_generations;

    /* Those of generations that have ended included: counters of a section
     * never go down.  By name. */
    struct gruvid__plugin_figures *sections;
    size_t n_sections;

    /* By section and pattern; those that have had no request are missing. */
    struct gruvid__route_figures *routes;
    size_t n_routes;

    /* By name, section, label and value. */
    struct gruvid__counter_figures *counters;
    size_t n_counters;

    struct gruvid__pool_figures pools[GRUVID__POOLS];
    struct gruvid__own_figures own;
};

/*
 * Collect all figures.  Each hub is asked for its lag, which is there the next
 * time.
 *
 *   figures  the result; free it with gruvid__figures_free() either way
 *
 * Returns 0.
 * Errors:  UV_ENOMEM.
 * Context: any thread.
 */
int gruvid__figures_collect(struct gruvid__figures *figures,
                            struct gruvid__instances *instances);

void gruvid__figures_free(struct gruvid__figures *figures);

#endif
