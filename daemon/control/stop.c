/* SPDX-License-Identifier: MIT */
/* "stop": as SIGTERM, and tells how far it is, and when it is over. */
#include "control/commands.h"
#include "control/state.h"
#include "control/text.h"

/* Seconds from one look at what the stop waits for to the next. */
#define LOOK 1.0

/* What was told last. */
struct told {
    const char *stage;
    json_int_t connections;
};

static void
count(gruvid_plugin_t *plugin, void *arg)
{
    struct told *now = arg;

    now->connections += (json_int_t)gruvid__plugin_open(plugin);
}

/* A piece, where something has changed.  The stop does not depend on who hears
 * of it. */
static GRUVI_SWITCHPOINT void
tell(struct gruvid__request *request, struct told *told)
{
    struct told now = {.stage = gruvid__stage(&request->daemon->leader)};

    gruvid__instances_each(&request->daemon->instances, count, &now);
    if (now.stage == told->stage && now.connections == told->connections)
        return;
    *told = now;
    (void)gruvid__answer_piece(
        request, json_pack("{s:o, s:I}", "stage", gruvid__json_text(now.stage),
                           "connections", now.connections));
}

static GRUVI_SWITCHPOINT int
answer_stop(struct gruvid__request *request)
{
    struct gruvid__leader *leader = &request->daemon->leader;
    struct gruvid__control *control = request->daemon->control;
    struct told told = {.stage = NULL};
    char who[64];
    int err;

    gruvi_info("stop was asked for by gruvictl (%s)",
               gruvid__peer_text(request->peer, who, sizeof who));
    gruvid__ask_to_stop(leader);
    gruvid__wake(leader);
    if (gruvid__request_flag(request, "no-wait"))
        return gruvid__answer(request, json_object());
    while ((err = gruvi_event_wait(&control->ended, LOOK)) == UV_ETIMEDOUT)
        tell(request, &told);
    if (err < 0)
        return err;
    return gruvid__answer(request,
                          json_pack("{s:i}", "status", control->status));
}

static const struct gruvid__member members[] = {
    {.name = "no-wait", .type = GRUVID__FLAG},
    {.name = NULL},
};

const struct gruvid__command gruvid__command_stop = {
    .name = "stop",
    .who = GRUVID__MAY_ACT,
    .members = members,
    .handler = answer_stop,
};
