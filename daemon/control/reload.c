/* SPDX-License-Identifier: MIT */
/* "reload" and "restart": the configuration is read again, and the answer comes
 * when it is taken, or refused with every reason. */
#include "run/reload.h"

#include <stdlib.h>

#include "control/commands.h"
#include "control/report.h"

/* What waits for a reload: on the heap, because a fiber that is cancelled goes,
 * and the reload tells all the same. */
struct waiting {
    gruvi_event_t over;
    bool left;      /* by its fiber */
    json_t *report; /* owned; NULL: no memory */
};

static void
end(struct waiting *waiting)
{
    gruvi_event_destroy(&waiting->over);
    json_decref(waiting->report);
    free(waiting);
}

static void
on_report(void *arg, const struct gruvid__reload_report *report)
{
    struct waiting *waiting = arg;

    if (waiting->left) {
        end(waiting);
        return;
    }
    waiting->report = gruvid__show_report(report);
    gruvi_event_set(&waiting->over);
}

static int
answer_report(struct gruvid__request *request, json_t *report)
{
    size_t reasons = json_array_size(json_object_get(report, "reasons"));

    if (report == NULL)
        return UV_ENOMEM;
    if (json_is_true(json_object_get(report, "worked")))
        return gruvid__answer(request, json_incref(report));
    return gruvid__refuse_with(request, json_incref(report), UV_EINVAL,
                               "the reload has failed, for %zu reason%s; the "
                               "old configuration goes on",
                               reasons, reasons == 1 ? "" : "s");
}

static int
refuse_at_once(struct gruvid__request *request, int err, const char *restart)
{
    if (err == UV_ESHUTDOWN)
        return gruvid__refuse(request, err, "gruvid stops");
    if (err == UV_ENOENT)
        return gruvid__refuse(request, err, "there is no plugin \"%.64s\"",
                              restart);
    return err;
}

static GRUVI_SWITCHPOINT int
reload(struct gruvid__request *request, const char *restart)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    char who[64];
    int err;

    if (waiting == NULL)
        return UV_ENOMEM;
    gruvi_event_init(&waiting->over);
    err = gruvid__reload_ask(request->daemon,
                             gruvid__peer_text(request->peer, who, sizeof who),
                             restart, on_report, waiting);
    if (err < 0) {
        end(waiting);
        return refuse_at_once(request, err, restart);
    }
    err = gruvi_event_wait(&waiting->over, GRUVI_FOREVER);
    if (err < 0 && !gruvi_event_is_set(&waiting->over)) {
        waiting->left = true;
        return err;
    }
    err = answer_report(request, waiting->report);
    end(waiting);
    return err;
}

static GRUVI_SWITCHPOINT int
answer_reload(struct gruvid__request *request)
{
    return reload(request, NULL);
}

static GRUVI_SWITCHPOINT int
answer_restart(struct gruvid__request *request)
{
    return reload(request, gruvid__request_text(request, "plugin"));
}

static const struct gruvid__member restart_members[] = {
    {.name = "plugin", .type = GRUVID__TEXT, .needed = true},
    {.name = NULL},
};

const struct gruvid__command gruvid__command_reload = {
    .name = "reload",
    .who = GRUVID__MAY_ACT,
    .handler = answer_reload,
};

const struct gruvid__command gruvid__command_restart = {
    .name = "restart",
    .who = GRUVID__MAY_ACT,
    .members = restart_members,
    .handler = answer_restart,
};
