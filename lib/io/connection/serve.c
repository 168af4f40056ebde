/* SPDX-License-Identifier: MIT */
/*
 * Every connection has a fiber, in a group that ends with the server.
 *
 * The server's call stays inside the listener, even at its limit, when it does
 * not accept, so that closing the listener always reaches it.
 *
 * The connections are on a list as well: a fiber that is cancelled before it
 * has run never runs, and its stream has to be closed.
 */
#include <gruvi/error.h>
#include <gruvi/fiber.h>
#include <gruvi/group.h>
#include <gruvi/log.h>
#include <gruvi/switch_back.h>

#include "base/list.h"
#include "core/wait.h"
#include "io/connection/listener.h"
#include "io/stream/stream.h"
#include "io/socket/options.h"

#define SHORTAGE_PAUSE 0.1 /* seconds, unless a connection ends */

struct gruvi__serve {
    gruvi_listener_t *listener;
    struct gruvi__call call;
    gruvi_connection_fn handler;
    void *arg; /* borrowed from the caller of gruvi_serve() */
    gruvi_group_t group;
    struct gruvi__list connections; /* gruvi_stream.link */
    size_t count, max;
    bool waits_for_end;   /* the end of a connection wakes it */
    bool shortage_logged; /* no memory, or no fiber, for a connection */
};

/* Errors with which a peer goes away, or we do. */
static bool
is_ordinary(int err)
{
    return err == UV_ECONNRESET || err == UV_EPIPE || err == UV_EOF ||
           err == UV_ECANCELED || err == UV_ECONNABORTED ||
           err == UV_ETIMEDOUT || err == UV_ESHUTDOWN;
}

static void
log_end(const gruvi_stream_t *s, int err)
{
    gruvi_log_level_t level =
        is_ordinary(err) ? GRUVI_LOG_DEBUG : GRUVI_LOG_WARNING;
    char peer[GRUVI_ADDRESS_SIZE];

    if (gruvi_log_level() < level)
        return;
    gruvi_stream_peer(s, peer, sizeof peer);
    gruvi_log(level, "the connection from %s ended: %s", peer,
              gruvi_strerror(err));
}

static void
end_connection(struct gruvi__serve *serve, gruvi_stream_t *s)
{
    gruvi__list_remove(&s->link);
    gruvi_stream_close(s);
    serve->count--;
    if (serve->waits_for_end)
        gruvi__side_wake(serve->call.side);
}

static GRUVI_SWITCHPOINT int
call_handler(void *arg)
{
    gruvi_stream_t *s = arg;

    return s->serve->handler(s, s->serve->arg);
}

static GRUVI_SWITCHPOINT int
run_connection(void *arg)
{
    gruvi_stream_t *s = arg;
    struct gruvi__serve *serve = s->serve;
    int status = gruvi_group_call(NULL, call_handler, s, NULL);

    if (status < 0)
        log_end(s, status);
    end_connection(serve, s);
    return 0;
}

static int
wait_for_end(struct gruvi__serve *serve, double secs)
{
    int err;

    serve->waits_for_end = true;
    err = gruvi__call_sleep(&serve->call, secs);
    serve->waits_for_end = false;
    return err;
}

/* There is no memory, or no fiber, for another connection. */
static int
wait_for_resources(struct gruvi__serve *serve, int err)
{
    if (!serve->shortage_logged)
        gruvi_warning("%zu connections, and no room for another: %s",
                      serve->count, gruvi_strerror(err));
    serve->shortage_logged = true;
    return wait_for_end(serve, SHORTAGE_PAUSE);
}

static int
start_connection(struct gruvi__serve *serve, gruvi_stream_t *s)
{
    gruvi_fiber_t *fiber;
    int err;

    s->serve = serve;
    gruvi__list_add(&serve->connections, &s->link);
    serve->count++;
    while ((fiber = gruvi_group_spawn(&serve->group, run_connection, s)) ==
           NULL) {
        err = gruvi_last_error();
        if (err == UV_EAGAIN || err == UV_ENOMEM)
            err = wait_for_resources(serve, err);
        if (err < 0)
            return err;
    }
    gruvi_fiber_unref(fiber);
    return 0;
}

static GRUVI_SWITCHPOINT int
serve_next(struct gruvi__serve *serve)
{
    gruvi_stream_t *s = NULL;
    int err;

    while (serve->max > 0 && serve->count >= serve->max) {
        err = wait_for_end(serve, GRUVI_FOREVER);
        if (err < 0)
            return err;
    }
    err = gruvi__call_yield_sometimes(&serve->call);
    if (err == 0)
        err = gruvi__listener_accept(serve->listener, &serve->call, &s);
    if (err == UV_ENOMEM)
        return wait_for_resources(serve, err);
    if (err < 0)
        return err;
    err = start_connection(serve, s);
    if (err == 0)
        serve->shortage_logged = false;
    return err;
}

/* The caller may not know that clients still connect. */
static void
log_forbidden(const struct gruvi__serve *serve, int err)
{
    char address[GRUVI_ADDRESS_SIZE];

    gruvi_listener_address(serve->listener, address, sizeof address);
    gruvi_error("%s: no connection is accepted any more: %s; clients wait in"
                " the queue until the listener is closed",
                address, gruvi_strerror(err));
}

static GRUVI_SWITCHPOINT void
end_all(struct gruvi__serve *serve)
{
    struct gruvi__list *link;

    gruvi_group_cancel(&serve->group, "the server ends");
    GRUVI_SHIELD {
        (void)gruvi_group_join(&serve->group, GRUVI_FOREVER);
    }
    gruvi_group_destroy(&serve->group);
    while ((link = gruvi__list_pop(&serve->connections)) != NULL)
        gruvi_stream_close(gruvi__list_entry(link, gruvi_stream_t, link));
}

GRUVI_SWITCHPOINT int
gruvi_serve(gruvi_listener_t *listener, gruvi_connection_fn handler, void *arg,
            const gruvi_serve_options_t *options)
{
    struct gruvi__serve serve = {
        .listener = listener, .handler = handler, .arg = arg};
    gruvi_fiber_t *fiber;
    int err;

    if (listener == NULL || handler == NULL ||
        (options != NULL && gruvi__reserved(options->reserved)))
        return UV_EINVAL;
    if (options != NULL)
        serve.max = options->max_connections;
    gruvi__list_init(&serve.connections);
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = gruvi__call_enter(&serve.call, &listener->socket, GRUVI__IN,
                                 fiber, GRUVI_FOREVER, "accept")) < 0)
        return err;
    listener->forbidden = false;
    err = gruvi_group_init(&serve.group, "connections");
    if (err == 0) {
        while ((err = serve_next(&serve)) == 0)
            gruvi__call_stop_timeout(&serve.call);
        gruvi__call_stop_timeout(&serve.call);
        if (listener->forbidden && err != UV_ECONNABORTED)
            log_forbidden(&serve, err);
        end_all(&serve);
    }
    gruvi__listener_leave(listener, &serve.call);
    return err;
}
