/* SPDX-License-Identifier: MIT */
/*
 * reconfigure and handover of a plugin.
 *
 *   per_hub    hub 1: its getters, its call    hub 2: ...     the threads
 *   otherwise  all getters, one call
 *
 * The getters change in the hub of the call, in the fiber that makes it, so no
 * other fiber runs in between.  After a refusal they change back at once.
 */
#include "run/reconfigure.h"

#include "instance/handover.h"
#include "instance/options.h"
#include "instance/shard.h"
#include "run/life.h"
#include "watch/handlers.h"

/* Seconds that a function of the plugin may take; negative: no limit. */
static double
time_limit(const gruvid_plugin_t *plugin)
{
    double timeout = gruvid__section_duration(plugin->section, "start_timeout");

    return timeout > 0 ? timeout : GRUVI_FOREVER;
}

/* --- in the hub of a shard ------------------------------------------------ */

static void
set_options(struct gruvid__options **at, struct gruvid__options *options)
{
    __atomic_store_n(at, options, __ATOMIC_RELEASE);
}

/* Have the getters answer from options, as far as one call of reconfigure
 * goes. */
static void
show(struct gruvid__shard *shard, struct gruvid__options *options)
{
    gruvid_plugin_t *plugin = shard->plugin;

    if (plugin->module->descriptor.per_hub) {
        set_options(&shard->options, options);
        return;
    }
    for (size_t i = 0; i < plugin->n_shards; i++)
        set_options(&plugin->shards[i].options, options);
    set_options(&plugin->options, options);
}

static GRUVI_SWITCHPOINT int
call_reconfigure(void *arg)
{
    gruvid_plugin_t *plugin = arg;

    return plugin->module->descriptor.reconfigure(plugin);
}

static int
reconfigure_body(struct gruvid__shard *shard)
{
    struct gruvid__options *before = shard->options;
    int status;

    shard->failure[0] = '\0';
    show(shard, __atomic_load_n(&shard->plugin->offered, __ATOMIC_ACQUIRE));
    status = gruvi__guard(call_reconfigure, shard->plugin);
    if (status < 0)
        show(shard, before);
    return status;
}

static GRUVI_SWITCHPOINT int
call_handover(void *arg)
{
    gruvid_plugin_t *plugin = arg;

    return plugin->module->descriptor.handover(plugin);
}

static int
handover_body(struct gruvid__shard *shard)
{
    int status;

    shard->failure[0] = '\0';
    shard->handing_over = true;
    status = gruvi__guard(call_handover, shard->plugin);
    shard->handing_over = false;
    return status;
}

/* --- for the leader ------------------------------------------------------- */

/*
 * Run a function of the plugin in a hub.
 *
 *   what   "reconfigure"; static text
 *   taken  whether it has returned 0, be it late
 *
 * Returns 0, or why not; logged, unless the cause is a stop.
 */
static GRUVI_SWITCHPOINT int
run(struct gruvid__shard *shard, const char *what,
    GRUVI_SWITCHPOINT int (*body)(struct gruvid__shard *shard), bool heed_stop,
    bool *taken)
{
    gruvid_plugin_t *plugin = shard->plugin;
    double limit = time_limit(plugin);
    bool over;
    int err =
        gruvid__shard_run_or_cancel(shard, what, body, limit, heed_stop, &over);

    *taken = over && shard->status >= 0;
    if (err == 0 && shard->status >= 0)
        return 0;
    if (err == UV_ECANCELED && gruvid__stopping(plugin->leader))
        return err;
    if (err == 0)
        gruvi_error("plugin %s: %s failed: %s (%s)", plugin->title, what,
                    gruvid__shard_reason(shard), gruvi_err_name(shard->status));
    else if (err == UV_ETIMEDOUT)
        gruvi_error("plugin %s: %s did not return within %g seconds "
                    "(start_timeout)",
                    plugin->title, what, limit);
    else
        gruvi_error("plugin %s: %s cannot be called: %s", plugin->title, what,
                    gruvid__call_reason(plugin, err));
    return err < 0 ? err : shard->status;
}

/* The plugin could not be told of the old values. */
static void
mark_inconsistent(gruvid_plugin_t *plugin)
{
    if (!plugin->inconsistent)
        gruvi_error("plugin %s has not taken its old options again: it may use "
                    "some of a configuration that does not hold; it is "
                    "inconsistent until it is restarted",
                    plugin->title);
    plugin->inconsistent = true;
}

/* The old values again in a hub that has taken the new ones, or may have. */
static GRUVI_SWITCHPOINT void
go_back(struct gruvid__shard *shard)
{
    gruvid_plugin_t *plugin = shard->plugin;
    bool taken;

    (void)run(shard, "reconfigure, with the old options,", reconfigure_body,
              false, &taken);
    if (!taken)
        mark_inconsistent(plugin);
    show(shard, plugin->settled);
}

static GRUVI_SWITCHPOINT void
go_back_in(gruvid_plugin_t *plugin, size_t n)
{
    set_options(&plugin->offered, plugin->settled);
    while (n-- > 0)
        go_back(&plugin->shards[n]);
}

/* All of the instance has taken the options. */
static void
take(gruvid_plugin_t *plugin, struct gruvid__options *options)
{
    for (size_t i = 0; i < plugin->n_shards; i++)
        set_options(&plugin->shards[i].options, options);
    set_options(&plugin->options, options);
}

GRUVI_SWITCHPOINT int
gruvid__plugin_reconfigure(gruvid_plugin_t *plugin, gruvid__section_t *section)
{
    struct gruvid__options *options = gruvid__options_of(plugin, section);
    int err =
        options == NULL ? UV_ENOMEM : gruvid__instance_hold(plugin, section);
    bool taken = false;
    size_t i;

    if (err < 0)
        return err;
    set_options(&plugin->offered, options);
    for (i = 0; i < gruvid__n_starts(plugin) && err == 0; i++)
        err = run(&plugin->shards[i], "reconfigure", reconfigure_body, true,
                  &taken);
    gruvid__handlers_check(plugin->name);
    if (err == 0) {
        take(plugin, options);
        return 0;
    }
    if (err == UV_ETIMEDOUT && !taken &&
        gruvid__shard_is_busy(&plugin->shards[i - 1])) {
        show(&plugin->shards[i - 1], plugin->settled);
        mark_inconsistent(plugin);
    }
    go_back_in(plugin, taken ? i : i - 1);
    gruvid__instance_let_go(plugin, section);
    return err;
}

GRUVI_SWITCHPOINT void
gruvid__plugin_undo_reconfigure(gruvid_plugin_t *plugin,
                                gruvid__section_t *section)
{
    go_back_in(plugin, gruvid__n_starts(plugin));
    take(plugin, plugin->settled);
    gruvid__instance_let_go(plugin, section);
}

GRUVI_SWITCHPOINT int
gruvid__plugin_handover(gruvid_plugin_t *old, gruvid_plugin_t *next)
{
    bool taken;
    int err;

    if (old->module->descriptor.handover == NULL)
        return 0;
    if (gruvid__shard_is_busy(&old->shards[0])) {
        gruvi_error("plugin %s: handover cannot be called: an earlier call "
                    "still runs",
                    old->title);
        return UV_EBUSY;
    }
    gruvid__handover_free(old->given);
    old->given = gruvid__handover_new();
    if (old->given == NULL) {
        gruvi_error("plugin %s: handover cannot be called: %s", old->title,
                    gruvi_strerror(UV_ENOMEM));
        return UV_ENOMEM;
    }
    err = run(&old->shards[0], "handover", handover_body, true, &taken);
    if (gruvid__shard_is_busy(&old->shards[0]))
        return err; /* it may put yet */
    if (err == 0) {
        next->received = old->given;
        old->given = NULL;
    }
    gruvid__handover_free(old->given);
    old->given = NULL;
    return err;
}
