/* SPDX-License-Identifier: MIT */
/*
 * http: brings the requests of HTTP/1.1 and HTTP/2 to handlers.
 *
 *   parse.c chunk.c class.c   bytes of requests: no input, no output
 *   settings.c                the options
 *   hub.c                     what the connections of a hub share
 *   connection.c              a connection, from request to request
 *   exchange.c body.c         a request with its reply
 *   events.c comments.c       comments in streams of events
 *   h2_*.c                    HTTP/2, where there is nghttp2: see h2.h
 *   forwarded.c               what proxies say of their clients
 *   held.c                    replies that leave together
 *   wire.c                    buffers and the stream
 *   access.c reason.c         the access log, the words of a status
 *
 * Each hub has its own settings and memory, so nothing is locked.
 */
#include "connection.h"

static int
start(gruvid_plugin_t *plugin)
{
    struct http_hub *hub = http_hub_new(plugin);

    if (hub == NULL)
        return UV_ENOMEM;
    return gruvid_set_hub_data(plugin, hub);
}

static int
reconfigure(gruvid_plugin_t *plugin)
{
    http_hub_configure(gruvid_hub_data(plugin));
    return 0;
}

static GRUVI_SWITCHPOINT void
stop(gruvid_plugin_t *plugin)
{
    http_hub_free(gruvid_hub_data(plugin));
}

static const char *const protocols[] = {
#ifdef HAVE_NGHTTP2
    "h2",
#endif
    "http/1.1", "http/1.0", NULL};

GRUVID_PLUGIN(http,
    .version = "1.0",
    .summary = "answers requests of HTTP",
    .options = http_options,
    .start = start,
    .connection = http_connection,
    .stop = stop,
    .multi_hub = true,
    .per_hub = true,
    .reconfigure = reconfigure,
    .alpn = protocols);
