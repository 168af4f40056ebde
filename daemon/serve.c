/* SPDX-License-Identifier: MIT */
/*
 * Connections: a fiber a listener accepts, a fiber a connection serves.
 *
 *   gruvid__serve_bind     as root, before anything of a plugin runs
 *   gruvid__serve_begin    a fiber a listener: accept, spawn, accept ...
 *   gruvid__serve_end      that fiber accepts what the kernel has queued,
 * closes the listener, and ends
 *
 * What a connection spawns is in a group of its own.  The group ends before
 * the stream is closed: nobody is left with a stream that is gone.
 *
 * Invariant: plugin->open counts the fibers of connections, from before they
 * are started until their stream is closed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instance.h"

/* Wait a little where the system is short of something. */
#define PAUSE 0.1

/* What a listener that is being closed accepts at most: what can be queued.
 * Clients that go on connecting must not keep it open. */
#define QUEUE 1024

struct gruvid__connection {
    struct gruvid__connection *next, **link; /* on plugin->streams */
    gruvid_plugin_t *plugin;
    gruvi_stream_t *stream; /* owned */
    gruvi_fiber_t *fiber;   /* owned */

    /* For idle_timeout: the stream's traffic, and when it was first seen. */
    uint64_t traffic;
    double since;
};

/* --- connections --------------------------------------------------------- */

static void
report(gruvid_plugin_t *plugin, int status)
{
    plugin->served++;
    if (status >= 0)
        return;
    if (gruvid__is_departure(status) ||
        (status == UV_ETIMEDOUT && plugin->read_timeout > 0)) {
        plugin->gone++;
        gruvi_debug("connection ended: %s", gruvi_strerror(status));
    } else {
        plugin->failed++;
        gruvi_error("connection failed: %s (%s)", gruvi_strerror(status),
                    gruvi_err_name(status));
    }
}

/* Close a connection that no fiber works for any more. */
static void
end_connection(struct gruvid__connection *connection)
{
    gruvid_plugin_t *plugin = connection->plugin;

    gruvi_stream_close(connection->stream);
    gruvi_fiber_unref(connection->fiber);
    *connection->link = connection->next;
    if (connection->next != NULL)
        connection->next->link = connection->link;
    free(connection);
    plugin->open--;
    gruvi_event_set(&plugin->room);
    if (plugin->daemon->stopping)
        gruvid__wake(plugin->daemon);
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

static int
connection_main(void *arg)
{
    struct gruvid__connection *connection = arg;
    gruvid_plugin_t *plugin = connection->plugin;

    if (plugin->read_timeout > 0)
        gruvi_stream_set_timeout(connection->stream, plugin->read_timeout);
    report(plugin, serve(plugin, connection->stream));
    end_connection(connection);
    return 0;
}

/* --- idle connections ---------------------------------------------------- */

/* Cancel those on which nothing has moved for too long.  Reads and writes do
 * not know of each other; the stream counts both. */
static void
cancel_idle(gruvid_plugin_t *plugin)
{
    struct gruvid__connection *connection = plugin->streams;
    double now = gruvid__now();

    for (; connection != NULL; connection = connection->next) {
        uint64_t traffic = gruvi_stream_traffic(connection->stream);

        if (traffic != connection->traffic) {
            connection->traffic = traffic;
            connection->since = now;
        } else if (now - connection->since >= plugin->idle_timeout) {
            gruvi_fiber_cancel(connection->fiber, "idle_timeout");
        }
    }
}

/* Looks often enough to be late by a quarter at most. */
static int
watch_idle(void *arg)
{
    gruvid_plugin_t *plugin = arg;
    int err;

    while ((err = gruvi_sleep(plugin->idle_timeout / 4)) == 0)
        cancel_idle(plugin);
    return err;
}

/* --- accepting ----------------------------------------------------------- */

/* A name for the fiber: its peer, where that has one.  May be in buf. */
static const char *
name_connection(const struct gruvid__connection *connection, char *buf,
                size_t size)
{
    if (gruvi_stream_peer(connection->stream, buf, size) == 0 &&
        strncmp(buf, "tcp://", 6) == 0)
        return buf + 6;
    snprintf(buf, size, "connection-%llu",
             (unsigned long long)connection->plugin->accepted);
    return buf;
}

/* Hand a stream to a fiber of its own.  On failure it is still the caller's. */
static int
spawn_connection(gruvid_plugin_t *plugin, gruvi_stream_t *stream)
{
    struct gruvid__connection *connection = malloc(sizeof *connection);
    gruvi_fiber_options_t options = {0};
    char name[128];

    if (connection == NULL)
        return UV_ENOMEM;
    *connection = (struct gruvid__connection){
        .plugin = plugin,
        .stream = stream,
        .since = plugin->idle_timeout > 0 ? gruvid__now() : 0,
    };
    options.name = name_connection(connection, name, sizeof name);
    connection->fiber = gruvi_spawn_ex(connection_main, connection, &options);
    if (connection->fiber == NULL) {
        free(connection);
        return gruvi_last_error();
    }
    connection->next = plugin->streams;
    connection->link = &plugin->streams;
    if (connection->next != NULL)
        connection->next->link = &connection->next;
    plugin->streams = connection;
    plugin->accepted++;
    plugin->open++;
    return 0;
}

/* The same; where there is no memory or no fiber left, it waits for some: the
 * client does, too, and the kernel holds back the next ones. */
static int
hand_over(gruvid_plugin_t *plugin, gruvi_stream_t *stream)
{
    bool told = false;
    int err;

    while ((err = spawn_connection(plugin, stream)) == UV_EAGAIN ||
           err == UV_ENOMEM) {
        if (!told)
            gruvi_warning("a connection waits: %s", gruvi_strerror(err));
        told = true;
        err = gruvi_sleep(PAUSE);
        if (err < 0)
            break;
    }
    if (err < 0)
        gruvi_stream_close(stream);
    return err;
}

static int
wait_for_room(gruvid_plugin_t *plugin)
{
    while (plugin->max_connections > 0 &&
           plugin->open >= plugin->max_connections) {
        int err;

        if (!plugin->was_full)
            gruvi_warning("max_connections = %zu is reached: no more are "
                          "accepted until one ends",
                          plugin->max_connections);
        plugin->was_full = true;
        gruvi_event_clear(&plugin->room);
        err = gruvi_event_wait(&plugin->room, GRUVI_FOREVER);
        if (err < 0)
            return err;
    }
    return 0;
}

/* Accept one connection.  timeout is that of the accept alone. */
static int
accept_one(struct gruvid__door *door, double timeout)
{
    gruvi_stream_t *stream;
    int err = wait_for_room(door->plugin);

    if (err == 0)
        err = gruvi_accept(door->listener, &stream, timeout);
    if (err == 0)
        err = hand_over(door->plugin, stream);
    return err;
}

static int
acceptor_main(void *arg)
{
    struct gruvid__door *door = arg;
    char address[256];
    unsigned queued = 0;
    int err;

    if (gruvi_listener_address(door->listener, address, sizeof address) == 0)
        gruvi_info("listening on %s", address);
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
    door->listener = NULL;
    gruvi_debug("not listening any more; %u were waiting", queued);
    gruvid__wake(door->plugin->daemon);
    return 0;
}

/* --- from outside -------------------------------------------------------- */

static const char *
hint(int err)
{
    switch (err) {
    case UV_EADDRINUSE:
        return "; stop who has it, or give another with listen";
    case UV_EACCES:
        return "; ports below 1024 want root or CAP_NET_BIND_SERVICE";
    case UV_EADDRNOTAVAIL:
        return "; it is none of this machine's addresses";
    default:
        return "";
    }
}

int
gruvid__serve_bind(gruvid_plugin_t *plugin)
{
    const char *const *addresses =
        gruvid__section_list(plugin->section, "listen", &plugin->n_doors);

    gruvi_event_init(&plugin->room);
    plugin->doors = calloc(plugin->n_doors + 1, sizeof *plugin->doors);
    if (plugin->doors == NULL) {
        plugin->n_doors = 0;
        gruvi_error("plugin %s: out of memory", plugin->name);
        return UV_ENOMEM;
    }
    for (size_t i = 0; i < plugin->n_doors; i++) {
        struct gruvid__door *door = &plugin->doors[i];
        int err;

        door->plugin = plugin;
        err = gruvi_listen(&door->listener, addresses[i], NULL);
        if (err < 0) {
            gruvi_error("plugin %s: cannot listen on %s: %s%s", plugin->name,
                        addresses[i], gruvi_strerror(err), hint(err));
            return err;
        }
    }
    return 0;
}

/* A fiber among those of the connections; the caller owns it. */
static int
spawn(gruvid_plugin_t *plugin, gruvi_fiber_t **fiber, gruvi_fiber_fn target,
      void *arg, const char *name)
{
    gruvi_fiber_options_t options = {.name = name};

    GRUVI_IN_GROUP (&plugin->connections) {
        *fiber = gruvi_spawn_ex(target, arg, &options);
    }
    return *fiber == NULL ? gruvi_last_error() : 0;
}

int
gruvid__serve_begin(gruvid_plugin_t *plugin)
{
    gruvi_fiber_t *watcher;
    int err = 0;

    GRUVI_IN_GROUP (&plugin->group) {
        err = gruvi_group_init(&plugin->connections, NULL);
    }
    for (size_t i = 0; i < plugin->n_doors && err == 0; i++) {
        struct gruvid__door *door = &plugin->doors[i];

        err = spawn(plugin, &door->acceptor, acceptor_main, door, "accept");
    }
    if (err == 0 && plugin->idle_timeout > 0 && plugin->n_doors > 0) {
        err = spawn(plugin, &watcher, watch_idle, plugin, "idle_timeout");
        if (err == 0)
            gruvi_fiber_unref(watcher);
    }
    if (err < 0)
        gruvi_error("plugin %s: cannot accept connections: %s", plugin->name,
                    gruvi_strerror(err));
    return err;
}

void
gruvid__serve_end(gruvid_plugin_t *plugin)
{
    for (size_t i = 0; i < plugin->n_doors; i++)
        if (plugin->doors[i].acceptor != NULL)
            gruvi_fiber_cancel(plugin->doors[i].acceptor, "gruvid stops");
}

bool
gruvid__serve_over(const gruvid_plugin_t *plugin)
{
    for (size_t i = 0; i < plugin->n_doors; i++)
        if (plugin->doors[i].acceptor != NULL &&
            gruvi_fiber_alive(plugin->doors[i].acceptor))
            return false;
    return plugin->open == 0;
}

/* Fibers that were cancelled before they ran have left something behind. */
void
gruvid__serve_close(gruvid_plugin_t *plugin)
{
    for (size_t i = 0; i < plugin->n_doors; i++) {
        struct gruvid__door *door = &plugin->doors[i];

        gruvi_listener_close(door->listener);
        if (door->acceptor != NULL)
            gruvi_fiber_unref(door->acceptor);
    }
    while (plugin->streams != NULL)
        end_connection(plugin->streams);
    if (plugin->doors != NULL)
        gruvi_event_destroy(&plugin->room);
    free(plugin->doors);
    plugin->doors = NULL;
    plugin->n_doors = 0;
}
