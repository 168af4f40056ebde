/* SPDX-License-Identifier: MIT */
/*
 * max_connections counts the connections of all hubs together.
 *
 * A fiber waits until there is a place before it accepts, so that connections
 * wait in the kernel's queue.  But two fibers may accept for the last place at
 * once.  So each claims a place for the connection that it got, and waits again
 * if there is none.  Such a connection comes first: its place is owed, and no
 * other is accepted for it.  Else a hub that frees a place could always take it
 * for itself, while a connection of another hub waits.
 *
 *   accepting   waits for   claimed + owed < limit   may_accept
 *   claiming    waits for   claimed < limit          below_limit
 *
 * An event is cleared before another look, and set again by a fiber that finds
 * there what it waits for: another fiber may have looked before that, and not
 * begun to wait.  So an event that is not set was cleared by a fiber that has
 * found nothing since, and whatever changes that sets it.
 */
#include "serve/limit.h"

#include "instance/instance.h"
#include "instance/shard.h"

static size_t
limit_of(const gruvid_plugin_t *plugin)
{
    return __atomic_load_n(&plugin->max_connections, __ATOMIC_SEQ_CST);
}

static bool
is_below(gruvid_plugin_t *plugin)
{
    size_t limit = limit_of(plugin);

    return limit == 0 ||
           __atomic_load_n(&plugin->claimed, __ATOMIC_SEQ_CST) +
                   __atomic_load_n(&plugin->owed, __ATOMIC_SEQ_CST) <
               limit;
}

/* Add first and look afterwards would not do: a fiber that added one too many
 * would for a moment keep others from a free place, and nobody would wake them.
 */
static bool
try_claim(gruvid_plugin_t *plugin)
{
    size_t limit = limit_of(plugin);
    size_t n = __atomic_load_n(&plugin->claimed, __ATOMIC_SEQ_CST);

    while (limit == 0 || n < limit)
        if (__atomic_compare_exchange_n(&plugin->claimed, &n, n + 1, true,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return true;
    return false;
}

static GRUVI_SWITCHPOINT int
wait_until(bool (*passes)(gruvid_plugin_t *plugin), gruvid_plugin_t *plugin,
           gruvi_event_t *event)
{
    while (!passes(plugin)) {
        int err;

        if (!__atomic_exchange_n(&plugin->was_full, true, __ATOMIC_RELAXED)) {
            __atomic_fetch_add(&plugin->full, 1, __ATOMIC_RELAXED);
            gruvi_warning("max_connections = %zu is reached: no more are "
                          "accepted until one ends",
                          limit_of(plugin));
        }
        gruvi_event_clear(event);
        if (passes(plugin)) {
            gruvi_event_set(event);
            return 0;
        }
        err = gruvi_event_wait(event, GRUVI_FOREVER);
        if (err < 0)
            return err;
    }
    return 0;
}

GRUVI_SWITCHPOINT int
gruvid__limit_wait(gruvid_plugin_t *plugin)
{
    return wait_until(is_below, plugin, &plugin->may_accept);
}

GRUVI_SWITCHPOINT int
gruvid__limit_claim(gruvid_plugin_t *plugin)
{
    int err;

    if (try_claim(plugin))
        return 0;
    __atomic_add_fetch(&plugin->owed, 1, __ATOMIC_SEQ_CST);
    err = wait_until(try_claim, plugin, &plugin->below_limit);
    __atomic_sub_fetch(&plugin->owed, 1, __ATOMIC_SEQ_CST);
    gruvi_event_set(&plugin->may_accept);
    return err;
}

static void
set_events(gruvid_plugin_t *plugin)
{
    gruvi_event_set(&plugin->below_limit);
    gruvi_event_set(&plugin->may_accept);
}

/* Counted without a limit, too: a reload may set one. */
void
gruvid__limit_release(gruvid_plugin_t *plugin)
{
    __atomic_sub_fetch(&plugin->claimed, 1, __ATOMIC_SEQ_CST);
    if (limit_of(plugin) > 0)
        set_events(plugin);
}

/* --- while connections run ------------------------------------------------ */

struct gruvid__limits
gruvid__section_limits(const gruvid__section_t *section)
{
    return (struct gruvid__limits){
        .max_connections =
            (size_t)gruvid__section_integer(section, "max_connections"),
        .max_fibers = (size_t)gruvid__section_integer(section, "max_fibers"),
        .read_timeout = gruvid__section_duration(section, "read_timeout"),
        .idle_timeout = gruvid__section_duration(section, "idle_timeout"),
        .request_timeout = gruvid__section_duration(section, "request_timeout"),
        .max_body = gruvid__section_size(section, "max_body"),
    };
}

bool
gruvid__limits_equal(const struct gruvid__limits *a,
                     const struct gruvid__limits *b)
{
    return a->max_connections == b->max_connections &&
           a->max_fibers == b->max_fibers &&
           a->read_timeout == b->read_timeout &&
           a->idle_timeout == b->idle_timeout &&
           a->request_timeout == b->request_timeout &&
           a->max_body == b->max_body;
}

void
gruvid__limits_set(gruvid_plugin_t *plugin, const struct gruvid__limits *limits)
{
    struct gruvid__limits now = *limits;

    if (now.max_connections != limit_of(plugin))
        __atomic_store_n(&plugin->was_full, false, __ATOMIC_RELAXED);
    __atomic_store_n(&plugin->max_connections, now.max_connections,
                     __ATOMIC_SEQ_CST);
    for (size_t i = 0; i < plugin->n_shards; i++)
        __atomic_store_n(&plugin->shards[i].fibers.limit, now.max_fibers,
                         __ATOMIC_RELAXED);
    __atomic_store(&plugin->read_timeout, &now.read_timeout, __ATOMIC_RELAXED);
    __atomic_store(&plugin->idle_timeout, &now.idle_timeout, __ATOMIC_RELAXED);
    __atomic_store(&plugin->request_timeout, &now.request_timeout,
                   __ATOMIC_RELAXED);
    __atomic_store_n(&plugin->max_body, now.max_body, __ATOMIC_RELAXED);
    set_events(plugin);
}
