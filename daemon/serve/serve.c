/* SPDX-License-Identifier: MIT */
/*
 * Connections: a fiber serves each.  A connection stays in the hub that has
 * accepted it; accept.c accepts.
 *
 * What a connection spawns is in a group of its own.  The group ends before the
 * stream is closed: no fiber is left with a stream that is gone.
 *
 * Invariant: shard->open counts the fibers of connections, from before they are
 * started until their stream is closed; each has claimed its place.
 */
#include "serve/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instance/instance.h"
#include "instance/outcome.h"
#include "serve/accept.h"
#include "serve/limit.h"
#include "serve/listen.h"

/* Seconds for a TLS handshake where there is no read_timeout. */
#define HANDSHAKE 60.0

struct gruvid__connection {
    struct gruvid__connection *next, **link; /* on shard->streams */
    struct gruvid__shard *shard;
    gruvi_stream_t *stream; /* owned */
    gruvi_fiber_t *fiber;   /* owned */

    /* For idle_timeout: the stream's traffic, and when it was first seen. */
    uint64_t traffic;
    double since;
};

/* --- connections --------------------------------------------------------- */

/* Close a connection that no fiber serves any more. */
static void
end_connection(struct gruvid__connection *connection)
{
    struct gruvid__shard *shard = connection->shard;
    struct gruvid__leader *leader = shard->plugin->leader;

    gruvi_stream_close(connection->stream);
    gruvi_fiber_unref(connection->fiber);
    *connection->link = connection->next;
    if (connection->next != NULL)
        connection->next->link = connection->link;
    free(connection);
    gruvid__add(&shard->open, -1);
    gruvid__limit_release(shard->plugin);
    /* A drain looks at shard->open after each hub was told of it. */
    if (__atomic_load_n(&shard->plugin->draining, __ATOMIC_RELAXED))
        gruvid__wake(leader);
}

static int
call_plugin(void *arg)
{
    const struct gruvid__connection *connection = arg;
    gruvid_plugin_t *plugin = connection->shard->plugin;

    return plugin->module->descriptor.connection(connection->stream, plugin);
}

/* The place of the connection is free when these fibers have ended, so an
 * operator hears of fibers that do not end. */
static void
end_group(gruvi_group_t *group, void *arg)
{
    const struct gruvid__connection *connection = arg;
    double timeout = connection->shard->plugin->leader->cancel_timeout;

    gruvi_group_cancel(group, "the connection has ended");
    GRUVI_SHIELD {
        if (gruvi_group_join(group, timeout) < 0)
            gruvi_warning("the connection has ended, and %zu of its fibers "
                          "were cancelled and have not ended within %g "
                          "seconds; they keep its place",
                          gruvi_group_size(group), timeout);
        gruvi_group_join(group, GRUVI_FOREVER);
    }
}

static int
shake_hands(struct gruvid__shard *shard, gruvi_stream_t *stream)
{
    gruvi_tls_info_t info;
    int err = 0;

    if (gruvi_tls_info(stream, &info) == UV_ENOTCONN)
        err = gruvi_tls_handshake(stream, shard->plugin->read_timeout > 0
                                              ? GRUVI_FOREVER
                                              : HANDSHAKE);
    if (err == 0)
        return 0;
    gruvid__report_handshake(shard, err);
    return err;
}

static int
connection_main(void *arg)
{
    struct gruvid__connection *connection = arg;
    struct gruvid__shard *shard = connection->shard;
    gruvid_plugin_t *plugin = shard->plugin;

    if (plugin->read_timeout > 0)
        gruvi_stream_set_timeout(connection->stream, plugin->read_timeout);
    if (shake_hands(shard, connection->stream) == 0)
        gruvid__report_connection(
            shard, gruvi_group_call(NULL, call_plugin, connection, end_group));
    end_connection(connection);
    return 0;
}

/* --- idle connections ---------------------------------------------------- */

/* Cancel connections without traffic for too long.  Reads and writes do not
 * know of each other; the stream counts both. */
static void
cancel_idle(struct gruvid__shard *shard)
{
    struct gruvid__connection *connection = shard->streams;
    double now = gruvid__now();

    for (; connection != NULL; connection = connection->next) {
        uint64_t traffic = gruvi_stream_traffic(connection->stream);

        if (traffic != connection->traffic) {
            connection->traffic = traffic;
            connection->since = now;
        } else if (now - connection->since >= shard->plugin->idle_timeout) {
            gruvi_fiber_cancel(connection->fiber, "idle_timeout");
        }
    }
}

/* Looks often enough to be late by a quarter at most. */
static int
watch_idle(void *arg)
{
    struct gruvid__shard *shard = arg;
    int err;

    while ((err = gruvi_sleep(shard->plugin->idle_timeout / 4)) == 0)
        cancel_idle(shard);
    return err;
}

/* --- a stream that was accepted ------------------------------------------- */

/* A name for the fiber: its peer, where the peer has an address.  May be in
 * buf.
 */
static const char *
name_connection(const struct gruvid__connection *connection, char *buf,
                size_t size)
{
    if (gruvi_stream_peer(connection->stream, buf, size) == 0 &&
        (strncmp(buf, "tcp://", 6) == 0 || gruvid__is_tls(buf)))
        return buf + 6;
    snprintf(buf, size, "connection-%llu",
             (unsigned long long)connection->shard->accepted);
    return buf;
}

int
gruvid__serve_stream(struct gruvid__shard *shard, gruvi_stream_t *stream)
{
    struct gruvid__connection *connection = malloc(sizeof *connection);
    gruvi_fiber_options_t options = {0};
    char name[128];

    if (connection == NULL)
        return UV_ENOMEM;
    *connection = (struct gruvid__connection){
        .shard = shard,
        .stream = stream,
        .since = shard->plugin->idle_timeout > 0 ? gruvid__now() : 0,
    };
    options.name = name_connection(connection, name, sizeof name);
    connection->fiber = gruvi_spawn_ex(connection_main, connection, &options);
    if (connection->fiber == NULL) {
        free(connection);
        return gruvi_last_error();
    }
    connection->next = shard->streams;
    connection->link = &shard->streams;
    if (connection->next != NULL)
        connection->next->link = &connection->next;
    shard->streams = connection;
    gruvid__count(&shard->accepted);
    gruvid__add(&shard->open, 1);
    return 0;
}

/* --- for the leader ------------------------------------------------------- */

static int
begin_watch(struct gruvid__shard *shard)
{
    gruvi_fiber_options_t options = {.name = "idle_timeout"};
    gruvi_fiber_t *watcher = NULL;

    GRUVI_IN_GROUP (&shard->connections) {
        watcher = gruvi_spawn_ex(watch_idle, shard, &options);
    }
    if (watcher == NULL)
        return gruvi_last_error();
    gruvi_fiber_unref(watcher);
    return 0;
}

int
gruvid__serve_prepare(void *arg)
{
    struct gruvid__shard *shard = arg;
    const gruvid_plugin_t *plugin = shard->plugin;
    int err = 0;

    if (shard->has_connections)
        return gruvid__accept_prepare(shard);

    GRUVI_IN_GROUP (&shard->group) {
        err = gruvi_group_init(&shard->connections, NULL);
    }
    shard->has_connections = err == 0;
    if (err == 0)
        err = gruvid__accept_prepare(shard);
    if (err == 0 && plugin->idle_timeout > 0 && shard->endpoints != NULL)
        err = begin_watch(shard);
    /* Let the acceptors begin: a fiber that is cancelled before it runs would
     * never report its end. */
    GRUVI_SHIELD {
        gruvi_sleep(0);
    }
    return err;
}

int
gruvid__serve_begin(void *arg)
{
    int err = gruvid__serve_prepare(arg);

    if (err == 0)
        gruvid__accept_begin(arg);
    return err;
}

int
gruvid__serve_end(void *arg)
{
    gruvid__accept_end(arg, NULL);
    /* Let them accept what is queued, so that it is counted. */
    GRUVI_SHIELD {
        gruvi_sleep(0);
    }
    return 0;
}

int
gruvid__serve_start(gruvid_plugin_t *plugin)
{
    int err = gruvid__each_shard(plugin, gruvid__serve_begin, 0);

    plugin->leader->sockets->serving = true;
    if (plugin->listening != NULL)
        gruvid__sockets_settle(&plugin->listening->taken, plugin->name);
    return err;
}

void
gruvid__serve_stop(gruvid_plugin_t *plugin)
{
    struct gruvid__listening *listening = plugin->listening;

    plugin->listening = NULL;
    if (listening != NULL)
        gruvid__sockets_leave(&listening->taken);
    gruvid__each_shard(plugin, gruvid__serve_end, 0);
    gruvid__listening_free(listening);
}

bool
gruvid__serve_over(const gruvid_plugin_t *plugin)
{
    for (size_t i = 0; i < plugin->n_shards; i++)
        if (__atomic_load_n(&plugin->shards[i].accepting, __ATOMIC_RELAXED) > 0)
            return false;
    return gruvid__plugin_open(plugin) == 0;
}

/* Fibers that were cancelled before they ran have closed nothing. */
void
gruvid__serve_close(struct gruvid__shard *shard)
{
    while (shard->streams != NULL)
        end_connection(shard->streams);
    gruvid__endpoints_close(shard);
}
