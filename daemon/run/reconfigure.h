/* SPDX-License-Identifier: MIT */
/* What a reload has a plugin do: take new values, and hand over to the next
 * generation.  Context of all here: a fiber of the first hub, switchpoint. */
#ifndef GRUVID_RECONFIGURE_H
#define GRUVID_RECONFIGURE_H

#include "config/config.h"
#include "instance/instance.h"

/*
 * Have an instance take the plugin's own options of a new section, by its
 * reconfigure, in one hub after another.
 *
 *   section  of a configuration without mistakes; held
 *
 * Returns 0: the values hold.  gruvid__instance_adjust() or the undo has to
 * follow.
 * Errors:  what the plugin has refused them with; UV_ETIMEDOUT after
 *          start_timeout; UV_EBUSY where a hub does not answer, or an earlier
 *          call still runs; UV_ECANCELED: a stop was asked for meanwhile;
 *          UV_ENOMEM.  All but UV_ECANCELED are
 *          logged.  The old values hold then; a plugin that could not be told
 *          so is marked as inconsistent, and named in the log.
 */
GRUVI_SWITCHPOINT int gruvid__plugin_reconfigure(gruvid_plugin_t *plugin,
                                                 gruvid__section_t *section);

/*
 * Undo that: the same with the values that the instance had before.  A stop
 * does not keep it from that.  Where the plugin refuses, or a hub does not
 * answer, the getters give the old values all the same, and the instance is
 * marked as inconsistent.
 *
 *   section  which it was told of
 */
GRUVI_SWITCHPOINT void
gruvid__plugin_undo_reconfigure(gruvid_plugin_t *plugin,
                                gruvid__section_t *section);

/*
 * Have an instance hand over to the next generation, which has not started:
 * the first start of next finds what handover of old gives.
 *
 * Returns 0, also where the plugin has no handover.
 * Errors:  as for reconfigure; next gets nothing then.
 */
GRUVI_SWITCHPOINT int gruvid__plugin_handover(gruvid_plugin_t *old,
                                              gruvid_plugin_t *next);

#endif
