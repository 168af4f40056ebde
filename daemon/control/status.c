/* SPDX-License-Identifier: MIT */
/* "status": how gruvid is, at a glance. */
#include <unistd.h>

#include "control/commands.h"
#include "control/report.h"
#include "control/text.h"
#include "log/level.h"
#include "metrics/figures.h"

static void
add_own(json_t *shown, const struct gruvid__own_figures *own)
{
    const struct {
        const char *name;
        uint64_t n;
    } members[] = {
        {"plugins", own->plugins},     {"draining", own->draining},
        {"reloads", own->reloads},     {"reloads_failed", own->reloads_failed},
        {"log_lines", own->log_lines}, {"log_lost", own->log_lost},
    };

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_object_set_new(shown, members[i].name,
                            json_integer((json_int_t)members[i].n));
}

/* What all generations have counted, also those that have ended. */
static int
add_counts(json_t *shown, struct gruvid__instances *instances)
{
    struct gruvid__figures figures;
    json_int_t connections = 0, parked = 0, accepted = 0, failed = 0;
    json_int_t received = 0, sent = 0, open = 0, requests = 0, failures = 0;
    int err = gruvid__figures_collect(&figures, instances);

    for (size_t i = 0; err == 0 && i < figures.n_sections; i++) {
        const struct gruvid__plugin_figures *one = &figures.sections[i];

        connections += (json_int_t)one->connections;
        parked += (json_int_t)one->parked;
        accepted += (json_int_t)one->counts.accepted;
        failed += (json_int_t)one->counts.failed;
        received += (json_int_t)one->counts.received;
        sent += (json_int_t)one->counts.sent;
        open += (json_int_t)one->requests;
        requests += (json_int_t)one->counts.requests;
        failures += (json_int_t)one->counts.requests_failed;
    }
    if (err == 0)
        add_own(shown, &figures.own);
    gruvid__figures_free(&figures);
    json_object_set_new(shown, "connections", json_integer(connections));
    json_object_set_new(shown, "parked", json_integer(parked));
    json_object_set_new(shown, "accepted", json_integer(accepted));
    json_object_set_new(shown, "failed", json_integer(failed));
    json_object_set_new(shown, "received", json_integer(received));
    json_object_set_new(shown, "sent", json_integer(sent));
    json_object_set_new(shown, "requests_open", json_integer(open));
    json_object_set_new(shown, "requests", json_integer(requests));
    json_object_set_new(shown, "requests_failed", json_integer(failures));
    return err;
}

/* The last reload, and what a reload does just now. */
static void
add_reload(json_t *shown, const struct gruvid__daemon *daemon)
{
    const struct gruvid__reload_report *last = gruvid__reload_last(daemon);
    const char *stage = gruvid__reload_stage(daemon);

    if (stage != NULL)
        json_object_set_new(shown, "reloading", gruvid__json_text(stage));
    if (last != NULL)
        json_object_set_new(shown, "reload", gruvid__show_report(last));
}

static int
answer_status(struct gruvid__request *request)
{
    struct gruvid__daemon *daemon = request->daemon;
    json_t *shown;
    int err = 0;

    shown = json_pack("{s:s, s:I, s:o, s:f, s:I, s:s}", "version",
                      gruvi_version(), "pid", (json_int_t)getpid(), "stage",
                      gruvid__json_text(gruvid__stage(&daemon->leader)),
                      "uptime", gruvid__now() - daemon->leader.begun, "hubs",
                      (json_int_t)daemon->hubs.n, "log_level",
                      gruvi_log_level_name(gruvid__log_level("")));
    if (shown != NULL) {
        err = add_counts(shown, &daemon->instances);
        add_reload(shown, daemon);
    }
    if (err == 0)
        return gruvid__answer(request, shown);
    json_decref(shown);
    return err;
}

const struct gruvid__command gruvid__command_status = {
    .name = "status",
    .who = GRUVID__MAY_LOOK,
    .looks = true,
    .handler = answer_status,
};
