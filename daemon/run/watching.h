/* SPDX-License-Identifier: MIT */
/* The watch over the hubs, as the configuration has it. */
#ifndef GRUVID_RUN_WATCHING_H
#define GRUVID_RUN_WATCHING_H

#include "config/config.h"

struct gruvid__daemon;

/* Begin to watch.  Where that fails it is logged: gruvid goes on without.
 * Context: root fiber of the first hub, once there are all hubs. */
void gruvid__watching_begin(struct gruvid__daemon *daemon);

/* What a configuration says holds from now on; the timeouts are the daemon's.
 */
void gruvid__watching_configure(const struct gruvid__daemon *daemon,
                                gruvid__config_t *config);

#endif
