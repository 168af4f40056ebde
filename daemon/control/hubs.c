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

struct counted {
    size_t fibers;
};

static void
count_fiber(gruvi_fiber_t *fiber, void *arg)
{
    struct counted *counted = arg;

    (void)fiber;
    counted->fibers++;
}

static void
count(struct gruvid__hub *hub, void *answer)
{
    gruvi_hub_each_fiber(hub->hub, count_fiber, answer);
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

static json_t *
show_hub(struct gruvid__request *request, struct gruvid__hub *hub,
         struct gruvid__inquiry *inquiry, double until)
{
    struct in_hub in = {.hub = hub};
    double left = until - gruvid__now();
    const struct counted *counted = NULL;
    json_t *shown;

    if (inquiry != NULL &&
        gruvid__inquiry_wait(inquiry, left > 0 ? left : 0) == 0)
        counted = gruvid__inquiry_answer(inquiry);
    gruvid__instances_each(&request->daemon->instances, add_instance, &in);
    shown = json_pack("{s:I, s:b, s:I, s:I}", "hub", (json_int_t)hub->number,
                      "answers", counted != NULL, "plugins", in.instances,
                      "connections", in.connections);
    if (shown != NULL && counted != NULL) {
        json_object_set_new(shown, "fibers",
                            json_integer((json_int_t)counted->fibers));
        json_object_set_new(shown, "lag",
                            json_real(gruvid__inquiry_lag(inquiry)));
    }
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
        inquiries[i] = gruvid__inquire(&hubs->at[i], count, NULL,
                                       sizeof(struct counted), NULL);
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
