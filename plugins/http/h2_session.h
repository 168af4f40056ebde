/* SPDX-License-Identifier: MIT */
/* nghttp2's session of a connection. */
#ifndef HTTP_H2_SESSION_H
#define HTTP_H2_SESSION_H

#include "h2.h"

/* What a hub shares, made with its first connection of HTTP/2.  NULL without
 * memory. */
struct h2_hub *h2_hub_new(void);
void h2_hub_free(struct h2_hub *hub);

/* Returns NULL without memory. */
struct h2 *h2_new(struct http_connection *connection);
void h2_unref(struct h2 *h2);

/* Bytes have come.  The session may be over afterwards.  Context: fiber. */
void h2_session_receive(struct h2 *h2, const uint8_t *data, size_t size);

/* Whether the session goes on. */
bool h2_session_lives(const struct h2 *h2);

/* End it: GOAWAY with a code of HTTP/2.  It still has to be sent. */
void h2_session_end(struct h2 *h2, uint32_t error);

/* There is too much of something. */
void h2_session_exceed(struct h2 *h2, enum h2_limit limit);

/* End it, if there was too much of something within nghttp2. */
void h2_session_check(struct h2 *h2);

/* End in order: tell the client, and then which stream is the last. */
void h2_session_notice(struct h2 *h2);
void h2_session_leave(struct h2 *h2);

#endif
