/* SPDX-License-Identifier: MIT */
/*
 * The host's own transport.  An exchange is a pair of sockets, with a stream at
 * each end; a fiber of the plugin's calls the handler, as that of a connection
 * does in plugins/http:
 *
 *     client ---- stream ==== stream ---- handler
 *            body, or the other protocol
 *
 * Heads are handed over in memory.  A peer that closes its end has gone.
 */
#include "gruvid-test/opened.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <gruvid/transport.h>

#include "gruvid-test/calls.h"
#include "gruvid-test/host.h"
#include "gruvid-test/life.h"
#include "gruvid-test/words.h"
#include "instance/shard.h"
#include "io/stream/stream.h"
#include "request/answer.h"
#include "request/field.h"

struct opened {
    unsigned holders; /* of clients, and the fiber */
    gruvi_fiber_t *fiber;
    bool runs;              /* the fiber has begun */
    gruvi_stream_t *stream; /* the plugin's end; NULL: it is over */
    gruvid_plugin_t *plugin;
    gruvid_request_t *request; /* valid while the handler runs */

    struct gruvid__exchange *sent; /* the call, as an answer has it */
    char *method, *path;
    uint64_t length, n_read; /* of its body */

    gruvi_event_t headed;          /* there is a head, or none will come */
    struct gruvid__exchange *head; /* NULL: none, or it was taken */
    int error;                     /* why there is none */
};

void
opened_hold(struct opened *opened)
{
    opened->holders++;
}

void
opened_drop(struct opened *opened)
{
    if (opened == NULL || --opened->holders > 0)
        return;
    if (opened->sent != NULL)
        gruvid__exchange_free(opened->sent);
    if (opened->head != NULL)
        gruvid__exchange_free(opened->head);
    gruvi_fiber_unref(opened->fiber);
    gruvi_event_destroy(&opened->headed);
    free(opened->method);
    free(opened->path);
    free(opened);
}

/* --- the head of the reply ------------------------------------------------ */

static struct gruvid__exchange *
make_head(const gruvid_reply_t *reply, const char *protocol)
{
    size_t n = reply->n_headers;
    gruvid_header_t *all = calloc(n + 2, sizeof *all);
    struct gruvid__exchange *head = calloc(1, sizeof *head);
    int err = all == NULL || head == NULL ? UV_ENOMEM : 0;

    if (err == 0 && n > 0)
        memcpy(all, reply->headers, n * sizeof *all);
    if (err == 0 && protocol != NULL) {
        all[n++] = (gruvid_header_t){"Connection", "Upgrade"};
        all[n++] = (gruvid_header_t){"Upgrade", protocol};
    }
    if (err == 0)
        err = gruvid__exchange_fill(head, all, n, NULL, 0);
    free(all);
    if (err == 0) {
        head->answer.status = reply->status;
        return head;
    }
    if (head != NULL)
        gruvid__exchange_free(head);
    return NULL;
}

static int
give_head(struct opened *opened, const gruvid_reply_t *reply,
          const char *protocol)
{
    opened->head = make_head(reply, protocol);
    if (opened->head == NULL)
        return UV_ENOMEM;
    gruvi_event_set(&opened->headed);
    return 0;
}

/* --- the transport -------------------------------------------------------- */

static GRUVI_SWITCHPOINT ssize_t
on_read(void *arg, void *buf, size_t len)
{
    struct opened *opened = arg;
    uint64_t left = opened->length - opened->n_read;
    ssize_t n;

    if (len > left)
        len = (size_t)left;
    if (len == 0)
        return 0;
    if (opened->sent->size > 0) {
        memcpy(buf, opened->sent->data + opened->n_read, len);
        n = (ssize_t)len;
    } else {
        n = gruvi_stream_read(opened->stream, buf, len);
    }
    if (n > 0)
        opened->n_read += (uint64_t)n;
    if (n != 0)
        return n;
    gruvid_request_refuse(opened->request, 400);
    return UV_EPROTO;
}

static GRUVI_SWITCHPOINT int
on_write(void *arg, const void *data, size_t size)
{
    const struct opened *opened = arg;

    return gruvi_stream_write(opened->stream, data, size);
}

static GRUVI_SWITCHPOINT int
on_end(void *arg)
{
    const struct opened *opened = arg;

    return gruvi_stream_shutdown(opened->stream);
}

static GRUVI_SWITCHPOINT int
on_begin(void *arg, const gruvid_reply_t *reply)
{
    struct opened *opened = arg;
    int err = give_head(opened, reply, NULL);

    if (err == 0 && reply->size > 0)
        err = on_write(opened, reply->data, reply->size);
    return err == 0 && reply->whole ? on_end(opened) : err;
}

static void
on_reset(void *arg, int why)
{
    struct opened *opened = arg;

    opened->error = why;
    shutdown(gruvi_stream_fd(opened->stream), SHUT_RDWR);
}

static GRUVI_SWITCHPOINT int
on_upgrade(void *arg, const char *protocol, const gruvid_reply_t *reply,
           gruvi_stream_t **stream)
{
    struct opened *opened = arg;
    int err;

    *stream = NULL;
    if (opened->n_read < opened->length)
        return UV_ENOTSUP;
    err = give_head(opened, reply, protocol);
    if (err == 0)
        *stream = opened->stream;
    return err;
}

static void
on_finish(void *arg)
{
    const struct opened *opened = arg;

    gruvi_stream_unwatch_peer(opened->stream);
}

static const gruvid_transport_t transport = {
    .size = sizeof transport,
    .name = "test",
    .read = on_read,
    .begin = on_begin,
    .write = on_write,
    .end = on_end,
    .reset = on_reset,
    .upgrade = on_upgrade,
    .finish = on_finish,
};

/* --- the fiber ------------------------------------------------------------ */

static const char *
header_of(const struct opened *opened, const char *name)
{
    const gruvid_answer_t *sent = &opened->sent->answer;

    for (size_t i = 0; i < sent->n_headers; i++)
        if (strcasecmp(sent->headers[i].name, name) == 0)
            return sent->headers[i].value;
    return NULL;
}

static gruvid_incoming_t
incoming_of(struct opened *opened)
{
    return (gruvid_incoming_t){
        .transport = &transport,
        .exchange = opened,
        .method = opened->method,
        .target = opened->path,
        .scheme = "http",
        .host = header_of(opened, "Host"),
        .peer = "unix:",
        .headers = opened->sent->answer.headers,
        .n_headers = opened->sent->answer.n_headers,
        .length = (int64_t)opened->length,
    };
}

static GRUVI_SWITCHPOINT int
answer(struct opened *opened)
{
    gruvid_incoming_t in = incoming_of(opened);
    int status = gruvi_stream_watch_peer(opened->stream, false);

    if (status == 0)
        status = gruvid_request_new(&opened->request, opened->plugin, &in);
    if (status < 0)
        return status;
    status = gruvid_route_to(opened->request, plan->name);
    gruvid_request_free(opened->request);
    return status;
}

static GRUVI_SWITCHPOINT int
serve(void *arg)
{
    struct opened *opened = arg;
    int status;

    opened->runs = true;
    status = answer(opened);
    gruvi_stream_close(opened->stream);
    opened->stream = NULL;
    if (opened->error == 0)
        opened->error = status < 0 ? status : UV_ECONNRESET;
    gruvi_event_set(&opened->headed);
    opened_drop(opened);
    return 0;
}

/* --- its begin ------------------------------------------------------------ */

static bool
copy_call(struct opened *opened, const gruvid_call_t *call)
{
    const char *method = call->method != NULL ? call->method
                         : call->size > 0     ? "POST"
                                              : "GET";
    const char *length;

    opened->method = strdup(method);
    opened->path = strdup(call->path != NULL ? call->path : "/");
    opened->sent = calloc(1, sizeof *opened->sent);
    if (opened->method == NULL || opened->path == NULL ||
        opened->sent == NULL ||
        gruvid__exchange_fill(opened->sent, call->headers, call->n_headers,
                              call->data, call->size) < 0)
        return false;
    opened->length = call->size;
    length = header_of(opened, "Content-Length");
    if (call->size == 0 && length != NULL && gruvid__read_length(length) > 0)
        opened->length = (uint64_t)gruvid__read_length(length);
    return true;
}

static struct opened *
make(const gruvid_call_t *call)
{
    struct opened *opened = calloc(1, sizeof *opened);

    if (opened == NULL)
        return NULL;
    opened->holders = 1;
    gruvi_event_init(&opened->headed);
    if (copy_call(opened, call))
        return opened;
    opened_drop(opened);
    return NULL;
}

/* Two streams, each of which sends what the other receives. */
static int
make_streams(gruvi_stream_t *streams[2])
{
    int fds[2];

    for (int i = 0; i < 2; i++)
        streams[i] = gruvi__stream_new(gruvi_get_hub());
    if (streams[0] == NULL || streams[1] == NULL ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                   fds) < 0) {
        int err =
            streams[0] == NULL || streams[1] == NULL ? UV_ENOMEM : UV_EMFILE;

        for (int i = 0; i < 2; i++)
            if (streams[i] != NULL)
                gruvi__stream_free(streams[i]);
        return err;
    }
    for (int i = 0; i < 2; i++)
        streams[i]->socket.fd = fds[i];
    return 0;
}

/* A fiber that is cancelled before it begins closes nothing. */
static GRUVI_SWITCHPOINT int
await_begin(struct opened *opened)
{
    GRUVI_SHIELD {
        while (!opened->runs && gruvi_fiber_alive(opened->fiber))
            (void)gruvi_sleep(0);
    }
    if (opened->runs)
        return 0;
    gruvi_stream_close(opened->stream);
    opened_drop(opened);
    return UV_ECANCELED;
}

static GRUVI_SWITCHPOINT int
begin_fiber(struct opened *opened, gruvi_stream_t *stream)
{
    struct gruvid__shard *shard = &opened->plugin->shards[0];

    opened->stream = stream;
    opened->fiber =
        gruvid__shard_go(shard, &shard->group, serve, opened, "request");
    if (opened->fiber == NULL) {
        gruvi_stream_close(stream);
        return gruvi_last_error();
    }
    opened_hold(opened);
    return await_begin(opened);
}

GRUVI_SWITCHPOINT int
opened_begin(const gruvid_call_t *call, struct opened **result,
             gruvi_stream_t **stream)
{
    gruvid_plugin_t *plugin = current_plugin();
    gruvi_stream_t *streams[2];
    struct opened *opened;
    int err;

    *result = NULL;
    *stream = NULL;
    if (plugin == NULL)
        return UV_ENOENT;
    if (!gruvid__call_is_sound(call))
        return UV_EINVAL;
    opened = make(call);
    if (opened == NULL)
        return UV_ENOMEM;
    opened->plugin = plugin;
    err = make_streams(streams);
    if (err == 0) {
        err = begin_fiber(opened, streams[1]);
        if (err < 0)
            gruvi_stream_close(streams[0]);
    }
    if (err < 0) {
        opened_drop(opened);
        return err;
    }
    *result = opened;
    *stream = streams[0];
    return 0;
}

/* --- for clients ---------------------------------------------------------- */

GRUVI_SWITCHPOINT int
opened_head(struct opened *opened, gruvid_answer_t **head)
{
    int err;

    *head = NULL;
    opened_hold(opened);
    err = gruvi_event_wait(&opened->headed, patience());
    if (err == 0 && opened->head != NULL) {
        *head = gruvid__exchange_keep(NULL, opened->head);
        opened->head = NULL;
        opened->error = UV_EALREADY;
    } else if (err == 0) {
        err = opened->error;
    }
    opened_drop(opened);
    return err;
}

void
opened_reset(const struct opened *opened)
{
    if (opened->stream != NULL)
        calls_reset(gruvi_stream_fd(opened->stream));
}

bool
opened_cancel(const struct opened *opened)
{
    if (opened->stream == NULL)
        return false;
    gruvi_fiber_cancel(opened->fiber, "cancelled by the test");
    return true;
}
