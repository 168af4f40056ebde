/* SPDX-License-Identifier: MIT */
/*
 * Other nodes that were heard of, and what nodes say of themselves:
 *
 *   {"node":"web1","id":"5f3a...","generation":2,"state":"here"}
 *
 * The id is of the process, and the generation of its section: what an earlier
 * process or generation says late does not count.
 */
#ifndef NATS_MEMBERS_H
#define NATS_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes with the zero. */
#define NATS_NODE_NAME 65
#define NATS_NODE_ID   40

/* The most nodes that are remembered, and for how many seconds a silent node
 * is. */
#define NATS_MEMBERS 10000
#define NATS_SILENT  3600.0

struct nats_greeting {
    char node[NATS_NODE_NAME], id[NATS_NODE_ID];
    uint64_t generation;
    bool is_gone;
};

struct nats_member {
    struct nats_greeting self;
    double silent_since; /* 0: it is not */
};

struct nats_members {
    struct nats_member *at; /* by name */
    size_t n, room;
};

/* Whether text is the name of a node: letters, digits, '-' and '_'. */
bool nats_is_node_name(const char *text, size_t size);

/* Write a greeting.  Returns its bytes. */
size_t nats_greeting_write(char *text, size_t room,
                           const struct nats_greeting *greeting);

/* Read one, from anybody.  Returns whether it is one. */
bool nats_greeting_read(struct nats_greeting *greeting, const char *text,
                        size_t size);

/* The node of a name; NULL: it was not heard of. */
struct nats_member *nats_members_find(const struct nats_members *members,
                                      const char *name);

/* Take a greeting: the node is there, or it is gone.  Without memory, or where
 * there are too many, the node is not remembered. */
void nats_members_hear(struct nats_members *members,
                       const struct nats_greeting *greeting);

/* A node of that name has answered, or has not, at a time in seconds. */
void nats_members_answered(struct nats_members *members, const char *name);
void nats_members_silent(struct nats_member *member, double now);

/* Forget nodes that have been silent for long. */
void nats_members_clean(struct nats_members *members, double now);

void nats_members_free(struct nats_members *members);

#endif
