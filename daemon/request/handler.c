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

static int
call_handler(void *arg)
{
    struct gruvid_request *request = arg;
    gruvid_plugin_t *target = request->target;

    return target->module->descriptor.request(request, target);
}

static int
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
    uint64_t begun = uv_hrtime();
    int status = gruvi_local_set(&here, request);

    if (status < 0)
        return status;
    request->fiber = gruvi_current_fiber();
    request->runs = true;
    status = call_in_group(request);
    request->runs = false;
    gruvi_local_set(&here, outer);
    gruvid__count(&request->shard->requests_done);
    gruvid__times_count(&request->shard->times, uv_hrtime() - begun);
    return status;
}
