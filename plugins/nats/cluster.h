/* SPDX-License-Identifier: MIT */
/*
 * A node among others.  PREFIX.node is
 *
 *   .here         where nodes say that they are there, or gone
 *   .ask          what all are asked
 *   .name.NODE    what one is asked: whether its name is in use
 *   .answer.ID.NODE.more, .end   parts of an answer, and its last part
 *
 * The first hub of a gruvid does all of it.  Nodes only look: what is asked is
 * what gruvid_inspect() answers, of the commands that show numbers, names and
 * states.
 */
#ifndef NATS_CLUSTER_H
#define NATS_CLUSTER_H

#include <gruvid/cluster.h>

#include "members.h"
#include "subscription.h"

struct nats_answering;
struct nats_node;

/* Bytes of PREFIX.node.answer. and the like. */
#define NATS_PREFIX  128
#define NATS_SUBJECT (NATS_PREFIX + 2 * NATS_NODE_NAME + 32)

struct nats_cluster {
    bool is_first; /* this hub does it */
    char prefix[NATS_PREFIX];
    struct nats_greeting self; /* of node "": it is none */
    struct nats_members members;
    struct nats_subscription *here, *ask, *name, *heard; /* NULL: none */
    char answers[NATS_SUBJECT]; /* the subject of heard, without its ".>" */
    struct nats_answering *answering; /* n of them, a fiber each */
    size_t n_answering;
    bool is_announced;
    gruvi_event_t named; /* the name is its own, or it needs none */
};

void nats_cluster_init(struct nats_node *node);
GRUVI_SWITCHPOINT void nats_cluster_free(struct nats_node *node);

/* The fiber of a session that makes it a node: see the options node and
 * prefix. */
GRUVI_SWITCHPOINT int nats_cluster_main(void *node);

/* Say that it goes: the session ends in order. */
void nats_cluster_leave(struct nats_node *node);

/* The descriptor's function. */
GRUVI_SWITCHPOINT int
nats_cluster_ask(gruvid_plugin_t *plugin,
                 const gruvid_cluster_question_t *question);

#endif
