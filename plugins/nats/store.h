/* SPDX-License-Identifier: MIT */
/*
 * Messages that a stream stores: a request to their subject, which the stream
 * answers with JSON.
 */
#ifndef NATS_STORE_H
#define NATS_STORE_H

#include <gruvi.h>

#include "buffer.h"
#include "json.h"

struct nats_node;

/*
 * Ask what answers with JSON.
 *
 *   root     an object that is no error; json_decref(); NULL on failure
 *   refusal  empty where the answer is no error
 *
 * Returns 0.
 * Errors:  UV_EAGAIN: nobody answers there, or the server cannot now;
 *          UV_EIO: an error, which the caller logs by nats_json_tell();
 *          UV_EPROTO; those of nats_ask().
 */
GRUVI_SWITCHPOINT int nats_json_ask(struct nats_node *node, const char *subject,
                                    const struct nats_buffer *head,
                                    const void *data, size_t size,
                                    json_t **root,
                                    struct nats_refusal *refusal);

/* Log why a message to a subject is refused. */
void nats_json_tell(const char *subject, const struct nats_refusal *refusal);

/*
 * Have a stream store a message, which the head has an id of: try it once.  A
 * duplicate is stored.
 *
 *   seq  its number there; may be NULL
 *
 * Returns 0.
 * Errors:  UV_EAGAIN, as above; UV_EBUSY (it is not what Nats-Expected-... of
 *          the head says); UV_E2BIG; UV_EIO, logged; UV_EPROTO; those of
 *          nats_ask().
 */
GRUVI_SWITCHPOINT int nats_store_once(struct nats_node *node,
                                      const char *subject,
                                      const struct nats_buffer *head,
                                      const void *data, size_t size,
                                      uint64_t *seq);

/* The same again and again while no stream answers, until a deadline of the
 * fiber: UV_ETIMEDOUT, logged. */
GRUVI_SWITCHPOINT int nats_store(struct nats_node *node, const char *subject,
                                 const struct nats_buffer *head,
                                 const void *data, size_t size, uint64_t *seq);

/* Wait before the next try; 0 at first. */
GRUVI_SWITCHPOINT int nats_store_pause(double *delay);

/* Whether err is the end of a try, and not a deadline around it. */
bool nats_store_may_again(int err);

#endif
