/* SPDX-License-Identifier: MIT */
/*
 * "connections": the peers, and what is done for them.  Each hub notes what it
 * sees of its own, up to the limit, which also bounds how long it is kept from
 * its work; of those beyond it only the number is known.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/commands.h"
#include "control/inquiry.h"
#include "control/text.h"
#include "instance/shard.h"
#include "serve/connection.h"
#include "serve/greet.h"

#define LIMIT      1000
#define MOST_LIMIT 100000

/* Seconds for all hubs together. */
#define PATIENCE 1.0

struct seen {
    char plugin[40];
    uint64_t generation, received, sent;
    char peer[96];
    const char *state, *waits; /* static text */
};

/* What is asked for, and what a hub has seen. */
struct found {
    char plugin[40]; /* ""; or of this plugin only */
    size_t limit;
    const struct gruvid__hub *hub;
    struct gruvid__instances *instances;
    struct seen *at; /* owned, n of them */
    size_t n, more;
};

static const char *
state_name(const struct gruvid__connection *connection)
{
    switch (connection->state) {
    case GRUVID__PARKED:
        return "parked";
    case GRUVID__QUEUED:
        return "queued";
    case GRUVID__SERVED:
    default:
        return "served";
    }
}

static void
see(struct seen *seen, struct gruvid__connection *connection)
{
    char peer[sizeof seen->peer];
    const gruvid_plugin_t *plugin = connection->shard->plugin;

    snprintf(seen->plugin, sizeof seen->plugin, "%s", plugin->name);
    seen->generation = plugin->generation;
    gruvi__stream_bytes(connection->stream, &seen->received, &seen->sent);
    seen->state = state_name(connection);
    seen->waits = "";
    if (connection->state == GRUVID__SERVED)
        seen->waits = gruvi_fiber_waiting_for(connection->by.fiber);
    snprintf(seen->peer, sizeof seen->peer, "%s",
             gruvid__connection_name(connection, peer, sizeof peer));
}

static void
look_at_shard(struct found *found, const struct gruvid__shard *shard)
{
    struct gruvid__connection *connection = shard->streams;
    size_t open = __atomic_load_n(&shard->open, __ATOMIC_RELAXED), n = 0;

    for (; connection != NULL && found->n < found->limit;
         connection = connection->next, n++)
        see(&found->at[found->n++], connection);
    found->more += open > n ? open - n : 0;
}

/* Under the lock of the instances. */
static void
look_at_plugin(gruvid_plugin_t *plugin, void *arg)
{
    struct found *found = arg;

    if (found->plugin[0] != '\0' && strcmp(found->plugin, plugin->name) != 0)
        return;
    for (size_t i = 0; i < plugin->n_shards; i++)
        if (plugin->shards[i].hub == found->hub)
            look_at_shard(found, &plugin->shards[i]);
}

/* A hub callback. */
static void
look(struct gruvid__hub *hub, void *answer)
{
    struct found *found = answer;

    found->hub = hub;
    found->at = calloc(found->limit, sizeof *found->at);
    if (found->at == NULL)
        found->limit = 0;
    gruvid__instances_each(found->instances, look_at_plugin, found);
}

static void
forget(void *answer)
{
    struct found *found = answer;

    free(found->at);
}

static json_t *
show(const struct seen *seen, unsigned hub)
{
    json_t *shown = json_pack(
        "{s:o, s:I, s:I, s:o, s:s, s:I, s:I}", "plugin",
        gruvid__json_text(seen->plugin), "generation",
        (json_int_t)seen->generation, "hub", (json_int_t)hub, "peer",
        gruvid__json_text(seen->peer), "state", seen->state, "received",
        (json_int_t)seen->received, "sent", (json_int_t)seen->sent);

    if (shown != NULL && seen->waits[0] != '\0')
        json_object_set_new(shown, "waits_for", gruvid__json_text(seen->waits));
    return shown;
}

/* Take over what a hub has seen; false: it does not answer. */
static GRUVI_SWITCHPOINT bool
collect(json_t *shown, struct gruvid__inquiry *inquiry, double until,
        struct found *question)
{
    double left = until - gruvid__now();
    const struct found *found;

    if (inquiry == NULL ||
        gruvid__inquiry_wait(inquiry, left > 0 ? left : 0) < 0)
        return false;
    found = gruvid__inquiry_answer(inquiry);
    for (size_t i = 0; i < found->n; i++)
        if (json_array_size(shown) < question->limit)
            json_array_append_new(shown,
                                  show(&found->at[i], found->hub->number));
        else
            question->more++;
    question->more += found->more;
    return true;
}

/* Ask all hubs; returns how many do not answer. */
static GRUVI_SWITCHPOINT size_t
ask_hubs(struct gruvid__hubs *hubs, struct found *question, json_t *shown)
{
    struct gruvid__inquiry *inquiries[GRUVID__MOST_HUBS];
    double until = gruvid__now() + PATIENCE;
    unsigned n = hubs->n;
    size_t silent = 0;

    for (unsigned i = 0; i < n; i++)
        inquiries[i] = gruvid__inquire(&hubs->at[i], look, question,
                                       sizeof *question, forget);
    for (unsigned i = 0; i < n; i++) {
        silent += !collect(shown, inquiries[i], until, question);
        gruvid__inquiry_free(inquiries[i]);
    }
    return silent;
}

static GRUVI_SWITCHPOINT int
answer_connections(struct gruvid__request *request)
{
    const char *plugin = gruvid__request_text(request, "plugin");
    int64_t limit = gruvid__request_whole(request, "limit", LIMIT);
    struct found question = {.instances = &request->daemon->instances,
                             .limit = (size_t)limit};
    json_t *shown;
    size_t silent;
    int err;

    if (limit > MOST_LIMIT)
        return gruvid__refuse(request, UV_EINVAL, "\"limit\" is more than %d",
                              MOST_LIMIT);
    if (plugin != NULL && !gruvid__instances_had(question.instances, plugin))
        return gruvid__refuse(request, UV_ENOENT,
                              "there is no plugin \"%.64s\"", plugin);
    shown = json_array();
    if (shown == NULL)
        return UV_ENOMEM;
    if (plugin != NULL)
        snprintf(question.plugin, sizeof question.plugin, "%s", plugin);
    silent = ask_hubs(&request->daemon->hubs, &question, shown);
    err = gruvid__answer_pieces(request, "connections", shown);
    if (err < 0)
        return err;
    return gruvid__answer(request,
                          json_pack("{s:[], s:I, s:I}", "connections",
                                    "more_of_them", (json_int_t)question.more,
                                    "silent_hubs", (json_int_t)silent));
}

static const struct gruvid__member members[] = {
    {.name = "plugin", .type = GRUVID__TEXT},
    {.name = "limit", .type = GRUVID__WHOLE},
    {.name = NULL},
};

const struct gruvid__command gruvid__command_connections = {
    .name = "connections",
    .who = GRUVID__MAY_LOOK,
    .looks = true,
    .members = members,
    .handler = answer_connections,
};
