/* SPDX-License-Identifier: MIT */
/* Endpoints: the addresses that a section listens on. */
#ifndef GRUVID_LISTEN_H
#define GRUVID_LISTEN_H

#include <stdbool.h>

#include <gruvi.h>

#include "instance/shard.h"

/* One address of a section, in one hub. */
struct gruvid__endpoint {
    struct gruvid__shard *shard;
    const char *address;        /* of the section */
    gruvi_listener_t *listener; /* NULL: closed, or not open yet */
    gruvi_tls_t *tls;           /* owned; NULL: not of tls:// */
    gruvi_fiber_t *acceptor;    /* owned; NULL: none */
    gruvi_stream_t *held;       /* accepted, and waits for a place; or NULL */

    /* How the other hubs listen on it, too; set in the first shard. */
    char shared[GRUVI_ADDRESS_SIZE];
    bool reuse_port;

    bool not_given; /* the file could not be given to its owner */
};

/* Listen on all addresses: a body for gruvid__shard_run().  The first shard
 * does so before the others. */
int gruvid__endpoints_open(struct gruvid__shard *shard);

/* Log why they could not be opened. */
void gruvid__log_listen_error(const struct gruvid__shard *shard);

/* Close the endpoints that are open. */
void gruvid__endpoints_close(struct gruvid__shard *shard);

#endif
