/* SPDX-License-Identifier: MIT */
/*
 * http: brings the requests of HTTP/1.1 to handlers.
 *
 *   parse.c chunk.c class.c   bytes of requests: no input, no output
 *   settings.c                the options
 *   hub.c                     what the connections of a hub share
 *   connection.c              a connection, from request to request
 *   exchange.c body.c         a request with its reply
 *   events.c                  comments in streams of events
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
    struct http_hub *hub = gruvid_hub_data(plugin);

    http_settings_read(&hub->settings, plugin);
    return 0;
}

static void
stop(gruvid_plugin_t *plugin)
{
    http_hub_free(gruvid_hub_data(plugin));
}

static const char *const protocols[] = {"http/1.1", "http/1.0", NULL};

GRUVID_PLUGIN(http,
    .version = "1.0",
    .summary = "answers requests of HTTP/1.1",
    .options = http_options,
    .start = start,
    .connection = http_connection,
    .stop = stop,
    .multi_hub = true,
    .per_hub = true,
    .reconfigure = reconfigure,
    .alpn = protocols);
