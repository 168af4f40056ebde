/* SPDX-License-Identifier: MIT */
/* A connection, as the files of this folder see it. */
#ifndef GRUVID_CONNECTION_H
#define GRUVID_CONNECTION_H

#include "instance/shard.h"

/*
 * A connection is on shard->streams from its accept to its end.
 *
 *   SERVED --GRUVID_PARK--> PARKED --readable--> SERVED
 *                              | readable, and no fiber
 *                              v
 *                           QUEUED --a fiber ends, or a moment--> SERVED
 */
enum gruvid__connection_state {
    GRUVID__SERVED, /* by its fiber */
    GRUVID__PARKED, /* there is no fiber, and nothing to read */
    GRUVID__QUEUED  /* there is something to read; on park->first */
};

struct gruvid__connection {
    gruvi__await_t await; /* first: wake finds the connection by it */
    struct gruvid__connection *next, **link; /* on shard->streams */
    struct gruvid__shard *shard;
    gruvi_stream_t *stream; /* owned */
    union {
        gruvi_fiber_t *fiber;                   /* SERVED: owned */
        struct gruvid__connection *next_queued; /* QUEUED */
    } by;

    uint64_t received, sent; /* what of the stream the shard has counted */

    /* For timeouts: gruvid__connection_traffic(), and when it was first seen.
     */
    uint64_t traffic;
    double since;

    double accepted; /* by gruvid__now() */

    unsigned number;  /* in its name, where its peer has none; 0: it has */
    uint16_t vain;    /* calls in a row that have done nothing but park */
    uint8_t state;    /* enum gruvid__connection_state */
    bool greeted : 1; /* its function was called before */
    bool runs : 1;    /* its fiber has begun: a fiber that is cancelled before
                         would close nothing */
    char name[32];    /* of its fibers, which keep no more of it */
};

/* Hand a stream to a fiber of its own; its place is claimed.  On failure both
 * are still the caller's.  Errors: UV_ENOMEM, UV_EAGAIN.
 * Context: the hub of the shard, callbacks included, as for all here. */
int gruvid__connection_begin(struct gruvid__shard *shard,
                             gruvi_stream_t *stream);

/*
 * Have a fiber serve a connection.
 *
 * Returns 0, or why there is no fiber: UV_EAGAIN, UV_ENOMEM; UV_ECANCELED where
 * the instance is being ended.
 */
int gruvid__connection_serve(struct gruvid__connection *connection);

/* A number that changes when bytes come or go, or the plugin takes some of
 * those that the stream holds. */
uint64_t
gruvid__connection_traffic(const struct gruvid__connection *connection);

/*
 * How long a connection has had no traffic, in seconds, as far as was seen: the
 * first look after traffic, or after it was parked, says 0.
 *
 *   now  by gruvid__now()
 */
double gruvid__connection_silent(struct gruvid__connection *connection,
                                 double now);

/* Count the bytes that it has read and written since the last time: where its
 * traffic is looked at, when it is parked, and when it ends. */
void gruvid__connection_count(struct gruvid__connection *connection);

/* Report how a connection has ended that no fiber serves, and close it. */
void gruvid__connection_end(struct gruvid__connection *connection, int status);

/* Close a connection that no fiber serves any more, and give its place back. */
void gruvid__connection_close(struct gruvid__connection *connection);

#endif
