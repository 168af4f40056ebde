/* SPDX-License-Identifier: MIT */
/*
 * nats: brings the requests of core NATS and the work of JetStream to handlers,
 * by a client of its own.
 *
 *   protocol.c head.c buffer.c   bytes: no input, no output
 *   settings.c servers.c         the options; where servers are
 *   secure.c                     TLS: its files, its beginning
 *   proof.c nkey.c credentials.c what a login signs, and with what
 *   routes.c line.c              which plugin answers a subject
 *   node.c                       a hub's connection, from server to server
 *   session.c reader.c login.c   a connection, from INFO to its end
 *   message.c exchange.c         a message: a request with its reply
 *   works.c work.c pull.c        work: consumers of JetStream, and pulling
 *   delivery.c verdict.c         a message of work, and what is said of it
 *   dead_letter.c                what no worker can do
 *   jetstream.c json.c           what JetStream answers, and how JSON is read
 *   request.c                    makes a request of a message
 *   cluster.c members.c          a node among others
 *   survey.c answering.c         what all nodes are asked, and answer
 *   subscription.c ask.c         subscriptions beside routes, and requests of
 *                                our own by them
 *   bus.c kv.c store.c           gruvid/bus.h, for plugins
 *   clock.c id.c process_id.c    time; random names; the name of a process
 *
 * Each hub has a connection of its own, in the same group as all others, so
 * nothing is locked.
 */
#include "bus.h"
#include "node.h"

static int
spawn_main(struct nats_node *node)
{
    gruvi_fiber_options_t options = {.name = "nats"};
    gruvi_fiber_t *fiber = NULL;

    GRUVI_IN_GROUP (&node->group)
        fiber = gruvi_spawn_ex(nats_node_main, node, &options);
    if (fiber == NULL)
        return gruvi_last_error();
    gruvi_fiber_unref(fiber);
    return 0;
}

static GRUVI_SWITCHPOINT int
begin(struct nats_node *node)
{
    int err = nats_node_configure(node);

    if (err == 0)
        err = spawn_main(node);
    if (err == 0 && node->settings.required)
        err = gruvi_event_wait(&node->up, GRUVI_FOREVER);
    if (err == 0 && node->settings.required)
        err = nats_works_check(node);
    if (err == 0 && node->settings.required && node->cluster.is_first)
        err = gruvi_event_wait(&node->cluster.named, GRUVI_FOREVER);
    return err;
}

static GRUVI_SWITCHPOINT int
start(gruvid_plugin_t *plugin)
{
    struct nats_node *node = nats_node_new(plugin);
    int err;

    if (node == NULL)
        return UV_ENOMEM;
    gruvid_set_hub_data(plugin, node);
    node->cluster.is_first = gruvid_plugin_data(plugin) == NULL;
    if (node->cluster.is_first)
        gruvid_set_plugin_data(plugin, node);
    err = gruvid_bus_provide(plugin, &nats_bus);
    if (err == 0)
        err = begin(node);
    if (err < 0)
        nats_node_free(node);
    return err;
}

static GRUVI_SWITCHPOINT int
reconfigure(gruvid_plugin_t *plugin)
{
    return nats_node_configure(gruvid_hub_data(plugin));
}

static GRUVI_SWITCHPOINT void
stop(gruvid_plugin_t *plugin)
{
    nats_node_free(gruvid_hub_data(plugin));
}

GRUVID_PLUGIN(nats,
    .version = "1.0",
    .summary = "answers requests of NATS, and does work of JetStream",
    .options = nats_options,
    .start = start,
    .stop = stop,
    .multi_hub = true,
    .per_hub = true,
    .reconfigure = reconfigure,
    .cluster = nats_cluster_ask);
