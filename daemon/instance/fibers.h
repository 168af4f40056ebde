/* SPDX-License-Identifier: MIT */
/* Fibers by name: all of them for SIGUSR2, those that fail, and those that did
 * not end when they should. */
#ifndef GRUVID_FIBERS_H
#define GRUVID_FIBERS_H

#include "instance/instance.h"
#include "instance/shard.h"

/* Log and count the fibers of these instances that fail; NULL: no more. */
void gruvid__fibers_watch(const struct gruvid__instances *instances);

/* Log every fiber of every hub with what it waits for; each hub does so when
 * it comes to it. */
void gruvid__fibers_log(const struct gruvid__hubs *hubs);

/* Log the fibers of a shard that did not end, as errors of the instance.
 * Context: the thread of its hub. */
void gruvid__fibers_report_stuck(const struct gruvid__shard *shard);

#endif
