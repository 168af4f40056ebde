/* SPDX-License-Identifier: MIT */
/* What hubs have noted, as events in JSON: see events.c. */
#ifndef GRUVID_CONTROL_EVENTS_H
#define GRUVID_CONTROL_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/out.h"
#include "control/tracing.h"

struct gruvid__events {
    uint64_t stall; /* nanoseconds of a turn that is a stall; 0: none is */

    /* Of gruvid__events_make(). */
    uint64_t began; /* nanoseconds, by uv_hrtime(), that times count from */
    struct gruvid__out *pieces; /* n of them: members of an object */
    size_t n;
    bool failed; /* no memory */
};

/*
 * Make the events.
 *
 *   events  all zeros but for stall
 *   traced  n of them, one a hub
 *
 * Returns 0.
 * Errors:  UV_ENOMEM.
 * Context: any thread.
 */
int gruvid__events_make(struct gruvid__events *events,
                        const struct gruvid__traced *traced, unsigned n);

void gruvid__events_free(struct gruvid__events *events);

#endif
