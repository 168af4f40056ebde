/* SPDX-License-Identifier: MIT */
/*
 * A delivery: a message of work in the hands of a handler, until the server was
 * told what has become of it.
 *
 * It is ours for as long as the consumer waits, from when it came, or from the
 * last signal that work goes on.  After that the server may have given it to
 * another worker, and takes a late "no" for the word of that one: so it is not
 * sent.  A late "done" does no harm, and is.
 */
#ifndef NATS_DELIVERY_H
#define NATS_DELIVERY_H

#include <sys/queue.h>

#include "message.h"
#include "work.h"

struct nats_delivery {
    struct nats_message *message; /* its reply is where signals go */
    struct nats_work *work;       /* a reference */
    TAILQ_ENTRY(nats_delivery) in_hand;
    double since; /* it came, or was signalled */
    bool is_kept; /* on work->in_hand */
    bool lost;    /* it is not ours any more */
    uint64_t delivered, sequence;
    char *head; /* as it came, owned; NULL: none */

    /* The reply. */
    int status;         /* 0: none */
    bool cancelled;     /* and there is none for that reason */
    double retry_after; /* seconds; negative: it has not said */
};

/* Take a message that has come; false: it is none of a stream, but something
 * else that came to the inbox. */
bool nats_delivery_take(struct nats_work *work, const struct nats_input *input);

void nats_delivery_free(struct nats_delivery *delivery);

/* The fiber that signals that work goes on. */
GRUVI_SWITCHPOINT int nats_delivery_keep(void *work);

/* Whether it is still ours. */
bool nats_delivery_is_ours(struct nats_delivery *delivery);

#endif
