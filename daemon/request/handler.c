/* SPDX-License-Identifier: MIT */
/*
 * Calling a handler.
 *
 * The fiber stays a member of the group that it is in, which is that of the
 * transport's connection, and what it spawns meanwhile is in a group within the
 * target's: so it is the target's in the log and for the watchdog.  It is on
 * the list of the target's shard, which waits for it when it ends.
 */
#include "log/sink.h"
#include "request/list.h"
#include "request/request.h"

/* --- the request of a fiber ----------------------------------------------- */

static gruvi_local_t here = GRUVI_LOCAL_INIT(NULL);

struct gruvid_request *
gruvid__request_here(void)
{
    void *request;

    gruvi_local_get(&here, &request);
    return request;
}

/* The request whose handler has spawned the running fiber, or NULL. */
static const struct gruvid_request *
request_around(void)
{
    gruvi_fiber_t *fiber = gruvi_current_fiber();
    struct gruvid__shard *shard = gruvid__shard_of(fiber);
    const gruvi_group_t *group = gruvi_fiber_group(fiber);

    for (; shard != NULL && group != NULL; group = gruvi_group_parent(group))
        for (const struct gruvid_request *request = shard->requests;
             request != NULL; request = request->next)
            if (request->runs && request->group == group)
                return request;
    return NULL;
}

unsigned
gruvid__request_depth(void)
{
    const struct gruvid_request *request = gruvid__request_here();

    if (request == NULL)
        request = request_around();
    return request == NULL ? 0 : request->depth;
}

static const char *
id_here(void)
{
    struct gruvid_request *request = gruvid__request_here();

    return request == NULL ? NULL : gruvid_request_id(request);
}

void
gruvid__requests_name_lines(bool on)
{
    gruvid__log_set_request(on ? id_here : NULL);
}

/* --- the call ------------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
call_handler(void *arg)
{
    struct gruvid_request *request = arg;
    gruvid_plugin_t *target = request->target;

    request->group = gruvi_fiber_group(gruvi_current_fiber());
    return target->module->descriptor.request(request, target);
}

static GRUVI_SWITCHPOINT int
call_in_group(struct gruvid_request *request)
{
    int status = 0;

    GRUVI_IN_GROUP (&request->shard->group) {
        gruvid__request_limit(request);
        status = gruvi_group_call(NULL, call_handler, request, NULL);
        gruvid__request_unlimit(request);
        gruvid__outcome_report(request, status);
    }
    return status;
}

/* The value is kept by the fiber, so that the next request of it needs no
 * memory. */
GRUVI_SWITCHPOINT int
gruvid__request_call(struct gruvid_request *request)
{
    struct gruvid_request *outer = gruvid__request_here();
    int status = gruvi_local_set(&here, request);

    if (status < 0)
        return status;
    request->fiber = gruvi_current_fiber();
    request->runs = true;
    status = call_in_group(request);
    request->runs = false;
    gruvi_local_set(&here, outer);
    gruvid__count(&request->shard->requests_done);
    if (request->ended == 0)
        request->ended = uv_hrtime();
    gruvid__times_count(&request->shard->times,
                        request->ended - request->begun);
    return status;
}
