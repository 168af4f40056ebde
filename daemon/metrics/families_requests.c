/* SPDX-License-Identifier: MIT */
/*
 * The metrics of requests.  Labels are bounded: a route is told by its pattern,
 * never by a path; methods are those that all know, and "other".
 */
#include <stdio.h>

#include "instance/traffic.h"
#include "metrics/columns.h"

static const struct gruvid__column request_columns[] = {
    GAUGE("gruvid_requests_open", NULL, gruvid__route_figures, traffic.open,
          "Requests that are answered just now."),
    COUNTER("gruvid_requests_failed", NULL, gruvid__route_figures,
            traffic.failed, "Requests whose handlers have failed."),
    COUNTER("gruvid_requests_timed_out", NULL, gruvid__route_figures,
            traffic.timed_out, "Requests whose request_timeout was over."),
    COUNTER("gruvid_requests_cancelled", NULL, gruvid__route_figures,
            traffic.cancelled,
            "Requests whose client has gone, or that were ended with their "
            "plugin."),
    COUNTER("gruvid_requests_cut", NULL, gruvid__route_figures, traffic.cut,
            "Requests whose reply was broken off by something else."),
    COUNTER("gruvid_request_received_bytes", "bytes", gruvid__route_figures,
            traffic.received, "Bytes of bodies that handlers have read."),
    COUNTER("gruvid_request_sent_bytes", "bytes", gruvid__route_figures,
            traffic.sent, "Bytes of bodies of replies."),
};

static void
label_route(const void *item, struct gruvid__label *labels, char *buf,
            size_t size)
{
    const struct gruvid__route_figures *route = item;

    (void)buf;
    (void)size;
    labels[0] = (struct gruvid__label){"plugin", route->plugin};
    labels[1] = (struct gruvid__label){"route", route->route};
}

/* Those that there were. */
static void
write_done(struct gruvid__exposition *e, const struct gruvid__items *items)
{
    static const struct gruvid__family done = {
        "gruvid_requests", GRUVID__COUNTER, NULL,
        "Requests that are over, by method and class of status."};

    gruvid__exposition_family(e, &done);
    for (size_t i = 0; i < items->n; i++) {
        const struct gruvid__route_figures *route = gruvid__item_at(items, i);
        struct gruvid__label labels[GRUVID__LABELS];

        gruvid__item_label(items, i, labels, NULL, 0);
        for (unsigned m = 0; m < GRUVID__METHODS; m++)
            for (unsigned k = 0; k < GRUVID__STATUS_CLASSES; k++) {
                if (route->traffic.done[m][k] == 0)
                    continue;
                labels[2] =
                    (struct gruvid__label){"method", gruvid__method_name(m)};
                labels[3] = (struct gruvid__label){
                    "code", gruvid__status_class_name(k)};
                gruvid__exposition_sample(e, &done, labels,
                                          route->traffic.done[m][k]);
            }
    }
}

static void
write_durations(struct gruvid__exposition *e, const struct gruvid__items *items)
{
    static const struct gruvid__family times = {
        "gruvid_request_duration_seconds", GRUVID__HISTOGRAM, "seconds",
        "How long requests took, from their head to the end of the handler, or "
        "to the beginning of a stream of events or an upgrade."};

    gruvid__exposition_family(e, &times);
    for (size_t i = 0; i < items->n; i++) {
        const struct gruvid__route_figures *route = gruvid__item_at(items, i);
        struct gruvid__label labels[GRUVID__LABELS];

        gruvid__item_label(items, i, labels, NULL, 0);
        gruvid__exposition_histogram(e, &times, labels, route->traffic.times.at,
                                     GRUVID__TIME_BUCKETS,
                                     route->traffic.times.sum);
    }
}

static void
write_unrouted(struct gruvid__exposition *e,
               const struct gruvid__figures *figures)
{
    static const struct gruvid__family unrouted = {
        "gruvid_requests_unrouted", GRUVID__COUNTER, NULL,
        "Requests that no route took, or that were refused before, by status."};

    gruvid__exposition_family(e, &unrouted);
    for (size_t i = 0; i < figures->n_sections; i++) {
        const struct gruvid__plugin_figures *one = &figures->sections[i];
        const struct gruvid__codes *codes = &one->unrouted;
        char status[16];
        struct gruvid__label labels[GRUVID__LABELS] = {{"plugin", one->name},
                                                       {"code", status}};

        for (size_t k = 0; k < GRUVID__CODES && codes->at[k].code != 0; k++) {
            snprintf(status, sizeof status, "%d", -codes->at[k].code);
            gruvid__exposition_sample(e, &unrouted, labels, codes->at[k].n);
        }
        if (codes->others > 0) {
            labels[1].value = "other";
            gruvid__exposition_sample(e, &unrouted, labels, codes->others);
        }
    }
}

void
gruvid__families_write_requests(struct gruvid__exposition *e,
                                const struct gruvid__figures *figures)
{
    const struct gruvid__items items = {figures->routes, figures->n_routes,
                                        sizeof *figures->routes, label_route};

    WRITE_COLUMNS(e, request_columns, &items);
    write_done(e, &items);
    write_durations(e, &items);
    write_unrouted(e, figures);
}
