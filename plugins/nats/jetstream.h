/* SPDX-License-Identifier: MIT */
/*
 * Answers of JetStream, which are JSON.  Only what is used is read, and nothing
 * is believed.  All this works on bytes: no input, no output.
 */
#ifndef NATS_JETSTREAM_H
#define NATS_JETSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "protocol.h"

/* The most steps of a backoff that are kept: the last goes on. */
#define NATS_STEPS 64

/* Room for a time. */
#define NATS_TIME 48

struct nats_consumer {
    double wait; /* seconds: the shortest of ack_wait and all steps */
    double steps[NATS_STEPS];
    size_t n_steps;       /* of its backoff; 0: none */
    uint64_t max_deliver; /* 0: no limit */
    uint64_t max_batch;   /* the most of a pull, and the most bytes of it */
    uint64_t max_bytes;
    double max_expires; /* seconds */
};

struct nats_stream {
    char created[NATS_TIME];
    bool has; /* whether the subject that was asked for is one of its own */
};

/* What an acknowledgement's subject says of a delivery. */
struct nats_ack {
    struct nats_span stream, consumer;
    uint64_t delivered; /* from 1 */
    uint64_t sequence;  /* in the stream */
};

/*
 * Read an answer.
 *
 *   says  of an error: the server's own words, or what is wrong; NATS_SAYS
 *
 * Returns 0.
 * Errors:  UV_ENOENT (there is no such consumer), UV_ENXIO (there is no such
 *          stream), UV_ENOTSUP (it is there, and cannot be pulled from, or not
 *          acknowledged one by one), UV_EAGAIN (any other error of the server),
 *          UV_EPROTO (that is no such answer).
 */
int nats_consumer_read(struct nats_consumer *consumer, const char *text,
                       size_t size, char *says);
int nats_stream_read(struct nats_stream *stream, const char *text, size_t size,
                     const char *subject, char *says);

/* The same of what was published to a stream: 0: it is stored. */
int nats_stored_read(const char *text, size_t size, char *says);

/* Whether an object says that a stream has stored a message, and the number of
 * that. */
bool nats_is_stored(const json_t *root, uint64_t *seq);

/* Read the subject of an acknowledgement; false: it is none. */
bool nats_ack_read(struct nats_ack *ack, const struct nats_span *subject);

#endif
