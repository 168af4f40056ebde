/* SPDX-License-Identifier: MIT */
/* The queue of reloads, and one reload from its beginning to its report: see
 * reload.h. */
#include "run/reload.h"

#include <stdlib.h>
#include <string.h>

#include "os/notify.h"
#include "run/plan.h"
#include "run/prepare.h"
#include "run/reading.h"
#include "run/report.h"
#include "run/settings.h"
#include "run/state.h"
#include "watch/handlers.h"

struct gruvid__reload_request {
    struct gruvid__reload_request *next;
    char *by, *restart; /* owned; restart: NULL: none */
    gruvid__reload_fn *done;
    void *arg;
};

/* --- requests ------------------------------------------------------------- */

static void
free_request(struct gruvid__reload_request *request)
{
    free(request->by);
    free(request->restart);
    free(request);
}

static struct gruvid__reload_request *
new_request(const char *by, const char *restart)
{
    struct gruvid__reload_request *request = calloc(1, sizeof *request);

    if (request == NULL)
        return NULL;
    request->by = strdup(by);
    request->restart = restart == NULL ? NULL : strdup(restart);
    if (request->by != NULL && (restart == NULL || request->restart != NULL))
        return request;
    free_request(request);
    return NULL;
}

int
gruvid__reload_ask(struct gruvid__daemon *daemon, const char *by,
                   const char *restart, gruvid__reload_fn *done, void *arg)
{
    struct gruvid__reload_request *request, **end = &daemon->reloads.first;

    if (gruvid__stopping(&daemon->leader))
        return UV_ESHUTDOWN;
    if (restart != NULL &&
        gruvid__instance_find(&daemon->instances, restart) == NULL)
        return UV_ENOENT;
    request = new_request(by, restart);
    if (request == NULL)
        return UV_ENOMEM;
    request->done = done;
    request->arg = arg;
    while (*end != NULL)
        end = &(*end)->next;
    *end = request;
    gruvid__wake(&daemon->leader);
    return 0;
}

static bool
is_shared(const struct gruvid__reload_request *a,
          const struct gruvid__reload_request *b)
{
    if (a->restart == NULL || b->restart == NULL)
        return a->restart == b->restart;
    return strcmp(a->restart, b->restart) == 0;
}

/* The first that waits, and all that can share its reload. */
static struct gruvid__reload_request *
take_requests(struct gruvid__reloads *reloads)
{
    struct gruvid__reload_request *first = reloads->first, **end, **link;

    reloads->first = first->next;
    first->next = NULL;
    end = &first->next;
    for (link = &reloads->first; *link != NULL;) {
        struct gruvid__reload_request *request = *link;

        if (!is_shared(first, request)) {
            link = &request->next;
            continue;
        }
        *link = request->next;
        request->next = NULL;
        *end = request;
        end = &request->next;
    }
    return first;
}

static void
answer(struct gruvid__reload_request *request,
       const struct gruvid__report *report)
{
    while (request != NULL) {
        struct gruvid__reload_request *next = request->next;

        if (request->done != NULL)
            request->done(request->arg, &report->all);
        free_request(request);
        request = next;
    }
}

/* Nothing is done for them. */
static void
refuse(struct gruvid__reload_request *requests, const char *reason)
{
    const char *const reasons[] = {reason};
    const struct gruvid__report refusal = {
        .all = {.by = "gruvid", .reasons = reasons, .n_reasons = 1}};

    answer(requests, &refusal);
}

/* --- one reload ----------------------------------------------------------- */

static void
enter(struct gruvid__daemon *daemon, const char *stage)
{
    daemon->reloads.stage = stage;
    gruvi_debug("reload: %s", stage);
    gruvid__notify_status("reloading: %s", stage);
}

static void
note_restart(void *arg, const char *section, const char *key, const char *now,
             const char *then)
{
    gruvid__report_note(arg,
                        "%s.%s stays \"%s\": restart gruvid to have \"%s\"",
                        section, key, now, then);
}

/* All of a configuration, or nothing. */
static GRUVI_SWITCHPOINT int
take(struct gruvid__daemon *daemon, struct gruvid__report *report,
     gruvid__config_t *config)
{
    struct gruvid__plan plan;
    int err = gruvid__plan_make(&plan, &daemon->instances, config,
                                report->all.restart);

    if (err == 0)
        err = gruvid__settings_prepare(daemon, config);
    if (err == 0)
        err = gruvid__plan_prepare(daemon, &plan, enter);
    if (err < 0) {
        enter(daemon, "undoes what it has done");
        gruvid__plan_undo(daemon, &plan);
        gruvid__settings_undo();
    } else {
        enter(daemon, "takes the new configuration");
        gruvid__settings_commit(daemon, config); /* drain_timeout counts */
        gruvid__plan_commit(daemon, &plan);
    }
    gruvid__plan_free(&plan);
    return err;
}

static GRUVI_SWITCHPOINT int
reload(struct gruvid__daemon *daemon, struct gruvid__report *report)
{
    gruvid__config_t *config;
    int err;

    enter(daemon, "reads the configuration");
    err = gruvid__read_again(daemon, &config);
    if (err < 0)
        return err;
    err = take(daemon, report, config);
    if (err < 0) {
        gruvid__config_free(config);
        return err;
    }
    gruvid__config_each_change(daemon->first_config, config,
                               GRUVID__CHANGED_PROCESS, note_restart, report);
    gruvid__config_free(daemon->config);
    daemon->config = config;
    return 0;
}

static size_t
count_current(const struct gruvid__daemon *daemon)
{
    size_t n = 0;

    for (size_t i = 0; i < daemon->instances.n; i++)
        n += daemon->instances.at[i]->role == GRUVID__CURRENT;
    return n;
}

static void
tell_end(struct gruvid__daemon *daemon, struct gruvid__report *report, int err,
         double seconds)
{
    unsigned long long number = (unsigned long long)report->all.number;
    size_t n = count_current(daemon);

    gruvid__handlers_check(NULL);
    if (err < 0 && gruvid__stopping(&daemon->leader))
        gruvi_error("gruvid stops");
    else if (err < 0 && report->reasons.n == 0)
        gruvi_error("no reload: %s", gruvi_strerror(err));
    gruvid__report_listen(NULL);
    gruvid__report_end(report, err == 0, seconds);
    gruvid__count_reload(&daemon->leader, err == 0);
    if (err == 0)
        gruvi_info("reload %llu is done", number);
    else
        gruvi_error("reload %llu failed: what ran before goes on", number);
    if (!gruvid__stopping(&daemon->leader))
        gruvid__notify_ready("serving %zu plugin%s%s", n, n == 1 ? "" : "s",
                             err == 0 ? "" : "; the last reload failed");
}

/* The service manager waits for a reload for a while, and then longer as long
 * as it hears of it: so many seconds, so often. */
#define LONGER 20
#define OFTEN  5.0

static void
on_timer(uv_timer_t *timer)
{
    (void)timer;
    gruvid__notify_extend(LONGER);
}

static void
begin_timer(struct gruvid__daemon *daemon)
{
    struct gruvid__reloads *reloads = &daemon->reloads;

    if (!reloads->has_timer)
        uv_timer_init(gruvi_hub_loop(daemon->hub), &reloads->timer);
    reloads->has_timer = true;
    gruvid__notify_extend(LONGER);
    uv_timer_start(&reloads->timer, on_timer, (uint64_t)(OFTEN * 1000),
                   (uint64_t)(OFTEN * 1000));
}

static GRUVI_SWITCHPOINT void
run_reload(struct gruvid__daemon *daemon, struct gruvid__report *report)
{
    double began = gruvid__now();
    int err;

    gruvid__notify_reloading("reloading");
    if (report->restart == NULL)
        gruvi_info("reload %llu, by %s", (unsigned long long)report->all.number,
                   report->by);
    else
        gruvi_info("reload %llu, by %s, with a new generation of plugin %s",
                   (unsigned long long)report->all.number, report->by,
                   report->restart);
    begin_timer(daemon);
    gruvid__report_listen(report);
    err = reload(daemon, report);
    uv_timer_stop(&daemon->reloads.timer);
    tell_end(daemon, report, err, gruvid__now() - began);
    daemon->reloads.stage = NULL;
}

/* --- for the leader ------------------------------------------------------- */

GRUVI_SWITCHPOINT void
gruvid__reload_all(struct gruvid__daemon *daemon)
{
    struct gruvid__reloads *reloads = &daemon->reloads;

    while (reloads->first != NULL && !gruvid__stopping(&daemon->leader)) {
        struct gruvid__report *report = gruvid__report_new(
            reloads->count + 1, reloads->first->by, reloads->first->restart);
        struct gruvid__reload_request *requests;

        if (report == NULL) {
            gruvi_error("no reload: %s", gruvi_strerror(UV_ENOMEM));
            gruvid__count_reload(&daemon->leader, false);
            refuse(take_requests(reloads), gruvi_strerror(UV_ENOMEM));
            continue;
        }
        reloads->count++;
        requests = take_requests(reloads);
        run_reload(daemon, report);
        gruvid__report_free(reloads->last);
        reloads->last = report;
        answer(requests, report);
    }
}

GRUVI_SWITCHPOINT void
gruvid__reloads_close(struct gruvid__daemon *daemon)
{
    struct gruvid__reloads *reloads = &daemon->reloads;

    if (reloads->has_timer)
        (void)gruvi_uv_close((uv_handle_t *)&reloads->timer);
    reloads->has_timer = false;
    refuse(reloads->first, "gruvid stops");
    reloads->first = NULL;
    gruvid__report_free(reloads->last);
    reloads->last = NULL;
}

const struct gruvid__reload_report *
gruvid__reload_last(const struct gruvid__daemon *daemon)
{
    return daemon->reloads.last == NULL ? NULL : &daemon->reloads.last->all;
}

const char *
gruvid__reload_stage(const struct gruvid__daemon *daemon)
{
    return daemon->reloads.stage;
}
