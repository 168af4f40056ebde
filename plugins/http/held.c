/* SPDX-License-Identifier: MIT */
/*
 * A callback of the hub runs when the fiber has switched away, so when it still
 * finds a reply the handler waits.  A callback must not wait: it sends by a
 * plain send(2) what the socket takes.  With TLS that is not possible: there
 * the replies wait for the handler's first piece, or for its end.
 */
#include "held.h"

#include <string.h>
#include <sys/socket.h>

void
http_held_send(struct http_work *work)
{
    struct http_connection *connection = work->connection;
    ssize_t n;

    if (connection->waits != HTTP_SERVING || connection->secure ||
        work->out_length == 0)
        return;
    n = send(gruvi_stream_fd(connection->stream), work->out, work->out_length,
             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n <= 0)
        return;
    work->out_length -= (size_t)n;
    memmove(work->out, work->out + n, work->out_length);
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

void
http_held_begin(struct http_work *work)
{
    struct http_hub *hub = work->connection->hub;

    if (work->out_length == 0 || work->holds)
        return;
    if (!hub->looks &&
        gruvi_hub_run_callback(gruvi_get_hub(), on_switch, hub) < 0)
        return;
    hub->looks = true;
    work->holds = true;
    work->held_next = hub->holding;
    work->held_link = &hub->holding;
    if (hub->holding != NULL)
        hub->holding->held_link = &work->held_next;
    hub->holding = work;
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
