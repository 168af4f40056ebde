/* SPDX-License-Identifier: MIT */
/* A stream's life: gruvi_accept() or gruvi_connect() makes it, and
 * gruvi_stream_close() ends it.  See stream_read.c and stream_write.c for its
 * data. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/likely.h"
#include "core/switchpoint.h"
#include "core/thread.h"
#include "core/wait.h"
#include "io/socket/starving.h"
#include "io/stream/stream.h"

gruvi_stream_t *
gruvi__stream_new(gruvi_hub_t *hub)
{
    gruvi_stream_t *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    gruvi__socket_init(&s->socket, hub, -1);
    gruvi__list_init(&s->link);
    s->timeout = GRUVI_FOREVER;
    return s;
}

void
gruvi__stream_set_peer(gruvi_stream_t *s, const struct sockaddr *at,
                       socklen_t length)
{
    if (length <= sizeof s->peer && at->sa_family != AF_UNIX) {
        memcpy(&s->peer, at, length);
        s->peer_length = length;
    }
}

void
gruvi__stream_free(gruvi_stream_t *s)
{
    gruvi__list_remove(&s->link);
    if (s->layer != NULL)
        s->layer->free(s);
    free(s->buffer.data);
    free(s);
}

static void
leave(gruvi_stream_t *s, struct gruvi__call *call, enum gruvi__news news)
{
    if (gruvi__call_leave(call))
        gruvi__stream_free(s);
    else if (gruvi__unlikely(s->watcher != NULL))
        gruvi__watcher_leave(s->watcher, call, news);
}

static enum gruvi__news
news_of(ssize_t result)
{
    if (gruvi__likely(result >= 0))
        return GRUVI__NEWS_NONE;
    if (result == UV_EOF)
        return GRUVI__NEWS_END;
    return result == UV_ECONNRESET || result == UV_EPIPE ? GRUVI__NEWS_BROKEN
                                                         : GRUVI__NEWS_NONE;
}

void
gruvi__stream_leave(gruvi_stream_t *s, struct gruvi__call *call, ssize_t result)
{
    leave(s, call, news_of(result));
}

void
gruvi__stream_leave_read(gruvi_stream_t *s, struct gruvi__call *call,
                         ssize_t result)
{
    leave(s, call, result == 0 ? GRUVI__NEWS_END : news_of(result));
}

void
gruvi_stream_close(gruvi_stream_t *s)
{
    if (s == NULL)
        return;
    if (!gruvi__is_own(s->socket.hub)) {
        gruvi__assert_failed("gruvi_stream_close: another thread's stream");
        return;
    }
    gruvi__watcher_end(s);
    gruvi_stream_set_data(s, NULL, NULL);
    if (s->layer != NULL)
        s->layer->close(s);
    if (gruvi__socket_close(&s->socket))
        gruvi__stream_free(s);
    gruvi__descriptor_closed();
}

GRUVI_SWITCHPOINT int
gruvi_stream_shutdown(gruvi_stream_t *s)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    int err;

    if (s == NULL)
        return UV_EINVAL;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = gruvi__call_enter(&call, &s->socket, GRUVI__OUT, fiber,
                                 s->layer == NULL ? GRUVI_FOREVER : s->timeout,
                                 "shutdown")) < 0)
        return err;
    if (s->layer != NULL)
        err = s->layer->shutdown(s, &call);
    else if (shutdown(s->socket.fd, SHUT_WR) < 0)
        err = -errno;
    else
        s->write_dead = true;
    gruvi__stream_leave(s, &call, err);
    return err;
}

void
gruvi_stream_set_timeout(gruvi_stream_t *s, double timeout)
{
    s->timeout = timeout;
}

uint64_t
gruvi_stream_traffic(const gruvi_stream_t *s)
{
    return s->received + s->sent;
}

void
gruvi__stream_bytes(const gruvi_stream_t *s, uint64_t *received, uint64_t *sent)
{
    *received = s->received;
    *sent = s->sent;
}

size_t
gruvi__stream_held(const gruvi_stream_t *s)
{
    return gruvi__buffer_held(&s->buffer);
}

/* The destroyer may look: it finds the new data. */
void
gruvi_stream_set_data(gruvi_stream_t *s, void *data,
                      void (*destroy)(void *data))
{
    void *old = s->data;
    void (*destroy_old)(void *data) = s->destroy;

    s->data = data;
    s->destroy = destroy;
    if (old != NULL && destroy_old != NULL)
        destroy_old(old);
}

void *
gruvi_stream_data(const gruvi_stream_t *s)
{
    return s->data;
}

int
gruvi_stream_fd(const gruvi_stream_t *s)
{
    return gruvi__socket_give(&s->socket);
}

static int
format_peer(const gruvi_stream_t *s, const union gruvi__sockaddr *at,
            socklen_t length, char *buf, size_t len)
{
    int err = gruvi__address_format(at, length, buf, len);

    /* "tls" instead of "tcp" */
    if (err == 0 && s->layer != NULL && at->any.sa_family != AF_UNIX) {
        buf[1] = 'l';
        buf[2] = 's';
    }
    return err;
}

static int
ask_for_peer(const gruvi_stream_t *s, char *buf, size_t len)
{
    union gruvi__sockaddr at = {.un.sun_family = AF_UNSPEC};
    socklen_t length = sizeof at;

    if (getpeername(s->socket.fd, &at.any, &length) == 0)
        return format_peer(s, &at, length, buf, len);
    if (len > 0)
        buf[0] = '\0';
    return -errno;
}

/* What is known is the beginning of an address of any family. */
int
gruvi_stream_peer(const gruvi_stream_t *s, char *buf, size_t len)
{
    const void *peer = &s->peer;

    return s->peer_length > 0 ? format_peer(s, peer, s->peer_length, buf, len)
                              : ask_for_peer(s, buf, len);
}

/* Whether a read finds something without the socket. */
static bool
holds(const gruvi_stream_t *s)
{
    return s->read_dead || s->broken != 0 ||
           gruvi__buffer_held(&s->buffer) > 0 ||
           (s->layer != NULL && s->layer->holds(s));
}

bool
gruvi__stream_readable(const gruvi_stream_t *s)
{
    return holds(s) || gruvi__socket_readable(&s->socket);
}

static bool
is_readable(struct gruvi__waitable_other *object)
{
    const gruvi_stream_t *s =
        gruvi__list_entry(gruvi__socket_of(object), gruvi_stream_t, socket);

    return gruvi__stream_readable(s);
}

gruvi_waitable_t *
gruvi_stream_waitable(gruvi_stream_t *s)
{
    static const struct gruvi__waitable_ops ops =
        GRUVI__SOCKET_WAITABLE(is_readable);

    return s == NULL ? NULL : gruvi__waitable_get(&s->socket.readable, &ops);
}

int
gruvi__stream_await(gruvi_stream_t *s, gruvi__await_t *await)
{
    if (await == NULL)
        return gruvi__socket_await(&s->socket, NULL);
    if (s->socket.side[GRUVI__IN].fiber != NULL ||
        s->socket.side[GRUVI__OUT].fiber != NULL)
        return UV_EBUSY;
    gruvi__watcher_end(s); /* it holds its fiber */
    if (s->lent)
        gruvi__buffer_give_back(&s->buffer, s->socket.hub);
    s->lent = false;
    return holds(s) ? 1 : gruvi__socket_await(&s->socket, await);
}
