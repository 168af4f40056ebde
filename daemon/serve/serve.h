/* SPDX-License-Identifier: MIT */
/* Connections of an instance. */
#ifndef GRUVID_SERVE_H
#define GRUVID_SERVE_H

#include <stdbool.h>

#include "instance/shard.h"

/* Get ready to accept connections.  Errors: UV_ENOMEM, UV_EAGAIN.
 * Context: the hub of the shard, as for the five below. */
GRUVI_SWITCHPOINT int gruvid__serve_prepare(void *shard);

/* Accept connections.  Errors: as above, and none after a
 * gruvid__serve_prepare() that has returned 0. */
GRUVI_SWITCHPOINT int gruvid__serve_begin(void *shard);

/* Accept no more, but for what is queued at addresses that nobody has any more.
 * Does not wait until all of it is there.  Connections that end from now on
 * wake the leader.  Returns 0. */
GRUVI_SWITCHPOINT int gruvid__serve_end(void *shard);

/* Close the connections that no fiber serves, before those of the others are
 * cancelled. */
void gruvid__serve_cut(struct gruvid__shard *shard);

/* Limits have changed: watch for idle connections, or no more.  Errors:
 * UV_ENOMEM, UV_EAGAIN. */
int gruvid__serve_limits(struct gruvid__shard *shard);

/* Close whatever no fiber has closed: once no fiber is left. */
GRUVI_SWITCHPOINT void gruvid__serve_close(struct gruvid__shard *shard);

/*
 * Accept connections in all hubs of an instance, as its section says.
 *
 * Errors:  as of gruvid__serve_begin().
 * Context: the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__serve_start(gruvid_plugin_t *plugin);

/*
 * Give the addresses of an instance back, and end accepting in all its hubs:
 * what is queued at an address is left to another generation that has it, or
 * else accepted.
 *
 * Returns 0.
 * Errors:  UV_ETIMEDOUT: a hub does not answer; it may be called again.
 * Context: the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__serve_stop(gruvid_plugin_t *plugin);

/* Whether nothing is accepted any more, and no connection is left.  Context:
 * any thread. */
bool gruvid__serve_over(const gruvid_plugin_t *plugin);

#endif
