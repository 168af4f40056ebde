/* SPDX-License-Identifier: MIT */
/* Stalls, as they are logged and counted.  Context of all here: the thread that
 * watches. */
#ifndef GRUVID_WATCH_STALL_H
#define GRUVID_WATCH_STALL_H

#include <stdbool.h>

#include "watch/turn.h"
#include "watch/watch.h"

/* Context: before there is the thread. */
void gruvid__stall_open(struct gruvid__instances *instances);

/*
 * A hub was looked at.
 *
 *   i        its index
 *   goes_on  what the look has returned
 */
void gruvid__stall_look(unsigned i, const struct gruvid__turn *turn,
                        const struct gruvid__watch_options *options,
                        bool goes_on);

/* Log what is due of sites that stall again and again. */
void gruvid__stall_tell(uint64_t now);

#endif
