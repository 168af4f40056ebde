/* SPDX-License-Identifier: MIT */
/* What is said to the server of a delivery. */
#ifndef NATS_VERDICT_H
#define NATS_VERDICT_H

#include "delivery.h"

/* Seconds of a Retry-After header; negative: there is none, or it is a date. */
double nats_retry_after(const gruvid_header_t *headers, size_t n);

/* Deliveries of a message of this consumer at most. */
uint64_t nats_most_deliveries(const struct nats_work *work);

/* Say what the reply is worth, where it still counts. */
GRUVI_SWITCHPOINT void nats_settle(struct nats_delivery *delivery);

/* Another node may have it at once. */
GRUVI_SWITCHPOINT void nats_give_back(struct nats_delivery *delivery);

/* Why a message is a dead letter. */
enum nats_death {
    NATS_REFUSED, /* by the status */
    NATS_LAST,    /* by the number of its deliveries */
    NATS_DIED,    /* the same, and the last of them has not been told of */
};

/* Publish it as a dead letter, and end it then. */
GRUVI_SWITCHPOINT void nats_bury(struct nats_delivery *delivery,
                                 enum nats_death death);

/* A signal, without waiting; there is a connection. */
void nats_signal(const struct nats_delivery *delivery, const char *text);

/* The same for what could not be taken, where there is one. */
void nats_put_off(struct nats_node *node, const struct nats_span *reply,
                  double seconds);

#endif
