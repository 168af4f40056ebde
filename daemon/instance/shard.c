/* SPDX-License-Identifier: MIT */
/* Doing something in the hubs of an instance: see shard.h. */
#include "instance/shard.h"

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

int
gruvid__each_shard(gruvid_plugin_t *plugin, int (*fn)(void *shard),
                   double within)
{
    int first = 0;

    for (size_t i = 0; i < plugin->n_shards; i++) {
        struct gruvid__shard *shard = &plugin->shards[i];
        int err = gruvid__hub_call(shard->hub, fn, shard, within);

        if (first == 0)
            first = err;
    }
    return first;
}

static int
body_main(void *arg)
{
    struct gruvid__shard *shard = arg;

    shard->status = shard->body(shard);
    __atomic_store_n(&shard->done, true, __ATOMIC_RELEASE);
    gruvid__wake(shard->plugin->leader);
    return 0;
}

/* In the hub of the shard. */
static int
spawn_body(void *arg)
{
    struct gruvid__shard *shard = arg;
    gruvi_fiber_options_t options = {.name = shard->body_name};
    gruvi_fiber_t *fiber = NULL;

    GRUVI_IN_GROUP (&shard->group) {
        fiber = gruvi_spawn_ex(body_main, shard, &options);
    }
    if (fiber == NULL)
        return gruvi_last_error();
    gruvi_fiber_unref(fiber);
    return 0;
}

int
gruvid__shard_spawn(struct gruvid__shard *shard, const char *name,
                    int (*body)(struct gruvid__shard *shard))
{
    shard->body = body;
    shard->body_name = name;
    shard->done = false;
    return gruvid__hub_call(shard->hub, spawn_body, shard, 0);
}

int
gruvid__shard_run(struct gruvid__shard *shard, const char *name,
                  int (*body)(struct gruvid__shard *shard), double timeout)
{
    struct gruvid__leader *leader = shard->plugin->leader;
    double until = timeout < 0 ? GRUVI_FOREVER : gruvid__now() + timeout;
    int err = gruvid__shard_spawn(shard, name, body);

    if (err < 0)
        return err;
    while (!__atomic_load_n(&shard->done, __ATOMIC_ACQUIRE)) {
        if (gruvid__stopping(leader))
            return UV_ECANCELED;
        if (!gruvid__wait(leader, until))
            return gruvid__stopping(leader) ? UV_ECANCELED : UV_ETIMEDOUT;
    }
    return 0;
}
