/* SPDX-License-Identifier: MIT */
/* The handshake of a WebSocket (RFC 6455, 4.2), to copy into a plugin. */
#ifndef PLUGINS_EXAMPLES_HANDSHAKE_H
#define PLUGINS_EXAMPLES_HANDSHAKE_H

#include <gruvid/request.h>

/*
 * Take the connection of a request over for a WebSocket.
 *
 *   stream  borrowed until the handler returns; NULL unless 0 is returned
 *
 * Returns 0, or what the handler is to return: 426 (the request asks for no
 * WebSocket), 403 (it is of a page of another site), 400 (its key is bad), or a
 * negative code.
 * Context: fiber, switchpoint.
 */
GRUVI_SWITCHPOINT int handshake(gruvid_request_t *request,
                                gruvi_stream_t **stream);

#endif
