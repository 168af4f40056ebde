/* SPDX-License-Identifier: MIT */
/*
 * What a section says about its connections, changed while its instance runs:
 * listen and how it is listened on, tls_* and the content of its files, limits
 * and timeouts.  The plugin is not called, and what has not changed is not
 * touched.
 *
 *   gruvid__relisten_prepare()  open what is new; nothing else changes
 *     gruvid__relisten_commit() accept there, exchange certificates, take the
 *                               limits, stop accepting where it is not listened
 *                               any more
 *   | gruvid__relisten_undo()   close what is new
 *
 * Context of all here: root fiber of the first hub, switchpoint.
 */
#ifndef GRUVID_RELISTEN_H
#define GRUVID_RELISTEN_H

#include <gruvid/plugin.h>

#include "config/config.h"
#include "instance/instance.h"

/*
 * Prepare a change.  Whatever is found equal to what runs stays, so that this
 * may be called for each instance that a reload keeps.
 *
 *   next  the section as it was read again
 *
 * Returns 1: something changes; 0: nothing does, and neither commit nor undo
 *         has anything to do.
 * Errors: why not; logged.  Nothing is left to undo.
 */
GRUVI_SWITCHPOINT int gruvid__relisten_prepare(gruvid_plugin_t *plugin,
                                               const gruvid__section_t *next);

/* Does not fail. */
GRUVI_SWITCHPOINT void gruvid__relisten_commit(gruvid_plugin_t *plugin);

GRUVI_SWITCHPOINT void gruvid__relisten_undo(gruvid_plugin_t *plugin);

/*
 * Give back the addresses of a generation that has ended.  Clients that wait in
 * the queue of an address that the plugin has no more are served by the plugin.
 *
 *   plugin  the next generation, which accepts connections already
 *   before  addresses that were kept open meanwhile; consumed
 */
GRUVI_SWITCHPOINT void gruvid__relisten_empty(gruvid_plugin_t *plugin,
                                              struct gruvid__listening *before);

/*
 * Have hubs that did not answer to a commit, an undo or the begin of serving do
 * now what they have missed.
 *
 * Returns whether some instance is still behind: try again in a second.
 */
GRUVI_SWITCHPOINT bool
gruvid__relisten_catch_up(struct gruvid__instances *instances);

#endif
