/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <string.h>

#include "exchange.h"

static GRUVI_SWITCHPOINT int
send_comment(void *arg)
{
    return http_exchange_put(arg, HTTP_COMMENT, strlen(HTTP_COMMENT));
}

int
http_events_begin(struct http_work *work)
{
    const struct http_hub *hub = work->connection->hub;

    return http_comments_begin(&work->exchange.comments, hub->plugin,
                               hub->settings.event_comment, send_comment, work);
}
