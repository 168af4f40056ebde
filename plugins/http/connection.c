/* SPDX-License-Identifier: MIT */
/*
 * A connection, call by call:
 *
 *   the first call: is a request there?  no --> park, FRESH
 *   head --> handler --> reply --> head --> ... until all that has come is used
 *   nothing is left --> send the replies --> park, IDLE
 *
 * A head that is not complete is waited for in the fiber.
 *
 * A connection that ends while the client still sends is closed slowly: a reset
 * would take from the client what it has not read of the reply.
 */
#include "connection.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "access.h"
#include "body.h"
#include "class.h"
#include "comments.h"
#include "exchange.h"
#include "forwarded.h"
#include "h2_connection.h"
#include "held.h"
#include "wire.h"

/* Replies are sent when they are so many bytes, at the latest. */
#define GATHERED 6144

/* Bytes and seconds of a slow close. */
#define LINGER_BYTES (1 << 20)
#define LINGER       5.0

/* What serving a request, or a call, may lead to. */
enum { MORE = 3, HTTP_2 = 2, GO_ON = 1, CLOSE = 0 };

/* --- the end -------------------------------------------------------------- */

/* The client has not read the reply yet, and may still send. */
static GRUVI_SWITCHPOINT int
linger(struct http_work *work)
{
    gruvi_stream_t *stream = work->connection->stream;
    double end = http_now(work->connection->hub) + LINGER, left = LINGER;
    size_t dropped = 0;
    ssize_t n;

    gruvi_stream_set_timeout(stream, left);
    n = gruvi_stream_shutdown(stream);
    while (n >= 0 && left > 0 && dropped < LINGER_BYTES) {
        gruvi_stream_set_timeout(stream, left);
        n = gruvi_stream_read(stream, work->in, work->in_size);
        if (n == 0)
            break;
        dropped += n > 0 ? (size_t)n : 0;
        left = end - http_now(work->connection->hub);
    }
    return n == UV_ECANCELED ? (int)n : CLOSE;
}

/* Make a reply that has no other end look broken.  With TLS it would look whole
 * by the close_notify that a close sends, so the socket is disconnected before.
 */
static void
close_with_reset(const struct http_connection *connection)
{
    int fd = gruvi_stream_fd(connection->stream);
    struct linger now = {1, 0};
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    if (connection->secure)
        (void)connect(fd, &nobody, sizeof nobody);
}

/* --- a request ------------------------------------------------------------ */

static const char *
text(const struct http_work *work, struct http_slice slice)
{
    return slice.size > 0 ? work->in + work->start + slice.at : "";
}

static size_t
copy_headers(struct http_work *work)
{
    const struct http_head *head = &work->head;
    const char *in = work->in + work->start;
    size_t n = 0;

    for (unsigned i = 0; i < head->n_fields; i++) {
        const struct http_field *field = &head->field[i];
        const char *name = in + field->name.at;
        if (((name[0] | 0x20) == 'g' || (name[0] | 0x20) == 'n') &&
            http_is_ours(name, field->name.size))
            continue;
        work->headers[n++] = (gruvid_header_t){name, in + field->value.at};
    }
    work->n_headers = n;
    return n;
}

static const char *
peer_of(void *exchange)
{
    return http_peer(exchange);
}

/* What gruvid is told of the request. */
static gruvid_incoming_t
incoming(struct http_work *work)
{
    const struct http_head *head = &work->head;

    work->n_headers = copy_headers(work);
    return (gruvid_incoming_t){
        .transport = &http_transport,
        .exchange = work,
        .method = text(work, head->method),
        .target = text(work, head->target),
        .scheme = http_forwarded_scheme(work->connection, work->headers,
                                        work->n_headers),
        .host = text(work, head->host),
        .peer_of = peer_of,
        .headers = work->headers,
        .n_headers = work->n_headers,
        .length = head->framing == HTTP_CHUNKED ? -1 : (int64_t)head->length,
    };
}

/* Whether the server would go on with the connection. */
static bool
may_go_on(const struct http_connection *connection)
{
    uint64_t most = connection->hub->settings.max_requests;

    return most == 0 || connection->requests < most;
}

/* Whether the client has sent more requests than it gets replies. */
static bool
has_more(const struct http_work *work)
{
    int unread = 0;

    if (!work->head.keep_alive)
        return false;
    return work->position < work->end ||
           (ioctl(gruvi_stream_fd(work->connection->stream), FIONREAD,
                  &unread) == 0 &&
            unread > 0);
}

/* Send the replies, unless there may be another soon, and see whether the
 * connection goes on. */
static GRUVI_SWITCHPOINT int
finish_reply(struct http_work *work)
{
    struct http_exchange *x = &work->exchange;
    bool goes_on = x->keep_alive && x->body_over;
    int err = 0;

    /* Whoever has cut it waits for its end. */
    if (http_is_cut(work))
        return http_flush(work) < 0 ? UV_ECANCELED : CLOSE;
    if (!goes_on || work->out_length >= GATHERED)
        err = http_flush(work);
    if (err < 0)
        return err;
    if (!goes_on && x->keep_alive) {
        err = http_body_discard(work);
        goes_on = err == 0;
    }
    if (err == UV_ECANCELED)
        return err;
    if (goes_on) {
        work->start = work->position;
        return GO_ON;
    }
    return x->body_over && !has_more(work) ? CLOSE : linger(work);
}

/* Returns GO_ON, CLOSE or a code. */
static GRUVI_SWITCHPOINT int
after_route(struct http_work *work, int status)
{
    struct http_exchange *x = &work->exchange;

    if (work->given)
        return CLOSE;
    if (x->reset || status <= 0) {
        if (x->unbounded)
            close_with_reset(work->connection);
        else
            (void)http_flush(work);
        return status == UV_ECANCELED ? status : CLOSE;
    }
    return finish_reply(work);
}

/* Have gruvid answer; refusal: the status, 0: a handler. */
static GRUVI_SWITCHPOINT int
answer(struct http_work *work, const gruvid_incoming_t *in, int refusal)
{
    struct http_exchange *x = &work->exchange;
    struct http_connection *connection = work->connection;
    bool logs = connection->hub->settings.access_log != HTTP_ACCESS_OFF;
    int status, err;

    err = gruvid_request_new(&x->request, connection->hub->plugin, in);
    if (err < 0)
        return err;
    if (logs)
        x->begun = uv_hrtime();
    if (refusal > 0) {
        status = gruvid_route_error(x->request, refusal);
    } else {
        connection->request = x->request;
        connection->work = work;
        http_held_begin(work);
        http_wait(connection, HTTP_SERVING);
        status = gruvid_route(x->request);
        http_wait(connection, HTTP_BUSY);
        connection->request = NULL;
        connection->work = NULL;
        http_comments_end(&work->exchange.comments);
        http_held_end(work);
    }
    http_coding_free(&x->coding);
    if (logs)
        http_access_log(work);
    status = after_route(work, status);
    gruvid_request_free(x->request);
    return status;
}

/* A head is complete. */
static GRUVI_SWITCHPOINT int
serve_request(struct http_work *work)
{
    gruvid_incoming_t in;

    /* Chunks are received behind the head. */
    if (work->head.framing == HTTP_CHUNKED &&
        http_make_room(work, HTTP_IN / 2) < 0)
        return UV_ENOMEM;
    work->connection->requests++;
    work->position = work->start + work->head.size;
    http_exchange_begin(work, may_go_on(work->connection));
    in = incoming(work);
    return answer(work, &in, 0);
}

/* The head is refused; what was parsed of it is answered. */
static GRUVI_SWITCHPOINT int
refuse(struct http_work *work, int status)
{
    gruvid_incoming_t in;

    if (work->head.fields == 0)
        work->head.method.size = work->head.target.size = 0;
    work->position = work->end;
    http_exchange_begin(work, false);
    work->exchange.framing = HTTP_LENGTH;
    work->exchange.body_over = false;
    work->exchange.body_failed = true;
    in = incoming(work);
    if (in.method[0] == '\0') {
        in.method = "GET";
        in.target = "/";
    }
    in.length = 0;
    gruvi_debug("refused with %d: %s", status,
                work->head.why != NULL ? work->head.why : "too slow");
    return answer(work, &in, status);
}

/* --- heads ---------------------------------------------------------------- */

/* When the head began: with its first byte, and the first with the accept. */
static double
since(const struct http_connection *connection)
{
    if (connection->requests == 0)
        return (double)connection->accepted / 1000;
    return http_now(connection->hub);
}

/* How long the rest of a head may take. */
static double
patience(const struct http_work *work, double begun)
{
    const struct http_hub *hub = work->connection->hub;
    double limit = hub->settings.header_timeout, left;

    if (limit <= 0)
        return GRUVI_FOREVER;
    left = begun + limit - http_now(hub);
    return left > 0 ? left : 0;
}

/* Receive more of a head; GO_ON, CLOSE, or what came of it. */
static GRUVI_SWITCHPOINT int
receive_head(struct http_work *work, double timeout)
{
    ssize_t n;
    int err;

    if (work->start == work->end)
        work->start = work->end = 0;
    err = http_flush(work);
    if (err == 0)
        err = http_make_room(work, 1024);
    if (err < 0)
        return err;
    n = http_receive(work, timeout);
    return n > 0 ? GO_ON : (int)n;
}

/* What has come of a head is looked at. */
static GRUVI_SWITCHPOINT int
look(struct http_work *work)
{
    const struct http_connection *connection = work->connection;
    char *data = work->in + work->start;
    size_t size = work->end - work->start;
    enum h2_preface preface = H2_NONE;

    if (connection->requests == 0)
        preface = h2_preface(connection, data, size);
    if (preface == H2_NONE)
        switch (http_head_parse(&work->head, data, size)) {
        case HTTP_DONE:
            return serve_request(work);
        case HTTP_REFUSED:
            return refuse(work, work->head.status);
        default:
            return MORE;
        }
    return preface == H2_BEGINS ? HTTP_2 : MORE;
}

/* Serve what has come, until more has to come.  *first: nothing was received
 * in this call. */
static GRUVI_SWITCHPOINT int
serve_one(struct http_work *work, bool *first)
{
    struct http_connection *connection = work->connection;
    double begun = since(connection);
    int result;

    http_head_init(&work->head, &connection->hub->settings.limits);
    for (;;) {
        bool empty = work->start == work->end;
        if (!empty) {
            result = look(work);
            if (result != MORE)
                return result;
        } else if (!*first) {
            result = http_flush(work);
            return result < 0 ? result : GRUVID_PARK;
        }
        *first = false;
        result = receive_head(work, empty ? 0 : patience(work, begun));
        if (result == UV_ETIMEDOUT)
            return empty ? GRUVID_PARK : refuse(work, 408);
        if (result != GO_ON)
            return result;
    }
}

static GRUVI_SWITCHPOINT int
serve(struct http_work *work)
{
    bool first = true;
    int result;

    do
        result = serve_one(work, &first);
    while (result == GO_ON);
    return result;
}

/* --- calls ---------------------------------------------------------------- */

static void
connection_free(void *data)
{
    struct http_connection *connection = data;

    http_wait(connection, HTTP_BUSY);
    h2_end(connection);
    free(connection);
}

static struct http_connection *
connection_new(gruvi_stream_t *stream, struct http_hub *hub)
{
    struct http_connection *connection = calloc(1, sizeof *connection);
    gruvi_tls_info_t info;
    char peer[GRUVI_ADDRESS_SIZE];

    if (connection == NULL)
        return NULL;
    connection->hub = hub;
    connection->accepted = http_accepted(hub);
    connection->stream = stream;
    connection->trusted = gruvi_stream_peer(stream, peer, sizeof peer) == 0 &&
                          gruvid_trusts_proxy(hub->plugin, peer);
    connection->secure = gruvi_tls_info(stream, &info) == 0;
    gruvi_stream_set_data(stream, connection, connection_free);
    if (connection->secure && strcmp(info.alpn, "h2") == 0 &&
        h2_begin(connection, NULL, 0) < 0)
        return NULL;
    return connection;
}

/* What has come is in work, which lives until the connection is parked. */
static GRUVI_SWITCHPOINT int
become_http2(struct http_work *work)
{
    struct http_connection *connection = work->connection;
    int err =
        h2_begin(connection, work->in + work->start, work->end - work->start);

    return err < 0 ? err : h2_serve(connection);
}

static int
park_or_end(struct http_connection *connection, int result)
{
    if (result != GRUVID_PARK || connection->h2 != NULL)
        return result;
    if (gruvid_plugin_draining(connection->hub->plugin))
        return CLOSE;
    http_wait(connection, connection->requests > 0 ? HTTP_IDLE : HTTP_FRESH);
    return GRUVID_PARK;
}

GRUVI_SWITCHPOINT int
http_connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct http_hub *hub = gruvid_hub_data(plugin);
    struct http_connection *connection = gruvi_stream_data(stream);
    struct http_work *work;
    int result;

    if (connection == NULL)
        connection = connection_new(stream, hub);
    if (connection == NULL)
        return UV_ENOMEM;
    if (connection->h2 != NULL)
        return h2_serve(connection);
    if (connection->expired)
        return CLOSE;
    http_wait(connection, HTTP_BUSY);
    work = http_work_take(hub);
    if (work == NULL)
        return UV_ENOMEM;
    work->connection = connection;
    result = serve(work);
    if (result == HTTP_2)
        result = become_http2(work);
    http_work_give(hub, work);
    return park_or_end(connection, result);
}
