/* SPDX-License-Identifier: MIT */
/* The connections of an instance in a hub, as the leader sees them; and those
 * that are silent for too long. */
#include "serve/serve.h"

#include "instance/instance.h"
#include "serve/accept.h"
#include "serve/connection.h"
#include "serve/limit.h"
#include "serve/listen.h"
#include "serve/park.h"

/* --- idle connections ---------------------------------------------------- */

/* A connection that is parked has no fiber to be cancelled. */
static void
end_idle(struct gruvid__connection *connection, double silent)
{
    const gruvid_plugin_t *plugin = connection->shard->plugin;
    double idle_timeout = gruvid__seconds(&plugin->idle_timeout);
    double read_timeout = gruvid__seconds(&plugin->read_timeout);

    if (idle_timeout > 0 && silent >= idle_timeout) {
        if (connection->state == GRUVID__SERVED && connection->runs)
            gruvi_fiber_cancel(connection->by.fiber, "idle_timeout");
        else if (connection->state == GRUVID__PARKED)
            gruvid__connection_end(connection, UV_ECANCELED);
    } else if (read_timeout > 0 && silent >= read_timeout &&
               connection->state == GRUVID__PARKED) {
        gruvid__connection_end(connection, UV_ETIMEDOUT);
    }
}

/* End connections without traffic for too long.  Reads and writes do not know
 * of each other; the stream counts both. */
static void
look_for_idle(struct gruvid__shard *shard)
{
    struct gruvid__connection *connection = shard->streams, *next;
    double now = gruvid__now();

    for (; connection != NULL; connection = next) {
        next = connection->next;
        end_idle(connection, gruvid__connection_silent(connection, now));
    }
}

/* The shortest time that a silent connection may have; 0: there is no limit.
 * Connections that are parked are not inside a read, so read_timeout counts. */
static double
shortest(const gruvid_plugin_t *plugin)
{
    double idle_timeout = gruvid__seconds(&plugin->idle_timeout);
    double read_timeout = gruvid__seconds(&plugin->read_timeout);

    if (idle_timeout == 0 || (read_timeout > 0 && read_timeout < idle_timeout))
        return read_timeout;
    return idle_timeout;
}

/* Looks often enough to be late by a quarter at most. */
static GRUVI_SWITCHPOINT int
watch_idle(void *arg)
{
    struct gruvid__shard *shard = arg;
    double timeout = shortest(shard->plugin);
    int err;

    while ((err = gruvi_sleep(timeout / 4)) == 0)
        look_for_idle(shard);
    return err;
}

/* --- for the leader ------------------------------------------------------- */

static int
begin_watch(struct gruvid__shard *shard)
{
    shard->watcher = gruvid__shard_go(shard, &shard->connections, watch_idle,
                                      shard, "idle_timeout");
    return shard->watcher == NULL ? gruvi_last_error() : 0;
}

static void
end_watch(struct gruvid__shard *shard)
{
    if (shard->watcher == NULL)
        return;
    gruvi_fiber_cancel(shard->watcher, "other limits");
    gruvi_fiber_unref(shard->watcher);
    shard->watcher = NULL;
}

/* For the first time. */
static int
prepare_all(struct gruvid__shard *shard)
{
    int err = 0;

    GRUVI_IN_GROUP (&shard->group) {
        err = gruvi_group_init(&shard->connections, NULL);
    }
    shard->has_connections = err == 0;
    if (err == 0)
        err = gruvid__park_begin(shard);
    if (err == 0)
        err = gruvid__accept_prepare(shard);
    if (err == 0 && shard->endpoints != NULL && shortest(shard->plugin) > 0)
        err = begin_watch(shard);
    return err;
}

GRUVI_SWITCHPOINT int
gruvid__serve_prepare(void *arg)
{
    struct gruvid__shard *shard = arg;
    int err = shard->has_connections ? gruvid__accept_prepare(shard)
                                     : prepare_all(shard);

    /* Let the acceptors begin: a fiber that is cancelled before it runs would
     * never report its end. */
    GRUVI_SHIELD {
        (void)gruvi_sleep(0);
    }
    return err;
}

GRUVI_SWITCHPOINT int
gruvid__serve_begin(void *arg)
{
    int err = gruvid__serve_prepare(arg);

    if (err == 0)
        gruvid__accept_begin(arg);
    /* Let them say where they listen, before gruvid says that it is ready. */
    GRUVI_SHIELD {
        (void)gruvi_sleep(0);
    }
    return err;
}

GRUVI_SWITCHPOINT int
gruvid__serve_end(void *arg)
{
    gruvid__accept_end(arg, NULL);
    /* Let them accept what is queued, so that it is counted. */
    GRUVI_SHIELD {
        (void)gruvi_sleep(0);
    }
    gruvid__park_drain(arg);
    return 0;
}

GRUVI_SWITCHPOINT int
gruvid__serve_start(gruvid_plugin_t *plugin)
{
    int err = gruvid__each_shard(plugin, gruvid__serve_begin, 0);

    plugin->leader->sockets->serving = true;
    if (plugin->listening != NULL)
        gruvid__sockets_settle(&plugin->listening->taken, plugin->name);
    return err;
}

int
gruvid__serve_limits(struct gruvid__shard *shard)
{
    struct gruvid__connection *connection = shard->streams;

    end_watch(shard);
    for (; connection != NULL; connection = connection->next)
        connection->since = 0; /* as if it were seen for the first time */
    return shortest(shard->plugin) > 0 ? begin_watch(shard) : 0;
}

GRUVI_SWITCHPOINT int
gruvid__serve_stop(gruvid_plugin_t *plugin)
{
    int err;

    if (plugin->listening != NULL)
        gruvid__sockets_leave(&plugin->listening->taken);
    err = gruvid__each_shard(plugin, gruvid__serve_end, 0);
    if (err < 0)
        return err; /* endpoints there still know the addresses */
    gruvid__listening_free(plugin->listening);
    plugin->listening = NULL;
    return 0;
}

void
gruvid__serve_cut(struct gruvid__shard *shard)
{
    gruvid__park_cut(shard);
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
GRUVI_SWITCHPOINT void
gruvid__serve_close(struct gruvid__shard *shard)
{
    end_watch(shard);
    while (shard->streams != NULL)
        gruvid__connection_close(shard->streams);
    gruvid__park_end(shard);
    gruvid__endpoints_close(shard);
}
