/* SPDX-License-Identifier: MIT */
/*
 * The lag of a hub: how long it takes to come to a callback.
 *
 * A hub is asked only where somebody looks, so that an idle hub sleeps on.  It
 * has one question at a time: where it is silent, no more are put.
 */
#ifndef GRUVID_HUB_LAG_H
#define GRUVID_HUB_LAG_H

#include <stdbool.h>
#include <stdint.h>

struct gruvid__hub;

struct gruvid__lag {
    uint64_t asked; /* when, in nanoseconds; 0: there is no question; atomic */
    uint64_t last;  /* nanoseconds until the last answer; atomic */
};

/* Nanoseconds after which a hub with a question is silent. */
#define GRUVID__LAG_SILENT 1000000000

/* Ask a hub.  Does not wait.  Context: any thread. */
void gruvid__lag_ask(struct gruvid__hub *hub);

/*
 * The last lag of a hub, or how long it has not answered, if that is longer.
 *
 *   answers  whether it is not silent; may be NULL
 *
 * Returns nanoseconds; 0: it was never asked.
 * Context: any thread.
 */
uint64_t gruvid__lag(const struct gruvid__hub *hub, bool *answers);

#endif
