/* SPDX-License-Identifier: MIT */
/*
 * What cannot be put into memory, or is not as the protocol says, ends the
 * session: nothing is left out in silence.
 */
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <jansson.h>

#include "message.h"

/* Seconds for a connection, and for what the server says then. */
#define PATIENCE 5.0

/* Bytes: of a read, and of output from which on it is waited for. */
#define READ 65536
#define HIGH ((size_t)1 << 20)

/* Without a PONG for so many questions the server is not there. */
#define UNANSWERED 2

/* --- input ---------------------------------------------------------------- */

/* Room for an operation of need bytes. */
static bool
make_room(struct nats_inbox *in, size_t need)
{
    size_t room = need < READ ? READ : need;
    char *data;

    if (in->start > 0)
        memmove(in->data, in->data + in->start, in->end - in->start);
    in->end -= in->start;
    in->start = 0;
    /* What a large message took is given back. */
    if (room <= in->room && (in->room == READ || in->end > 0 || room > READ))
        return true;
    data = realloc(in->data, room);
    if (data == NULL)
        return false;
    in->data = data;
    in->room = room;
    return true;
}

static GRUVI_SWITCHPOINT int
read_more(struct nats_node *node, size_t need)
{
    struct nats_inbox *in = &node->in;
    ssize_t n;

    if (!make_room(in, need))
        return UV_ENOMEM;
    n = gruvi_stream_read(node->stream, in->data + in->end, in->room - in->end);
    if (n <= 0)
        return n == 0 ? UV_EOF : (int)n;
    in->end += (size_t)n;
    return 0;
}

/* Take the next operation that has come; 0: there is none. */
static ssize_t
take(struct nats_inbox *in, struct nats_input *input, size_t *need)
{
    ssize_t n;

    *need = 1;
    if (in->end == in->start)
        return 0;
    n = nats_parse(in->data + in->start, in->end - in->start, input, need);
    if (n > 0)
        in->start += (size_t)n;
    return n;
}

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

/* --- logging in ----------------------------------------------------------- */

static bool
set(json_t *all, const char *name, json_t *value)
{
    return json_object_set_new(all, name, value) == 0;
}

static bool
set_text(json_t *all, const char *name, const char *text)
{
    return text == NULL || set(all, name, json_string(text));
}

/* The text of CONNECT, owned: free(). */
static char *
connect_text(const struct nats_node *node)
{
    const struct nats_settings *settings = &node->settings;
    json_t *all = json_object();
    char *text = NULL;

    if (set(all, "verbose", json_false()) &&
        set(all, "pedantic", json_false()) &&
        set(all, "tls_required", json_false()) &&
        set(all, "headers", json_true()) &&
        set(all, "no_responders", json_true()) &&
        set(all, "protocol", json_integer(1)) && set_text(all, "lang", "c") &&
        set_text(all, "version", "gruvid") &&
        set_text(all, "name", gruvid_plugin_name(node->plugin)) &&
        set_text(all, "user", settings->user) &&
        set_text(all, "pass", settings->password) &&
        set_text(all, "auth_token", settings->token))
        text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    return text;
}

static void
forget(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

/* Written at once: the session's writer does not run yet. */
static GRUVI_SWITCHPOINT int
say_hello(struct nats_node *node)
{
    struct nats_buffer hello = {NULL, 0, 0};
    char *text = connect_text(node);
    int err = UV_ENOMEM;

    if (text != NULL && nats_reserve(&hello, strlen(text) + 64) &&
        nats_put_connect(&hello, text) && nats_put_ping(&hello))
        err = gruvi_stream_write(node->stream, hello.data, hello.size);
    forget(text);
    if (hello.data != NULL)
        explicit_bzero(hello.data, hello.size);
    nats_buffer_free(&hello);
    return err;
}

/* Its text is the server's: nothing of it may end a line of the log. */
static void
tell_error(const struct nats_node *node, const struct nats_span *text)
{
    char line[256];
    size_t size = text->size < sizeof line ? text->size : sizeof line - 1;

    memcpy(line, text->at, size);
    line[size] = '\0';
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    gruvi_error("the server %s says: %s", node->info.name, line);
}

static bool
is_login(const struct nats_span *text)
{
    return memmem(text->at, text->size, "Authori", 7) != NULL ||
           memmem(text->at, text->size, "Authenti", 8) != NULL;
}

/* The next operation, whatever it is. */
static GRUVI_SWITCHPOINT int
next(struct nats_node *node, struct nats_input *input)
{
    size_t need;
    ssize_t n;

    while ((n = take(&node->in, input, &need)) == 0) {
        int err = read_more(node, need);

        if (err < 0)
            return err;
    }
    return n < 0 ? (int)n : 0;
}

static int
check_info(const struct nats_node *node)
{
    if (node->info.wants_tls) {
        gruvi_error("the server %s wants TLS, which this version cannot do yet",
                    node->info.name);
        return UV_ENOTSUP;
    }
    if (node->info.headers)
        return 0;
    gruvi_error("the server %s has no headers: it is too old, or they are "
                "turned off",
                node->info.name);
    return UV_ENOTSUP;
}

/* From INFO to the PONG that says that the login was right. */
static GRUVI_SWITCHPOINT int
log_in(struct nats_node *node)
{
    struct nats_input input;
    int err = next(node, &input);

    node->info = (struct nats_info){.max_payload = 1 << 20};
    if (err == 0 && (input.op != NATS_INFO ||
                     !nats_info_read(&node->info, &node->servers, input.text.at,
                                     input.text.size)))
        err = UV_EPROTO;
    if (err == 0)
        err = check_info(node);
    if (err == 0)
        err = say_hello(node);
    while (err == 0) {
        err = next(node, &input);
        if (err < 0 || input.op == NATS_PONG)
            break;
        if (input.op == NATS_ERR) {
            tell_error(node, &input.text);
            err = is_login(&input.text) ? UV_EACCES : UV_EPROTO;
        } else if (input.op == NATS_INFO &&
                   !nats_info_read(&node->info, &node->servers, input.text.at,
                                   input.text.size)) {
            err = UV_EPROTO;
        }
    }
    return err;
}

static GRUVI_SWITCHPOINT int
connect_within(struct nats_node *node, const char *address)
{
    int err = 0;

    GRUVI_WITH_SWITCH_BACK (limit, PATIENCE) {
        err = gruvi_connect(&node->stream, address, NULL, GRUVI_FOREVER);
        if (err == 0)
            err = log_in(node);
        if (gruvi_switch_back_timed_out(&limit))
            err = UV_ETIMEDOUT;
    }
    return err;
}

GRUVI_SWITCHPOINT int
nats_session_begin(struct nats_node *node)
{
    struct nats_servers *servers = &node->servers;
    char address[NATS_ADDRESS];
    int err;

    /* The list may change meanwhile. */
    memcpy(address, servers->at[servers->next % servers->n], sizeof address);
    servers->next = (servers->next + 1) % servers->n;
    node->in.start = node->in.end = 0;
    err = connect_within(node, address);
    if (err < 0) {
        gruvi_stream_close(node->stream);
        node->stream = NULL;
        if (err != UV_ECANCELED)
            gruvi_warning("no connection to %s: %s", address,
                          gruvi_strerror(err));
        return err;
    }
    node->session++;
    node->lost = 0;
    node->moves = false;
    node->pings = node->pongs = 0;
    node->unanswered = 0;
    gruvid_count(node->counts.connections, 1);
    gruvi_info("connected to %s: server %s, version %s", address,
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

static GRUVI_SWITCHPOINT int
serve(struct nats_node *node, const struct nats_input *input)
{
    switch (input->op) {
    case NATS_MESSAGE:
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
        tell_error(node, &input->text);
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
        while ((n = take(&node->in, &input, &need)) > 0) {
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
            n = read_more(node, need);
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
