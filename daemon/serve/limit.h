/* SPDX-License-Identifier: MIT */
/* The limit of connections: max_connections, of all hubs of an instance. */
#ifndef GRUVID_LIMIT_H
#define GRUVID_LIMIT_H

#include <gruvid/plugin.h>

/*
 * Wait until an instance is below its limit.
 *
 * Returns 0, or an error of the wait.
 * Context: fiber of any hub, switchpoint.
 */
int gruvid__limit_wait(gruvid_plugin_t *plugin);

/* The same, and take a place: give it back with gruvid__limit_release(). */
int gruvid__limit_claim(gruvid_plugin_t *plugin);

/* Context: any thread. */
void gruvid__limit_release(gruvid_plugin_t *plugin);

#endif
