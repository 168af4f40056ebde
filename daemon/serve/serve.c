/* SPDX-License-Identifier: MIT */
/*
 * Connections: a fiber a listener accepts, a fiber a connection serves.  A
 * connection stays in the hub that has accepted it.
 *
 *   gruvid__serve_begin    a fiber a listener: accept, spawn, accept ...
 *   gruvid__serve_end      that fiber accepts what the kernel has queued,
 *                          closes the listener, and ends
 *
 * What a connection spawns is in a group of its own.  The group ends before
 * the stream is closed: nobody is left with a stream that is gone.
 *
 * Invariant: part->open counts the fibers of connections, from before they are
 * started until their stream is closed; each has claimed its room.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instance/instance.h"

/* Wait a little where the system is short of something. */
#define PAUSE 0.1

/* What a listener that is being closed accepts at most: what can be queued.
 * Clients that go on connecting must not keep it open. */
#define QUEUE 1024

struct gruvid__connection {
    struct gruvid__connection *next, **link; /* on part->streams */
    struct gruvid__part *part;
    gruvi_stream_t *stream; /* owned */
    gruvi_fiber_t *fiber;   /* owned */

    /* For idle_timeout: the stream's traffic, and when it was first seen. */
    uint64_t traffic;
    double since;
};

/* --- connections --------------------------------------------------------- */

static void
report(struct gruvid__part *part, int status)
{
    gruvid__count(&part->served);
    if (status >= 0)
        return;
    if (gruvid__is_departure(status) ||
        (status == UV_ETIMEDOUT && part->plugin->read_timeout > 0)) {
        gruvid__count(&part->gone);
        gruvi_debug("connection ended: %s", gruvi_strerror(status));
    } else {
        gruvid__count(&part->failed);
        gruvi_error("connection failed: %s (%s)", gruvi_strerror(status),
                    gruvi_err_name(status));
    }
}

/* Close a connection that no fiber works for any more. */
static void
end_connection(struct gruvid__connection *connection)
{
    struct gruvid__part *part = connection->part;
    struct gruvid__daemon *daemon = part->plugin->daemon;

    gruvi_stream_close(connection->stream);
    gruvi_fiber_unref(connection->fiber);
    *connection->link = connection->next;
    if (connection->next != NULL)
        connection->next->link = connection->link;
    free(connection);
    gruvid__add(&part->open, -1);
    gruvid__room_leave(part->plugin);
    /* A stop looks at open after each hub was told of it. */
    if (gruvid__stopping(daemon))
        gruvid__wake(daemon);
}

/* Run the plugin's function, then end what it has spawned. */
static int
serve(gruvid_plugin_t *plugin, gruvi_stream_t *stream)
{
    gruvi_group_t group;
    int status = gruvi_group_init(&group, NULL);

    if (status < 0)
        return status;
    GRUVI_IN_GROUP (&group) {
        status = plugin->module->descriptor.connection(stream, plugin);
    }
    if (gruvi_group_size(&group) > 0) {
        gruvi_group_cancel(&group, "the connection has ended");
        GRUVI_SHIELD {
            gruvi_group_join(&group, GRUVI_FOREVER);
        }
    }
    gruvi_group_destroy(&group);
    return status;
}

/* A client that cannot make it is none of the plugin's business. */
static int
shake_hands(struct gruvid__part *part, gruvi_stream_t *stream)
{
    gruvi_tls_info_t info;
    int err = 0;

    if (gruvi_tls_info(stream, &info) == UV_ENOTCONN)
        err = gruvi_tls_handshake(stream, GRUVI_FOREVER);
    if (err == 0)
        return 0;
    gruvid__count(&part->served);
    gruvid__count(&part->gone);
    if (gruvid__is_departure(err))
        gruvi_debug("connection ended: %s", gruvi_strerror(err));
    else
        gruvi_info("TLS handshake failed: %s (%s)", gruvi_error_message(),
                   gruvi_err_name(err));
    return err;
}

static int
connection_main(void *arg)
{
    struct gruvid__connection *connection = arg;
    struct gruvid__part *part = connection->part;
    gruvid_plugin_t *plugin = part->plugin;

    if (plugin->read_timeout > 0)
        gruvi_stream_set_timeout(connection->stream, plugin->read_timeout);
    if (shake_hands(part, connection->stream) == 0)
        report(part, serve(plugin, connection->stream));
    end_connection(connection);
    return 0;
}

/* --- idle connections ---------------------------------------------------- */

/* Cancel those on which nothing has moved for too long.  Reads and writes do
 * not know of each other; the stream counts both. */
static void
cancel_idle(struct gruvid__part *part)
{
    struct gruvid__connection *connection = part->streams;
    double now = gruvid__now();

    for (; connection != NULL; connection = connection->next) {
        uint64_t traffic = gruvi_stream_traffic(connection->stream);

        if (traffic != connection->traffic) {
            connection->traffic = traffic;
            connection->since = now;
        } else if (now - connection->since >= part->plugin->idle_timeout) {
            gruvi_fiber_cancel(connection->fiber, "idle_timeout");
        }
    }
}

/* Looks often enough to be late by a quarter at most. */
static int
watch_idle(void *arg)
{
    struct gruvid__part *part = arg;
    int err;

    while ((err = gruvi_sleep(part->plugin->idle_timeout / 4)) == 0)
        cancel_idle(part);
    return err;
}

/* --- accepting ----------------------------------------------------------- */

/* A name for the fiber: its peer, where that has one.  May be in buf. */
static const char *
name_connection(const struct gruvid__connection *connection, char *buf,
                size_t size)
{
    if (gruvi_stream_peer(connection->stream, buf, size) == 0 &&
        (strncmp(buf, "tcp://", 6) == 0 || gruvid__is_tls(buf)))
        return buf + 6;
    snprintf(buf, size, "connection-%llu",
             (unsigned long long)connection->part->accepted);
    return buf;
}

/* Hand a stream to a fiber of its own.  On failure it is still the caller's. */
static int
spawn_connection(struct gruvid__part *part, gruvi_stream_t *stream)
{
    struct gruvid__connection *connection = malloc(sizeof *connection);
    gruvi_fiber_options_t options = {0};
    char name[128];

    if (connection == NULL)
        return UV_ENOMEM;
    *connection = (struct gruvid__connection){
        .part = part,
        .stream = stream,
        .since = part->plugin->idle_timeout > 0 ? gruvid__now() : 0,
    };
    options.name = name_connection(connection, name, sizeof name);
    connection->fiber = gruvi_spawn_ex(connection_main, connection, &options);
    if (connection->fiber == NULL) {
        free(connection);
        return gruvi_last_error();
    }
    connection->next = part->streams;
    connection->link = &part->streams;
    if (connection->next != NULL)
        connection->next->link = &connection->next;
    part->streams = connection;
    gruvid__count(&part->accepted);
    gruvid__add(&part->open, 1);
    return 0;
}

/* The same for the stream that is held; where there is no memory or no fiber
 * left, it waits for some: the client does, too, and the kernel holds back the
 * next ones. */
static int
hand_over(struct gruvid__door *door)
{
    bool told = false;
    int err;

    while ((err = spawn_connection(door->part, door->held)) == UV_EAGAIN ||
           err == UV_ENOMEM) {
        if (!told)
            gruvi_warning("a connection waits: %s", gruvi_strerror(err));
        told = true;
        err = gruvi_sleep(PAUSE);
        if (err < 0)
            break;
    }
    if (err == 0)
        door->held = NULL;
    return err;
}

/* Accept one connection, unless one is held.  timeout is that of the accept
 * alone. */
static int
accept_one(struct gruvid__door *door, double timeout)
{
    gruvid_plugin_t *plugin = door->part->plugin;
    int err = 0;

    if (door->held == NULL) {
        err = gruvid__room_wait(plugin, false);
        if (err == 0)
            err = gruvi_accept(door->listener, &door->held, timeout);
    }
    if (err == 0)
        err = gruvid__room_wait(plugin, true);
    if (err < 0)
        return err;
    err = hand_over(door);
    if (err < 0)
        gruvid__room_leave(plugin);
    return err;
}

/* Once for each address, whoever else listens on it. */
static void
tell_address(const struct gruvid__door *door)
{
    const gruvid_plugin_t *plugin = door->part->plugin;
    char address[GRUVI_ADDRESS_SIZE];

    if (door->part != &plugin->parts[0] ||
        gruvi_listener_address(door->listener, address, sizeof address) < 0)
        return;
    if (plugin->n_parts == 1)
        gruvi_info("listening on %s", address);
    else
        gruvi_info("listening on %s in %zu hubs", address, plugin->n_parts);
}

static int
acceptor_main(void *arg)
{
    struct gruvid__door *door = arg;
    unsigned queued = 0;
    int err;

    tell_address(door);
    do {
        err = accept_one(door, GRUVI_FOREVER);
        if (err < 0 && err != UV_ECANCELED && err != UV_ESHUTDOWN) {
            gruvi_error("cannot accept a connection: %s", gruvi_strerror(err));
            err = gruvi_sleep(PAUSE);
        }
    } while (err == 0);
    while (queued < QUEUE && accept_one(door, 0) == 0)
        queued++;
    gruvi_listener_close(door->listener);
    gruvi_stream_close(door->held);
    door->listener = NULL;
    door->held = NULL;
    gruvi_debug("not listening any more; %u were waiting", queued);
    gruvid__add(&door->part->accepting, -1);
    gruvid__wake(door->part->plugin->daemon);
    return 0;
}

/* --- from outside -------------------------------------------------------- */

/* A fiber among those of the connections; the caller owns it. */
static int
spawn(struct gruvid__part *part, gruvi_fiber_t **fiber, gruvi_fiber_fn target,
      void *arg, const char *name)
{
    gruvi_fiber_options_t options = {.name = name};

    GRUVI_IN_GROUP (&part->connections) {
        *fiber = gruvi_spawn_ex(target, arg, &options);
    }
    return *fiber == NULL ? gruvi_last_error() : 0;
}

int
gruvid__serve_begin(void *arg)
{
    struct gruvid__part *part = arg;
    const gruvid_plugin_t *plugin = part->plugin;
    gruvi_fiber_t *watcher;
    int err = 0;

    GRUVI_IN_GROUP (&part->group) {
        err = gruvi_group_init(&part->connections, NULL);
    }
    part->has_connections = err == 0;
    for (size_t i = 0; i < plugin->n_doors && err == 0; i++) {
        struct gruvid__door *door = &part->doors[i];

        err = spawn(part, &door->acceptor, acceptor_main, door, "accept");
        if (err == 0)
            gruvid__add(&part->accepting, 1);
    }
    if (err == 0 && plugin->idle_timeout > 0 && plugin->n_doors > 0) {
        err = spawn(part, &watcher, watch_idle, part, "idle_timeout");
        if (err == 0)
            gruvi_fiber_unref(watcher);
    }
    /* Those who accept begin: one that was cancelled before would never run,
     * and never say that it has ended. */
    GRUVI_SHIELD {
        gruvi_sleep(0);
    }
    return err;
}

int
gruvid__serve_end(void *arg)
{
    struct gruvid__part *part = arg;

    for (size_t i = 0; part->doors != NULL && i < part->plugin->n_doors; i++)
        if (part->doors[i].acceptor != NULL)
            gruvi_fiber_cancel(part->doors[i].acceptor, "gruvid stops");
    /* Let them accept what is there, so that it is counted. */
    GRUVI_SHIELD {
        gruvi_sleep(0);
    }
    return 0;
}

bool
gruvid__serve_over(const gruvid_plugin_t *plugin)
{
    for (size_t i = 0; i < plugin->n_parts; i++)
        if (__atomic_load_n(&plugin->parts[i].accepting, __ATOMIC_RELAXED) > 0)
            return false;
    return gruvid__plugin_open(plugin) == 0;
}

/* Fibers that were cancelled before they ran have left something behind. */
void
gruvid__serve_close(struct gruvid__part *part)
{
    while (part->streams != NULL)
        end_connection(part->streams);
    gruvid__doors_close(part);
}
