/* SPDX-License-Identifier: MIT */
/* What clients of HTTP/2 did too much of, counted for gruvictl and metrics. */
#ifndef HTTP_H2_LIMITS_H
#define HTTP_H2_LIMITS_H

#include <gruvid/metrics.h>

#include "h2_frames.h"

/* For the log: "resets of streams". */
const char *h2_limit_text(enum h2_limit limit);

/*
 * Get the counters of a section, H2_LIMITS; all NULL on failure.
 *
 * Returns as gruvid_counter_get().
 */
int h2_limits_count(gruvid_plugin_t *plugin, gruvid_counter_t **counters);

#endif
