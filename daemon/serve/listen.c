/* SPDX-License-Identifier: MIT */
/*
 * Endpoints: duplicates of the table's sockets, in the hubs of an instance.
 *
 *   as many sockets as hubs    a hub has the socket of its number
 *   one, or inherited          each hub has all of them: the first to accept
 *                              gets the connection
 *   several, and one hub       it has all of them
 *
 * Addresses are taken in a fiber of their own, because a look-up of a name may
 * take its time, and the leader has to hear of a stop.
 */
#include "serve/listen.h"

#include <stdlib.h>
#include <string.h>

#include "instance/instance.h"

/* --- taking addresses ----------------------------------------------------- */

struct taker {
    gruvid_plugin_t *plugin;
    const gruvid__section_t *section;
    struct gruvid__listening *listening;
    char why[2048];
    int status;
    bool runs; /* a fiber that is cancelled before would never be done */
    bool done;
};

static GRUVI_SWITCHPOINT int
take_main(void *arg)
{
    struct taker *t = arg;
    const gruvid_plugin_t *plugin = t->plugin;

    t->runs = true;
    t->status = UV_ECANCELED;
    if (!gruvid__stopping(plugin->leader))
        t->status = gruvid__sockets_take(plugin->leader->sockets, t->section,
                                         plugin->n_shards, &t->listening->taken,
                                         t->why, sizeof t->why);
    t->done = true;
    gruvid__wake(plugin->leader);
    return 0;
}

static void
say_why(struct taker *t)
{
    char *rest = t->why, *why;

    if (*t->why == '\0')
        gruvi_error("plugin %s cannot listen: %s", t->plugin->name,
                    gruvi_strerror(t->status));
    while ((why = strsep(&rest, "\n")) != NULL && *why != '\0')
        gruvi_error("plugin %s: %s", t->plugin->name, why);
}

static GRUVI_SWITCHPOINT int
take(struct taker *t)
{
    struct gruvid__leader *leader = t->plugin->leader;
    gruvi_fiber_options_t options = {.name = "bind"};
    gruvi_fiber_t *fiber = gruvi_spawn_ex(take_main, t, &options);

    if (fiber == NULL)
        return gruvi_last_error();
    while (!t->done) {
        if (t->runs && gruvid__stopping(leader))
            gruvi_fiber_cancel(fiber, "gruvid stops");
        (void)gruvid__wait(leader, GRUVI_FOREVER);
    }
    gruvi_fiber_unref(fiber);
    if (t->status < 0 && gruvid__stopping(leader))
        return UV_ECANCELED;
    if (t->status < 0)
        say_why(t);
    return t->status;
}

GRUVI_SWITCHPOINT int
gruvid__listening_new(gruvid_plugin_t *plugin, const gruvid__section_t *section,
                      struct gruvid__listening **result)
{
    struct taker t = {.plugin = plugin, .section = section};
    int err;

    *result = NULL;
    t.listening = calloc(1, sizeof *t.listening);
    err = t.listening == NULL
              ? UV_ENOMEM
              : gruvid__section_proxies(section, &t.listening->proxies);
    if (err == 0)
        err = take(&t);
    if (err < 0 && t.status == 0)
        gruvi_error("plugin %s cannot listen: %s", plugin->name,
                    gruvi_strerror(err));
    if (err < 0) {
        if (t.listening != NULL)
            gruvid__proxies_free(t.listening->proxies);
        free(t.listening);
        return err;
    }
    t.listening->tls = gruvid__section_tls(section);
    t.listening->limits = gruvid__section_limits(section);
    *result = t.listening;
    return 0;
}

void
gruvid__listening_free(struct gruvid__listening *listening)
{
    if (listening == NULL)
        return;
    gruvid__sockets_give_back(&listening->taken);
    gruvi_tls_unref(listening->tls);
    gruvid__proxies_free(listening->proxies);
    free(listening);
}

/* --- in the hub of a shard ------------------------------------------------ */

void
gruvid__endpoint_close(struct gruvid__endpoint *endpoint)
{
    gruvi_listener_close(endpoint->listener);
    gruvi_stream_close(endpoint->held);
    gruvi_event_destroy(&endpoint->begin);
    if (endpoint->acceptor != NULL)
        gruvi_fiber_unref(endpoint->acceptor);
    *endpoint->link = endpoint->next;
    if (endpoint->next != NULL)
        endpoint->next->link = endpoint->link;
    free(endpoint);
}

void
gruvid__endpoints_close(struct gruvid__shard *shard)
{
    while (shard->endpoints != NULL)
        gruvid__endpoint_close(shard->endpoints);
}

static bool
serves(const struct gruvid__shard *shard, const struct gruvid__address *address,
       size_t number)
{
    size_t n = shard->plugin->n_shards;
    size_t index = (size_t)(shard - shard->plugin->shards);

    return address->inherited || address->n == 1 || number % n == index;
}

static bool
is_open(const struct gruvid__shard *shard, const struct gruvid__take *take,
        size_t number)
{
    const struct gruvid__endpoint *endpoint = shard->endpoints;

    while (endpoint != NULL &&
           (endpoint->address != take->address || endpoint->tls != take->tls ||
            endpoint->number != number))
        endpoint = endpoint->next;
    return endpoint != NULL;
}

/* At the end of the list: the log names addresses as the section does. */
static void
add_endpoint(struct gruvid__shard *shard, struct gruvid__endpoint *endpoint)
{
    struct gruvid__endpoint **link = &shard->endpoints;

    while (*link != NULL)
        link = &(*link)->next;
    endpoint->link = link;
    *link = endpoint;
}

static int
open_endpoint(struct gruvid__shard *shard, const struct gruvid__take *take,
              size_t number, gruvi_tls_t *tls)
{
    struct gruvid__endpoint *endpoint = calloc(1, sizeof *endpoint);
    int err;

    if (endpoint == NULL)
        return UV_ENOMEM;
    endpoint->shard = shard;
    endpoint->address = take->address;
    endpoint->number = number;
    endpoint->tls = take->tls;
    endpoint->fresh = true;
    gruvi_event_init(&endpoint->begin);
    add_endpoint(shard, endpoint);
    err = gruvi_listener_dup(take->address->listeners[number],
                             &endpoint->listener);
    if (err == 0 && take->tls)
        err = gruvi_listener_set_tls(endpoint->listener, tls);
    if (err < 0)
        gruvid__endpoint_close(endpoint);
    return err;
}

static int
open_missing(struct gruvid__shard *shard, const struct gruvid__take *take,
             gruvi_tls_t *tls)
{
    int err = 0;

    for (size_t i = 0; i < take->address->n && err == 0; i++)
        if (serves(shard, take->address, i) && !is_open(shard, take, i))
            err = open_endpoint(shard, take, i, tls);
    return err;
}

static int
open_shard(void *arg)
{
    struct gruvid__shard *shard = arg;
    const struct gruvid__listening *listening = shard->plugin->next_listening;
    int err = 0;

    for (size_t i = 0; i < listening->taken.n && err == 0; i++) {
        shard->culprit = listening->taken.at[i].address->text;
        err = open_missing(shard, &listening->taken.at[i], listening->tls);
    }
    return err;
}

/* --- for the leader ------------------------------------------------------- */

GRUVI_SWITCHPOINT int
gruvid__endpoints_open(gruvid_plugin_t *plugin)
{
    int err = 0;

    for (size_t i = 0; i < plugin->n_shards && err == 0; i++) {
        struct gruvid__shard *shard = &plugin->shards[i];

        shard->culprit = "its addresses";
        err = gruvid__hub_call(shard->hub, open_shard, shard, 0);
        if (err < 0)
            gruvi_error("plugin %s: cannot listen on %s: %s", plugin->name,
                        shard->culprit, gruvid__call_reason(plugin, err));
    }
    return err;
}

GRUVI_SWITCHPOINT int
gruvid__listen(gruvid_plugin_t *plugin)
{
    int err =
        gruvid__listening_new(plugin, plugin->section, &plugin->next_listening);

    if (err == 0)
        err = gruvid__endpoints_open(plugin);
    plugin->listening = plugin->next_listening;
    plugin->next_listening = NULL;
    return err;
}

void
gruvid__listening_free_left(gruvid_plugin_t *plugin)
{
    struct gruvid__listening *left;

    while ((left = plugin->left_listening) != NULL) {
        plugin->left_listening = left->next_left;
        gruvid__listening_free(left);
    }
}

void
gruvid__listen_end(gruvid_plugin_t *plugin)
{
    gruvid__listening_free_left(plugin);
    gruvid__listening_free(plugin->next_listening);
    gruvid__listening_free(plugin->listening);
    plugin->listening = plugin->next_listening = NULL;
}
