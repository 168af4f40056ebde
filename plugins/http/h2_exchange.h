/* SPDX-License-Identifier: MIT */
/* What gruvid calls to read a request of HTTP/2 and to send its reply. */
#ifndef HTTP_H2_EXCHANGE_H
#define HTTP_H2_EXCHANGE_H

#include "h2_stream.h"

extern const gruvid_transport_t h2_transport;

/* Have the client's side end, or all, with a code of HTTP/2.  Context: the hub;
 * not within nghttp2. */
void h2_exchange_reset(struct h2_stream *stream, uint32_t error);

#endif
