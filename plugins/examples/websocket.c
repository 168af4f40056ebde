/* SPDX-License-Identifier: MIT */
/*
 * websocket: sends each message back, by RFC 6455 with wslay.  It is reached by
 * a route of plugins/http: GET /echo -> websocket.
 *
 * wslay has no input and output of its own: it calls back to read and to write,
 * and the fiber waits in there.  A turn reads once and then writes all answers,
 * so a client that does not read gets no more of them than that.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <gruvid/request.h>

#include <openssl/evp.h>
#include <wslay/wslay.h>

static const gruvid_option_t options[] = {
    {.name = "max_message",
     .type = GRUVID_SIZE,
     .default_value = "64K",
     .min = "1"},
    {.name = "ping",
     .type = GRUVID_DURATION,
     .default_value = "30s",
     .min = "1ms",
     .help = "silence before a ping; the time for its answer, or a close's"},
    GRUVID_OPTIONS_END,
};

struct session {
    gruvi_stream_t *stream; /* borrowed */
    bool may_read;          /* not yet in this turn */
    bool pinged;            /* and nothing has come since */
    int error;              /* of the stream; UV_EOF at its end */
};

/* --- the handshake -------------------------------------------------------- */

/* Any page may open a WebSocket here, with the cookies of its visitor. Browsers
 * say of which site it is; other programs say nothing. */
static bool
is_ours(gruvid_request_t *request)
{
    const char *origin = gruvid_request_header(request, "Origin");
    const char *site = origin != NULL ? strstr(origin, "://") : NULL;

    return origin == NULL ||
           (site != NULL &&
            strcasecmp(site + 3, gruvid_request_host(request)) == 0);
}

/* Say by its key that the request was understood; returns as a handler does. */
static int
accept_key(gruvid_request_t *request, const char *key)
{
    unsigned char hash[EVP_MAX_MD_SIZE], text[EVP_MAX_MD_SIZE * 2];
    char joined[64];
    size_t size;

    if (key == NULL || strlen(key) != 24 || strcmp(key + 22, "==") != 0 ||
        EVP_DecodeBlock(text, (const unsigned char *)key, 24) != 18)
        return 400;
    snprintf(joined, sizeof joined, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
             key);
    if (!EVP_Q_digest(NULL, "SHA1", NULL, joined, strlen(joined), hash, &size))
        return UV_ENOTSUP;
    EVP_EncodeBlock(text, hash, (int)size);
    return gruvid_reply_header(request, "Sec-WebSocket-Accept", (char *)text);
}

static GRUVI_SWITCHPOINT int
enter(gruvid_request_t *request, gruvi_stream_t **stream)
{
    const char *version =
        gruvid_request_header(request, "Sec-WebSocket-Version");
    const char *upgrade = gruvid_request_header(request, "Upgrade");
    int err;

    if (upgrade == NULL || version == NULL || strcmp(version, "13") != 0) {
        gruvid_reply_header(request, "Upgrade", "websocket");
        gruvid_reply_header(request, "Connection", "Upgrade");
        gruvid_reply_header(request, "Sec-WebSocket-Version", "13");
        return 426;
    }
    if (!is_ours(request))
        return 403;
    err = accept_key(request,
                     gruvid_request_header(request, "Sec-WebSocket-Key"));
    return err != 0 ? err
                    : gruvid_request_upgrade(request, "websocket", stream);
}

/* --- messages ------------------------------------------------------------- */

static ssize_t
fail(wslay_event_context_ptr wslay, int error)
{
    wslay_event_set_error(wslay, error);
    return -1;
}

static GRUVI_SWITCHPOINT ssize_t
on_read(wslay_event_context_ptr wslay, uint8_t *buf, size_t size, int flags,
        void *arg)
{
    struct session *session = arg;
    ssize_t n;

    (void)flags;
    if (!session->may_read)
        return fail(wslay, WSLAY_ERR_WOULDBLOCK);
    session->may_read = false;
    n = gruvi_stream_read(session->stream, buf, size);
    if (n > 0)
        return n;
    session->error = n < 0 ? (int)n : UV_EOF;
    return fail(wslay, WSLAY_ERR_CALLBACK_FAILURE);
}

static GRUVI_SWITCHPOINT ssize_t
on_write(wslay_event_context_ptr wslay, const uint8_t *data, size_t size,
         int flags, void *arg)
{
    struct session *session = arg;

    (void)flags;
    session->error = gruvi_stream_write(session->stream, data, size);
    return session->error == 0 ? (ssize_t)size
                               : fail(wslay, WSLAY_ERR_CALLBACK_FAILURE);
}

/* wslay itself answers pings and closes. */
static void
on_message(wslay_event_context_ptr wslay,
           const struct wslay_event_on_msg_recv_arg *message, void *arg)
{
    struct wslay_event_msg echo = {message->opcode, message->msg,
                                   message->msg_length};

    (void)arg;
    if (!wslay_is_ctrl_frame(message->opcode))
        wslay_event_queue_msg(wslay, &echo);
}

static const struct wslay_event_callbacks callbacks = {
    .recv_callback = on_read,
    .send_callback = on_write,
    .on_msg_recv_callback = on_message,
};

/* Wait for the client, or for the drain, and do what is next; 0: go on. */
static GRUVI_SWITCHPOINT int
turn(wslay_event_context_ptr wslay, struct session *session,
     gruvid_plugin_t *plugin)
{
    gruvi_waitable_t *both[] = {
        gruvi_stream_waitable(session->stream),
        gruvi_event_waitable(gruvid_plugin_drain_event(plugin))};
    const struct wslay_event_msg ping = {WSLAY_PING, NULL, 0};
    int n =
        gruvi_wait(both, 2, 1, gruvid_option_duration(plugin, "ping"), NULL);

    if (n < 0)
        return n;
    if (n == 0 && session->pinged)
        return UV_ETIMEDOUT;
    session->pinged = n == 0;
    if (n == 0)
        return wslay_event_queue_msg(wslay, &ping);
    if (gruvid_plugin_draining(plugin))
        return wslay_event_queue_close(wslay, WSLAY_CODE_GOING_AWAY, NULL, 0);
    session->may_read = true;
    return wslay_event_recv(wslay);
}

static GRUVI_SWITCHPOINT int
talk(wslay_event_context_ptr wslay, struct session *session,
     gruvid_plugin_t *plugin)
{
    int err = 0;

    while (err == 0 && !wslay_event_get_close_sent(wslay)) {
        err = turn(wslay, session, plugin);
        if (err == 0 && wslay_event_want_write(wslay))
            err = wslay_event_send(wslay);
    }
    return err;
}

/* A close was sent.  Wait for the client's, unless that has come, and then for
 * its end: it has to read ours before. */
static GRUVI_SWITCHPOINT void
await_end(wslay_event_context_ptr wslay, struct session *session)
{
    char buf[4096];
    int err = 0;

    while (err == 0 && wslay_event_want_read(wslay)) {
        session->may_read = true;
        err = wslay_event_recv(wslay);
    }
    if (err == 0 && gruvi_stream_shutdown(session->stream) == 0)
        while (gruvi_stream_read(session->stream, buf, sizeof buf) > 0)
            ;
}

/* However much a client sends that does not answer: it has this time. */
static GRUVI_SWITCHPOINT void
leave(wslay_event_context_ptr wslay, struct session *session, double patience)
{
    gruvi_switch_back_t limit;

    gruvi_switch_back_init(&limit, patience);
    await_end(wslay, session);
    gruvi_switch_back_exit(&limit);
}

static GRUVI_SWITCHPOINT int
websocket(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    double patience = gruvid_option_duration(plugin, "ping");
    struct session session = {.error = 0};
    wslay_event_context_ptr wslay;
    int err = enter(request, &session.stream);

    if (err != 0)
        return err;
    if (wslay_event_context_server_init(&wslay, &callbacks, &session) < 0)
        return UV_ENOMEM;
    wslay_event_config_set_max_recv_msg_length(
        wslay, gruvid_option_size(plugin, "max_message"));
    gruvi_stream_set_timeout(session.stream, patience);
    err = talk(wslay, &session, plugin);
    if (err == 0)
        leave(wslay, &session, patience);
    wslay_event_context_free(wslay);
    /* A client that goes or does not answer is no failure. */
    return session.error == UV_ECANCELED || err == UV_ECANCELED ? UV_ECANCELED
                                                                : 0;
}

GRUVID_PLUGIN(websocket, .summary = "sends messages back", .options = options,
    .request = websocket, .multi_hub = true);
