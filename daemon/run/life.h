/* SPDX-License-Identifier: MIT */
/* The life of an instance: bind, start, stop, close.  Context of all here: a
 * fiber of the first hub, switchpoint. */
#ifndef GRUVID_LIFE_H
#define GRUVID_LIFE_H

#include <stddef.h>

#include <gruvid/plugin.h>

#include "instance/shard.h"

/*
 * Listen on all addresses of an instance, in each of its hubs; nothing is
 * accepted yet.
 *
 * Returns 0; UV_ECANCELED where a stop was asked for meanwhile.
 * Errors:  of gruvi_listen(), or others; logged.
 */
GRUVI_SWITCHPOINT int gruvid__plugin_bind(gruvid_plugin_t *plugin);

/*
 * Start an instance: run its start in a fiber of its group.
 *
 * Returns 0; UV_ECANCELED where a stop was asked for meanwhile.
 * Errors:  any other: it refused, or took too long; logged.  Nothing of it is
 *          left then, or it is marked as abandoned.
 */
GRUVI_SWITCHPOINT int gruvid__plugin_start(gruvid_plugin_t *plugin);

/* In how many hubs start and stop run. */
size_t gruvid__n_starts(const gruvid_plugin_t *plugin);

/* Why a function of the plugin has returned the negative code in the status of
 * the shard: what it said itself, or what the code stands for. */
const char *gruvid__shard_reason(const struct gruvid__shard *shard);

/* End what is left of an instance and run its stop.  Its state says whether
 * that is over. */
GRUVI_SWITCHPOINT void gruvid__plugin_stop(gruvid_plugin_t *plugin);

/* Close what is left of an instance that did not start.  Nothing is left of any
 * other. */
GRUVI_SWITCHPOINT void gruvid__plugin_close(gruvid_plugin_t *plugin);

#endif
