/* SPDX-License-Identifier: MIT */
/*
 * Counting requests, where they come from: in the transport's fiber.  What each
 * request passes through is inline; what few have is in count.c.
 */
#ifndef GRUVID_REQUEST_COUNT_H
#define GRUVID_REQUEST_COUNT_H

#include "instance/traffic.h"
#include "request/request.h"

/* A request is on its way to who answers it. */
static inline void
gruvid__count_begin(struct gruvid_request *request, struct gruvid__tally *tally)
{
    request->begun = uv_hrtime();
    if (request->hub == 0)
        return;
    request->traffic = &tally->at[request->hub - 1];
    gruvid__add(&request->traffic->open, 1);
}

static inline bool
gruvid__count_is_get(const char *method)
{
    return method[0] == 'G' && method[1] == 'E' && method[2] == 'T' &&
           method[3] == '\0';
}

static inline void
gruvid__count_more(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* count.c: how a request ended that did not go as it should. */
void gruvid__count_trouble(struct gruvid_request *request, int result);

/* It is over.  Returns result, which is as that of gruvid_route(). */
static inline int
gruvid__count_end(struct gruvid_request *request, int result)
{
    struct gruvid__traffic *traffic = request->traffic;
    const char *method = request->in.method;
    uint64_t end = request->ended;

    if (traffic == NULL)
        return result;
    if (end == 0)
        end = uv_hrtime();
    gruvid__add(&traffic->open, -1);
    gruvid__count(
        &traffic->done[gruvid__count_is_get(method)
                           ? 0
                           : gruvid__method_number(method)]
                      [request->status == 200 ? 2 : request->status / 100]);
    gruvid__times_count(&traffic->times, end - request->begun);
    gruvid__count_more(&traffic->sent, request->sent);
    if (request->n_read > 0)
        gruvid__count_more(&traffic->received, request->n_read);
    if (result <= 0 || request->has_failed || request->is_expired)
        gruvid__count_trouble(request, result);
    return result;
}

/* No route has taken a request, and gruvid has answered it.  Returns result. */
int gruvid__count_unrouted(struct gruvid_request *request, int result);

#endif
