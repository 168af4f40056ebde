/* SPDX-License-Identifier: MIT */
/* "stop": as SIGTERM, and tells when it is over. */
#include "control/commands.h"
#include "control/state.h"

static int
answer_stop(struct gruvid__request *request)
{
    struct gruvid__leader *leader = &request->daemon->leader;
    char who[64];
    struct gruvid__control *control = request->daemon->control;
    int err;

    gruvi_info("stop was asked for by gruvictl (%s)",
               gruvid__peer_text(request->peer, who, sizeof who));
    gruvid__ask_to_stop(leader);
    gruvid__wake(leader);
    if (gruvid__request_flag(request, "no-wait"))
        return gruvid__answer(request, json_object());
    err = gruvi_event_wait(&control->ended, GRUVI_FOREVER);
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
