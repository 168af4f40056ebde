/* SPDX-License-Identifier: MIT */
/*
 * The instances of plugins.
 *
 *   root fiber                      start, wait for a signal, stop
 *   plugin "echo"                   a group in each of its hubs
 *     bind, start, stop             fibers, until they have returned
 *     what the plugin spawns
 *     connections                   a group in it
 *       accept                      a fiber a listener
 *       127.0.0.1:4711              a fiber a connection
 *         what that spawns          a group in it, ended with the connection
 *
 * An instance lives in one hub, its home; with multi_hub in all of them.  In
 * each hub that it lives in, it has a shard.
 */
#ifndef GRUVID_INSTANCE_H
#define GRUVID_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvi.h>
#include <gruvid/plugin.h>

#include "config/config.h"
#include "hub/hubs.h"
#include "module/load.h"

struct gruvid__shard;

enum gruvid__state {
    GRUVID__LOADED,   /* nothing of it has run */
    GRUVID__STARTED,  /* start is over; it may have connections */
    GRUVID__STOPPED,  /* nothing of it is left */
    GRUVID__ABANDONED /* some fibers of it did not end */
};

/* An instance of a plugin: a section of the configuration. */
struct gruvid_plugin {
    struct gruvid__leader *leader;
    gruvid__section_t *section;
    const struct gruvid__module *module;
    const char *name; /* the section's */
    struct gruvid__shard *shards;
    size_t n_shards;
    enum gruvid__state state; /* for the leader */
    void *data;               /* the plugin's own; atomic */
    size_t n_endpoints;       /* of each shard */
    size_t max_connections;   /* of all hubs together; 0: no limit */
    double read_timeout;      /* seconds of a read or write; 0: no limit */
    double idle_timeout;      /* seconds without traffic; 0: no limit */
    uint64_t cut;             /* connections */

    /* Where there is a limit: how many connections there are, what fibers that
     * accept wait for, and whether that was logged.  In a cache line of their
     * own, because all hubs write there: once a connection, not a message. */
    size_t claimed __attribute__((aligned(64))); /* atomic */
    gruvi_event_t
        below_limit; /* may be cleared while claimed is at the limit */
    bool was_full;   /* atomic */
};

struct gruvid__instances {
    gruvid_plugin_t *plugins; /* in the order of the file */
    size_t n;
};

/*
 * Make the instances that the configuration names.
 *
 *   instances  zeroed; the result, to be freed after a failure too
 *   modules    all that the configuration names are open
 *   hubs       where the instances live
 *
 * Returns 0.
 * Errors:  UV_ENOMEM.
 */
int gruvid__instances_init(struct gruvid__instances *instances,
                           gruvid__config_t *config,
                           struct gruvid__modules *modules,
                           struct gruvid__hubs *hubs);

void gruvid__instances_free(struct gruvid__instances *instances);

/* How many connections an instance has.  Context: any thread. */
size_t gruvid__plugin_open(const gruvid_plugin_t *plugin);

/* The counters of all its shards.  Context: any thread. */
struct gruvid__counts {
    uint64_t accepted, served, failed, gone;
};
struct gruvid__counts gruvid__plugin_counts(const gruvid_plugin_t *plugin);

#endif
