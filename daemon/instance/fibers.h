/* SPDX-License-Identifier: MIT */
/* Fibers by name: all of them for SIGUSR2, those that fail, and those that did
 * not end when they should. */
#ifndef GRUVID_FIBERS_H
#define GRUVID_FIBERS_H

#include "instance/instance.h"
#include "instance/shard.h"

/* Log fibers that fail, and count those of instances; or no more. */
void gruvid__fibers_watch(bool on);

/* How to say the stack of a fiber that does not run, into size bytes, where it
 * is cut; "" where it is not known. */
typedef void gruvid__stack_fn(const gruvi_fiber_t *fiber, char *text,
                              size_t size);

/* From now on, name the stacks of fibers that did not end. */
void gruvid__fibers_show_stacks(gruvid__stack_fn *fn);

/* Log every fiber of every hub with what it waits for; each hub does so when
 * it comes to it. */
void gruvid__fibers_log(const struct gruvid__hubs *hubs);

/* Log the fibers of a shard that did not end, as errors of the instance: some
 * by name, the others counted by what they wait for.
 * Context: the thread of its hub. */
void gruvid__fibers_report_stuck(const struct gruvid__shard *shard);

/*
 * Cancel the fibers of a hub that belong to no plugin, and wait for
 * cancel_timeout.  What is left is logged, and the leader marked.
 *
 * Returns whether all have ended.
 * Context: root fiber of the hub, switchpoint.
 */
GRUVI_SWITCHPOINT bool gruvid__fibers_end_strays(struct gruvid__leader *leader,
                                                 gruvi_hub_t *hub);

#endif
