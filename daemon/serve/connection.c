/* SPDX-License-Identifier: MIT */
/*
 * Connections: a fiber serves each, but for those that are parked (park.c).  A
 * connection stays in the hub that has accepted it; accept.c accepts.
 *
 * What a connection spawns is in a group of its own.  The group ends before the
 * stream is closed or parked: no fiber is left with a stream that is gone.
 *
 * Invariant: shard->open counts connections, from before their fiber is started
 * until their stream is closed; each has claimed its place.
 */
#include "serve/connection.h"

#include <stdlib.h>

#include "instance/instance.h"
#include "instance/outcome.h"
#include "os/probe.h"
#include "serve/greet.h"
#include "serve/limit.h"
#include "serve/park.h"

/* --- its life ------------------------------------------------------------ */

void
gruvid__connection_close(struct gruvid__connection *connection)
{
    struct gruvid__shard *shard = connection->shard;
    struct gruvid__leader *leader = shard->plugin->leader;

    GRUVID__PROBE2(connection__close, shard->plugin->name, connection);
    gruvid__connection_count(connection);
    gruvi_stream_close(connection->stream);
    if (connection->state == GRUVID__SERVED)
        gruvi_fiber_unref(connection->by.fiber);
    else if (connection->state == GRUVID__PARKED)
        gruvid__add(&shard->parked, -1);
    *connection->link = connection->next;
    if (connection->next != NULL)
        connection->next->link = connection->link;
    free(connection);
    gruvid__add(&shard->open, -1);
    gruvid__limit_release(shard->plugin);
    gruvid__park_next(shard);
    /* A drain looks at shard->open after each hub was told of it. */
    if (__atomic_load_n(&shard->plugin->draining, __ATOMIC_RELAXED))
        gruvid__wake(leader);
}

static GRUVI_SWITCHPOINT int
call_plugin(void *arg)
{
    struct gruvid__connection *connection = arg;
    gruvid_plugin_t *plugin = connection->shard->plugin;

    connection->greeted = true;
    connection->shard->called_since = connection->accepted;
    return plugin->module->descriptor.connection(connection->stream, plugin);
}

/* The place of the connection is free when these fibers have ended, so an
 * operator hears of fibers that do not end. */
static GRUVI_SWITCHPOINT void
end_group(gruvi_group_t *group, void *arg)
{
    const struct gruvid__connection *connection = arg;
    double timeout = gruvid__cancel_timeout(connection->shard->plugin->leader);

    gruvi_group_cancel(group, "the connection has ended");
    GRUVI_SHIELD {
        if (gruvi_group_join(group, timeout) < 0)
            gruvi_warning("the connection has ended, and %zu of its fibers "
                          "were cancelled and have not ended within %g "
                          "seconds; they keep its place",
                          gruvi_group_size(group), timeout);
        (void)gruvi_group_join(group, GRUVI_FOREVER);
    }
}

/* Call the plugin, and count how long that takes. */
static GRUVI_SWITCHPOINT int
call_timed(struct gruvid__connection *connection)
{
    uint64_t begun = uv_hrtime();
    int status = gruvi_group_call(NULL, call_plugin, connection, end_group);

    gruvid__times_count(&connection->shard->times, uv_hrtime() - begun);
    return status;
}

static GRUVI_SWITCHPOINT int
connection_main(void *arg)
{
    struct gruvid__connection *connection = arg;
    int status, err;

    connection->runs = true;
    if (!connection->greeted && gruvid__greet(connection) < 0) {
        gruvid__connection_close(connection);
        return 0;
    }
    status = call_timed(connection);
    if (status == GRUVID_PARK) {
        err = gruvid__park(connection);
        if (err == 0)
            return 0;
        status = err == UV_ECANCELED ? 0 : err;
    }
    gruvid__connection_end(connection, status);
    return 0;
}

void
gruvid__connection_end(struct gruvid__connection *connection, int status)
{
    gruvid__report_connection(connection->shard, status);
    gruvid__connection_close(connection);
}

/* --- what it counts ------------------------------------------------------- */

/* Add to a counter what has come since it was last looked at. */
static void
catch_up(uint64_t *counter, uint64_t *counted, uint64_t now)
{
    __atomic_store_n(counter, *counter + now - *counted, __ATOMIC_RELAXED);
    *counted = now;
}

void
gruvid__connection_count(struct gruvid__connection *connection)
{
    struct gruvid__shard *shard = connection->shard;
    uint64_t received, sent;

    gruvi__stream_bytes(connection->stream, &received, &sent);
    catch_up(&shard->received, &connection->received, received);
    catch_up(&shard->sent, &connection->sent, sent);
}

/* --- a stream that was accepted ------------------------------------------- */

uint64_t
gruvid__connection_traffic(const struct gruvid__connection *connection)
{
    const gruvi_stream_t *stream = connection->stream;

    return gruvi_stream_traffic(stream) - gruvi__stream_held(stream);
}

double
gruvid__connection_silent(struct gruvid__connection *connection, double now)
{
    uint64_t traffic = gruvid__connection_traffic(connection);

    gruvid__connection_count(connection);
    if (traffic != connection->traffic || connection->since == 0) {
        connection->traffic = traffic;
        connection->since = now;
    }
    return now - connection->since;
}

int
gruvid__connection_serve(struct gruvid__connection *connection)
{
    struct gruvid__shard *shard = connection->shard;
    gruvi_fiber_options_t options = {.name = connection->name};
    gruvi_fiber_t *fiber = NULL;

    GRUVI_IN_GROUP (&shard->connections) {
        fiber = gruvi_spawn_ex(connection_main, connection, &options);
    }
    if (fiber == NULL)
        return gruvi_last_error();
    connection->by.fiber = fiber;
    connection->state = GRUVID__SERVED;
    connection->runs = false;
    return 0;
}

int
gruvid__connection_begin(struct gruvid__shard *shard, gruvi_stream_t *stream)
{
    struct gruvid__connection *connection = malloc(sizeof *connection);
    int err;

    if (connection == NULL)
        return UV_ENOMEM;
    *connection = (struct gruvid__connection){
        .shard = shard,
        .stream = stream,
        .accepted = gruvid__now(),
        .since = gruvid__seconds(&shard->plugin->idle_timeout) > 0
                     ? gruvid__now()
                     : 0,
    };
    gruvid__connection_set_name(connection);
    err = gruvid__connection_serve(connection);
    if (err < 0) {
        free(connection);
        return err;
    }
    connection->next = shard->streams;
    connection->link = &shard->streams;
    if (connection->next != NULL)
        connection->next->link = &connection->next;
    shard->streams = connection;
    gruvid__count(&shard->accepted);
    gruvid__add(&shard->open, 1);
    GRUVID__PROBE2(connection__open, shard->plugin->name, connection);
    return 0;
}
