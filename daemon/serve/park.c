/* SPDX-License-Identifier: MIT */
/*
 * Parked connections: of each gruvid keeps the stream and its place under the
 * limits, and nothing else.
 *
 *   fiber: the function returns GRUVID_PARK, what it spawned has ended
 *     gruvi__stream_await()    something is there already: a new fiber
 *       ...
 *   callback: bytes, the end, or an error: a new fiber
 *
 * Where there is no fiber or no memory for one the connection is queued: its
 * stream is not looked at, the peer has to wait, and nothing is lost.  The
 * queue goes on as soon as the fiber of a connection has ended, and at the
 * latest after a moment, because other fibers may end unseen.
 *
 * A function that parks again and again without reading, for example at the end
 * of the stream, would be called without a pause.  After so many calls it has
 * to wait in the queue, too.
 */
#include "serve/park.h"

#include <stdlib.h>

#include "instance/instance.h"
#include "serve/limit.h"

/* Milliseconds until the queue is looked at again. */
#define PAUSE 100

/* Milliseconds between two looks at what is silent, while it drains. */
#define SWEEP 250

/* Calls that have taken nothing of what there is to read. */
#define VAIN 1000

struct gruvid__park {
    struct gruvid__shard *shard;
    struct gruvid__connection *first, **last; /* by.next_queued */
    uv_timer_t timer; /* runs while connections are queued */
    bool starved;     /* there was no fiber for them */

    /* The instance drains, and has no more time. */
    bool draining, cut;
    uv_timer_t sweep; /* while it drains */
    double patience;  /* seconds of silence */
};

/* --- the queue ------------------------------------------------------------ */

static void on_timer(uv_timer_t *timer);

static void
start_timer(struct gruvid__park *park, uint64_t ms)
{
    uv_timer_start(&park->timer, on_timer, ms, 0);
}

static void
queue(struct gruvid__connection *connection)
{
    struct gruvid__park *park = connection->shard->park;

    gruvid__add(&connection->shard->parked, -1);
    connection->state = GRUVID__QUEUED;
    connection->by.next_queued = NULL;
    *park->last = connection;
    park->last = &connection->by.next_queued;
    if (!uv_is_active((uv_handle_t *)&park->timer))
        start_timer(park, PAUSE);
}

static bool
is_shortage(int err)
{
    return err == UV_EAGAIN || err == UV_ENOMEM;
}

static void
on_timer(uv_timer_t *timer)
{
    struct gruvid__park *park = timer->data;
    struct gruvid__connection *connection, *next;
    int err;

    while ((connection = park->first) != NULL) {
        next = connection->by.next_queued;
        err = gruvid__connection_serve(connection);
        if (is_shortage(err)) {
            park->starved = true;
            start_timer(park, PAUSE);
            return;
        }
        park->first = next;
        if (next == NULL)
            park->last = &park->first;
        if (err < 0)
            gruvid__connection_end(connection, err);
    }
    park->starved = false;
}

void
gruvid__park_next(struct gruvid__shard *shard)
{
    struct gruvid__park *park = shard->park;

    if (park != NULL && park->starved)
        start_timer(park, 0);
}

/* --- parking and waking --------------------------------------------------- */

/* There is something to read.  Returns whether a fiber will. */
static bool
serve(struct gruvid__connection *connection)
{
    struct gruvid__shard *shard = connection->shard;
    int err = gruvid__connection_serve(connection);

    if (err == 0) {
        gruvid__add(&shard->parked, -1);
        return true;
    }
    if (is_shortage(err)) {
        shard->park->starved = true;
        gruvid__rate_log(shard, GRUVID__RATE_ACCEPT, err, GRUVI_LOG_WARNING,
                         "a parked connection waits for a fiber: %s",
                         gruvi_strerror(err));
    }
    queue(connection);
    return false;
}

static bool
wake(gruvi__await_t *await)
{
    struct gruvid__connection *connection = (struct gruvid__connection *)await;

    /* The function will look there, and it was long ago that it did. */
    __builtin_prefetch(gruvi_stream_data(connection->stream));
    return serve(connection);
}

/* Whether gruvid stops, and nobody waits for the next message any more. */
static bool
is_over(const struct gruvid__shard *shard)
{
    return shard->park->draining && gruvid__stopping(shard->plugin->leader);
}

/* Whether the function is called in vain, over and over. */
static bool
is_in_vain(struct gruvid__connection *connection)
{
    uint64_t traffic = gruvid__connection_traffic(connection);

    if (connection->traffic != traffic || !connection->greeted)
        connection->vain = 0;
    connection->traffic = traffic;
    if (connection->vain < VAIN) {
        connection->vain++;
        return false;
    }
    gruvid__rate_log(connection->shard, GRUVID__RATE_CONNECTION, UV_EAGAIN,
                     GRUVI_LOG_WARNING,
                     "a connection was parked %d times in a row with "
                     "something to read that the plugin has not read: it is "
                     "called less often",
                     VAIN);
    return true;
}

int
gruvid__park(struct gruvid__connection *connection)
{
    struct gruvid__shard *shard = connection->shard;
    int err;

    if (shard->park->cut ||
        (is_over(shard) && !gruvi__stream_readable(connection->stream)))
        return UV_ECANCELED;
    err = gruvi__stream_await(connection->stream, &connection->await);
    if (err == UV_EBUSY)
        return err;
    gruvi_fiber_unref(connection->by.fiber);
    connection->by.fiber = NULL;
    connection->await.wake = wake;
    connection->state = GRUVID__PARKED;
    connection->since = 0;
    gruvid__add(&shard->parked, 1);
    gruvid__connection_count(connection);
    if (is_in_vain(connection)) {
        gruvi__stream_await(connection->stream, NULL);
        queue(connection);
    } else if (err != 0) {
        /* Without memory to wait without a fiber, a fiber waits. */
        serve(connection);
    }
    gruvid__park_next(shard);
    return 0;
}

/* --- the end -------------------------------------------------------------- */

/* Close what is parked and has been silent for so long, unless there is
 * something to read by now. */
static void
close_silent(struct gruvid__shard *shard, double patience)
{
    struct gruvid__connection *connection = shard->streams, *next;
    double now = gruvid__now();

    for (; connection != NULL; connection = next) {
        next = connection->next;
        if (connection->state == GRUVID__PARKED &&
            gruvid__connection_silent(connection, now) >= patience &&
            !gruvi__stream_readable(connection->stream))
            gruvid__connection_end(connection, 0);
    }
}

static void
on_sweep(uv_timer_t *timer)
{
    struct gruvid__park *park = timer->data;

    close_silent(park->shard, is_over(park->shard) ? 0 : park->patience);
}

void
gruvid__park_drain(struct gruvid__shard *shard)
{
    struct gruvid__park *park = shard->park;
    double left = gruvid__seconds(&shard->plugin->cut_at) - gruvid__now();
    uint64_t period;

    if (park == NULL)
        return;
    park->draining = true;
    park->patience = left > 0 ? left / 4 : 0;
    period = (uint64_t)(park->patience * 1000 / 4) + 1;
    uv_timer_start(&park->sweep, on_sweep, 0, period < SWEEP ? period : SWEEP);
}

void
gruvid__park_cut(struct gruvid__shard *shard)
{
    struct gruvid__park *park = shard->park;
    struct gruvid__connection *connection = shard->streams, *next;

    if (park == NULL)
        return;
    park->cut = true;
    park->first = NULL;
    park->last = &park->first;
    for (; connection != NULL; connection = next) {
        next = connection->next;
        if (connection->state != GRUVID__SERVED)
            gruvid__connection_end(connection, UV_ECANCELED);
    }
}

/* --- with the shard ------------------------------------------------------- */

int
gruvid__park_begin(struct gruvid__shard *shard)
{
    struct gruvid__park *park = calloc(1, sizeof *park);

    if (park == NULL)
        return UV_ENOMEM;
    park->shard = shard;
    park->last = &park->first;
    uv_timer_init(gruvi_hub_loop(shard->hub->hub), &park->timer);
    uv_timer_init(gruvi_hub_loop(shard->hub->hub), &park->sweep);
    park->timer.data = park->sweep.data = park;
    shard->park = park;
    return 0;
}

GRUVI_SWITCHPOINT void
gruvid__park_end(struct gruvid__shard *shard)
{
    struct gruvid__park *park = shard->park;

    if (park == NULL)
        return;
    /* The first close waits, and timers run meanwhile. */
    uv_timer_stop(&park->timer);
    uv_timer_stop(&park->sweep);
    (void)gruvi_uv_close((uv_handle_t *)&park->timer);
    (void)gruvi_uv_close((uv_handle_t *)&park->sweep);
    shard->park = NULL;
    free(park);
}
