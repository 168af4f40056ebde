/* SPDX-License-Identifier: MIT */
/* request_timeout: the time until a reply begins. */
#include "request/request.h"

/* Seconds; 0: no limit. */
static double
seconds_of(const struct gruvid_request *request)
{
    double limit = gruvid__seconds(&request->target->request_timeout);
    double asked = request->in.timeout;

    return limit <= 0 || (asked > 0 && asked < limit) ? asked : limit;
}

void
gruvid__request_limit(struct gruvid_request *request)
{
    double seconds = seconds_of(request);

    request->is_limited = seconds > 0;
    if (request->is_limited)
        gruvi_switch_back_init(&request->limit, seconds);
}

void
gruvid__request_unlimit(struct gruvid_request *request)
{
    if (!request->is_limited || gruvi_current_fiber() != request->fiber)
        return;
    request->is_limited = false;
    request->is_expired = gruvi_switch_back_timed_out(&request->limit);
    gruvi_switch_back_exit(&request->limit);
}

double
gruvid_request_deadline(const gruvid_request_t *request)
{
    return request->is_limited ? gruvi_deadline_remaining() : GRUVI_FOREVER;
}
