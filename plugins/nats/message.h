/* SPDX-License-Identifier: MIT */
/* A message: a request with its reply. */
#ifndef NATS_MESSAGE_H
#define NATS_MESSAGE_H

#include "node.h"

struct nats_message {
    struct nats_message *later, **link; /* on node->messages */
    struct nats_node *node;
    size_t bytes;       /* of all here, for the limit */
    const char *target; /* the section that answers */
    const char *subject;
    const char *reply; /* "": nobody wants an answer */
    char *head;
    size_t head_size;
    const char *data;
    size_t size;
    size_t read;                    /* bytes of the data */
    struct nats_delivery *delivery; /* of work; NULL: it is a request */
};

/* Copy what has come; NULL: no memory. */
struct nats_message *nats_message_new(struct nats_node *node,
                                      const struct nats_input *input,
                                      const char *target);

/* Take the next bytes of the data; returns how many: 0: the end. */
ssize_t nats_message_read(struct nats_message *message, void *buf, size_t len);

/* Have a fiber of its own, which ends it in the end; false: there is none, and
 * it is ended. */
bool nats_message_begin(struct nats_message *message,
                        GRUVI_SWITCHPOINT int (*main)(void *));
void nats_message_end(struct nats_message *message);

/* A message that has come: have a fiber of its own answer it, or answer it here
 * where there are too many. */
GRUVI_SWITCHPOINT void nats_message_take(struct nats_node *node,
                                         const struct nats_input *input);

/* Free messages whose fibers never ran. */
void nats_messages_free(struct nats_node *node);

#endif
