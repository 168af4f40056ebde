/* SPDX-License-Identifier: MIT */
/*
 * What cannot be put into memory, or is not as the protocol says, ends the
 * session: nothing is left out in silence.
 */
#include "session.h"

#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "login.h"
#include "message.h"

/* Seconds for a connection, and for what the server says then. */
#define PATIENCE 5.0

/* Bytes of output from which on it is waited for. */
#define HIGH ((size_t)1 << 20)

/* Without a PONG for so many questions the server is not there. */
#define UNANSWERED 2

/* Lines of the log in a second for what the server says with -ERR. */
#define LINES 20

/* --- output --------------------------------------------------------------- */

bool
nats_session_is_open(const struct nats_node *node)
{
    return node->stream != NULL && node->lost == 0;
}

bool
nats_session_put(struct nats_node *node, bool put)
{
    if (put)
        gruvi_event_set(&node->ready);
    else
        nats_session_lose(node, UV_ENOMEM);
    return put;
}

void
nats_session_lose(struct nats_node *node, int why)
{
    if (!nats_session_is_open(node))
        return;
    node->lost = why;
    /* Reads and writes return. */
    shutdown(gruvi_stream_fd(node->stream), SHUT_RDWR);
    gruvi_event_set(&node->wake);
    gruvi_event_set(&node->ready);
    gruvi_event_set(&node->room);
    gruvi_event_set(&node->pong);
    gruvi_event_set(&node->idle);
    nats_asks_lose(node);
    nats_works_wake(node);
}

GRUVI_SWITCHPOINT int
nats_session_wait_room(struct nats_node *node)
{
    int err = 0;

    while (err == 0 && nats_session_is_open(node) && node->out.size > HIGH) {
        gruvi_event_clear(&node->room);
        err = gruvi_event_wait(&node->room, GRUVI_FOREVER);
    }
    return err;
}

GRUVI_SWITCHPOINT int
nats_session_flush(struct nats_node *node)
{
    uint64_t session = node->session, number = node->pings + 1;
    int err = 0;

    if (!nats_session_is_open(node))
        return UV_ENOTCONN;
    if (!nats_session_put(node, nats_put_ping(&node->out)))
        return UV_ENOTCONN;
    node->pings++;
    while (err == 0 && nats_session_is_open(node) && node->session == session &&
           node->pongs < number) {
        gruvi_event_clear(&node->pong);
        err = gruvi_event_wait(&node->pong, GRUVI_FOREVER);
    }
    if (err < 0)
        return err;
    return nats_session_is_open(node) && node->session == session ? 0
                                                                  : UV_ENOTCONN;
}

/* --- its life ------------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
connect_within(struct nats_node *node, const struct nats_turn *turn)
{
    int err = 0;

    GRUVI_WITH_SWITCH_BACK (limit, PATIENCE) {
        err = gruvi_connect(&node->stream, turn->address, NULL, GRUVI_FOREVER);
        if (err == 0)
            err = nats_login(node, turn->name);
        if (gruvi_switch_back_timed_out(&limit))
            err = UV_ETIMEDOUT;
    }
    return err;
}

GRUVI_SWITCHPOINT int
nats_session_begin(struct nats_node *node)
{
    struct nats_turn turn; /* the list may change meanwhile */
    int err;

    node->moves = false; /* what changes from here on makes another */
    nats_servers_turn(&node->servers, &turn, node->settings.ca != NULL);
    node->in.start = node->in.end = 0;
    err = connect_within(node, &turn);
    if (err < 0) {
        gruvi_stream_close(node->stream);
        node->stream = NULL;
        if (err != UV_ECANCELED)
            gruvi_warning("no connection to %s: %s", turn.shown,
                          gruvi_strerror(err));
        return err;
    }
    node->session++;
    node->lost = 0;
    node->pings = node->pongs = 0;
    node->unanswered = 0;
    gruvid_count(node->counts.connections, 1);
    gruvi_info("connected to %s: server %s, version %s", turn.shown,
               node->info.name, node->info.version);
    return 0;
}

void
nats_session_end(struct nats_node *node)
{
    gruvi_stream_close(node->stream);
    node->stream = NULL;
    gruvid_count(node->counts.lost, node->out_replies + node->sending_replies);
    node->out_replies = node->sending_replies = 0;
    nats_buffer_free(&node->out);
    nats_buffer_free(&node->sending);
    gruvi_event_set(&node->room);
    gruvi_event_set(&node->pong);
}

/* --- fibers --------------------------------------------------------------- */

/* A client chooses where its answer goes, and so whether the server refuses
 * that: it shall not fill the log. */
static void
tell(struct nats_node *node, const struct nats_span *text)
{
    double now = nats_now();

    if (now - node->said_since >= 1) {
        if (node->said > LINES)
            gruvi_error("the server %s has said %llu more of the kind",
                        node->info.name,
                        (unsigned long long)(node->said - LINES));
        node->said_since = now;
        node->said = 0;
    }
    if (node->said++ < LINES)
        nats_login_tell(node, text);
}

static GRUVI_SWITCHPOINT int
serve(struct nats_node *node, const struct nats_input *input)
{
    switch (input->op) {
    case NATS_MESSAGE:
        if (!nats_subscriptions_take(node, input))
            nats_message_take(node, input);
        return 0;
    case NATS_PING:
        nats_session_put(node, nats_put_pong(&node->out));
        return 0;
    case NATS_PONG:
        node->pongs++;
        node->unanswered = 0;
        gruvi_event_set(&node->pong);
        return node->pongs > node->pings ? UV_EPROTO : 0;
    case NATS_ERR:
        tell(node, &input->text);
        return 0; /* the server closes where it cannot go on */
    case NATS_INFO:
        if (!nats_info_read(&node->info, &node->servers, input->text.at,
                            input->text.size))
            return UV_EPROTO;
        if (node->info.is_lame)
            gruvi_event_set(&node->wake);
        return 0;
    case NATS_OK:
        break;
    }
    return 0;
}

/* After each read the fibers of its messages run: what came at once is not
 * counted as if nobody had answered it. */
GRUVI_SWITCHPOINT int
nats_session_read(void *arg)
{
    struct nats_node *node = arg;
    struct nats_input input;
    size_t need;
    ssize_t n = 0;

    while (n >= 0 && nats_session_is_open(node)) {
        while ((n = nats_reader_take(&node->in, &input, &need)) > 0) {
            int err = serve(node, &input);

            if (err < 0) {
                n = err;
                break;
            }
        }
        if (n == 0)
            n = gruvi_sleep(0);
        if (n == 0)
            n = nats_session_wait_room(node);
        if (n == 0 && nats_session_is_open(node))
            n = nats_reader_read(&node->in, node->stream, need);
    }
    nats_session_lose(node, n < 0 ? (int)n : UV_EOF);
    return 0;
}

/* What was sent before a failure is not known, and so is not sent again. */
GRUVI_SWITCHPOINT int
nats_session_write(void *arg)
{
    struct nats_node *node = arg;
    int err = 0;

    while (err == 0 && nats_session_is_open(node)) {
        struct nats_buffer spare = node->sending;

        if (node->out.size == 0) {
            gruvi_event_clear(&node->ready);
            err = gruvi_event_wait(&node->ready, GRUVI_FOREVER);
            continue;
        }
        node->sending = node->out;
        node->sending_replies = node->out_replies;
        node->out = spare;
        node->out.size = node->out_replies = 0;
        gruvi_event_set(&node->room);
        err = gruvi_stream_write(node->stream, node->sending.data,
                                 node->sending.size);
        if (err == 0)
            node->sending_replies = 0;
        if (node->sending.room > 2 * HIGH)
            nats_buffer_free(&node->sending);
    }
    nats_session_lose(node, err < 0 ? err : UV_EOF);
    return 0;
}

GRUVI_SWITCHPOINT int
nats_session_watch(void *arg)
{
    struct nats_node *node = arg;
    int err;

    while ((err = gruvi_sleep(node->settings.ping_interval)) == 0 &&
           nats_session_is_open(node)) {
        if (node->unanswered >= UNANSWERED) {
            nats_session_lose(node, UV_ETIMEDOUT);
            break;
        }
        node->unanswered++;
        node->pings++;
        nats_session_put(node, nats_put_ping(&node->out));
    }
    return err == UV_ECANCELED ? 0 : err;
}
