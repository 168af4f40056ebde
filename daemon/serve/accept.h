/* SPDX-License-Identifier: MIT */
/* Accepting connections of an instance.  Context of all here: the hub of the
 * shard. */
#ifndef GRUVID_ACCEPT_H
#define GRUVID_ACCEPT_H

#include "instance/shard.h"

struct gruvid__endpoint;

/* Spawn a fiber for each endpoint that has none, in the shard's group of
 * connections.  It waits.  Errors: UV_ENOMEM, UV_EAGAIN. */
int gruvid__accept_prepare(struct gruvid__shard *shard);

/* Have those fibers accept. */
void gruvid__accept_begin(struct gruvid__shard *shard);

/*
 * End those fibers, and their endpoints.  What is queued is accepted where
 * nobody has the address any more, and left to others otherwise.  Does not
 * wait.
 *
 *   ends  which endpoints; NULL: all
 */
void gruvid__accept_end(struct gruvid__shard *shard,
                        bool (*ends)(const struct gruvid__endpoint *endpoint));

#endif
