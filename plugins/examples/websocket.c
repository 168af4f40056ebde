/* SPDX-License-Identifier: MIT */
/*
 * websocket: sends each message back, by RFC 6455 with wslay.  It is reached by
 * a route of plugins/http: GET /echo -> websocket.
 *
 * wslay has no input and output of its own: it calls back to read and to write,
 * and the fiber waits in there.  A turn reads once and then writes all answers,
 * so a client that does not read gets no more of them than that.
 */
#include "handshake.h"

#include <wslay/wslay.h>

static const gruvid_option_t options[] = {
    {.name = "max_message", .type = GRUVID_SIZE, .default_value = "64K"},
    {.name = "ping",
     .type = GRUVID_DURATION,
     .default_value = "30s",
     .help = "silence before a ping; the time for its answer, or a close's"},
    GRUVID_OPTIONS_END,
};

struct session {
    gruvi_stream_t *stream; /* borrowed */
    bool may_read;          /* not yet in this turn */
    int err;                /* why a message has no answer */
};

static GRUVI_SWITCHPOINT ssize_t
on_read(wslay_event_context_ptr wslay, uint8_t *buf, size_t size, int flags,
        void *arg)
{
    struct session *session = arg;
    bool reads = session->may_read;
    ssize_t n = reads ? gruvi_stream_read(session->stream, buf, size) : 0;

    (void)flags;
    session->may_read = false;
    if (n > 0)
        return n;
    wslay_event_set_error(wslay, reads ? WSLAY_ERR_CALLBACK_FAILURE
                                       : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static GRUVI_SWITCHPOINT ssize_t
on_write(wslay_event_context_ptr wslay, const uint8_t *data, size_t size,
         int flags, void *arg)
{
    const struct session *session = arg;

    (void)flags;
    if (gruvi_stream_write(session->stream, data, size) == 0)
        return (ssize_t)size;
    wslay_event_set_error(wslay, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

/* wslay itself answers pings and closes. */
static void
on_message(wslay_event_context_ptr wslay,
           const struct wslay_event_on_msg_recv_arg *message, void *arg)
{
    struct wslay_event_msg echo = {message->opcode, message->msg,
                                   message->msg_length};
    struct session *session = arg;

    if (!wslay_is_ctrl_frame(message->opcode))
        session->err = wslay_event_queue_msg(wslay, &echo);
}

/* Until a close is sent, or the client goes, or does not answer a ping. */
static GRUVI_SWITCHPOINT int
talk(wslay_event_context_ptr wslay, struct session *session,
     gruvid_plugin_t *plugin)
{
    gruvi_waitable_t *both[] = {
        gruvi_stream_waitable(session->stream),
        gruvi_event_waitable(gruvid_plugin_drain_event(plugin))};
    const struct wslay_event_msg ping = {WSLAY_PING, NULL, 0};
    double silence = gruvid_option_duration(plugin, "ping");
    bool pinged = false;
    int n, err = 0;

    while (err == 0 && session->err == 0 &&
           !wslay_event_get_close_sent(wslay)) {
        n = gruvi_wait(both, 2, 1, silence, NULL);
        if (n < 0 || (n == 0 && pinged))
            return n < 0 ? n : UV_ETIMEDOUT;
        pinged = n == 0;
        session->may_read = true;
        if (n == 0)
            err = wslay_event_queue_msg(wslay, &ping);
        else if (gruvid_plugin_draining(plugin))
            err =
                wslay_event_queue_close(wslay, WSLAY_CODE_GOING_AWAY, NULL, 0);
        else
            err = wslay_event_recv(wslay);
        if (err == 0 && wslay_event_want_write(wslay))
            err = wslay_event_send(wslay);
    }
    return err != 0 ? err : session->err;
}

/* A close was sent.  Wait for the client's, unless that has come, and then for
 * its end: it has to read ours before.  However much it sends meanwhile. */
static GRUVI_SWITCHPOINT void
leave(wslay_event_context_ptr wslay, struct session *session, double patience)
{
    char buf[4096];
    int err = 0;

    GRUVI_WITH_SWITCH_BACK (limit, patience) {
        while (err == 0 && wslay_event_want_read(wslay)) {
            session->may_read = true;
            err = wslay_event_recv(wslay);
        }
        if (err == 0 && gruvi_stream_shutdown(session->stream) == 0)
            while (gruvi_stream_read(session->stream, buf, sizeof buf) > 0)
                ;
    }
}

static GRUVI_SWITCHPOINT int
websocket(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_read,  /* NOLINT(gruvi-pointer): wslay's type */
        .send_callback = on_write, /* NOLINT(gruvi-pointer): wslay's type */
        .on_msg_recv_callback = on_message};
    double patience = gruvid_option_duration(plugin, "ping");
    struct session session = {.may_read = false};
    wslay_event_context_ptr wslay;
    int err = handshake(request, &session.stream);

    if (err != 0)
        return err;
    if (wslay_event_context_server_init(&wslay, &callbacks, &session) < 0)
        return UV_ENOMEM;
    wslay_event_config_set_max_recv_msg_length(
        wslay, gruvid_option_size(plugin, "max_message"));
    gruvi_stream_set_timeout(session.stream, patience);
    if (talk(wslay, &session, plugin) == 0)
        leave(wslay, &session, patience);
    wslay_event_context_free(wslay);
    return 0; /* a client that goes or does not answer is no failure */
}

GRUVID_PLUGIN(websocket, .summary = "sends messages back", .options = options,
    .request = websocket, .multi_hub = true);
