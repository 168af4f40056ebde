/* SPDX-License-Identifier: MIT */
/*
 * Room for connections: max_connections counts those of all hubs together.
 *
 * Who accepts waits for room first, so that connections wait in the kernel's
 * queue; but two may accept for the last place at once, so each claims one for
 * what it has got, and waits once more if there is none.
 */
#include "instance/instance.h"

static bool
has_room(const gruvid_plugin_t *plugin)
{
    return plugin->max_connections == 0 ||
           __atomic_load_n(&plugin->claimed, __ATOMIC_SEQ_CST) <
               plugin->max_connections;
}

/* Not add and look: who finds that it was too many would for a moment keep
 * others from a place that is there, and nobody would wake them. */
static bool
try_claim(gruvid_plugin_t *plugin)
{
    size_t n = __atomic_load_n(&plugin->claimed, __ATOMIC_SEQ_CST);

    if (plugin->max_connections == 0)
        return true;
    while (n < plugin->max_connections)
        if (__atomic_compare_exchange_n(&plugin->claimed, &n, n + 1, true,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return true;
    return false;
}

static bool
enter(gruvid_plugin_t *plugin, bool claim)
{
    return claim ? try_claim(plugin) : has_room(plugin);
}

int
gruvid__room_wait(gruvid_plugin_t *plugin, bool claim)
{
    while (!enter(plugin, claim)) {
        int err;

        if (!__atomic_exchange_n(&plugin->was_full, true, __ATOMIC_RELAXED))
            gruvi_warning("max_connections = %zu is reached: no more are "
                          "accepted until one ends",
                          plugin->max_connections);
        /* Cleared before the second look: one that ends after that sets it. */
        gruvi_event_clear(&plugin->room);
        if (enter(plugin, claim))
            return 0;
        err = gruvi_event_wait(&plugin->room, GRUVI_FOREVER);
        if (err < 0)
            return err;
    }
    return 0;
}

void
gruvid__room_leave(gruvid_plugin_t *plugin)
{
    if (plugin->max_connections == 0)
        return;
    __atomic_sub_fetch(&plugin->claimed, 1, __ATOMIC_SEQ_CST);
    gruvi_event_set(&plugin->room);
}
