/* SPDX-License-Identifier: MIT */
/* Connections that wait for their next message without a fiber: GRUVID_PARK.
 * Context of all here: the hub of the shard. */
#ifndef GRUVID_SERVE_PARK_H
#define GRUVID_SERVE_PARK_H

#include "serve/connection.h"

/* Before anything is accepted: 0, UV_ENOMEM. */
int gruvid__park_begin(struct gruvid__shard *shard);

/* Once no connection is left.  Switchpoint. */
GRUVI_SWITCHPOINT void gruvid__park_end(struct gruvid__shard *shard);

/*
 * Park a connection whose function has returned GRUVID_PARK, in its fiber,
 * which does nothing more with it.
 *
 * Returns 0.
 * Errors:  UV_EBUSY: a fiber of the plugin is still inside the stream;
 *          UV_ECANCELED: the instance has no use for it any more.  The
 *          connection is as it was.
 */
int gruvid__park(struct gruvid__connection *connection);

/* A connection has ended, or its fiber is about to: another that waits for a
 * fiber may have it. */
void gruvid__park_next(struct gruvid__shard *shard);

/*
 * The instance drains.  At a stop of gruvid all that is parked and has nothing
 * to read is closed at once; of an old generation, what has been silent for a
 * quarter of the time that it has.
 */
void gruvid__park_drain(struct gruvid__shard *shard);

/* The time is over: close all that no fiber serves. */
void gruvid__park_cut(struct gruvid__shard *shard);

#endif
