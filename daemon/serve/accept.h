/* SPDX-License-Identifier: MIT */
/* Accepting connections of an instance.  Context of all here: the hub of the
 * shard. */
#ifndef GRUVID_ACCEPT_H
#define GRUVID_ACCEPT_H

#include "instance/shard.h"

/* Spawn a fiber for each listener, in the shard's group of connections.
 * Errors: UV_ENOMEM, UV_EAGAIN. */
int gruvid__accept_begin(struct gruvid__shard *shard);

/* Have those fibers accept what is queued, and no more.  Does not wait. */
void gruvid__accept_end(struct gruvid__shard *shard);

#endif
