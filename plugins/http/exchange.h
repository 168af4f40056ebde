/* SPDX-License-Identifier: MIT */
/* What gruvid calls to read a request and to send its reply. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "work.h"

extern const gruvid_transport_t http_transport;

/*
 * Begin an exchange with the head that was parsed, or refused: what its
 * functions need.
 *
 *   keep_alive  whether the server would go on with the connection
 *
 * Context: fiber.
 */
void http_exchange_begin(struct http_work *work, bool keep_alive);

#endif
