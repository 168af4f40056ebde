/* SPDX-License-Identifier: MIT */
/*
 * The end of a generation while gruvid goes on.
 *
 *   drain    it accepts nothing more; its connections end by themselves
 *   cut      those that are left are cancelled, when the time is over
 *   stop     as at the stop of gruvid; fibers that do not end are named, and
 *            waited for as long as gruvid runs
 *   free     what it counted stays in the sum of its line
 *
 * A fiber of the first hub does that for each, so the leader is free for other
 * things, also for the stop of gruvid.
 */
#ifndef GRUVID_RETIRE_H
#define GRUVID_RETIRE_H

#include <stdbool.h>

#include "instance/instance.h"

/*
 * End a generation in the background; it is the old one from now on, or was
 * never more than the next.  It is freed in the end, so do not use it any more.
 *
 *   until  when its connections are cut, by gruvid__now()
 *   why    static text, for the log and for its fibers: "a new generation has
 *          taken its place"
 *
 * Without memory for a fiber, it stops accepting all the same, and a later
 * gruvid__retire_again() goes on with it.
 *
 * Context: fiber of the first hub; a switchpoint.
 */
GRUVI_SWITCHPOINT void gruvid__plugin_retire(gruvid_plugin_t *plugin,
                                             double until, const char *why);

/* Whether it has neither connections nor requests.  Context: any thread. */
bool gruvid__plugin_over(const gruvid_plugin_t *plugin);

/* Go on with what has found no fiber.  Returns whether some still has none: try
 * again in a second.  Context: root fiber. */
bool gruvid__retire_again(struct gruvid__instances *instances);

/*
 * Wait until a generation that retires has been freed.
 *
 *   name, generation  of it
 *   until             by gruvid__now()
 *
 * Returns whether it has; a stop ends the wait.
 * Context: fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT bool gruvid__retire_wait(struct gruvid__instances *instances,
                                           const char *name,
                                           uint64_t generation, double until);

/* --- for the stop, too ---------------------------------------------------- */

/* Have it accept nothing more, and set its drain event.  Context: switchpoint.
 */
GRUVI_SWITCHPOINT void gruvid__plugin_drain(gruvid_plugin_t *plugin);

/* Count and log the connections that are cut now. */
void gruvid__plugin_cut(gruvid_plugin_t *plugin);

/* Wait until no generation retires any more.  Context: root fiber,
 * switchpoint. */
GRUVI_SWITCHPOINT void gruvid__retire_end(struct gruvid__instances *instances);

#endif
