/* SPDX-License-Identifier: MIT */
/*
 * A handler in a fiber of its own, as a rule in another hub than the
 * transport's.
 *
 *   transport's fiber                   handler's fiber
 *
 *   gruvid__cross() ---------begin----> calls the handler
 *     waits for an errand               needs to read or write:
 *     runs it        <----asked-------- gruvid__cross_run()
 *                    -----answered----> goes on
 *     ends           <----asked-------- the handler has returned
 *
 * Nothing is copied, and nothing waits in between: the memory of an errand is
 * the handler's, which waits until it is done.
 */
#ifndef GRUVID_REQUEST_CROSS_H
#define GRUVID_REQUEST_CROSS_H

#include "request/request.h"

struct gruvid__errand;

/*
 * Have the handler of request->shard called there.
 *
 * Returns what the handler has returned; UV_EAGAIN, ...: why there is no fiber
 *          for it.
 * Context: the transport's fiber, switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__cross(struct gruvid_request *request);

/* Have the transport's fiber run an errand.  UV_EBUSY: it does so for another
 * fiber of the handler.  Context: the handler's hub, switchpoint. */
GRUVI_SWITCHPOINT ssize_t gruvid__cross_run(
    struct gruvid_request *request, const struct gruvid__errand *errand);

/* Give up a request whose fiber has not begun.  Context: its shard's hub. */
void gruvid__cross_drop(struct gruvid_request *request);

/* Cancel the handler.  Context: the transport's hub. */
void gruvid__cross_cancel(struct gruvid_request *request);

#endif
