/* SPDX-License-Identifier: MIT */
/* A connection of HTTP/1.1. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "hub.h"

/*
 * Answer the requests that have come, and wait for the next without a fiber:
 * what gruvid_descriptor_t asks of connection.
 */
GRUVI_SWITCHPOINT int http_connection(gruvi_stream_t *stream,
                                      gruvid_plugin_t *plugin);

#endif
