/* SPDX-License-Identifier: MIT */
/* What gruvid does, looked at again and again, once for all who watch: see
 * sampler.c.  Context of all: a fiber of the plugin, in its home. */
#ifndef DASHBOARD_SAMPLER_H
#define DASHBOARD_SAMPLER_H

#include <gruvid/request.h>

struct sampler;

/*
 * Begin.
 *
 * Returns a sampler that stop of the plugin frees with sampler_free(); NULL
 * without memory, or without a fiber.
 */
struct sampler *sampler_begin(gruvid_plugin_t *plugin);

/* NULL is fine. */
void sampler_free(struct sampler *sampler);

/* Answer with a stream of events, until the client goes or the plugin drains.
 * Returns what the handler returns. */
GRUVI_SWITCHPOINT int sampler_watch(struct sampler *sampler,
                                    gruvid_request_t *request);

#endif
