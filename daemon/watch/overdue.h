/* SPDX-License-Identifier: MIT */
/* The end of a gruvid whose first hub does not turn any more. */
#ifndef GRUVID_WATCH_OVERDUE_H
#define GRUVID_WATCH_OVERDUE_H

#include "watch/turn.h"
#include "watch/watch.h"

/* Context: before there is the thread that watches. */
void gruvid__overdue_open(struct gruvid__leader *leader);

/*
 * End the process if a stop was asked for, its time is over, and the first hub
 * has not turned for cancel_timeout.
 *
 *   turn  of the first hub, after a look
 *
 * Context: the thread that watches.
 */
void gruvid__overdue_look(const struct gruvid__turn *turn,
                          struct gruvid__instances *instances,
                          const struct gruvid__watch_options *options);

/* Log, as an error, who keeps a hub.
 * Context: a thread that has no other do so. */
void gruvid__overdue_name(const struct gruvid__hub *hub,
                          struct gruvid__instances *instances);

#endif
