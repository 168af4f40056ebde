/* SPDX-License-Identifier: MIT */
/* What gruvid calls to read a request and to send its reply. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "work.h"

extern const gruvid_transport_t http_transport;

/* The peer, or the client that a trusted proxy names.  In work->peer; "": not
 * known. */
const char *http_peer(struct http_work *work);

/*
 * Begin an exchange with the head that was parsed, or refused: what its
 * functions need.
 *
 *   keep_alive  whether the server would go on with the connection
 *
 * Context: fiber.
 */
void http_exchange_begin(struct http_work *work, bool keep_alive);

/*
 * Send a part of the body, coded where that is so; for who has entered the
 * events.
 *
 * Context: fiber, switchpoint.
 */
GRUVI_SWITCHPOINT int http_exchange_put(struct http_work *work,
                                        const void *data, size_t size);

#endif
