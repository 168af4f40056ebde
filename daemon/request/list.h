/* SPDX-License-Identifier: MIT */
/* The requests that a shard answers. */
#ifndef GRUVID_REQUEST_LIST_H
#define GRUVID_REQUEST_LIST_H

#include <stdbool.h>

#include "instance/shard.h"

struct gruvid_request;

/* Put a request on the list of its shard, or take it off.  Context: the hub of
 * the shard, as for all here but the last. */
void gruvid__requests_add(struct gruvid_request *request);
void gruvid__requests_remove(struct gruvid_request *request);

/* Cancel all of them: cut.c. */
void gruvid__requests_cut(struct gruvid__shard *shard, const char *why);

/* A request is on its way from another hub; it is over: true where a caller
 * that waits for that has to be woken.  The instance may be gone by then.
 * Context: any thread. */
void gruvid__requests_come(gruvid_plugin_t *plugin);
bool gruvid__requests_came(gruvid_plugin_t *plugin);

/* From here on somebody waits for their end.  Context: first hub. */
void gruvid__requests_watch(gruvid_plugin_t *plugin);

/* Whether there are none, also none on their way from other hubs.  Context: any
 * thread. */
bool gruvid__requests_over(const gruvid_plugin_t *plugin);

/* Whether lines of the log have the id of the request that their fiber answers:
 * handler.c. */
void gruvid__requests_name_lines(bool on);

/* How many there are.  Context: any thread. */
size_t gruvid__requests_open(const gruvid_plugin_t *plugin);

#endif
