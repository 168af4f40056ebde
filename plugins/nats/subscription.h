/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions beside routes.  A subscription is there until it is taken back:
 * each new connection has it again.  Between two connections nothing comes.
 *
 * Where a connection ends in order, subscriptions end with the routes, before
 * the last question; but inboxes, whose subject begins with "_INBOX.", go on to
 * the end.
 */
#ifndef NATS_SUBSCRIPTION_H
#define NATS_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

struct nats_node;

/* Called in the reader fiber for each message: it must not wait, and input is
 * borrowed until it returns.  It may take the subscription back. */
typedef void nats_message_fn(void *arg, const struct nats_input *input);

struct nats_subscription {
    char *subject, *group; /* owned; group: NULL: none */
    nats_message_fn *on_message;
    void *arg;
    uint64_t sid;
    bool ended; /* the server was told, and what it has sent still comes */
};

struct nats_subscriptions {
    struct nats_subscription **at; /* by sid */
    size_t n, room;
    uint64_t last; /* sid, without what keeps it apart from a route's */
};

/*
 * Subscribe: at once where there is a connection.
 *
 *   subscription  NULL on failure
 *   group         NULL: none
 *
 * Returns 0.
 * Errors:  UV_EINVAL (subject or group), UV_ENOMEM.
 */
int nats_subscribe(struct nats_node *node,
                   struct nats_subscription **subscription, const char *subject,
                   const char *group, nats_message_fn *on_message, void *arg);

/* Have the server send no more.  What is on its way comes until
 * nats_session_flush() has returned. */
void nats_subscription_end(struct nats_node *node,
                           struct nats_subscription *subscription);

/* Take it back, and free it: nothing more comes.  NULL is fine. */
void nats_unsubscribe(struct nats_node *node,
                      struct nats_subscription *subscription);

/* Give a message to its subscription.  Returns false where it has the number of
 * a route. */
bool nats_subscriptions_take(struct nats_node *node,
                             const struct nats_input *input);

/* Put all into a new connection; take those that are no inboxes from one that
 * ends in order. */
bool nats_subscriptions_put(struct nats_node *node);
void nats_subscriptions_end(struct nats_node *node);

void nats_subscriptions_free(struct nats_node *node);

#endif
