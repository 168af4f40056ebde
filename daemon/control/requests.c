/* SPDX-License-Identifier: MIT */
/*
 * "requests": what is counted of the requests of each route, and of those that
 * no route has taken.
 */
#include <stdio.h>

#include "control/commands.h"
#include "control/text.h"
#include "control/times.h"
#include "metrics/figures.h"

/* {"GET": {"2xx": 7}}: those that have been. */
static json_t *
show_done(const struct gruvid__traffic *traffic)
{
    json_t *shown = json_object();

    for (unsigned i = 0; i < GRUVID__METHODS; i++) {
        json_t *classes = json_object();

        for (unsigned k = 0; k < GRUVID__STATUS_CLASSES; k++)
            if (traffic->done[i][k] > 0)
                json_object_set_new(
                    classes, gruvid__status_class_name(k),
                    json_integer((json_int_t)traffic->done[i][k]));
        if (json_object_size(classes) > 0)
            json_object_set(shown, gruvid__method_name(i), classes);
        json_decref(classes);
    }
    return shown;
}

static json_t *
show_route(const struct gruvid__route_figures *route)
{
    const struct gruvid__traffic *traffic = &route->traffic;
    const struct gruvid__times *times = &traffic->times;

    return json_pack(
        "{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:f, s:f, "
        "s:f, s:o}",
        "plugin", gruvid__json_text(route->plugin), "route",
        gruvid__json_text(route->route), "open", (json_int_t)traffic->open,
        "done", (json_int_t)gruvid__traffic_done(traffic), "failed",
        (json_int_t)traffic->failed, "timed_out",
        (json_int_t)traffic->timed_out, "cancelled",
        (json_int_t)traffic->cancelled, "cut", (json_int_t)traffic->cut,
        "received", (json_int_t)traffic->received, "sent",
        (json_int_t)traffic->sent, "by", show_done(traffic), "time_p50",
        gruvid__times_bound(times->at, GRUVID__TIME_BUCKETS, 0.5), "time_p99",
        gruvid__times_bound(times->at, GRUVID__TIME_BUCKETS, 0.99), "time_sum",
        (double)times->sum / 1e9, "times",
        gruvid__json_times(times->at, GRUVID__TIME_BUCKETS));
}

static json_t *
show_routes(const struct gruvid__figures *figures)
{
    json_t *shown = json_array();

    for (size_t i = 0; i < figures->n_routes; i++)
        json_array_append_new(shown, show_route(&figures->routes[i]));
    return shown;
}

static json_t *
show_status(const struct gruvid__plugin_figures *section, const char *status,
            uint64_t n)
{
    return json_pack("{s:o, s:s, s:I}", "plugin",
                     gruvid__json_text(section->name), "status", status,
                     "count", (json_int_t)n);
}

static json_t *
show_unrouted(const struct gruvid__figures *figures)
{
    json_t *shown = json_array();
    char status[16];

    for (size_t i = 0; i < figures->n_sections; i++) {
        const struct gruvid__plugin_figures *section = &figures->sections[i];
        const struct gruvid__codes *codes = &section->unrouted;

        for (size_t k = 0; k < GRUVID__CODES && codes->at[k].code != 0; k++) {
            snprintf(status, sizeof status, "%d", -codes->at[k].code);
            json_array_append_new(shown,
                                  show_status(section, status, codes->at[k].n));
        }
        if (codes->others > 0)
            json_array_append_new(shown,
                                  show_status(section, "other", codes->others));
    }
    return shown;
}

static GRUVI_SWITCHPOINT int
answer_requests(struct gruvid__request *request)
{
    struct gruvid__figures figures;
    int err = gruvid__figures_collect(&figures, &request->daemon->instances);
    json_t *routes = NULL, *unrouted = NULL;

    if (err == 0) {
        routes = show_routes(&figures);
        unrouted = show_unrouted(&figures);
    }
    gruvid__figures_free(&figures);
    if (err == 0)
        err = gruvid__answer_pieces(request, "requests", routes);
    if (err == 0)
        return gruvid__answer_list(request, "unrouted", unrouted);
    json_decref(unrouted);
    return err;
}

const struct gruvid__command gruvid__command_requests = {
    .name = "requests",
    .who = GRUVID__MAY_LOOK,
    .looks = true,
    .handler = answer_requests,
};
