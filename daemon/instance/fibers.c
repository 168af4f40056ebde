/* SPDX-License-Identifier: MIT */
/* Fibers by name, with the plugin that each works for: see fibers.h. */
#include "instance/fibers.h"

#include <stdio.h>
#include <string.h>

#include "instance/outcome.h"
#include "log/sink.h"

/* Seconds between two looks at fibers that were cancelled. */
#define LOOK 0.01

/* NULL: none is said. */
static gruvid__stack_fn *say_stack;

void
gruvid__fibers_show_stacks(gruvid__stack_fn *fn)
{
    say_stack = fn;
}

static void
on_failure(gruvi_fiber_t *fiber, int status)
{
    gruvid__report_fiber(gruvid__shard_of(fiber), fiber, status);
}

static uint64_t
generation_here(void)
{
    const struct gruvid__shard *shard =
        gruvid__hub_self() == NULL ? NULL
                                   : gruvid__shard_of(gruvi_current_fiber());

    return shard == NULL ? 0 : shard->plugin->generation;
}

void
gruvid__fibers_watch(bool on)
{
    gruvi_set_uncaught_handler(on ? on_failure : NULL);
    gruvid__log_set_generation(on ? generation_here : NULL);
}

static void
log_one(gruvi_fiber_t *fiber, void *arg)
{
    size_t *count = arg;
    const struct gruvid__shard *shard = gruvid__shard_of(fiber);
    const char *waits = gruvi_fiber_waiting_for(fiber);

    gruvid__log_notice(
        shard == NULL ? "" : shard->plugin->name,
        shard == NULL ? 0 : shard->plugin->generation, gruvi_fiber_name(fiber),
        "fiber %s%s%s: %s%s", gruvi_fiber_name(fiber),
        shard == NULL ? "" : " of plugin ",
        shard == NULL ? "" : gruvid__title(shard->plugin),
        waits[0] == '\0' ? "does not wait" : "waits for ", waits);
    (*count)++;
}

/* A hub callback. */
static void
log_hub(void *arg)
{
    const struct gruvid__hub *hub = arg;
    size_t count = 0;

    gruvi_hub_each_fiber(hub->hub, log_one, &count);
    gruvid__log_notice("", 0, "", "%zu fibers", count);
}

void
gruvid__fibers_log(const struct gruvid__hubs *hubs)
{
    for (unsigned i = 1; i < hubs->n; i++) {
        struct gruvid__hub *hub = &hubs->at[i];
        int err = gruvi_hub_run_callback(hub->hub, log_hub, hub);

        if (err < 0 && err != UV_ESHUTDOWN)
            gruvi_error("%s cannot be asked for its fibers: %s", hub->name,
                        gruvi_strerror(err));
    }
    if (hubs->n > 0)
        log_hub(&hubs->at[0]);
}

/* --- fibers that do not end ----------------------------------------------- */

/* So many fibers are named, the others counted by what they wait for. */
#define NAMED 10
#define KINDS 8

struct report {
    const struct gruvid__shard *shard; /* NULL: fibers of no plugin */
    size_t n;
    struct {
        char waits[48];
        size_t n;
    } kinds[KINDS];
};

/* The root fiber, which has no parent, and the hub's own, which is its child,
 * end last, by themselves. */
static bool
is_stray(const gruvi_fiber_t *fiber)
{
    const gruvi_fiber_t *parent = gruvi_fiber_parent(fiber);

    return parent != NULL && gruvi_fiber_parent(parent) != NULL;
}

/* An old generation can wait for its fibers: gruvid goes on. */
static const char *
outcome(const struct report *report)
{
    const gruvid_plugin_t *plugin =
        report->shard == NULL ? NULL : report->shard->plugin;

    return plugin == NULL ||
                   __atomic_load_n(&plugin->role, __ATOMIC_RELAXED) !=
                       GRUVID__OLD ||
                   gruvid__stopping(plugin->leader)
               ? "abandoned"
               : "still waited for";
}

static void
name_one(const struct report *report, const gruvi_fiber_t *fiber,
         const char *waits)
{
    char stack[600] = "";

    if (say_stack != NULL)
        say_stack(fiber, stack, sizeof stack);
    gruvi_error("%s%s: fiber %s was cancelled and has not ended: it %s%s; "
                "%s%s%s",
                report->shard == NULL ? "no plugin's" : "plugin ",
                report->shard == NULL ? ""
                                      : gruvid__title(report->shard->plugin),
                gruvi_fiber_name(fiber),
                waits[0] == '\0' ? "does not wait" : "waits for ", waits,
                outcome(report), stack[0] == '\0' ? "" : "; stack: ", stack);
}

/* What does not fit in the table is of the last kind. */
static void
count_one(struct report *report, const char *waits)
{
    size_t i = 0;

    while (i < KINDS - 1 && report->kinds[i].n > 0 &&
           strncmp(report->kinds[i].waits, waits,
                   sizeof report->kinds[i].waits - 1) != 0)
        i++;
    if (report->kinds[i].n++ == 0)
        snprintf(report->kinds[i].waits, sizeof report->kinds[i].waits, "%s",
                 i == KINDS - 1     ? "something else"
                 : waits[0] == '\0' ? ""
                                    : waits);
}

static void
report_one(gruvi_fiber_t *fiber, void *arg)
{
    struct report *report = arg;
    const char *waits = gruvi_fiber_waiting_for(fiber);

    if (report->shard != NULL ? gruvid__shard_of(fiber) != report->shard
                              : !is_stray(fiber))
        return;
    if (report->n++ < NAMED)
        name_one(report, fiber, waits);
    else
        count_one(report, waits);
}

static void
report_kinds(const struct report *report)
{
    for (size_t i = 0; i < KINDS && report->kinds[i].n > 0; i++) {
        const char *waits = report->kinds[i].waits;
        size_t n = report->kinds[i].n;

        gruvi_error(
            "%s%s: %zu more fiber%s %s cancelled and %s not ended: "
            "%s%s; %s",
            report->shard == NULL ? "no plugin's" : "plugin ",
            report->shard == NULL ? "" : gruvid__title(report->shard->plugin),
            n, n == 1 ? "" : "s", n == 1 ? "was" : "were",
            n == 1 ? "has" : "have",
            waits[0] == '\0' ? "not waiting" : "waiting for ", waits,
            outcome(report));
    }
}

void
gruvid__fibers_report_stuck(const struct gruvid__shard *shard)
{
    struct report report = {.shard = shard};

    gruvi_hub_each_fiber(shard->hub->hub, report_one, &report);
    report_kinds(&report);
}

/* --- fibers of no plugin -------------------------------------------------- */

static void
cancel_stray(gruvi_fiber_t *fiber, void *arg)
{
    if (!is_stray(fiber))
        return;
    gruvi_fiber_cancel(fiber, "gruvid stops");
    (*(size_t *)arg)++;
}

static void
count_stray(gruvi_fiber_t *fiber, void *arg)
{
    *(size_t *)arg += is_stray(fiber);
}

GRUVI_SWITCHPOINT bool
gruvid__fibers_end_strays(struct gruvid__leader *leader, gruvi_hub_t *hub)
{
    struct report report = {.shard = NULL};
    double until = gruvid__now() + gruvid__cancel_timeout(leader);
    size_t n = 0;

    gruvi_hub_each_fiber(hub, cancel_stray, &n);
    while (n > 0 && gruvid__now() < until) {
        (void)gruvid__wait(leader, gruvid__now() + LOOK);
        n = 0;
        gruvi_hub_each_fiber(hub, count_stray, &n);
    }
    if (n == 0)
        return true;
    gruvi_hub_each_fiber(hub, report_one, &report);
    report_kinds(&report);
    leader->abandoned = true;
    return false;
}
