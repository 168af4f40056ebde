/* SPDX-License-Identifier: MIT */
#include "node.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "message.h"
#include "session.h"

/* Seconds: the first and the longest delay after no server could be reached,
 * and what messages have to end when the connection is exchanged. */
#define SHORTEST 0.25
#define LONGEST  30.0
#define EXCHANGE 5.0

/* --- connecting ----------------------------------------------------------- */

/* Wait, unless the instance is to end: UV_ESHUTDOWN. */
static GRUVI_SWITCHPOINT int
wait_for_turn(struct nats_node *node, double seconds)
{
    int err =
        gruvi_event_wait(gruvid_plugin_drain_event(node->plugin), seconds);

    if (err == 0)
        return UV_ESHUTDOWN;
    return err == UV_ETIMEDOUT ? 0 : err;
}

/* One server after the other, for as long as it takes. */
static GRUVI_SWITCHPOINT int
connect_to_any(struct nats_node *node)
{
    double delay = SHORTEST;
    size_t failed = 0;

    for (;;) {
        int err = nats_session_begin(node);

        if (err == 0 || err == UV_ECANCELED)
            return err;
        failed++;
        err = wait_for_turn(
            node, failed % node->servers.n == 0 ? nats_jitter(delay) : 0);
        if (err < 0)
            return err;
        if (failed % node->servers.n == 0)
            delay = 2 * delay < LONGEST ? 2 * delay : LONGEST;
    }
}

/* --- routes --------------------------------------------------------------- */

static bool
put_sub(struct nats_node *node, const struct nats_route *route)
{
    return nats_session_put(
        node, nats_put_sub(&node->out, route->subject, NATS_GROUP, route->sid));
}

static GRUVI_SWITCHPOINT int
tell_routes(struct nats_node *node)
{
    int err = nats_session_flush(node);
    size_t n = nats_routes_ready(&node->routes);

    if (err == 0)
        gruvi_info("%zu route%s subscribed", n, n == 1 ? " is" : "s are");
    return err == UV_ENOTCONN ? 0 : err;
}

static GRUVI_SWITCHPOINT int
subscribe_all(struct nats_node *node)
{
    if (!nats_subscriptions_put(node))
        return 0;
    gruvi_event_set(&node->works.open);
    for (size_t i = 0; i < node->routes.n; i++)
        if (node->routes.at[i]->ready && !put_sub(node, node->routes.at[i]))
            return 0;
    return nats_routes_ready(&node->routes) > 0 ? tell_routes(node) : 0;
}

/* Without memory the connection is lost, and the next has it. */
static void
begin_route(struct nats_node *node, struct nats_route *route, bool *is_new)
{
    bool was_ready = route->ready;

    nats_route_begin(route);
    if (was_ready || node->is_quiet || !nats_session_is_open(node))
        return;
    *is_new = true;
    put_sub(node, route);
}

GRUVI_SWITCHPOINT int
nats_node_subscribe(void *arg)
{
    struct nats_node *node = arg;
    struct nats_route *route;
    const char *target;
    bool is_new = false;
    int err = gruvi_event_wait(&node->settled, GRUVI_FOREVER);

    while (err == 0 &&
           (route = nats_routes_waiting(&node->routes, &target)) != NULL) {
        err = gruvid_target_wait(node->plugin, target, GRUVI_FOREVER);
        if (err == 0)
            begin_route(node, route, &is_new);
    }
    if (err == 0 && is_new)
        err = tell_routes(node);
    return err;
}

/* --- a session ------------------------------------------------------------ */

/* Take no more, and answer what has come.  The server has read all answers
 * then. */
static GRUVI_SWITCHPOINT int
end_in_order(struct nats_node *node, double seconds)
{
    int err;

    node->is_quiet = true;
    nats_cluster_leave(node);
    for (size_t i = 0; i < node->routes.n && nats_session_is_open(node); i++)
        if (node->routes.at[i]->ready)
            nats_session_put(
                node, nats_put_unsub(&node->out, node->routes.at[i]->sid));
    nats_subscriptions_end(node);
    nats_works_end(node);
    err = nats_session_flush(node);
    while (err == 0 && node->queued > 0 && nats_session_is_open(node)) {
        gruvi_event_clear(&node->idle);
        err = gruvi_event_wait(&node->idle, seconds);
    }
    if (err == 0 || err == UV_ETIMEDOUT)
        err = nats_session_flush(node);
    node->is_quiet = false;
    return err == UV_ENOTCONN ? 0 : err;
}

static void
let_go(struct nats_node *node)
{
    if (node->is_held)
        gruvid_plugin_release(node->plugin);
    node->is_held = false;
}

/* It has answered all, and takes nothing more.  What plugins publish and ask
 * goes on until the stop: they may drain yet. */
static GRUVI_SWITCHPOINT int
linger(struct nats_node *node)
{
    int err = end_in_order(node, GRUVI_FOREVER);

    node->is_quiet = true;
    let_go(node);
    while (err == 0 && nats_session_is_open(node)) {
        gruvi_event_clear(&node->wake);
        err = gruvi_event_wait(&node->wake, GRUVI_FOREVER);
    }
    node->is_quiet = false;
    return err;
}

/* Until it is over, or is to end. */
static GRUVI_SWITCHPOINT int
attend(struct nats_node *node)
{
    gruvi_event_t *drain = gruvid_plugin_drain_event(node->plugin);
    int err = 0;

    while (err >= 0) {
        bool moves = node->moves || (node->info.is_lame && node->servers.n > 1);

        if (node->lost < 0) {
            gruvi_warning("the connection to %s is lost: %s", node->info.name,
                          gruvi_strerror(node->lost));
            return 0;
        }
        if (gruvid_plugin_draining(node->plugin))
            return linger(node);
        if (moves) {
            gruvi_info("the connection to %s is exchanged: %s", node->info.name,
                       node->moves ? "its options have changed"
                                   : "the server is to stop");
            return end_in_order(node, EXCHANGE);
        }
        gruvi_event_clear(&node->wake);
        err = gruvi_wait(
            (gruvi_waitable_t *[]){
                gruvi_event_waitable(&node->wake),
                gruvi_event_waitable(drain),
            },
            2, 1, GRUVI_FOREVER, NULL);
    }
    return err;
}

static int
spawn(GRUVI_SWITCHPOINT int (*main)(void *), struct nats_node *node,
      const char *name)
{
    gruvi_fiber_options_t options = {.name = name};
    gruvi_fiber_t *fiber = gruvi_spawn_ex(main, node, &options);

    if (fiber == NULL)
        return gruvi_last_error();
    gruvi_fiber_unref(fiber);
    return 0;
}

/* A drain of the instance waits until it has answered all. */
static GRUVI_SWITCHPOINT int
session(struct nats_node *node)
{
    int err = 0;

    gruvid_plugin_hold(node->plugin);
    node->is_held = true;
    gruvi_event_clear(&node->ready);
    GRUVI_WITH_GROUP (group) {
        err = spawn(nats_session_write, node, "nats writer");
        if (err == 0)
            err = spawn(nats_session_read, node, "nats reader");
        if (err == 0)
            err = spawn(nats_session_watch, node, "nats watch");
        if (err == 0)
            err = subscribe_all(node);
        if (err == 0 && node->cluster.is_first)
            err = spawn(nats_cluster_main, node, "nats cluster");
        gruvi_event_set(&node->up);
        if (err == 0)
            err = attend(node);
        nats_session_lose(node, UV_ECANCELED);
    }
    nats_session_end(node);
    let_go(node);
    return err;
}

GRUVI_SWITCHPOINT int
nats_node_main(void *arg)
{
    struct nats_node *node = arg;
    int err = 0;

    while (err == 0) {
        err = connect_to_any(node);
        if (err == 0)
            err = session(node);
        if (err == UV_ENOMEM) /* it may come again */
            gruvi_warning("the connection to %s is lost: %s", node->info.name,
                          gruvi_strerror(err));
        if (err == 0 || err == UV_ENOMEM)
            err = wait_for_turn(node, nats_jitter(SHORTEST));
    }
    return err == UV_ESHUTDOWN ? 0 : err;
}

/* --- its life ------------------------------------------------------------- */

static GRUVI_SWITCHPOINT void
stop_subscriber(struct nats_node *node)
{
    if (node->subscriber == NULL)
        return;
    gruvi_fiber_cancel(node->subscriber, "the routes change");
    GRUVI_SHIELD {
        (void)gruvi_fiber_join(node->subscriber, GRUVI_FOREVER);
    }
    gruvi_fiber_unref(node->subscriber);
    node->subscriber = NULL;
}

/* It begins when the routes are settled. */
static GRUVI_SWITCHPOINT int
replace_subscriber(struct nats_node *node)
{
    gruvi_fiber_options_t options = {.name = "nats routes"};
    gruvi_fiber_t *next = NULL;

    GRUVI_IN_GROUP (&node->group)
        next = gruvi_spawn_ex(nats_node_subscribe, node, &options);
    if (next == NULL)
        return gruvi_last_error();
    gruvi_event_clear(&node->settled);
    stop_subscriber(node);
    node->subscriber = next;
    return 0;
}

/* What has come by routes that are not there any more is still answered. */
static GRUVI_SWITCHPOINT void
drop_routes(struct nats_node *node)
{
    bool some = false;

    for (size_t i = 0; i < node->routes.n && nats_session_is_open(node); i++) {
        const struct nats_route *route = node->routes.at[i];

        if (route->wanted || !route->ready)
            continue;
        some = true;
        nats_session_put(node, nats_put_unsub(&node->out, route->sid));
    }
    if (some)
        GRUVI_WITH_SWITCH_BACK (limit, EXCHANGE)
            (void)nats_session_flush(node);
    nats_routes_clean(&node->routes);
}

/* Have all that needs memory: what is taken afterwards cannot fail. */
static GRUVI_SWITCHPOINT int
read_all(struct nats_node *node)
{
    int err = nats_works_check_lines(node->plugin);

    if (err < 0)
        return err;
    err = replace_subscriber(node);
    if (err == 0)
        err = nats_routes_read(&node->routes, node->plugin);
    if (err == 0)
        err = nats_works_read(node);
    if (err < 0)
        nats_routes_undo(&node->routes);
    return err;
}

static GRUVI_SWITCHPOINT void
take_all(struct nats_node *node, struct nats_settings *settings,
         const struct nats_servers *servers)
{
    bool moves = nats_servers_differ(&node->servers, servers);

    nats_routes_take(&node->routes);
    nats_works_take(node);
    if (moves)
        node->servers = *servers;
    node->moves |= moves || nats_settings_differ(&node->settings, settings);
    if (nats_settings_bury_elsewhere(&node->settings, settings))
        nats_works_look_again(node);
    nats_settings_free(&node->settings);
    node->settings = *settings;
    drop_routes(node);
    if (node->moves)
        gruvi_event_set(&node->wake);
}

GRUVI_SWITCHPOINT int
nats_node_configure(struct nats_node *node)
{
    struct nats_settings settings = {.required = false};
    struct nats_servers servers;
    int err = nats_settings_read(&settings, &servers, node->plugin);

    if (err < 0)
        return err;
    err = read_all(node);
    if (err < 0)
        nats_settings_free(&settings);
    else
        take_all(node, &settings, &servers);
    gruvi_event_set(&node->settled);
    return err;
}

static const struct {
    size_t at;
    const char *name, *help;
} counters[] = {
    {offsetof(struct nats_counts, connections), "nats_connections",
     "connections to servers of NATS that were made"},
    {offsetof(struct nats_counts, busy), "nats_busy",
     "requests that were answered with 503 because of max_queued"},
    {offsetof(struct nats_counts, dropped), "nats_dropped",
     "messages without a reply that were dropped because of max_queued"},
    {offsetof(struct nats_counts, refused), "nats_refused",
     "messages that were dropped because their reply is not allowed"},
    {offsetof(struct nats_counts, lost), "nats_replies_lost",
     "replies that a connection may not have delivered"},
    {offsetof(struct nats_counts, large), "nats_replies_too_large",
     "replies over the payload that the server allows"},
    {offsetof(struct nats_counts, unheard), "nats_bus_dropped",
     "messages of subscriptions that were dropped"},
    {offsetof(struct nats_counts, delivered), "nats_work_delivered",
     "messages of work that came, each time that they came"},
    {offsetof(struct nats_counts, acknowledged), "nats_work_acknowledged",
     "messages of work that were done"},
    {offsetof(struct nats_counts, negative), "nats_work_negative",
     "messages of work that are to come again"},
    {offsetof(struct nats_counts, dead_letters), "nats_work_dead_letters",
     "messages of work that were published as dead letters"},
    {offsetof(struct nats_counts, terminated), "nats_work_terminated",
     "messages of work that are not to come again, though they were not done"},
    {offsetof(struct nats_counts, late), "nats_work_late",
     "signals that were left out because the message may be another worker's"},
    {offsetof(struct nats_counts, unsaid), "nats_work_unsaid",
     "signals that were left out because there was no connection"},
};

static int
get_counters(struct nats_node *node)
{
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        gruvid_counter_t **counter =
            (gruvid_counter_t **)(void *)((char *)&node->counts +
                                          counters[i].at);
        int err = gruvid_counter_get(counter, node->plugin, counters[i].name,
                                     counters[i].help, NULL, NULL);

        if (err < 0)
            return err;
    }
    return 0;
}

GRUVI_SWITCHPOINT struct nats_node *
nats_node_new(gruvid_plugin_t *plugin)
{
    struct nats_node *node = calloc(1, sizeof *node);

    if (node == NULL)
        return NULL;
    node->plugin = plugin;
    node->lost = UV_ENOTCONN;
    GRUVI_IN_GROUP (gruvid_plugin_group(plugin))
        gruvi_group_init(&node->group, "nats");
    gruvi_event_init(&node->wake);
    gruvi_event_init(&node->settled);
    gruvi_event_init(&node->up);
    gruvi_event_init(&node->ready);
    gruvi_event_init(&node->room);
    gruvi_event_init(&node->pong);
    gruvi_event_init(&node->idle);
    nats_works_init(&node->works);
    nats_cluster_init(node);
    if (get_counters(node) == 0)
        return node;
    nats_node_free(node);
    return NULL;
}

/* Messages that are left have fibers that never ran. */
GRUVI_SWITCHPOINT void
nats_node_free(struct nats_node *node)
{
    GRUVI_SHIELD {
        gruvi_group_cancel(&node->group, "the instance ends");
        (void)gruvi_group_join(&node->group, GRUVI_FOREVER);
    }
    gruvi_group_destroy(&node->group);
    if (node->subscriber != NULL)
        gruvi_fiber_unref(node->subscriber);
    nats_messages_free(node);
    nats_cluster_free(node);
    nats_routes_free(&node->routes);
    nats_works_free(node);
    nats_subscriptions_free(node);
    nats_asks_free(node);
    nats_settings_free(&node->settings);
    free(node->in.data);
    gruvi_event_destroy(&node->wake);
    gruvi_event_destroy(&node->settled);
    gruvi_event_destroy(&node->up);
    gruvi_event_destroy(&node->ready);
    gruvi_event_destroy(&node->room);
    gruvi_event_destroy(&node->pong);
    gruvi_event_destroy(&node->idle);
    free(node);
}
