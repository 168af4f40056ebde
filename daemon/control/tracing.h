/* SPDX-License-Identifier: MIT */
/* The switches of a hub, noted for some time: see tracing.c. */
#ifndef GRUVID_CONTROL_TRACING_H
#define GRUVID_CONTROL_TRACING_H

#include <stdint.h>

#include <gruvi.h>
#include <gruvi/inspect.h>

#include "hub/hubs.h"

/* Switches that a hub keeps: the last ones. */
#define GRUVID__TRACED ((size_t)1 << 16)

struct gruvid__tracing;

/* What a hub has noted; valid until gruvid__tracing_free(). */
struct gruvid__traced {
    unsigned hub;                /* its number */
    const gruvi__switch_t *ring; /* GRUVID__TRACED of them */
    uint64_t noted;              /* overwritten ones too */
    uint64_t began, ended;       /* nanoseconds, by uv_hrtime() */
    int err;                     /* 0, or why there is nothing */
};

/*
 * Have a hub note its switches from now on.
 *
 * Returns a tracing that the caller owns; NULL: no memory.
 * Context: fiber of the first hub.
 */
struct gruvid__tracing *gruvid__tracing_start(struct gruvid__hub *hub);

/* Have it stop.  Context: as above. */
void gruvid__tracing_stop(struct gruvid__tracing *tracing);

/*
 * Wait until it has stopped.  A hub that does not answer has an error.
 *
 * Returns 0.
 * Errors:  UV_ECANCELED, UV_ESHUTDOWN.
 * Context: fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__tracing_wait(struct gruvid__tracing *tracing,
                                           struct gruvid__traced *traced);

/* NULL is fine.  Context: any. */
void gruvid__tracing_free(struct gruvid__tracing *tracing);

#endif
