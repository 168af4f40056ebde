/* SPDX-License-Identifier: MIT */
/* Streams and consumers of a server, by requests. */
#ifndef TESTS_NATS_STREAM_H
#define TESTS_NATS_STREAM_H

#include "nats/bus.h"

/* The configuration of a server with JetStream, in static memory; its files are
 * in the server's folder. */
const char *stream_config(const struct bus_server *server);

/* Ask the API; the answer is in static memory. */
const char *stream_api(struct bus *bus, const char *what, const char *json);

/* Make a stream with a subject; and a consumer.  more: members of its
 * configuration, each with a comma behind it. */
void stream_make(struct bus *bus, const char *stream, const char *subject);
void consumer_make(struct bus *bus, const char *stream, const char *consumer,
                   const char *more);

/* Store a message; head: lines with their ends, or NULL. */
void stream_store(struct bus *bus, const char *subject, const char *head,
                  const char *data);

/* A number of CONSUMER.INFO or STREAM.INFO, by its name. */
long long stream_number(struct bus *bus, const char *what, const char *name);

/* Wait until a consumer has nothing left: neither to deliver nor to be
 * acknowledged. */
void consumer_ends(struct bus *bus, const char *stream, const char *consumer);

/* Wait until a stream has so many messages. */
void stream_has(struct bus *bus, const char *stream, long long n);

/* A message of a stream by its number: its head and its data, decoded, in
 * static memory. */
const char *stream_head(struct bus *bus, const char *stream, unsigned n);
const char *stream_data(struct bus *bus, const char *stream, unsigned n);

#endif
