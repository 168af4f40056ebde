/* SPDX-License-Identifier: MIT */
/* Plugins that look: see inspect.c.  Context of all: root fiber of the first
 * hub. */
#ifndef GRUVID_CONTROL_INSPECT_H
#define GRUVID_CONTROL_INSPECT_H

#include "run/state.h"

/* Answer plugins from now on. */
void gruvid__inspect_begin(struct gruvid__daemon *daemon);

/*
 * Answer no more.  What runs is cancelled and joined; what does not end is
 * named, and the leader marked as abandoned.
 *
 * A switchpoint.
 */
GRUVI_SWITCHPOINT void gruvid__inspect_end(struct gruvid__daemon *daemon);

#endif
