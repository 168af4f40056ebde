/* SPDX-License-Identifier: MIT */
/* The generation that answers the requests of a section. */
#ifndef GRUVID_REQUEST_TARGET_H
#define GRUVID_REQUEST_TARGET_H

#include <gruvid/plugin.h>

/* From here on an instance answers the requests of its section, in place of any
 * other generation; or it does not any more.  Context: first hub. */
void gruvid__target_begin(gruvid_plugin_t *plugin);
void gruvid__target_end(gruvid_plugin_t *plugin);

/*
 * Wait until no hub is about to send a request to an instance that was the
 * target: what was sent is counted.  A hub that does not answer is asked again.
 *
 * Context: fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT void gruvid__target_settle(gruvid_plugin_t *plugin);

#endif
