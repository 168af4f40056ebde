/* SPDX-License-Identifier: MIT */
/* The limit of connections: max_connections, of all hubs of an instance. */
#ifndef GRUVID_LIMIT_H
#define GRUVID_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

#include <gruvid/plugin.h>

#include "config/config.h"

/* Limits and timeouts of connections: what a reload changes while they run. */
struct gruvid__limits {
    size_t max_connections;            /* of all hubs together; 0: no limit */
    size_t max_fibers;                 /* of each hub; 0: no limit */
    double read_timeout, idle_timeout; /* seconds; 0: no limit */
    double request_timeout;            /* likewise */
    uint64_t max_body;                 /* bytes of a request's body */
};

struct gruvid__limits gruvid__section_limits(const gruvid__section_t *section);

bool gruvid__limits_equal(const struct gruvid__limits *a,
                          const struct gruvid__limits *b);

/* Connections that are there already count, and none is cut.  read_timeout is
 * for connections that come.  Context: first hub. */
void gruvid__limits_set(gruvid_plugin_t *plugin,
                        const struct gruvid__limits *limits);

/*
 * Wait until an instance is below its limit.
 *
 * Returns 0, or an error of the wait.
 * Context: fiber of any hub, switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__limit_wait(gruvid_plugin_t *plugin);

/* The same, and take a place: give it back with gruvid__limit_release(). */
GRUVI_SWITCHPOINT int gruvid__limit_claim(gruvid_plugin_t *plugin);

/* Context: any thread. */
void gruvid__limit_release(gruvid_plugin_t *plugin);

#endif
