/* SPDX-License-Identifier: MIT */
/* Connections of an instance. */
#ifndef GRUVID_SERVE_H
#define GRUVID_SERVE_H

#include <stdbool.h>

#include "instance/shard.h"

/* Accept connections.  Errors: UV_ENOMEM, UV_EAGAIN.
 * Context: the hub of the shard, as for the three below. */
int gruvid__serve_begin(void *shard);

/* Accept what is queued, and no more.  Does not wait until all of it is there.
 * Connections that end from now on wake the leader.  Returns 0. */
int gruvid__serve_end(void *shard);

/* Hand a stream to a fiber of its own; its place is claimed.  On failure both
 * are still the caller's.  Errors: UV_ENOMEM, UV_EAGAIN. */
int gruvid__serve_stream(struct gruvid__shard *shard, gruvi_stream_t *stream);

/* Close whatever no fiber has closed: once no fiber is left. */
void gruvid__serve_close(struct gruvid__shard *shard);

/* Whether nothing is accepted any more, and no connection is left.  Context:
 * any thread. */
bool gruvid__serve_over(const gruvid_plugin_t *plugin);

#endif
