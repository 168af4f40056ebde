/* SPDX-License-Identifier: MIT */
/*
 * Levels of the log: the general one, and others for some plugins.
 *
 * The library drops what is above its level before it asks anybody.  So its
 * level is the highest of all of these, and the sink drops the rest.
 */
#ifndef GRUVID_LOG_LEVEL_H
#define GRUVID_LOG_LEVEL_H

#include <stdbool.h>

#include <gruvi/log.h>

/* Set the general level.  Context: any thread, as for all here. */
void gruvid__log_set_level(gruvi_log_level_t level);

/*
 * Give a plugin a level of its own.
 *
 *   plugin  the name of its section; copied
 *
 * Returns 0.
 * Errors:  UV_ENOSPC: 256 plugins have had one; UV_ENAMETOOLONG.
 */
int gruvid__log_set_plugin_level(const char *plugin, gruvi_log_level_t level);

/* Let the general level be a plugin's again. */
void gruvid__log_clear_plugin_level(const char *plugin);

/* The level that holds for a plugin; "": the general one. */
gruvi_log_level_t gruvid__log_level(const char *plugin);

/* Whether a plugin has a level of its own. */
bool gruvid__log_has_level(const char *plugin);

#endif
