/* SPDX-License-Identifier: MIT */
/*
 * A trace of a hub that may not answer.
 *
 *   fiber of the first hub   start ........ stop, wait
 *   the hub, in callbacks         begin         end
 *
 * The ring belongs to the hub while it is on its way to a callback, or notes;
 * the last owner frees it.  A tracing that was stopped before the hub came to
 * begin it, does not begin.
 */
#include "control/tracing.h"

#include <stdbool.h>
#include <stdlib.h>

#include "instance/instance.h"
#include "instance/shard.h"

/* Seconds in which a hub has to stop. */
#define PATIENCE 1.0

struct gruvid__tracing {
    int owners;   /* atomic */
    bool stopped; /* atomic: was asked to */
    struct gruvid__hub *hub;
    gruvi_event_t done;
    int refused; /* why the hub could not be asked */

    /* Of the hub, until it is done. */
    bool running;
    struct gruvid__traced traced;
    gruvi__switch_t ring[GRUVID__TRACED];
};

void
gruvid__tracing_free(struct gruvid__tracing *tracing)
{
    if (tracing == NULL ||
        __atomic_sub_fetch(&tracing->owners, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    gruvi_event_destroy(&tracing->done);
    free(tracing);
}

/* --- in the hub --------------------------------------------------------------
 */

static const char *
plugin_of(const gruvi_fiber_t *fiber)
{
    const struct gruvid__shard *shard = gruvid__shard_of(fiber);

    return shard == NULL ? "" : shard->plugin->name;
}

/* A hub callback. */
static void
begin(void *arg)
{
    struct gruvid__tracing *tracing = arg;

    if (!__atomic_load_n(&tracing->stopped, __ATOMIC_RELAXED)) {
        tracing->traced.err = gruvi__trace_start(
            tracing->hub->hub, tracing->ring, GRUVID__TRACED, plugin_of);
        tracing->running = tracing->traced.err == 0;
        tracing->traced.began = uv_hrtime();
    }
    gruvid__tracing_free(tracing);
}

/* A hub callback; it comes after begin(). */
static void
end(void *arg)
{
    struct gruvid__tracing *tracing = arg;

    if (tracing->running)
        tracing->traced.noted = gruvi__trace_stop(tracing->hub->hub);
    tracing->running = false;
    tracing->traced.ended = uv_hrtime();
    gruvi_event_set(&tracing->done);
    gruvid__tracing_free(tracing);
}

/* --- in the fiber ------------------------------------------------------------
 */

/* A callback is an owner. */
static void
ask(struct gruvid__tracing *tracing, void (*callback)(void *arg))
{
    int err;

    if (tracing->refused < 0)
        return;
    __atomic_fetch_add(&tracing->owners, 1, __ATOMIC_RELAXED);
    err = gruvi_hub_run_callback(tracing->hub->hub, callback, tracing);
    if (err == 0)
        return;
    tracing->refused = err;
    gruvid__tracing_free(tracing);
}

struct gruvid__tracing *
gruvid__tracing_start(struct gruvid__hub *hub)
{
    struct gruvid__tracing *tracing = calloc(1, sizeof *tracing);

    if (tracing == NULL)
        return NULL;
    tracing->owners = 1;
    tracing->hub = hub;
    gruvi_event_init(&tracing->done);
    ask(tracing, begin);
    return tracing;
}

void
gruvid__tracing_stop(struct gruvid__tracing *tracing)
{
    __atomic_store_n(&tracing->stopped, true, __ATOMIC_RELAXED);
    ask(tracing, end);
}

GRUVI_SWITCHPOINT int
gruvid__tracing_wait(struct gruvid__tracing *tracing,
                     struct gruvid__traced *traced)
{
    int err = tracing->refused;

    if (err == 0)
        err = gruvi_event_wait(&tracing->done, PATIENCE);
    if (err == 0)
        *traced = tracing->traced;
    else
        *traced = (struct gruvid__traced){.err = err};
    traced->hub = tracing->hub->number;
    traced->ring = tracing->ring;
    return err == UV_ECANCELED || err == UV_ESHUTDOWN ? err : 0;
}
