/* SPDX-License-Identifier: MIT */
/*
 * What a hub has: a connection, its routes, and the messages in work.  The
 * nodes of gruvid-nats(7) are something else: a gruvid each, members.h.
 *
 *   main fiber    connect --> session --> connect --> ...
 *   in a session  a reader, a writer, a fiber that asks whether the server is
 *                 there; they end with it
 *   routes fiber  waits until plugins answer, and subscribes
 *   a fiber a message, which outlives the session that it came by
 */
#ifndef NATS_NODE_H
#define NATS_NODE_H

#include <gruvid/metrics.h>
#include <gruvid/transport.h>

#include "ask.h"
#include "buffer.h"
#include "cluster.h"
#include "protocol.h"
#include "reader.h"
#include "routes.h"
#include "servers.h"
#include "settings.h"
#include "subscription.h"
#include "work.h"

struct nats_message;

struct nats_counts {
    gruvid_counter_t *connections; /* that were made */
    gruvid_counter_t *busy;        /* answered with 503: max_queued */
    gruvid_counter_t *dropped;     /* the same, and nobody wants an answer */
    gruvid_counter_t *refused;     /* a reply that may not be sent there */
    gruvid_counter_t *lost;        /* replies, with their connection */
    gruvid_counter_t *large;       /* replies over max_payload */
    gruvid_counter_t *unheard;     /* messages of the bus that were dropped */

    /* Of work. */
    gruvid_counter_t *delivered, *acknowledged, *negative;
    gruvid_counter_t *dead_letters, *terminated;
    gruvid_counter_t *late;   /* signals left out: it was not ours any more */
    gruvid_counter_t *unsaid; /* the same: there was no connection */
};

struct nats_node {
    gruvid_plugin_t *plugin;
    struct nats_settings settings;
    struct nats_servers servers;
    struct nats_info info;
    struct nats_routes routes;
    struct nats_subscriptions subscriptions;
    struct nats_asks asks;
    struct nats_works works;
    struct nats_counts counts;
    gruvi_group_t group;       /* of all its fibers */
    gruvi_fiber_t *subscriber; /* the routes fiber */
    gruvi_event_t settled;     /* the routes are not about to change */

    /* The session. */
    gruvi_stream_t *stream; /* NULL: none */
    uint64_t session;       /* its number, from 1 */
    bool is_held;           /* a drain waits for it */
    int lost;               /* why it is over, or not there; 0: it goes on */
    bool moves;             /* it is to end in order, for another */
    gruvi_event_t wake;     /* the main fiber looks at these */
    gruvi_event_t up;       /* set once there was a session */
    struct nats_reader in;

    /* Output: whole commands, in order.  The writer takes them all at once. */
    struct nats_buffer out, sending;
    size_t out_replies, sending_replies;
    gruvi_event_t ready; /* there is output, or the session is over */
    gruvi_event_t room;  /* the same, and there is room for more */

    /* Questions whether all that was sent has been read. */
    uint64_t pings, pongs;
    unsigned unanswered; /* by time: without a PONG since */
    gruvi_event_t pong;

    /* What the server has said with -ERR since then, logged or not. */
    double said_since;
    uint64_t said;

    struct nats_cluster cluster;

    /* Messages that are not answered yet. */
    struct nats_message *messages; /* of them */
    size_t queued, queued_bytes;
    bool is_quiet; /* the session ends when there are none */
    gruvi_event_t idle;
};

/* node.c.  What is freed ends its fibers: none is left after a stop, but after
 * a start that has failed. */
GRUVI_SWITCHPOINT struct nats_node *nats_node_new(gruvid_plugin_t *plugin);
GRUVI_SWITCHPOINT void nats_node_free(struct nats_node *node);

/* Read the options; as nats_settings_read(). */
GRUVI_SWITCHPOINT int nats_node_configure(struct nats_node *node);

/* The main fiber, and the routes fiber. */
GRUVI_SWITCHPOINT int nats_node_main(void *arg);
GRUVI_SWITCHPOINT int nats_node_subscribe(void *arg);

#endif
