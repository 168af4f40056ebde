/* SPDX-License-Identifier: MIT */
/*
 * Other addresses, certificates and limits for an instance that runs: see
 * relisten.h.
 *
 *   endpoint of     before    after    commit
 *                     x         x      stays, and gets other credentials
 *                               x      was opened; its acceptor begins
 *                     x                its acceptor ends
 */
#include "serve/relisten.h"

#include "serve/accept.h"
#include "serve/limit.h"
#include "serve/listen.h"
#include "serve/serve.h"

/* --- comparing ------------------------------------------------------------ */

static bool
has(const struct gruvid__taken *taken, const struct gruvid__address *address,
    bool tls)
{
    for (size_t i = 0; i < taken->n; i++)
        if (taken->at[i].address == address && taken->at[i].tls == tls)
            return true;
    return false;
}

static bool
same_addresses(const struct gruvid__taken *a, const struct gruvid__taken *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!has(b, a->at[i].address, a->at[i].tls))
            return false;
    return true;
}

static bool
same_settings(const struct gruvid__socket_settings *now,
              const struct gruvid__socket_settings *then)
{
    return now->backlog == then->backlog && now->keepalive == then->keepalive &&
           now->mode == then->mode && gruvid__socket_keeps_owner(now, then);
}

static bool
is_same(const gruvid_plugin_t *plugin, const struct gruvid__listening *b)
{
    const struct gruvid__listening *a = plugin->listening;

    return a != NULL && a->tls == b->tls &&
           same_addresses(&a->taken, &b->taken) &&
           same_settings(&a->taken.wanted, &b->taken.wanted) &&
           gruvid__limits_equal(&a->limits, &b->limits) &&
           gruvid__proxies_equal(plugin->proxies, b->proxies);
}

/* --- in the hub of a shard ------------------------------------------------ */

/* What is listened on now: a hub that comes late to a call meets a later
 * commit. */
static const struct gruvid__listening *
listening_now(const struct gruvid__shard *shard)
{
    return __atomic_load_n(&shard->plugin->listening, __ATOMIC_ACQUIRE);
}

static bool
is_gone(const struct gruvid__endpoint *endpoint)
{
    const struct gruvid__listening *now = listening_now(endpoint->shard);

    return !has(&now->taken, endpoint->address, endpoint->tls);
}

static bool
is_fresh(const struct gruvid__endpoint *endpoint)
{
    return endpoint->fresh;
}

static GRUVI_SWITCHPOINT int
prepare_shard(void *shard)
{
    return gruvid__serve_prepare(shard);
}

static int
commit_shard(void *arg)
{
    struct gruvid__shard *shard = arg;
    gruvi_tls_t *tls = listening_now(shard)->tls;
    struct gruvid__endpoint *endpoint = shard->endpoints;
    int err = 0;

    for (; endpoint != NULL && err == 0; endpoint = endpoint->next)
        if (endpoint->address != NULL && endpoint->tls && !is_gone(endpoint))
            err = gruvi_listener_set_tls(endpoint->listener, tls);
    gruvid__accept_begin(shard);
    gruvid__accept_end(shard, is_gone);
    return err < 0 ? err : gruvid__serve_limits(shard);
}

/* In one go: what begins and ends here tells nobody that it listens. */
static GRUVI_SWITCHPOINT int
empty_shard(void *shard)
{
    int err = gruvid__serve_prepare(shard);

    gruvid__accept_begin(shard);
    gruvid__accept_end(shard, is_gone);
    return err;
}

static int
undo_shard(void *shard)
{
    gruvid__accept_end(shard, is_fresh);
    return 0;
}

static GRUVI_SWITCHPOINT int
catch_up_shard(void *arg)
{
    int err;

    gruvid__accept_end(arg, is_gone);
    err = gruvid__serve_begin(arg);
    return err < 0 ? err : commit_shard(arg);
}

/* --- for the leader ------------------------------------------------------- */

GRUVI_SWITCHPOINT int
gruvid__relisten_prepare(gruvid_plugin_t *plugin, const gruvid__section_t *next)
{
    int err = gruvid__listening_new(plugin, next, &plugin->next_listening);

    if (err < 0)
        return err;
    if (is_same(plugin, plugin->next_listening)) {
        gruvid__listening_free(plugin->next_listening);
        plugin->next_listening = NULL;
        return 0;
    }
    err = gruvid__endpoints_open(plugin);
    if (err == 0 && (err = gruvid__each_shard(plugin, prepare_shard, 0)) < 0)
        gruvi_error("plugin %s: cannot accept connections: %s", plugin->name,
                    gruvid__call_reason(plugin, err));
    if (err == 0)
        return 1;
    gruvid__relisten_undo(plugin);
    return err;
}

static void
tell_gone(const gruvid_plugin_t *plugin, const struct gruvid__taken *old,
          const struct gruvid__taken *now)
{
    for (size_t i = 0; i < old->n; i++) {
        const struct gruvid__address *address = old->at[i].address;
        char actual[GRUVI_ADDRESS_SIZE];

        if (has(now, address, true) || has(now, address, false) ||
            gruvi_listener_address(address->listeners[0], actual,
                                   sizeof actual) < 0)
            continue;
        gruvi_info("plugin %s does not listen on %s any more", plugin->name,
                   actual);
    }
}

/* Fibers may look at the old ones until they switch, so these stay. */
static void
take_proxies(gruvid_plugin_t *plugin, struct gruvid__listening *listening)
{
    if (gruvid__proxies_equal(plugin->proxies, listening->proxies))
        return;
    gruvid__proxies_replace(&plugin->proxies, listening->proxies);
    listening->proxies = NULL;
}

/* A hub that has not answered may still look at them: then they stay. */
static void
drop(gruvid_plugin_t *plugin, struct gruvid__listening *listening, int err)
{
    if (err == 0) {
        gruvid__listening_free(listening);
    } else if (listening != NULL) {
        listening->next_left = plugin->left_listening;
        plugin->left_listening = listening;
    }
    plugin->is_behind |= err < 0;
}

GRUVI_SWITCHPOINT void
gruvid__relisten_commit(gruvid_plugin_t *plugin)
{
    struct gruvid__listening *old = plugin->listening;
    int err;

    if (plugin->next_listening == NULL)
        return;
    __atomic_store_n(&plugin->listening, plugin->next_listening,
                     __ATOMIC_RELEASE);
    plugin->next_listening = NULL;
    gruvid__sockets_settle(&plugin->listening->taken, plugin->name);
    gruvid__limits_set(plugin, &plugin->listening->limits);
    take_proxies(plugin, plugin->listening);
    if (old != NULL) {
        tell_gone(plugin, &old->taken, &plugin->listening->taken);
        gruvid__sockets_leave(&old->taken);
    }
    err = gruvid__each_shard(plugin, commit_shard, 0);
    if (err < 0)
        gruvi_error("plugin %s: not every hub has taken the new values: %s; "
                    "gruvid tries again",
                    plugin->name, gruvid__call_reason(plugin, err));
    drop(plugin, old, err);
}

GRUVI_SWITCHPOINT void
gruvid__relisten_undo(gruvid_plugin_t *plugin)
{
    struct gruvid__listening *next = plugin->next_listening;

    if (next == NULL)
        return;
    gruvid__sockets_leave(&next->taken);
    plugin->next_listening = NULL;
    drop(plugin, next, gruvid__each_shard(plugin, undo_shard, 0));
}

GRUVI_SWITCHPOINT void
gruvid__relisten_empty(gruvid_plugin_t *plugin,
                       struct gruvid__listening *before)
{
    int err;

    plugin->next_listening = before;
    (void)gruvid__endpoints_open(plugin);
    plugin->next_listening = NULL;
    if (plugin->listening != NULL)
        tell_gone(plugin, &before->taken, &plugin->listening->taken);
    gruvid__sockets_leave(&before->taken);
    err = gruvid__each_shard(plugin, empty_shard, 0);
    drop(plugin, before, err);
}

static GRUVI_SWITCHPOINT void
catch_up(gruvid_plugin_t *plugin)
{
    if (gruvid__each_shard(plugin, catch_up_shard, 0) < 0)
        return;
    plugin->is_behind = false;
    gruvid__listening_free_left(plugin);
    gruvi_info("plugin %s: all hubs have its addresses now", plugin->title);
}

GRUVI_SWITCHPOINT bool
gruvid__relisten_catch_up(struct gruvid__instances *instances)
{
    bool some = false;

    for (size_t i = 0; i < instances->n; i++) {
        gruvid_plugin_t *plugin = instances->at[i];

        if (!plugin->is_behind || plugin->role != GRUVID__CURRENT)
            continue;
        catch_up(plugin);
        some |= plugin->is_behind;
    }
    return some;
}
