/* SPDX-License-Identifier: MIT */
/*
 * Whose code it is: the plugin of a module.  For what runs in no fiber of a
 * plugin: work in a pool, a callback, a thread of the plugin's own.
 */
#ifndef GRUVID_WATCH_OWNERS_H
#define GRUVID_WATCH_OWNERS_H

#include <gruvi/inspect.h>

#include "instance/instance.h"

/* The module of a plugin's functions; NULL: it has none, or it is not known.
 * Context: any thread, also handlers. */
const gruvi__module_t *gruvid__owner_module(const gruvid_plugin_t *plugin);

/* A plugin is about to start.  Context: main thread. */
void gruvid__owner_add(const gruvid_plugin_t *plugin);

/*
 * The plugin whose code is innermost in a stack.
 *
 *   module  set to its module
 *
 * Returns the name of its section, static text; "": of no plugin; or NULL:
 * several sections share the module.
 * Context: any thread, also handlers.
 */
const char *gruvid__owner_of(const gruvi__frames_t *frames,
                             const gruvi__module_t **module);

#endif
