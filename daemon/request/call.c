/* SPDX-License-Identifier: MIT */
/*
 * Calls between plugins: a transport whose exchange is in memory.
 *
 * The handler runs in a fiber of its own, also in this hub: calls within calls
 * would else share one stack.
 */
#include <stdlib.h>
#include <string.h>

#include "request/answer.h"
#include "request/field.h"
#include "request/request.h"

#define MAX_ANSWER (64 << 20)
#define MAX_DEPTH  32

/* --- the transport -------------------------------------------------------- */

static ssize_t
on_read(void *arg, void *buf, size_t len)
{
    struct gruvid__exchange *exchange = arg;
    size_t left = exchange->call->size - exchange->n_read;

    if (len > left)
        len = left;
    if (len > 0)
        memcpy(buf, (const char *)exchange->call->data + exchange->n_read, len);
    exchange->n_read += len;
    return (ssize_t)len;
}

static int
on_write(void *arg, const void *data, size_t size)
{
    struct gruvid__exchange *exchange = arg;
    size_t room = exchange->room == 0 ? 256 : exchange->room;
    char *more;

    if (size > MAX_ANSWER - exchange->size)
        return exchange->error = UV_E2BIG;
    while (room < exchange->size + size + 1)
        room *= 2;
    if (room != exchange->room) {
        more = realloc(exchange->data, room);
        if (more == NULL)
            return exchange->error = UV_ENOMEM;
        exchange->data = more;
        exchange->room = room;
    }
    if (size > 0)
        memcpy(exchange->data + exchange->size, data, size);
    exchange->size += size;
    exchange->data[exchange->size] = '\0';
    return 0;
}

static int
on_begin(void *arg, const gruvid_reply_t *reply)
{
    struct gruvid__exchange *exchange = arg;
    int err;

    if (reply->events)
        return exchange->error = UV_ENOTSUP;
    exchange->answer.status = reply->status;
    err = exchange->error =
        gruvid__exchange_headers(exchange, reply->headers, reply->n_headers);
    return err < 0 ? err : on_write(exchange, reply->data, reply->size);
}

static int
on_end(void *arg)
{
    (void)arg;
    return 0;
}

static void
on_reset(void *arg, int why)
{
    struct gruvid__exchange *exchange = arg;

    (void)why;
    if (exchange->error == 0)
        exchange->error = UV_ECONNRESET;
}

static const gruvid_transport_t transport = {
    .size = sizeof transport,
    .name = "call",
    .read = on_read,
    .begin = on_begin,
    .write = on_write,
    .end = on_end,
    .reset = on_reset,
};

/* --- the call ------------------------------------------------------------- */

bool
gruvid__call_is_sound(const gruvid_call_t *call)
{
    if (call->method != NULL && !gruvid__is_token(call->method))
        return false;
    for (size_t i = 0; i < call->n_headers; i++)
        if (!gruvid__is_token(call->headers[i].name) ||
            !gruvid__is_value(call->headers[i].value))
            return false;
    return call->size == 0 || call->data != NULL;
}

static gruvid_incoming_t
incoming_of(const gruvid_call_t *call, struct gruvid__exchange *exchange,
            const gruvid_plugin_t *caller)
{
    return (gruvid_incoming_t){
        .transport = &transport,
        .exchange = exchange,
        .method = call->method != NULL ? call->method
                  : call->size > 0     ? "POST"
                                       : "GET",
        .target = call->path != NULL ? call->path : "/",
        .scheme = "call",
        .peer = caller->name,
        .headers = call->headers,
        .n_headers = call->n_headers,
        .length = (int64_t)call->size,
    };
}

/* A timeout of the caller ends the wait, and the handler with it. */
static GRUVI_SWITCHPOINT int
send_within(struct gruvid_request *request, struct gruvid__line *line,
            double timeout)
{
    int status = UV_ENOMEM;
    bool timed_out = false;

    GRUVI_WITH_SWITCH_BACK (limit, timeout) {
        status = gruvid__request_send_to(request, line, true);
        timed_out = gruvi_switch_back_timed_out(&limit);
    }
    if (timed_out)
        return UV_ETIMEDOUT;
    return status;
}

/*
 * What the call returns: what has ended the caller's wait for the handler.
 * Cancels that are not returned, because the handler has answered all the same,
 * or time is up, stay for the next waits.
 */
static int
outcome(const struct gruvid_request *request, int status)
{
    const struct gruvid__exchange *exchange = request->in.exchange;
    unsigned cancels = request->n_cancels;
    int err = exchange->error;

    if (status == UV_EINVAL || status == UV_ETIMEDOUT) {
        err = status;
    } else if (err < 0 && cancels > 0) {
        cancels--;
        err = UV_ECANCELED;
    } else if (err < 0 && request->interrupted < 0) {
        err = request->interrupted;
    }
    while (cancels-- > 0)
        gruvi_fiber_cancel(gruvi_current_fiber(), gruvi_error_message());
    return err;
}

static GRUVI_SWITCHPOINT int
ask(gruvid_plugin_t *caller, struct gruvid__line *line,
    struct gruvid__exchange *exchange, unsigned depth, double timeout)
{
    gruvid_incoming_t in = incoming_of(exchange->call, exchange, caller);
    gruvid_request_t *request;
    int status, err = gruvid_request_new(&request, caller, &in);

    if (err < 0)
        return err;
    request->depth = depth;
    status =
        request->is_malformed ? UV_EINVAL : send_within(request, line, timeout);
    err = outcome(request, status);
    gruvid_request_free(request);
    return err;
}

/* The section has to be there, and to answer requests. */
static int
look_up(const char *plugin, const struct gruvid__shard *shard,
        struct gruvid__line **line)
{
    *line =
        shard == NULL ? NULL : gruvid__line_find(shard->plugin->all, plugin);
    return *line == NULL ||
                   __atomic_load_n(&(*line)->target, __ATOMIC_ACQUIRE) == NULL
               ? UV_ENOENT
               : 0;
}

GRUVI_SWITCHPOINT int
gruvid_call(const char *plugin, const gruvid_call_t *call,
            gruvid_answer_t **answer, double timeout)
{
    struct gruvid__shard *shard = gruvid__shard_of(gruvi_current_fiber());
    struct gruvid_request *outer = gruvid__request_here();
    unsigned depth = gruvid__request_depth() + 1;
    struct gruvid__line *line;
    struct gruvid__exchange *exchange;
    int err = look_up(plugin, shard, &line);

    *answer = NULL;
    if (err < 0)
        return err;
    if (!gruvid__call_is_sound(call))
        return UV_EINVAL;
    if (depth > MAX_DEPTH)
        return UV_ELOOP;
    exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL)
        return UV_ENOMEM;
    exchange->call = call;
    err = ask(shard->plugin, line, exchange, depth, timeout);
    if (err == 0)
        *answer = gruvid__exchange_keep(outer, exchange);
    else
        gruvid__exchange_free(exchange);
    return err;
}
