/* SPDX-License-Identifier: MIT */
/* How connections and fibers of a plugin end: counted, and logged as an
 * error where an operator has to look. */
#ifndef GRUVID_OUTCOME_H
#define GRUVID_OUTCOME_H

#include <gruvi.h>

#include "instance/shard.h"

/* What a code that a plugin's function has returned says to an operator: not
 * more than the code, but for -1, which is seldom meant.  Borrowed. */
const char *gruvid__explain(int status);

/* Count and log what a plugin's connection has returned.  Context: the thread
 * of the shard's hub, as for all here. */
void gruvid__report_connection(struct gruvid__shard *shard, int status);

/* The same for a TLS handshake that failed.  gruvi_error_message() still says
 * why. */
void gruvid__report_handshake(struct gruvid__shard *shard, int err);

/* The same where the header of a proxy is missing, wrong or not wanted from
 * this peer.  why: for the log. */
void gruvid__report_proxy(struct gruvid__shard *shard, int err,
                          const char *why);

/*
 * The same for a fiber that the plugin has spawned.
 *
 *   shard  NULL: the fiber belongs to no plugin
 */
void gruvid__report_fiber(struct gruvid__shard *shard,
                          const gruvi_fiber_t *fiber, int status);

#endif
