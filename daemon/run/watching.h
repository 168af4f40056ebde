/* SPDX-License-Identifier: MIT */
/* The watch over the hubs, as the configuration has it. */
#ifndef GRUVID_RUN_WATCHING_H
#define GRUVID_RUN_WATCHING_H

struct gruvid__daemon;

/* Begin to watch.  Where that fails it is logged: gruvid goes on without.
 * Context: root fiber of the first hub, once there are all hubs. */
void gruvid__watching_begin(struct gruvid__daemon *daemon);

/* What daemon->config and its timeouts say holds from now on. */
void gruvid__watching_configure(struct gruvid__daemon *daemon);

#endif
