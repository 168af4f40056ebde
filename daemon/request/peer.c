/* SPDX-License-Identifier: MIT */
/* Peers that go while a handler runs. */
#include "request/cross.h"
#include "request/request.h"

void
gruvid_request_gone(gruvid_request_t *request)
{
    bool before =
        __atomic_exchange_n(&request->is_gone, true, __ATOMIC_RELAXED);

    if (before || __atomic_load_n(&request->is_finished, __ATOMIC_RELAXED))
        return;
    if (request->crossing != NULL)
        gruvid__cross_cancel(request);
    else if (request->runs)
        gruvi_fiber_cancel(request->fiber, "the peer has gone");
}

void
gruvid_request_finish(gruvid_request_t *request)
{
    bool before =
        __atomic_exchange_n(&request->is_finished, true, __ATOMIC_RELAXED);

    if (!before && request->crossing == NULL &&
        request->in.transport->finish != NULL)
        request->in.transport->finish(request->in.exchange);
}
