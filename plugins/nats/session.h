/* SPDX-License-Identifier: MIT */
/* A connection to a server, from its INFO to its end. */
#ifndef NATS_SESSION_H
#define NATS_SESSION_H

#include "node.h"

/* Connect to the server whose turn it is, and log in. */
GRUVI_SWITCHPOINT int nats_session_begin(struct nats_node *node);

/* What is left of it is forgotten: no part of it goes to another server. */
void nats_session_end(struct nats_node *node);

/* Fibers of a session. */
GRUVI_SWITCHPOINT int nats_session_read(void *node);
GRUVI_SWITCHPOINT int nats_session_write(void *node);
GRUVI_SWITCHPOINT int nats_session_watch(void *node);

/* It is over: the main fiber ends it. */
void nats_session_lose(struct nats_node *node, int why);

/* Whether commands may be put into node->out; then nats_session_put() has them
 * sent, where they were put. */
bool nats_session_is_open(const struct nats_node *node);
bool nats_session_put(struct nats_node *node, bool put);

/* Wait until there is room for output, or the session is over. */
GRUVI_SWITCHPOINT int nats_session_wait_room(struct nats_node *node);

/* Wait until the server has read all that was put.  Returns 0, UV_ENOTCONN
 * where the session ends before, UV_ECANCELED. */
GRUVI_SWITCHPOINT int nats_session_flush(struct nats_node *node);

#endif
