/* SPDX-License-Identifier: MIT */
/* Doing something in the hubs of an instance: see shard.h. */
#include "instance/shard.h"

#include <stdio.h>

#include "instance/instance.h"

struct gruvid__shard *
gruvid__shard_here(const gruvid_plugin_t *plugin)
{
    const struct gruvid__hub *hub = gruvid__hub_self();

    if (hub == NULL)
        return NULL;
    if (plugin->n_shards > 1)
        return &plugin->shards[hub->number - 1];
    return plugin->shards[0].hub == hub ? &plugin->shards[0] : NULL;
}

struct gruvid__shard *
gruvid__shard_of(const gruvi_fiber_t *fiber)
{
    return gruvi__fiber_keeper(fiber);
}

/* Seconds until a hub that did not answer is asked again. */
#define AGAIN 1.0

/* Seconds between two looks at a fiber that was cancelled. */
#define LOOK 0.01

GRUVI_SWITCHPOINT int
gruvid__shard_call(struct gruvid__shard *shard, int (*fn)(void *shard),
                   double within)
{
    struct gruvid__leader *leader = shard->plugin->leader;
    int err;

    while ((err = gruvid__hub_call(shard->hub, fn, shard, within)) ==
               UV_ETIMEDOUT &&
           shard->plugin->is_retiring && !gruvid__stopping(leader)) {
        double until = gruvid__now() + AGAIN;

        while (!gruvid__stopping(leader) && gruvid__wait(leader, until))
            continue;
    }
    return err;
}

GRUVI_SWITCHPOINT int
gruvid__each_shard(gruvid_plugin_t *plugin, int (*fn)(void *shard),
                   double within)
{
    int first = 0;

    for (size_t i = 0; i < plugin->n_shards; i++) {
        int err = gruvid__shard_call(&plugin->shards[i], fn, within);

        if (first == 0)
            first = err;
    }
    return first;
}

const char *
gruvid__call_reason(const gruvid_plugin_t *plugin, int err)
{
    static char text[64];

    for (size_t i = 0; i < plugin->n_shards; i++) {
        const struct gruvid__hub *hub = plugin->shards[i].hub;

        if (!hub->silent || (err != UV_ETIMEDOUT && err != UV_EBUSY))
            continue;
        snprintf(text, sizeof text, "%s does not answer", hub->name);
        return text;
    }
    return gruvi_strerror(err);
}

/* --- bodies --------------------------------------------------------------- */

static bool
is_done(const struct gruvid__shard *shard)
{
    return __atomic_load_n(&shard->done, __ATOMIC_ACQUIRE);
}

static GRUVI_SWITCHPOINT int
body_main(void *arg)
{
    struct gruvid__shard *shard = arg;

    shard->status = shard->body(shard);
    __atomic_store_n(&shard->done, true, __ATOMIC_RELEASE);
    gruvid__wake(shard->plugin->leader);
    return 0;
}

void
gruvid__shard_forget(struct gruvid__shard *shard)
{
    if (shard->fiber != NULL)
        gruvi_fiber_unref(shard->fiber);
    shard->fiber = NULL;
}

/* A fiber that was cancelled before it ran never says that it is done. */
static int
look_at_body(void *arg)
{
    const struct gruvid__shard *shard = arg;

    return gruvi_fiber_alive(shard->fiber) ? UV_EAGAIN : 0;
}

GRUVI_SWITCHPOINT bool
gruvid__shard_is_busy(struct gruvid__shard *shard)
{
    if (shard->fiber == NULL || is_done(shard))
        return false;
    if (gruvid__shard_call(shard, look_at_body, 0) < 0)
        return true;
    __atomic_store_n(&shard->done, true, __ATOMIC_RELEASE);
    return false;
}

gruvi_fiber_t *
gruvid__shard_go(struct gruvid__shard *shard, gruvi_group_t *group,
                 gruvi_fiber_fn target, void *arg, const char *name)
{
    gruvi_fiber_options_t options = {.name = name};
    gruvi_fiber_t *fiber = NULL;

    shard->fibers.lifted = true;
    GRUVI_IN_GROUP (group) {
        fiber = gruvi_spawn_ex(target, arg, &options);
    }
    shard->fibers.lifted = false;
    return fiber;
}

/* In the hub of the shard.  A call that never came there has begun nothing. */
static int
spawn_body(void *arg)
{
    struct gruvid__shard *shard = arg;

    gruvid__shard_forget(shard);
    shard->status = UV_ECANCELED; /* of a body that never runs */
    __atomic_store_n(&shard->done, false, __ATOMIC_RELEASE);
    shard->fiber = gruvid__shard_go(shard, &shard->group, body_main, shard,
                                    shard->body_name);
    return shard->fiber == NULL ? gruvi_last_error() : 0;
}

GRUVI_SWITCHPOINT int
gruvid__shard_spawn(struct gruvid__shard *shard, const char *name,
                    int (*body)(struct gruvid__shard *shard))
{
    int err;

    if (gruvid__shard_is_busy(shard))
        return UV_EBUSY;
    shard->body = body;
    shard->body_name = name;
    err = gruvid__shard_call(shard, spawn_body, 0);
    /* Nothing of it ran out of its own time. */
    return err == UV_ETIMEDOUT ? UV_EBUSY : err;
}

/* Wait until the body has returned. */
static GRUVI_SWITCHPOINT int
await_body(struct gruvid__shard *shard, double timeout, bool heed_stop)
{
    struct gruvid__leader *leader = shard->plugin->leader;
    double until = timeout < 0 ? GRUVI_FOREVER : gruvid__now() + timeout;

    while (!is_done(shard)) {
        if (heed_stop && gruvid__stopping(leader))
            return UV_ECANCELED;
        if (!gruvid__wait(leader, until))
            return heed_stop && gruvid__stopping(leader) ? UV_ECANCELED
                                                         : UV_ETIMEDOUT;
    }
    return 0;
}

GRUVI_SWITCHPOINT int
gruvid__shard_run(struct gruvid__shard *shard, const char *name,
                  int (*body)(struct gruvid__shard *shard), double timeout)
{
    int err = gruvid__shard_spawn(shard, name, body);

    return err < 0 ? err : await_body(shard, timeout, true);
}

static int
cancel_body(void *arg)
{
    struct gruvid__shard *shard = arg;

    if (!is_done(shard))
        gruvi_fiber_cancel(shard->fiber, shard->why);
    return 0;
}

/* Cancel the body.  Returns whether its fiber has ended. */
static GRUVI_SWITCHPOINT bool
end_body(struct gruvid__shard *shard, const char *why)
{
    struct gruvid__leader *leader = shard->plugin->leader;
    double until = gruvid__now() + gruvid__cancel_timeout(leader);
    int err;

    shard->why = why;
    if (gruvid__shard_call(shard, cancel_body, 0) < 0)
        return false;
    while ((err = gruvid__shard_call(shard, look_at_body, 0)) < 0) {
        /* It may keep the thread. */
        if (err != UV_EAGAIN || gruvid__now() >= until)
            return false;
        (void)gruvid__wait(leader, gruvid__now() + LOOK);
    }
    __atomic_store_n(&shard->done, true, __ATOMIC_RELEASE);
    return true;
}

GRUVI_SWITCHPOINT int
gruvid__shard_run_or_cancel(struct gruvid__shard *shard, const char *name,
                            int (*body)(struct gruvid__shard *shard),
                            double timeout, bool heed_stop, bool *over)
{
    int err = gruvid__shard_spawn(shard, name, body);

    *over = false;
    if (err < 0)
        return err;
    err = await_body(shard, timeout, heed_stop);
    *over = err == 0 || end_body(shard, err == UV_ETIMEDOUT ? "start_timeout"
                                                            : "gruvid stops");
    return err;
}
