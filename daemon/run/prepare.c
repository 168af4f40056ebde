/* SPDX-License-Identifier: MIT */
/*
 * A plan carried out: see prepare.h.
 *
 * What disturbs least comes first, and each part is tried for all sections, so
 * that an operator hears of all that is wrong.  Plugins that are replaced come
 * last: their old generation has to stop, so nothing else may fail after that.
 */
#include "run/prepare.h"

#include "bus/bus.h"
#include "instance/options.h"
#include "instance/shard.h"
#include "run/life.h"
#include "run/reconfigure.h"
#include "run/retire.h"
#include "request/target.h"
#include "run/state.h"
#include "serve/listen.h"
#include "serve/relisten.h"
#include "serve/serve.h"

/* --- parts of prepare ----------------------------------------------------- */

/* Make the next generation of a section, and listen on what is new. */
static GRUVI_SWITCHPOINT int
make_next(struct gruvid__daemon *daemon, struct gruvid__item *item)
{
    int err = gruvid__instance_new(&item->next, &daemon->instances,
                                   item->section, item->module, item->position);

    if (err < 0) {
        gruvi_error("plugin %s: no new generation: %s",
                    gruvid__section_plugin(item->section), gruvi_strerror(err));
        return err;
    }
    return gruvid__plugin_bind(item->next);
}

/* Whether an instance goes on, with other addresses, certificates or limits. */
static bool
is_kept(const struct gruvid__item *item)
{
    return item->step == GRUVID__STEP_ADJUST ||
           item->step == GRUVID__STEP_RECONFIGURE;
}

static GRUVI_SWITCHPOINT int
bind_part(struct gruvid__daemon *daemon, struct gruvid__item *item)
{
    int err = 0;

    if (item->step == GRUVID__STEP_BEGIN)
        return make_next(daemon, item);
    if (is_kept(item))
        err = gruvid__relisten_prepare(item->old, item->section);
    return err < 0 ? err : 0;
}

static GRUVI_SWITCHPOINT int
start_next(struct gruvid__item *item)
{
    int err = gruvid__plugin_start(item->next);

    if (err == 0)
        err = gruvid__each_shard(item->next, gruvid__serve_prepare, 0);
    return err;
}

static GRUVI_SWITCHPOINT int
start_part(struct gruvid__daemon *daemon, struct gruvid__item *item)
{
    int err = 0;

    (void)daemon;
    if (item->step != GRUVID__STEP_BEGIN || item->replaces)
        return 0;
    if (item->old != NULL)
        err = gruvid__plugin_handover(item->old, item->next);
    return err < 0 ? err : start_next(item);
}

static GRUVI_SWITCHPOINT int
reconfigure_part(struct gruvid__daemon *daemon, struct gruvid__item *item)
{
    int err;

    (void)daemon;
    if (item->step != GRUVID__STEP_RECONFIGURE)
        return 0;
    err = gruvid__plugin_reconfigure(item->old, item->section);
    item->reconfigured = err == 0;
    return err;
}

/* End the old generation, and wait for that. */
static GRUVI_SWITCHPOINT int
end_old(struct gruvid__daemon *daemon, struct gruvid__item *item)
{
    const char *name = item->next->name;
    uint64_t generation = item->old->generation;
    double until = gruvid__now() + daemon->drain_timeout;

    gruvi_warning("plugin %s serves nobody until its old generation has ended "
                  "(reload = replace)",
                  name);
    gruvid__plugin_retire(item->old, until,
                          "a new generation is to take its place");
    item->old = NULL;
    item->ended = true;
    /* Cancelled fibers have their time, and stop has as long twice. */
    until += 4 * daemon->leader.cancel_timeout;
    if (gruvid__retire_wait(&daemon->instances, name, generation, until))
        return 0;
    if (gruvid__stopping(&daemon->leader))
        return UV_ECANCELED;
    gruvi_error("plugin %s: its old generation has not ended, so the new one "
                "cannot start (reload = replace)",
                name);
    return UV_EBUSY;
}

static GRUVI_SWITCHPOINT int
replace_part(struct gruvid__daemon *daemon, struct gruvid__item *item)
{
    int err;

    if (!item->replaces)
        return 0;
    err = gruvid__plugin_handover(item->old, item->next);
    /* They stay open: the user may have no right to bind them again. */
    if (err == 0)
        err = gruvid__listening_new(item->next, item->before, &item->kept);
    if (err == 0)
        err = end_old(daemon, item);
    return err < 0 ? err : start_next(item);
}

static const struct {
    const char *what;
    GRUVI_SWITCHPOINT int (*part)(struct gruvid__daemon *daemon,
                                  struct gruvid__item *item);
} parts[] = {
    {"binds addresses", bind_part},
    {"starts plugins", start_part},
    {"reconfigures plugins", reconfigure_part},
    {"replaces plugins", replace_part},
};

GRUVI_SWITCHPOINT int
gruvid__plan_prepare(struct gruvid__daemon *daemon, struct gruvid__plan *plan,
                     void (*stage)(struct gruvid__daemon *daemon,
                                   const char *what))
{
    int first = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts && first == 0; i++) {
        stage(daemon, parts[i].what);
        for (size_t j = 0; j < plan->n; j++) {
            int err = gruvid__stopping(&daemon->leader)
                          ? UV_ECANCELED
                          : parts[i].part(daemon, &plan->items[j]);

            if (first == 0)
                first = err;
        }
    }
    return first;
}

/* --- undo ----------------------------------------------------------------- */

/* End a generation that is not to be, and wait for that: what it holds may be
 * what the next try needs.  A hub that does not answer is not waited for long.
 */
static GRUVI_SWITCHPOINT void
discard(struct gruvid__daemon *daemon, gruvid_plugin_t *plugin)
{
    const char *name = plugin->name;
    uint64_t generation = plugin->generation;
    double until = gruvid__now();

    gruvid__plugin_retire(plugin, until, "the reload has failed");
    (void)gruvid__retire_wait(&daemon->instances, name, generation,
                              until + 2 * daemon->leader.cancel_timeout);
}

static GRUVI_SWITCHPOINT void
undo_begin(struct gruvid__daemon *daemon, struct gruvid__item *item)
{
    if (item->next != NULL)
        discard(daemon, item->next);
    item->next = NULL;
    if (is_kept(item))
        gruvid__relisten_undo(item->old);
}

static GRUVI_SWITCHPOINT void
undo_reconfigure(struct gruvid__item *item)
{
    if (item->reconfigured)
        gruvid__plugin_undo_reconfigure(item->old, item->section);
    item->reconfigured = false;
}

/* Serve again as before, although the old generation has stopped. */
static GRUVI_SWITCHPOINT void
begin_again(struct gruvid__daemon *daemon, const struct gruvid__item *item)
{
    const char *name = gruvid__section_plugin(item->before);
    gruvid_plugin_t *again;
    int err = gruvid__instance_new(&again, &daemon->instances, item->before,
                                   item->module_before, item->position_before);

    if (err == 0)
        err = gruvid__plugin_bind(again);
    if (err == 0)
        err = gruvid__plugin_start(again);
    if (err == 0)
        err = gruvid__serve_start(again);
    if (err == 0) {
        gruvid__instance_become(again, GRUVID__CURRENT);
        gruvid__target_begin(again);
        gruvid__bus_begin(again);
        gruvi_warning("plugin %s: the old configuration was started again",
                      name);
        return;
    }
    gruvi_error("plugin %s: the old configuration cannot be started again "
                "either; it serves nobody",
                name);
    if (again != NULL)
        discard(daemon, again);
}

/* The next generation goes first: it may hold what the old one needs. */
static GRUVI_SWITCHPOINT void
undo_replace(struct gruvid__daemon *daemon, struct gruvid__item *item)
{
    if (item->ended) {
        undo_begin(daemon, item);
        if (!gruvid__stopping(&daemon->leader))
            begin_again(daemon, item);
        item->ended = false;
    }
    gruvid__listening_free(item->kept);
    item->kept = NULL;
}

GRUVI_SWITCHPOINT void
gruvid__plan_undo(struct gruvid__daemon *daemon, struct gruvid__plan *plan)
{
    for (size_t i = plan->n; i-- > 0;)
        undo_replace(daemon, &plan->items[i]);
    for (size_t i = plan->n; i-- > 0;)
        undo_reconfigure(&plan->items[i]);
    for (size_t i = plan->n; i-- > 0;)
        undo_begin(daemon, &plan->items[i]);
}

/* --- commit --------------------------------------------------------------- */

/* It was prepared, and can only be late. */
static GRUVI_SWITCHPOINT void
begin(struct gruvid__item *item)
{
    gruvid_plugin_t *next = item->next;

    next->is_behind = gruvid__serve_start(next) < 0;
    gruvid__instance_become(next, GRUVID__CURRENT);
    if (item->kept != NULL)
        gruvid__relisten_empty(next, item->kept);
    item->kept = NULL;
    if (item->before == NULL)
        gruvi_info("plugin %s is new, and serves", next->title);
    else
        gruvi_info("plugin %s serves", next->title);
}

static GRUVI_SWITCHPOINT void
adjust(struct gruvid__item *item)
{
    char keys[256];

    gruvid__relisten_commit(item->old);
    gruvid__section_changed_keys(item->before, item->section, keys,
                                 sizeof keys);
    gruvid__instance_adjust(item->old, item->section);
    gruvi_info("plugin %s has new values: %s", item->old->title, keys);
}

static GRUVI_SWITCHPOINT void
commit_item(struct gruvid__item *item)
{
    switch (item->step) {
    case GRUVID__STEP_BEGIN:
        begin(item);
        break;
    case GRUVID__STEP_ADJUST:
    case GRUVID__STEP_RECONFIGURE:
        adjust(item);
        break;
    case GRUVID__STEP_KEEP:
    case GRUVID__STEP_END:
        break;
    }
    if (item->old != NULL)
        item->old->position = item->position;
}

static GRUVI_SWITCHPOINT void
end_item(struct gruvid__item *item, double until)
{
    if (item->old == NULL)
        return;
    if (item->step == GRUVID__STEP_BEGIN)
        gruvid__plugin_retire(item->old, until,
                              "a new generation has taken its place");
    else if (item->step == GRUVID__STEP_END)
        gruvid__plugin_retire(item->old, until,
                              "its section is not in the configuration");
}

GRUVI_SWITCHPOINT void
gruvid__plan_commit(struct gruvid__daemon *daemon, struct gruvid__plan *plan)
{
    for (size_t i = 0; i < plan->n; i++)
        if (plan->items[i].next != NULL) {
            gruvid__target_begin(plan->items[i].next);
            gruvid__bus_begin(plan->items[i].next);
        }
    for (size_t i = 0; i < plan->n; i++)
        commit_item(&plan->items[i]);
    for (size_t i = 0; i < plan->n; i++)
        end_item(&plan->items[i], gruvid__now() + daemon->drain_timeout);
}
