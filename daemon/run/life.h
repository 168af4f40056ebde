/* SPDX-License-Identifier: MIT */
/* The life of an instance: bind, start, stop, close.  Context of all here: root
 * fiber of the first hub, switchpoint. */
#ifndef GRUVID_LIFE_H
#define GRUVID_LIFE_H

#include <gruvid/plugin.h>

/*
 * Listen on all addresses of an instance, in each of its hubs; nothing is
 * accepted yet.
 *
 * Returns 0; UV_ECANCELED where a stop was asked for meanwhile.
 * Errors:  of gruvi_listen(), or others; logged.
 */
int gruvid__plugin_bind(gruvid_plugin_t *plugin);

/*
 * Start an instance: run its start in a fiber of its group.
 *
 * Returns 0; UV_ECANCELED where a stop was asked for meanwhile.
 * Errors:  any other: it refused, or took too long; logged.  Nothing of it is
 *          left then, or it is marked as abandoned.
 */
int gruvid__plugin_start(gruvid_plugin_t *plugin);

/* End what is left of an instance and run its stop. */
void gruvid__plugin_stop(gruvid_plugin_t *plugin);

/* Close what is left of an instance that did not start.  Nothing is left of any
 * other. */
void gruvid__plugin_close(gruvid_plugin_t *plugin);

#endif
