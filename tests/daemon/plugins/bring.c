/* SPDX-License-Identifier: MIT */
/*
 * bring: a transport that a test can read.  A request is
 *
 *   METHOD TARGET LENGTH      LENGTH: of the body; "?": it is in pieces
 *   Name: value               any number of headers; Host is the host
 *                             an empty line, and the body; a piece is a line
 *                             with its length and its bytes, the last has 0
 *
 * and what gruvid calls is written as it comes:
 *
 *   begin STATUS LENGTH whole head events bodiless     what there is of it
 *   Name: value
 *   .
 *   data SIZE                 of begin, or of a write: the bytes follow, and an
 *   write SIZE                end of line
 *   file SIZE                 likewise, of sendfile
 *   end
 *   reset CODE
 *   = STATUS                  what gruvid_route() has returned
 *
 * A method "TO:NAME" asks the section NAME, and needs no route.  A body that is
 * cut by the end of the stream is refused with 400; a piece of "x" bytes with
 * 408.  A piece of "s3" bytes is read without heed to a cancel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvid/transport.h>

#define MAX_HEADERS 150
#define LINE        2048

struct exchange {
    gruvi_stream_t *stream;
    gruvid_request_t *request;
    gruvid_header_t headers[MAX_HEADERS];
    size_t n;
    char head[65536];
    size_t used;
    int64_t left; /* of the body, or of its piece */
    bool in_pieces, is_over, is_stubborn;
    char peer[GRUVI_ADDRESS_SIZE];
};

/* --- the functions -------------------------------------------------------- */

static int
refuse(struct exchange *exchange, int status)
{
    gruvid_request_refuse(exchange->request, status);
    return UV_EPROTO;
}

static int
next_piece(struct exchange *exchange)
{
    char line[32];
    ssize_t n = gruvi_stream_read_text(exchange->stream, line, sizeof line);

    if (n < 0)
        return n == UV_EOF ? refuse(exchange, 400) : (int)n;
    if (line[0] == 'x')
        return refuse(exchange, 408);
    exchange->is_stubborn = line[0] == 's';
    exchange->left = atoi(line + exchange->is_stubborn);
    exchange->is_over = exchange->left == 0;
    return 0;
}

static ssize_t
read_piece(struct exchange *exchange, void *buf, size_t len)
{
    ssize_t n = 0;

    if (!exchange->is_stubborn)
        return gruvi_stream_read(exchange->stream, buf, len);
    gruvi_info("reads without heed");
    GRUVI_SHIELD {
        n = gruvi_stream_read(exchange->stream, buf, len);
    }
    return n;
}

static ssize_t
on_read(void *arg, void *buf, size_t len)
{
    struct exchange *exchange = arg;
    ssize_t n;
    int err = 0;

    if (exchange->left == 0 && exchange->in_pieces && !exchange->is_over)
        err = next_piece(exchange);
    if (err < 0 || exchange->left == 0)
        return err;
    if (len > (size_t)exchange->left)
        len = (size_t)exchange->left;
    n = read_piece(exchange, buf, len);
    if (n == 0)
        return refuse(exchange, 400);
    if (n > 0)
        exchange->left -= n;
    return n;
}

static int
put(struct exchange *exchange, const char *what, const void *data, size_t size)
{
    int err = gruvi_stream_printf(exchange->stream, "%s %zu\n", what, size);

    if (err == 0)
        err = gruvi_stream_write(exchange->stream, data, size);
    return err < 0 ? err : gruvi_stream_write(exchange->stream, "\n", 1);
}

static int
on_begin(void *arg, const gruvid_reply_t *reply)
{
    struct exchange *exchange = arg;
    int err = gruvi_stream_printf(
        exchange->stream, "begin %d %lld%s%s%s%s\n", reply->status,
        (long long)reply->length, reply->whole ? " whole" : "",
        reply->head ? " head" : "", reply->events ? " events" : "",
        reply->bodiless ? " bodiless" : "");

    for (size_t i = 0; i < reply->n_headers && err == 0; i++)
        err = gruvi_stream_printf(exchange->stream, "%s: %s\n",
                                  reply->headers[i].name,
                                  reply->headers[i].value);
    if (err == 0)
        err = gruvi_stream_write(exchange->stream, ".\n", 2);
    if (err == 0 && reply->size > 0)
        err = put(exchange, "data", reply->data, reply->size);
    return err;
}

static int
on_write(void *arg, const void *data, size_t size)
{
    return put(arg, "write", data, size);
}

static int
on_end(void *arg)
{
    struct exchange *exchange = arg;

    return gruvi_stream_write(exchange->stream, "end\n", 4);
}

static int
on_sendfile(void *arg, gruvi_file_t *file, uint64_t offset, uint64_t length)
{
    struct exchange *exchange = arg;
    int64_t n;
    int err = gruvi_stream_printf(exchange->stream, "file %d\n", (int)length);

    if (err < 0)
        return err;
    n = gruvi_stream_sendfile(exchange->stream, file, (int64_t)offset,
                              (int64_t)length);
    if (n < 0)
        return (int)n;
    err = gruvi_stream_write(exchange->stream, "\n", 1);
    return err < 0 || n == (int64_t)length ? err : UV_EIO;
}

/* It may not switch: it is said when gruvid_route() has returned. */
static void
on_reset(void *arg, int why)
{
    struct exchange *exchange = arg;

    snprintf(exchange->peer, sizeof exchange->peer, "reset %s\n",
             gruvi_err_name(why));
}

static int
on_upgrade(void *arg, const char *protocol, const gruvid_reply_t *reply,
           gruvi_stream_t **stream)
{
    struct exchange *exchange = arg;
    int err = gruvi_stream_printf(exchange->stream, "upgrade %s %zu\n",
                                  protocol, reply->n_headers);

    *stream = exchange->stream;
    return err;
}

static void
on_finish(void *arg)
{
    struct exchange *exchange = arg;

    gruvi_stream_unwatch_peer(exchange->stream);
}

static const char *
peer_of(void *arg)
{
    struct exchange *exchange = arg;

    gruvi_stream_peer(exchange->stream, exchange->peer, sizeof exchange->peer);
    return exchange->peer;
}

static const gruvid_transport_t transport = {
    .size = sizeof transport,
    .name = "bring",
    .read = on_read,
    .begin = on_begin,
    .write = on_write,
    .end = on_end,
    .sendfile = on_sendfile,
    .reset = on_reset,
    .upgrade = on_upgrade,
    .finish = on_finish,
};

/* --- a connection --------------------------------------------------------- */

/* A line of the head, which stays in the exchange; NULL: the end. */
static char *
read_line(struct exchange *exchange)
{
    char *line = exchange->head + exchange->used;
    ssize_t n = gruvi_stream_read_text(exchange->stream, line,
                                       sizeof exchange->head - exchange->used);

    if (n < 0)
        return NULL;
    exchange->used += (size_t)n + 1;
    return line;
}

static bool
read_headers(struct exchange *exchange, gruvid_incoming_t *in)
{
    char *line;

    while ((line = read_line(exchange)) != NULL && *line != '\0') {
        gruvid_header_t *header = &exchange->headers[exchange->n++];

        header->name = strsep(&line, ":");
        header->value = line == NULL ? "" : line + 1;
        if (strcmp(header->name, "Host") == 0)
            in->host = header->value;
        if (strcmp(header->name, "Timeout") == 0)
            in->timeout = strtod(header->value, NULL);
    }
    in->headers = exchange->headers;
    in->n_headers = exchange->n;
    return line != NULL;
}

static int
route(struct exchange *exchange, gruvid_plugin_t *plugin, gruvid_incoming_t *in)
{
    bool direct = strncmp(in->method, "TO:", 3) == 0;
    const char *target = in->method + 3;
    int status;

    if (direct)
        in->method = "GET";
    status = gruvid_request_new(&exchange->request, plugin, in);
    if (status < 0)
        return status;
    gruvi_stream_watch_peer(exchange->stream, false);
    exchange->peer[0] = '\0';
    status = direct ? gruvid_route_to(exchange->request, target)
                    : gruvid_route(exchange->request);
    gruvi_stream_unwatch_peer(exchange->stream);
    return status;
}

static int
serve(struct exchange *exchange, gruvid_plugin_t *plugin)
{
    char *line = read_line(exchange);
    gruvid_incoming_t in = {.transport = &transport,
                            .exchange = exchange,
                            .scheme = "bring",
                            .peer_of = peer_of};
    const char *name;
    int status;

    if (line == NULL)
        return UV_EOF;
    in.method = strsep(&line, " ");
    in.target = line == NULL ? "/" : strsep(&line, " ");
    exchange->in_pieces = line != NULL && *line == '?';
    exchange->left = line == NULL || *line == '?' ? 0 : atoi(line);
    in.length = exchange->in_pieces ? -1 : exchange->left;
    if (!read_headers(exchange, &in))
        return UV_EOF;
    status = route(exchange, plugin, &in);
    name = gruvid_request_route(exchange->request);
    status = gruvi_stream_printf(
        exchange->stream, "%s= %d %s %s\n",
        strncmp(exchange->peer, "reset", 5) == 0 ? exchange->peer : "", status,
        name == NULL ? "-" : name,
        gruvid_request_section(exchange->request) == NULL
            ? "-"
            : gruvid_request_section(exchange->request));
    gruvid_request_free(exchange->request);
    return status;
}

static int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct exchange *exchange = malloc(sizeof *exchange);
    int status;

    if (exchange == NULL)
        return UV_ENOMEM;
    do {
        memset(exchange, 0, sizeof *exchange);
        exchange->stream = stream;
        status = serve(exchange, plugin);
    } while (status == 0);
    free(exchange);
    return status;
}

static const gruvid_option_t options[] = {
    {.name = "route", .type = GRUVID_ROUTE, .help = "what is answered by whom"},
    GRUVID_OPTIONS_END,
};

GRUVID_PLUGIN(bring,
    .summary = "brings requests that are written as lines",
    .options = options,
    .connection = connection);
