/* SPDX-License-Identifier: MIT */
/* The end of requests whose plugin ends: see list.h. */
#include "request/cross.h"
#include "request/list.h"

void
gruvid__requests_cut(struct gruvid__shard *shard, const char *why)
{
    struct gruvid_request *request = shard->requests, *next;

    for (; request != NULL; request = next) {
        next = request->next;
        if (request->runs)
            gruvi_fiber_cancel(request->fiber, why);
        else
            gruvid__cross_drop(request);
    }
}
