/* SPDX-License-Identifier: MIT */
/* The turn of one hub: how long it has taken, by what its thread did. */
#ifndef GRUVID_WATCH_TURN_H
#define GRUVID_WATCH_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "hub/hubs.h"

struct gruvid__turn {
    const struct gruvid__hub *hub;
    uint64_t turns;   /* the one that is looked at */
    uint64_t signals; /* that wait for the hub, as of the last look */
    uint64_t taken;   /* nanoseconds of it, at least */
    uint64_t ran;     /* of the thread, by the last look */
    uint64_t starved;
    bool idle; /* the thread waited for events, at the last look */
};

/*
 * What has elapsed since the last look, for gruvid__turn_look().  Where this
 * thread comes late, all may have stood still: a suspended machine, a debugger,
 * SIGSTOP.  So it is never more than the pause that was meant.
 *
 *   last   of the clock, in nanoseconds; becomes now
 *   pause  nanoseconds that this thread meant to wait
 */
uint64_t gruvid__turn_elapsed(uint64_t *last, uint64_t now, uint64_t pause);

/*
 * Look at a hub.
 *
 *   elapsed  nanoseconds since the last look, without those in which this
 *            thread itself stood still
 *
 * Returns whether the hub is still in the turn in which it was: taken says for
 * how long.  False: it has turned, or waits for events.
 * Context: the thread that watches.
 */
bool gruvid__turn_look(struct gruvid__turn *turn, uint64_t elapsed);

#endif
