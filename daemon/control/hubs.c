/* SPDX-License-Identifier: MIT */
/*
 * "hubs": whether each goes on, and what it has.  Each is asked, all at once;
 * how long one takes to come to the question is its lag.  A hub that does not
 * come to it in time is said to be stuck, and what is known without it is
 * shown.
 */
#include <stdlib.h>

#include "control/commands.h"
#include "control/inquiry.h"
#include "instance/shard.h"

/* Seconds for all hubs together. */
#define PATIENCE 1.0

/* That it runs is the answer. */
static void
say_here(struct gruvid__hub *hub, void *answer)
{
    (void)hub;
    (void)answer;
}

struct in_hub {
    const struct gruvid__hub *hub;
    json_int_t instances, connections;
};

static void
add_instance(gruvid_plugin_t *plugin, void *arg)
{
    struct in_hub *in = arg;

    for (size_t i = 0; i < plugin->n_shards; i++)
        if (plugin->shards[i].hub == in->hub) {
            in->instances++;
            in->connections += (json_int_t)__atomic_load_n(
                &plugin->shards[i].open, __ATOMIC_RELAXED);
        }
}

/* What it has counted, which is there also where it does not answer. */
static void
add_counts(json_t *shown, const struct gruvid__hub *hub)
{
    gruvi__hub_view_t view;
    json_t *counts;

    gruvi__hub_view(hub->hub, &view);
    counts =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "fibers",
                  (json_int_t)view.fibers + 2 /* the root and the hub's */,
                  "ready", (json_int_t)(view.sleeps ? 0 : view.ready),
                  "most_ready", (json_int_t)view.most_ready, "turns",
                  (json_int_t)view.turns, "switches", (json_int_t)view.switches,
                  "spawned", (json_int_t)view.spawned);
    json_object_update(shown, counts);
    json_decref(counts);
}

static json_t *
show_hub(struct gruvid__request *request, struct gruvid__hub *hub,
         struct gruvid__inquiry *inquiry, double until)
{
    struct in_hub in = {.hub = hub};
    double left = until - gruvid__now();
    bool answers = inquiry != NULL &&
                   gruvid__inquiry_wait(inquiry, left > 0 ? left : 0) == 0;
    json_t *shown;

    gruvid__instances_each(&request->daemon->instances, add_instance, &in);
    shown = json_pack("{s:I, s:b, s:I, s:I}", "hub", (json_int_t)hub->number,
                      "answers", answers, "plugins", in.instances,
                      "connections", in.connections);
    if (shown == NULL)
        return NULL;
    add_counts(shown, hub);
    if (answers)
        json_object_set_new(shown, "lag",
                            json_real(gruvid__inquiry_lag(inquiry)));
    return shown;
}

static int
answer_hubs(struct gruvid__request *request)
{
    struct gruvid__hubs *hubs = &request->daemon->hubs;
    unsigned n = hubs->n;
    struct gruvid__inquiry **inquiries = calloc(n, sizeof(void *));
    double until = gruvid__now() + PATIENCE;
    json_t *shown = json_array();

    if (inquiries == NULL || shown == NULL) {
        free(inquiries);
        json_decref(shown);
        return UV_ENOMEM;
    }
    for (unsigned i = 0; i < n; i++)
        inquiries[i] = gruvid__inquire(&hubs->at[i], say_here, NULL, 0, NULL);
    for (unsigned i = 0; i < n; i++) {
        json_array_append_new(
            shown, show_hub(request, &hubs->at[i], inquiries[i], until));
        gruvid__inquiry_free(inquiries[i]);
    }
    free(inquiries);
    return gruvid__answer_list(request, "hubs", shown);
}

const struct gruvid__command gruvid__command_hubs = {
    .name = "hubs",
    .who = GRUVID__MAY_LOOK,
    .handler = answer_hubs,
};
