/* SPDX-License-Identifier: MIT */
/*
 * A fiber that is cancelled when the peer of a stream goes.
 *
 *   fiber: gruvi_stream_watch_peer() ... computes, sleeps, waits for others
 *                                              ^
 *   socket/hangup.c: reset, hang-up, end ------+ cancelled, once
 *
 * A fiber that is inside a call on the stream gets the news from that call.  If
 * the call ends without having told it, because bytes came before the end, the
 * fiber is cancelled as it leaves.
 */
#include <stdlib.h>
#include <sys/epoll.h>

#include <gruvi/fiber.h>

#include "core/fiber.h"
#include "core/thread.h"
#include "io/socket/hangup.h"
#include "io/stream/stream.h"

struct gruvi__watcher {
    struct gruvi__hangup hangup;
    gruvi_stream_t *stream;
    gruvi_fiber_t *fiber;  /* a reference */
    bool end;              /* the end of the peer's side counts */
    uint32_t events;       /* that came, EPOLLERR and so on */
    enum gruvi__news told; /* to the fiber, by its own calls */
    bool cancelled;
};

/* The connection is broken, or the peer has closed all of it.  EPOLLHUP also
 * comes where both sides have ended in order. */
static bool
is_broken(const struct gruvi__watcher *w)
{
    return (w->events & EPOLLERR) ||
           ((w->events & EPOLLHUP) && !w->stream->write_dead);
}

/* The peer writes no more.  Where we do not read, EPOLLRDHUP says that. */
static bool
has_ended(const struct gruvi__watcher *w)
{
    return (w->events & EPOLLHUP) ||
           ((w->events & EPOLLRDHUP) && !w->stream->write_only);
}

static void
judge(struct gruvi__watcher *w)
{
    if (w->cancelled || w->told == GRUVI__NEWS_BROKEN)
        return;
    if (!is_broken(w) &&
        !(w->end && has_ended(w) && w->told == GRUVI__NEWS_NONE))
        return;
    w->cancelled = true;
    gruvi_fiber_cancel(w->fiber, "the peer has gone");
}

static bool
is_inside(const struct gruvi__watcher *w)
{
    const struct gruvi__side *side = w->stream->socket.side;

    return side[GRUVI__IN].fiber == w->fiber ||
           side[GRUVI__OUT].fiber == w->fiber;
}

static void
on_heard(struct gruvi__hangup *hangup, uint32_t events)
{
    struct gruvi__watcher *w =
        gruvi__list_entry(hangup, struct gruvi__watcher, hangup);

    w->events |= events;
    if (!is_inside(w))
        judge(w);
}

void
gruvi__watcher_leave(struct gruvi__watcher *w, const struct gruvi__call *call,
                     enum gruvi__news news)
{
    if (call->fiber != w->fiber)
        return;
    if (news > w->told)
        w->told = news;
    if (w->events != 0)
        judge(w);
}

void
gruvi__watcher_end(gruvi_stream_t *s)
{
    struct gruvi__watcher *w = s->watcher;

    if (w == NULL)
        return;
    s->watcher = NULL;
    gruvi__hangup_end(&w->hangup);
    gruvi_fiber_unref(w->fiber);
    free(w);
}

static int
begin(gruvi_stream_t *s, gruvi_fiber_t *fiber, bool end)
{
    struct gruvi__watcher *w = calloc(1, sizeof *w);
    int err;

    if (w == NULL)
        return UV_ENOMEM;
    gruvi__list_init(&w->hangup.link);
    w->hangup.heard = on_heard;
    w->stream = s;
    w->end = end;
    err = gruvi__hangup_begin(&w->hangup, s->socket.hub, s->socket.fd);
    if (err < 0) {
        free(w);
        return err;
    }
    w->fiber = gruvi_fiber_ref(fiber);
    s->watcher = w;
    return 0;
}

int
gruvi_stream_watch_peer(gruvi_stream_t *s, bool end)
{
    gruvi_fiber_t *fiber = gruvi__self.current;

    if (s == NULL)
        return UV_EINVAL;
    if (fiber == NULL || !gruvi__is_own(s->socket.hub))
        return UV_EPERM;
    if (fiber->kind != GRUVI__FIBER)
        return UV_EINVAL;
    if (s->watcher != NULL && s->watcher->fiber != fiber &&
        gruvi_fiber_alive(s->watcher->fiber))
        return UV_EBUSY;
    gruvi__watcher_end(s);
    return begin(s, fiber, end);
}

void
gruvi_stream_unwatch_peer(gruvi_stream_t *s)
{
    if (s != NULL && gruvi__is_own(s->socket.hub))
        gruvi__watcher_end(s);
}
