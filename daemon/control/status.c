/* SPDX-License-Identifier: MIT */
/* "status": how gruvid is, at a glance. */
#include <unistd.h>

#include "control/commands.h"
#include "control/text.h"

static int
answer_status(struct gruvid__request *request)
{
    const struct gruvid__daemon *daemon = request->daemon;

    return gruvid__answer(
        request,
        json_pack("{s:s, s:I, s:o, s:f, s:i}", "version", gruvi_version(),
                  "pid", (json_int_t)getpid(), "stage",
                  gruvid__json_text(daemon->stage), "uptime",
                  gruvid__now() - daemon->begun, "hubs", (int)daemon->hubs.n));
}

const struct gruvid__command gruvid__command_status = {
    .name = "status",
    .who = GRUVID__MAY_LOOK,
    .handler = answer_status,
};
