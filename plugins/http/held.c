/* SPDX-License-Identifier: MIT */
/*
 * A callback of the hub runs when the fiber has switched away, so when it still
 * finds a reply the handler waits.  A callback must not wait: it sends what the
 * socket takes.  The rest, with TLS of a record that was taken, is tried again
 * when the timer looks at the peers.
 */
#include "held.h"

#include "wire.h"

void
http_held_send(struct http_work *work)
{
    struct http_connection *connection = work->connection;
    ssize_t n;

    if (connection->waits != HTTP_SERVING)
        return;
    n = gruvi_stream_try_write(connection->stream, work->out, work->out_length);
    if (n > 0)
        http_sent(work, (size_t)n);
}

static void
on_switch(void *arg)
{
    struct http_hub *hub = arg;

    hub->looks = false;
    while (hub->holding != NULL) {
        struct http_work *work = hub->holding;
        http_held_end(work);
        http_held_send(work);
    }
}

bool
http_held_begin(struct http_work *work)
{
    struct http_hub *hub = work->connection->hub;

    if (work->out_length == 0 || work->holds)
        return true;
    if (!hub->looks &&
        gruvi_hub_run_callback(gruvi_get_hub(), on_switch, hub) < 0)
        return false;
    hub->looks = true;
    work->holds = true;
    work->held_next = hub->holding;
    work->held_link = &hub->holding;
    if (hub->holding != NULL)
        hub->holding->held_link = &work->held_next;
    hub->holding = work;
    return true;
}

void
http_held_end(struct http_work *work)
{
    if (!work->holds)
        return;
    work->holds = false;
    *work->held_link = work->held_next;
    if (work->held_next != NULL)
        work->held_next->held_link = work->held_link;
}
