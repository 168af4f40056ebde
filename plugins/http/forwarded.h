/* SPDX-License-Identifier: MIT */
/*
 * What a proxy that is trusted says of its client: X-Forwarded-For and
 * X-Forwarded-Proto.  Nobody else is asked.
 */
#ifndef HTTP_FORWARDED_H
#define HTTP_FORWARDED_H

#include "hub.h"

/*
 * The client: the peer of the connection, or as that names it.
 *
 *   buf  "tcp://192.0.2.1:0", with its port where the header has it; "": not
 *        known
 */
void http_forwarded_peer(const struct http_connection *connection,
                         const gruvid_header_t *headers, size_t n, char *buf,
                         size_t size);

/* "http" or "https", static text. */
const char *http_forwarded_scheme(const struct http_connection *connection,
                                  const gruvid_header_t *headers, size_t n);

#endif
