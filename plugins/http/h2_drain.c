/* SPDX-License-Identifier: MIT */
/*
 * A fiber of the plugin waits for the drain.  It tells all clients at once,
 * also of parked connections, which have no fiber.
 *
 *   notice --> the PING comes back, or a second --> the last stream is known
 *          --> it has ended --> the connection ends
 *
 * gruvid closes what is parked, so that is told both at once: what the client
 * has sent meanwhile it may send again elsewhere.
 */
#include "h2_drain.h"

#include <sys/socket.h>

#include "h2_output.h"
#include "h2_session.h"

/* Send what there is: a parked connection has no other fiber.  It does not
 * wait. */
static GRUVI_SWITCHPOINT void
send_now(struct h2 *h2)
{
    if (h2->reader == NULL)
        h2_write(h2, false, 0);
    else
        h2_flush(h2);
}

static GRUVI_SWITCHPOINT void
notice(struct h2 *h2)
{
    if (h2->drain != H2_SERVES || h2->broken)
        return;
    h2_session_notice(h2);
    /* gruvid may close what is parked at any moment. */
    if (h2->reader == NULL)
        h2_session_leave(h2);
    send_now(h2);
}

/* The fiber that reads sees the end, and so does a new one of a connection
 * that is parked. */
static GRUVI_SWITCHPOINT void
leave(struct h2 *h2)
{
    if (h2->drain == H2_NOTICED) {
        h2_session_leave(h2);
        send_now(h2);
    }
    if (h2->reader == NULL && h2->stream != NULL)
        shutdown(gruvi_stream_fd(h2->stream), SHUT_RD);
    else if (h2->running == 0)
        h2_wake(h2);
}

/* A connection may end while another is told. */
static GRUVI_SWITCHPOINT void
tell_all(struct h2_hub *hub, GRUVI_SWITCHPOINT void (*tell)(struct h2 *))
{
    struct h2 *h2 = hub->first, *next;

    if (h2 != NULL)
        h2->refs++;
    for (; h2 != NULL; h2 = next) {
        if (h2->stream != NULL)
            tell(h2);
        next = h2->next;
        if (next != NULL)
            next->refs++;
        h2_unref(h2);
    }
}

static GRUVI_SWITCHPOINT int
drain(void *arg)
{
    struct http_hub *hub = arg;
    int err =
        gruvi_event_wait(gruvid_plugin_drain_event(hub->plugin), GRUVI_FOREVER);

    if (err < 0)
        return err;
    tell_all(hub->h2, notice);
    err = gruvi_sleep(H2_NOTICE);
    if (err < 0)
        return err;
    tell_all(hub->h2, leave);
    return 0;
}

void
h2_drain_await(struct h2 *h2)
{
    struct h2_hub *hub = h2_hub(h2);
    gruvi_fiber_options_t options = {.name = "http2-drain"};
    gruvi_fiber_t *fiber = NULL;

    if (hub->drains)
        return;
    GRUVI_IN_GROUP (gruvid_plugin_group(h2->hub->plugin)) {
        fiber = gruvi_spawn_ex(drain, h2->hub, &options);
    }
    hub->drains = fiber != NULL;
    gruvi_fiber_unref(fiber);
}
