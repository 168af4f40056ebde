/* SPDX-License-Identifier: MIT */
/* Counting requests: see count.h. */
#include "request/count.h"

/* There was no reply, or not all of it.  A peer that has gone is as often seen
 * by an error of its stream. */
static void
count_unfinished(struct gruvid_request *request, int result)
{
    bool gone = __atomic_load_n(&request->is_gone, __ATOMIC_RELAXED) ||
                request->body_is_lost || result == UV_ECANCELED ||
                result == UV_EPIPE || result == UV_ECONNRESET || result == 0;

    gruvid__count(gone ? &request->traffic->cancelled : &request->traffic->cut);
}

void
gruvid__count_trouble(struct gruvid_request *request, int result)
{
    if (request->has_failed)
        gruvid__count(&request->traffic->failed);
    if (request->is_expired)
        gruvid__count(&request->traffic->timed_out);
    else if (result <= 0)
        count_unfinished(request, result);
}

int
gruvid__count_unrouted(struct gruvid_request *request, int result)
{
    struct gruvid__line *line = request->plugin->line;

    if (request->status > 0 && request->hub > 0)
        gruvid__codes_count(&line->unrouted[request->hub - 1].codes,
                            -request->status);
    return result;
}
