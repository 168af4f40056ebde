/* SPDX-License-Identifier: MIT */
/*
 * Server-sent events: a comment now and then, so that nobody between client and
 * server takes a silent connection for a dead one.
 */
#ifndef HTTP_EVENTS_H
#define HTTP_EVENTS_H

#include "work.h"

/* A reply of events begins.  Returns 0 or an error; there are no comments
 * then.  Context: fiber. */
int http_events_begin(struct http_work *work);

/* Whether a comment is on its way: a write waits for that.  Context: fiber,
 * switchpoint. */
GRUVI_SWITCHPOINT int http_events_enter(struct http_work *work);
void http_events_leave(struct http_work *work);

/* The exchange is over.  Context: fiber, switchpoint. */
GRUVI_SWITCHPOINT void http_events_end(struct http_work *work);

#endif
