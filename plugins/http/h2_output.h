/* SPDX-License-Identifier: MIT */
/*
 * Frames on their way to the socket.
 *
 *   nghttp2 --> out --> the socket
 *
 * Whoever has something to send fills out, which never waits.  One fiber at a
 * time writes it: one that has answered streams, the one that reads, or one
 * that is started for it.  So replies of many streams leave together.
 */
#ifndef HTTP_H2_OUTPUT_H
#define HTTP_H2_OUTPUT_H

#include "h2.h"

/* Fill out, and see that somebody will write it.  Context: the hub; not within
 * nghttp2. */
void h2_flush(struct h2 *h2);

/* Have the connection looked at when all fibers have run that were about to:
 * see h2_output.c.  Context: the hub. */
void h2_output_look(struct h2 *h2);

/* Write until nothing is left, unless another fiber does.
 *
 *   turn     let other fibers run before, so that their replies leave, too
 *   timeout  seconds for each write; GRUVI_FOREVER: write_timeout counts
 *
 * Context: fiber, switchpoint. */
GRUVI_SWITCHPOINT void h2_write(struct h2 *h2, bool turn, double timeout);

/* Send what goes at once, before gruvid closes the stream.  Context: the hub;
 * does not switch. */
void h2_write_last(struct h2 *h2);

/* Nothing can be sent any more.  The fiber that reads is woken. */
void h2_break(struct h2 *h2);

/* The fiber that reads looks at the connection. */
void h2_wake(struct h2 *h2);

/* What nghttp2 calls to have data sent. */
int h2_send_data(nghttp2_session *session, nghttp2_frame *frame,
                 const uint8_t *head, size_t length,
                 nghttp2_data_source *source, void *arg);

/* The connection waits for a writer no more, and has no memory for output. */
void h2_output_end(struct h2 *h2);

/* Memory that a hub keeps. */
void h2_output_forget(struct h2_hub *hub);

#endif
