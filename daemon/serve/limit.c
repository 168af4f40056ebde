/* SPDX-License-Identifier: MIT */
/*
 * max_connections counts the connections of all hubs together.
 *
 * A fiber waits until there is a place before it accepts, so that connections
 * wait in the kernel's queue.  But two fibers may accept for the last place at
 * once.  So each claims a place for the connection that it got, and waits again
 * if there is none.
 */
#include "serve/limit.h"

#include "instance/instance.h"

static bool
is_below(gruvid_plugin_t *plugin)
{
    return plugin->max_connections == 0 ||
           __atomic_load_n(&plugin->claimed, __ATOMIC_SEQ_CST) <
               plugin->max_connections;
}

/* Add first and look afterwards would not do: a fiber that added one too many
 * would for a moment keep others from a free place, and nobody would wake them.
 */
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

static int
wait_until(bool (*passes)(gruvid_plugin_t *plugin), gruvid_plugin_t *plugin)
{
    while (!passes(plugin)) {
        int err;

        if (!__atomic_exchange_n(&plugin->was_full, true, __ATOMIC_RELAXED))
            gruvi_warning("max_connections = %zu is reached: no more are "
                          "accepted until one ends",
                          plugin->max_connections);
        /* Cleared before the second look: a connection that ends after that
         * sets it. */
        gruvi_event_clear(&plugin->below_limit);
        if (passes(plugin))
            return 0;
        err = gruvi_event_wait(&plugin->below_limit, GRUVI_FOREVER);
        if (err < 0)
            return err;
    }
    return 0;
}

int
gruvid__limit_wait(gruvid_plugin_t *plugin)
{
    return wait_until(is_below, plugin);
}

int
gruvid__limit_claim(gruvid_plugin_t *plugin)
{
    return wait_until(try_claim, plugin);
}

void
gruvid__limit_release(gruvid_plugin_t *plugin)
{
    if (plugin->max_connections == 0)
        return;
    __atomic_sub_fetch(&plugin->claimed, 1, __ATOMIC_SEQ_CST);
    gruvi_event_set(&plugin->below_limit);
}
