/* SPDX-License-Identifier: MIT */
/*
 * The life of an instance, as the leader leads it.
 *
 *   LOADED --bind, start fiber--> STARTED --stop fiber--> STOPPED
 *      ^                             |
 *      |  refused                    | cancelled, and did not end
 *      +-------                      v
 *                                 ABANDONED
 *
 * bind, start and stop run in fibers of the instance's group: what they spawn
 * and log is the instance's, and a function that hangs can be left behind.
 * stop has a group of its own: by then the first is cancelled and empty.
 *
 * start and stop run in the hub of the first shard.  With per_hub they run in
 * each hub, one after another, stop in reverse order.
 *
 * What is done in the hub of a shard is a function of its own that takes the
 * shard; gruvid__hub_call() and gruvid__each_shard() run it there.
 */
#include "run/life.h"

#include <gruvi/inspect.h>

#include "bus/bus.h"
#include "instance/fibers.h"
#include "instance/handover.h"
#include "instance/instance.h"
#include "instance/outcome.h"
#include "instance/shard.h"
#include "request/arena.h"
#include "request/list.h"
#include "request/target.h"
#include "serve/listen.h"
#include "serve/serve.h"
#include "watch/handlers.h"
#include "watch/owners.h"

/* Seconds that a hub is kept waiting for fibers to end, and from one try to the
 * next where they take long. */
#define SLICE 0.05
#define PAUSE 1.0

/* Seconds between two looks at requests, whose fibers are other plugins'. */
#define LOOK 0.01

/* Why its fibers are cancelled. */
#define WHY(plugin) ((plugin)->why != NULL ? (plugin)->why : "gruvid stops")

/* --- in the hub of a shard -------------------------------------------------
 */

static int
open_shard(void *arg)
{
    struct gruvid__shard *shard = arg;
    int err = gruvi_group_init(&shard->group, shard->plugin->name);

    shard->has_group = err == 0;
    if (err == 0) {
        gruvi__group_set_keeper(&shard->group, shard);
        gruvi__group_set_counts(&shard->group, &shard->fibers);
    }
    return err;
}

static GRUVI_SWITCHPOINT int
close_shard(void *arg)
{
    struct gruvid__shard *shard = arg;

    gruvid__serve_close(shard);
    gruvid__rate_close(shard);
    gruvid__arena_clear(shard);
    if (shard->has_connections)
        gruvi_group_destroy(&shard->connections);
    if (shard->has_group)
        gruvi_group_destroy(&shard->group);
    shard->has_connections = shard->has_group = false;
    gruvid__shard_forget(shard);
    return 0;
}

/* Nothing of it runs any more, stop included. */
static GRUVI_SWITCHPOINT int
close_for_good(void *arg)
{
    gruvid__subscriptions_free(arg);
    return close_shard(arg);
}

static int
cancel_shard(void *arg)
{
    struct gruvid__shard *shard = arg;

    gruvid__serve_cut(shard);
    gruvid__requests_cut(shard, shard->why);
    gruvid__bus_cut(shard);
    if (shard->has_group)
        gruvi_group_cancel(&shard->group, shard->why);
    return 0;
}

/* Wait for a moment, because other calls into the hub wait meanwhile.
 * UV_EAGAIN: there are fibers left, and time; UV_EBUSY: the time is over. */
static GRUVI_SWITCHPOINT int
join_shard(void *arg)
{
    struct gruvid__shard *shard = arg;
    double until = gruvid__now() + SLICE;

    if (until > shard->until)
        until = shard->until;
    if ((!shard->has_group ||
         gruvid__join(shard->plugin->leader, &shard->group, until)) &&
        shard->requests == NULL && shard->bus_calls == NULL)
        return 0;
    return gruvid__now() < shard->until ? UV_EAGAIN : UV_EBUSY;
}

static int
report_shard(void *arg)
{
    gruvid__fibers_report_stuck(arg);
    return 0;
}

static GRUVI_SWITCHPOINT int
call_start(void *arg)
{
    gruvid_plugin_t *plugin = arg;

    return plugin->module->descriptor.start(plugin);
}

static int
start_body(struct gruvid__shard *shard)
{
    int status;

    if (shard->plugin->module->descriptor.start == NULL)
        return 0;
    shard->failure[0] = '\0';
    shard->starting = true;
    status = gruvi__guard(call_start, shard->plugin);
    shard->starting = false;
    return status;
}

static GRUVI_SWITCHPOINT int
call_stop(void *arg)
{
    gruvid_plugin_t *plugin = arg;

    plugin->module->descriptor.stop(plugin);
    return 0;
}

static int
stop_body(struct gruvid__shard *shard)
{
    gruvi__guard(call_stop, shard->plugin);
    return 0;
}

/* --- of the instance ------------------------------------------------------ */

/*
 * Something of it is left.  While gruvid serves the instance can be retired,
 * which asks again and waits; else gruvid ends without it.
 */
static void
leave(gruvid_plugin_t *plugin)
{
    struct gruvid__leader *leader = plugin->leader;

    if (leader->serving && !gruvid__stopping(leader))
        return;
    plugin->state = GRUVID__ABANDONED;
    leader->abandoned = true;
}

/* Whether what is left of an instance is waited for without limit. */
static bool
is_patient(const gruvid_plugin_t *plugin)
{
    return plugin->role == GRUVID__OLD && !plugin->leader->ending;
}

/* Wait for the fibers of a shard until a time.  UV_EBUSY: some are left. */
static GRUVI_SWITCHPOINT int
join_until(struct gruvid__shard *shard, double until)
{
    int err;

    shard->until = until;
    do {
        err = gruvid__shard_call(shard, join_shard, SLICE);
        if (__atomic_load_n(&shard->requests_open, __ATOMIC_RELAXED) > 0 ||
            __atomic_load_n(&shard->bus_calls_open, __ATOMIC_RELAXED) > 0)
            (void)gruvid__wait(shard->plugin->leader, gruvid__now() + LOOK);
    } while (err == UV_EAGAIN);
    return err;
}

/* The same for fibers that were cancelled: those that are left are named. */
static GRUVI_SWITCHPOINT int
join_cancelled(struct gruvid__shard *shard, double until)
{
    int err = join_until(shard, until);

    if (err != UV_EBUSY)
        return err;
    (void)gruvid__shard_call(shard, report_shard, 0);
    if (!is_patient(shard->plugin))
        return err;
    while (err == UV_EBUSY && is_patient(shard->plugin))
        err = join_until(shard, gruvid__now() + PAUSE);
    if (err == UV_EBUSY)
        (void)gruvid__shard_call(shard, report_shard, 0);
    return err;
}

/*
 * Cancel the fibers in its groups and wait for them, in all hubs at once.  A
 * fiber that does not end is named in the log, and nothing of the instance may
 * be freed.
 */
static GRUVI_SWITCHPOINT bool
end_groups(gruvid_plugin_t *plugin, const char *why)
{
    double until;
    int err;

    for (size_t i = 0; i < plugin->n_shards; i++)
        plugin->shards[i].why = why;
    err = gruvid__each_shard(plugin, cancel_shard, 0);
    until = gruvid__now() + gruvid__cancel_timeout(plugin->leader);
    for (size_t i = 0; i < plugin->n_shards; i++) {
        int left = join_cancelled(&plugin->shards[i], until);

        if (err == 0)
            err = left;
    }
    if (err < 0)
        leave(plugin);
    return err == 0;
}

/* Whether the cause is that a stop was asked for. */
static bool
is_stop(const gruvid_plugin_t *plugin, int err)
{
    return err == UV_ECANCELED && gruvid__stopping(plugin->leader);
}

/* --- bind ----------------------------------------------------------------- */

GRUVI_SWITCHPOINT int
gruvid__plugin_bind(gruvid_plugin_t *plugin)
{
    int err = gruvid__each_shard(plugin, open_shard, 0);

    if (err < 0) {
        gruvi_error("plugin %s cannot be started: %s", plugin->name,
                    gruvid__call_reason(plugin, err));
        return err;
    }
    err = gruvid__listen(plugin);
    if (err < 0)
        (void)end_groups(plugin, WHY(plugin));
    return err;
}

/* --- start ---------------------------------------------------------------- */

size_t
gruvid__n_starts(const gruvid_plugin_t *plugin)
{
    return plugin->module->descriptor.per_hub ? plugin->n_shards : 1;
}

/* "hub 2" where there are several hubs, else "". */
static const char *
in_hub(const struct gruvid__shard *shard)
{
    return shard->hub->all->n > 1 ? shard->hub->name : "";
}

const char *
gruvid__shard_reason(const struct gruvid__shard *shard)
{
    return shard->failure[0] != '\0' ? shard->failure
                                     : gruvid__explain(shard->status);
}

static GRUVI_SWITCHPOINT int
start_shard(struct gruvid__shard *shard)
{
    const gruvid_plugin_t *plugin = shard->plugin;
    double timeout = gruvid__section_duration(plugin->section, "start_timeout");
    const char *where = in_hub(shard), *in = where[0] == '\0' ? "" : " in ";
    int err = gruvid__shard_run(shard, "start", start_body,
                                timeout > 0 ? timeout : GRUVI_FOREVER);

    if (is_stop(plugin, err))
        return err;
    if (err == UV_ETIMEDOUT)
        gruvi_error("plugin %s did not start%s%s within %g seconds "
                    "(start_timeout)",
                    plugin->title, in, where, timeout);
    else if (err < 0)
        gruvi_error("plugin %s cannot be started%s%s: %s", plugin->title, in,
                    where, gruvid__call_reason(plugin, err));
    else if (shard->status < 0)
        gruvi_error("plugin %s refused to start%s%s: %s (%s)", plugin->title,
                    in, where, gruvid__shard_reason(shard),
                    gruvi_err_name(shard->status));
    if (err == 0 && shard->status < 0)
        err = shard->status;
    shard->started = err == 0;
    return err;
}

static GRUVI_SWITCHPOINT bool run_stops(gruvid_plugin_t *plugin);

/* What was handed over is for the first start. */
static void
forget_handover(gruvid_plugin_t *plugin)
{
    gruvid__handover_free(plugin->received);
    plugin->received = NULL;
}

/* It has started in some hubs, or in none. */
static GRUVI_SWITCHPOINT void
give_up(gruvid_plugin_t *plugin)
{
    if (end_groups(plugin, "the plugin did not start"))
        (void)run_stops(plugin);
}

GRUVI_SWITCHPOINT int
gruvid__plugin_start(gruvid_plugin_t *plugin)
{
    int err = 0;

    gruvid__owner_add(plugin);
    for (size_t i = 0; i < gruvid__n_starts(plugin) && err == 0; i++) {
        err = start_shard(&plugin->shards[i]);
        if (err == 0 && i == 0)
            forget_handover(plugin);
    }
    if (err < 0) {
        give_up(plugin);
    } else {
        plugin->state = GRUVID__STARTED;
        gruvid__bus_offer(plugin);
    }
    gruvi__modules_update(); /* it may have loaded libraries */
    gruvid__handlers_check(plugin->name);
    return err;
}

/* --- stop ----------------------------------------------------------------- */

static int
report_slow_stop(void *arg)
{
    const struct gruvid__shard *shard = arg;

    gruvi_warning("plugin %s: stop has not returned within %g seconds",
                  shard->plugin->title,
                  gruvid__cancel_timeout(shard->plugin->leader));
    return 0;
}

static GRUVI_SWITCHPOINT int
begin_stop(struct gruvid__shard *shard)
{
    int err = gruvid__shard_call(shard, close_shard, 0);

    if (err == 0)
        err = gruvid__shard_call(shard, open_shard, 0);
    if (err == 0)
        err = gruvid__shard_spawn(shard, "stop", stop_body);
    if (err < 0)
        gruvi_error("plugin %s: stop cannot be run: %s", shard->plugin->title,
                    gruvid__call_reason(shard->plugin, err));
    return err;
}

/* Run stop, and end what it has spawned.  It has cancel_timeout to return, and
 * as long again when it was cancelled. */
static GRUVI_SWITCHPOINT void
stop_shard(struct gruvid__shard *shard)
{
    gruvid_plugin_t *plugin = shard->plugin;
    double timeout = gruvid__cancel_timeout(plugin->leader);
    int err;

    shard->started = false;
    if (begin_stop(shard) < 0)
        return;
    if (join_until(shard, gruvid__now() + timeout) == UV_EBUSY &&
        !__atomic_load_n(&shard->done, __ATOMIC_RELAXED))
        (void)gruvid__shard_call(shard, report_slow_stop, 0);
    shard->why = WHY(plugin);
    err = gruvid__shard_call(shard, cancel_shard, 0);
    if (err == 0)
        err = join_cancelled(shard, gruvid__now() + timeout);
    if (err == UV_EBUSY || err == UV_ETIMEDOUT)
        leave(plugin);
    plugin->is_left = err < 0;
}

/* Run stop in each hub where start has returned 0.  Returns whether all fibers
 * have ended. */
static GRUVI_SWITCHPOINT bool
run_stops(gruvid_plugin_t *plugin)
{
    for (size_t i = gruvid__n_starts(plugin); i-- > 0;)
        if (plugin->shards[i].started &&
            plugin->module->descriptor.stop != NULL && !plugin->is_left)
            stop_shard(&plugin->shards[i]);
    return !plugin->is_left;
}

static void
tell_end(const gruvid_plugin_t *plugin)
{
    struct gruvid__counts counts = gruvid__plugin_counts(plugin);

    if (plugin->module->descriptor.connection == NULL)
        gruvi_info("plugin %s has stopped", plugin->title);
    else
        gruvi_info("plugin %s has stopped: %llu connections, %llu gone, "
                   "%llu failed, %llu cut",
                   plugin->title, (unsigned long long)counts.served,
                   (unsigned long long)counts.gone,
                   (unsigned long long)counts.failed,
                   (unsigned long long)counts.cut);
}

GRUVI_SWITCHPOINT void
gruvid__plugin_stop(gruvid_plugin_t *plugin)
{
    bool was_started = plugin->state == GRUVID__STARTED;

    gruvid__target_end(plugin);
    gruvid__bus_end(plugin);
    gruvid__listen_end(plugin);
    if (!end_groups(plugin, WHY(plugin)) ||
        gruvid__each_shard(plugin, close_shard, 0) < 0 || !run_stops(plugin))
        return;
    plugin->state = GRUVID__STOPPED;
    if (was_started)
        tell_end(plugin);
}

GRUVI_SWITCHPOINT void
gruvid__plugin_close(gruvid_plugin_t *plugin)
{
    gruvid__listen_end(plugin);
    if (plugin->state != GRUVID__ABANDONED)
        (void)gruvid__each_shard(plugin, close_for_good, 0);
}
