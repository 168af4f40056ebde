/* SPDX-License-Identifier: MIT */
/* In place of gruvid: see http2_gruvid.h. */
#include "http2_gruvid.h"

#include <stdlib.h>
#include <string.h>

#include <gruvid/metrics.h>

#include "../../plugins/http/access.h"
#include "../../plugins/http/forwarded.h"

/* The most that a handler keeps of a body. */
#define MOST 20000

struct memory {
    struct memory *next;
    max_align_t bytes[];
};

struct gruvid_request {
    gruvid_incoming_t in;
    struct memory *memory;
    gruvi_fiber_t *fiber; /* borrowed; NULL: no handler runs */
    bool has_failed;      /* a call of the transport */
};

/* --- requests ------------------------------------------------------------- */

int
gruvid_request_new(gruvid_request_t **request, gruvid_plugin_t *plugin,
                   const gruvid_incoming_t *incoming)
{
    (void)plugin;
    *request = calloc(1, sizeof **request);
    if (*request == NULL)
        return UV_ENOMEM;
    (*request)->in = *incoming;
    return 0;
}

void
gruvid_request_free(gruvid_request_t *request)
{
    while (request->memory != NULL) {
        struct memory *next = request->memory->next;
        free(request->memory);
        request->memory = next;
    }
    free(request);
}

void *
gruvid_request_alloc(gruvid_request_t *request, size_t size)
{
    struct memory *memory = malloc(sizeof *memory + size);

    if (memory == NULL)
        return NULL;
    memory->next = request->memory;
    request->memory = memory;
    return memory->bytes;
}

const char *
gruvid_request_peer(const gruvid_request_t *request)
{
    return request->in.peer_of(request->in.exchange);
}

void
gruvid_request_gone(gruvid_request_t *request)
{
    if (request->fiber != NULL)
        gruvi_fiber_cancel(request->fiber, "the peer has gone");
}

void
gruvid_request_refuse(gruvid_request_t *request, int status)
{
    (void)request;
    if (status < 400 || status > 599)
        abort();
}

/* --- handlers ------------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
begin(gruvid_request_t *request, const gruvid_reply_t *more)
{
    static const gruvid_header_t headers[] = {{"Content-Type", "text/plain"}};
    gruvid_reply_t reply = *more;

    reply.status = 200;
    reply.headers = headers;
    reply.n_headers = 1;
    reply.head = strcmp(request->in.method, "HEAD") == 0;
    if (reply.head)
        reply.whole = true;
    return request->in.transport->begin(request->in.exchange, &reply);
}

static GRUVI_SWITCHPOINT int
write_piece(gruvid_request_t *request, const char *data, size_t size)
{
    if (strcmp(request->in.method, "HEAD") == 0)
        return 0;
    return request->in.transport->write(request->in.exchange, data, size);
}

static GRUVI_SWITCHPOINT int
end(gruvid_request_t *request)
{
    if (strcmp(request->in.method, "HEAD") == 0)
        return 0;
    return request->in.transport->end(request->in.exchange);
}

static GRUVI_SWITCHPOINT ssize_t
read_some(gruvid_request_t *request, char *buf, size_t size)
{
    return request->in.transport->read(request->in.exchange, buf, size);
}

/* The body comes back when all of it is there. */
static GRUVI_SWITCHPOINT int
echo(gruvid_request_t *request)
{
    char *body = gruvid_request_alloc(request, MOST);
    size_t size = 0;
    ssize_t n = 1;

    if (body == NULL)
        return UV_ENOMEM;
    while (n > 0 && size < MOST) {
        n = read_some(request, body + size, MOST - size);
        size += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        return (int)n;
    return begin(request, &(gruvid_reply_t){.whole = true,
                                            .length = (int64_t)size,
                                            .data = body,
                                            .size = size});
}

/* The body comes back piece by piece. */
static GRUVI_SWITCHPOINT int
stream(gruvid_request_t *request)
{
    int err = begin(request, &(gruvid_reply_t){.length = -1});
    char buf[500];
    ssize_t n = 1;

    while (err == 0 && n > 0) {
        n = read_some(request, buf, sizeof buf);
        if (n > 0)
            err = write_piece(request, buf, (size_t)n);
    }
    if (n < 0)
        return (int)n;
    return err < 0 ? err : end(request);
}

/* Events, with comments between them. */
static GRUVI_SWITCHPOINT int
events(gruvid_request_t *request)
{
    int err = begin(request, &(gruvid_reply_t){.length = -1, .events = true});

    for (int i = 0; err == 0 && i < 3; i++) {
        err = write_piece(request, "data: x\n\n", 9);
        if (err == 0)
            err = gruvi_sleep(20);
    }
    return err < 0 ? err : end(request);
}

/* Much more than a window has. */
static GRUVI_SWITCHPOINT int
large(gruvid_request_t *request)
{
    static const char text[100000];

    return begin(request, &(gruvid_reply_t){.whole = true,
                                            .length = sizeof text,
                                            .data = text,
                                            .size = sizeof text});
}

/* Begins a reply and fails. */
static GRUVI_SWITCHPOINT int
breaks(gruvid_request_t *request)
{
    int err = begin(request, &(gruvid_reply_t){.length = -1});

    if (err == 0)
        err = write_piece(request, "half", 4);
    return err < 0 ? err : UV_EIO;
}

/* Does not look at the request, and takes long. */
static GRUVI_SWITCHPOINT int
wait(gruvid_request_t *request)
{
    int err = gruvi_sleep(100);

    if (err < 0)
        return err;
    return begin(request, &(gruvid_reply_t){.whole = true, .bodiless = true});
}

static GRUVI_SWITCHPOINT int
handle(gruvid_request_t *request)
{
    switch (request->in.target[1]) {
    case 's':
        return stream(request);
    case 'e':
        return events(request);
    case 'l':
        return large(request);
    case 'b':
        return breaks(request);
    case 'w':
        return wait(request);
    default:
        return echo(request);
    }
}

/* A handler is cancelled for its request only: what comes late is taken. */
int
gruvid_route(gruvid_request_t *request)
{
    int err;

    /* All that the parser lets through is text. */
    for (size_t i = 0; i < request->in.n_headers; i++)
        if (strpbrk(request->in.headers[i].value, "\r\n") != NULL)
            abort();
    gruvid_request_peer(request);
    request->fiber = gruvi_current_fiber();
    err = handle(request);
    request->fiber = NULL;
    if (err == 0)
        return 200;
    request->in.transport->reset(request->in.exchange, err);
    return err;
}

int
gruvid_route_error(gruvid_request_t *request, int status)
{
    int err = begin(request, &(gruvid_reply_t){.whole = true});

    if (err < 0)
        request->in.transport->reset(request->in.exchange, err);
    return err < 0 ? err : status;
}

/* --- the plugin ----------------------------------------------------------- */

gruvi_group_t *
gruvid_plugin_group(gruvid_plugin_t *plugin)
{
    return plugin->group;
}

bool
gruvid_plugin_draining(const gruvid_plugin_t *plugin)
{
    return plugin->drains;
}

gruvi_event_t *
gruvid_plugin_drain_event(gruvid_plugin_t *plugin)
{
    return &plugin->drain;
}

bool
gruvid_trusts_proxy(const gruvid_plugin_t *plugin, const char *address)
{
    (void)plugin;
    return strcmp(address, "tcp://192.0.2.1:0") == 0 ||
           strncmp(address, "unix:", 5) == 0;
}

int
gruvid_counter_get(gruvid_counter_t **counter, gruvid_plugin_t *plugin,
                   const char *name, const char *help, const char *label,
                   const char *value)
{
    (void)plugin;
    (void)name;
    (void)help;
    (void)label;
    (void)value;
    *counter = NULL;
    return 0;
}

void
gruvid_count(gruvid_counter_t *counter, uint64_t n)
{
    (void)counter;
    (void)n;
}

/* --- the rest of the plugin ----------------------------------------------- */

void
http_access_write(enum http_access_log how, const struct http_access *access)
{
    (void)how;
    (void)access;
}

int
http_coding_begin(struct http_coding *coding,
                  const struct http_coding_wish *wish, gruvid_reply_t *reply)
{
    (void)coding;
    (void)wish;
    (void)reply;
    return 0;
}

int
http_coding_write(struct http_coding *coding, const void *data, size_t size)
{
    (void)coding;
    (void)data;
    (void)size;
    abort();
}

int
http_coding_end(struct http_coding *coding, const void *data, size_t size)
{
    return http_coding_write(coding, data, size);
}

void
http_coding_free(struct http_coding *coding)
{
    (void)coding;
}
