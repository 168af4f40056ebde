/* SPDX-License-Identifier: MIT */
/*
 * Requests of our own: a message whose answer comes to an inbox.  A connection
 * has one, with a wildcard for the number of the request; it is subscribed when
 * it is needed for the first time.
 */
#ifndef NATS_ASK_H
#define NATS_ASK_H

#include <gruvi.h>

#include "buffer.h"
#include "subscription.h"

/* What came back. */
struct nats_answer {
    int status; /* of the first line of the head; 0: none */
    char *head; /* owned: as for nats_head_parse(); NULL where there is none */
    size_t head_size;
    char *data; /* owned; a zero byte is behind it */
    size_t size;
};

/* Requests in flight. */
struct nats_asked;
struct nats_slot {
    struct nats_asked *asked; /* NULL: it is free */
    uint32_t next_free;
};
struct nats_asks {
    struct nats_subscription *inbox; /* NULL: not needed yet */
    char prefix[48];                 /* of its subject, with the last dot */
    struct nats_slot *at;
    uint32_t n, free;    /* slots; the first that is free: n: none */
    uint32_t generation; /* of the number of the next request */
};

/*
 * Ask, and wait for the first answer.
 *
 *   head     ended, as for nats_put_publish(); NULL: none
 *   answer   of zeros on failure; nats_answer_free()
 *   timeout  seconds; GRUVI_FOREVER: no limit
 *
 * Returns 0.
 * Errors:  UV_ENOENT (nobody listens there), UV_ENOTCONN (there is no
 *          connection, or it was lost: at once), UV_ETIMEDOUT, UV_ECANCELED,
 *          UV_E2BIG (over the max_payload of the server), UV_EINVAL (subject),
 *          UV_ENOMEM.
 */
GRUVI_SWITCHPOINT int nats_ask(struct nats_node *node, const char *subject,
                               const struct nats_buffer *head, const void *data,
                               size_t size, struct nats_answer *answer,
                               double timeout);

void nats_answer_free(struct nats_answer *answer);

/* The connection is lost: all requests in flight end. */
void nats_asks_lose(struct nats_node *node);
void nats_asks_free(struct nats_node *node);

/* Write an inbox that nobody knows yet, with the last dot. */
int nats_inbox_new(char *subject, size_t room);

#endif
