/* SPDX-License-Identifier: MIT */
/* Lines of the log that are about a plugin's fiber and are written by gruvid.
 */
#ifndef GRUVID_WATCH_SAY_H
#define GRUVID_WATCH_SAY_H

#include <stdint.h>

#include <gruvi/log.h>

/* The most bytes of a message, with its zero. */
#define GRUVID__SAID 1024

/*
 * Log a line about a plugin.
 *
 *   hub            its name
 *   plugin, fiber  "": none
 *   generation     of the plugin; 0: none
 *
 * Context: a thread without a hub.
 */
void gruvid__say(gruvi_log_level_t level, const char *hub, const char *plugin,
                 uint64_t generation, const char *fiber, const char *message);

#endif
