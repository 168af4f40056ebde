/* SPDX-License-Identifier: MIT */
/*
 * Fibers that answer streams.
 *
 *   heads that have come --> h2->unanswered --> a fiber, one after the other
 *
 * Handlers that wait for nothing share a fiber, and so a stack that is in the
 * cache.  Where a handler waits, the streams behind it get another fiber in the
 * hub's next turn.
 */
#ifndef HTTP_H2_WORKER_H
#define HTTP_H2_WORKER_H

#include "h2.h"

/* The head of a stream is there: have a fiber answer it.  Context: the reading
 * fiber.  Returns 0, or an error. */
int h2_worker_answer(struct h2_stream *stream);

/* A turn is over: streams that still wait get another fiber.  Context: the hub.
 */
void h2_worker_look(struct h2 *h2);

#endif
