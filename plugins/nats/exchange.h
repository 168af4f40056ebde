/* SPDX-License-Identifier: MIT */
/* What gruvid calls to read a request and to send its reply. */
#ifndef NATS_EXCHANGE_H
#define NATS_EXCHANGE_H

#include <gruvid/transport.h>

#include "message.h"

struct nats_exchange {
    struct nats_message *message;
    bool answered;                 /* or nobody wants an answer */
    struct nats_buffer head, body; /* of the reply */
};

extern const gruvid_transport_t nats_transport;

/* Answer with a status alone, without waiting; 503 with Retry-After. */
void nats_answer(struct nats_node *node, const char *reply, int status);

#endif
