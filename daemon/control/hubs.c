/* SPDX-License-Identifier: MIT */
/*
 * "hubs": whether each goes on, and what it has.  Each is asked, all at once;
 * how long a hub takes to come to the question is its lag.  A hub that does not
 * come to it in time is said to be stuck, and what is known without it is
 * shown.
 */
#include <stdlib.h>

#include "control/commands.h"
#include "control/inquiry.h"
#include "hub/lag.h"
#include "metrics/figures.h"

/* Seconds for all hubs together. */
#define PATIENCE 1.0

/* That it runs is the answer. */
static void
say_here(struct gruvid__hub *hub, void *answer)
{
    (void)hub;
    (void)answer;
}

/* Ask all hubs, and wait.  The question about their lag is before the inquiry,
 * and is answered before it. */
static GRUVI_SWITCHPOINT void
ask_hubs(struct gruvid__hubs *hubs, bool *answers)
{
    struct gruvid__inquiry *inquiries[GRUVID__MOST_HUBS];
    double until = gruvid__now() + PATIENCE;
    unsigned n = hubs->n;

    for (unsigned i = 0; i < n; i++) {
        gruvid__lag_ask(&hubs->at[i]);
        inquiries[i] = gruvid__inquire(&hubs->at[i], say_here, NULL, 0, NULL);
    }
    for (unsigned i = 0; i < n; i++) {
        double left = until - gruvid__now();

        answers[i] =
            inquiries[i] != NULL &&
            gruvid__inquiry_wait(inquiries[i], left > 0 ? left : 0) == 0;
        gruvid__inquiry_free(inquiries[i]);
    }
}

static json_t *
show_hub(const struct gruvid__hub_figures *hub, bool answers)
{
    const gruvi__hub_view_t *view = &hub->view;
    json_t *shown = json_pack(
        "{s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "hub",
        (json_int_t)hub->number, "answers", answers, "plugins",
        (json_int_t)hub->generations, "connections",
        (json_int_t)hub->connections, "fibers", (json_int_t)hub->fibers,
        "ready", (json_int_t)hub->ready, "most_ready",
        (json_int_t)view->most_ready, "turns", (json_int_t)view->turns,
        "switches", (json_int_t)view->switches, "spawned",
        (json_int_t)view->spawned, "refused", (json_int_t)view->refused);

    if (shown != NULL && answers)
        json_object_set_new(shown, "lag", json_real((double)hub->lag / 1e9));
    return shown;
}

static GRUVI_SWITCHPOINT int
answer_hubs(struct gruvid__request *request)
{
    struct gruvid__daemon *daemon = request->daemon;
    struct gruvid__figures figures;
    bool answers[GRUVID__MOST_HUBS];
    json_t *shown;
    int err;

    ask_hubs(&daemon->hubs, answers);
    err = gruvid__figures_collect(&figures, &daemon->instances);
    shown = err < 0 ? NULL : json_array();
    for (size_t i = 0; shown != NULL && i < figures.n_hubs; i++)
        json_array_append_new(shown, show_hub(&figures.hubs[i], answers[i]));
    gruvid__figures_free(&figures);
    return err < 0 ? err : gruvid__answer_list(request, "hubs", shown);
}

const struct gruvid__command gruvid__command_hubs = {
    .name = "hubs",
    .who = GRUVID__MAY_LOOK,
    .looks = true,
    .handler = answer_hubs,
};
