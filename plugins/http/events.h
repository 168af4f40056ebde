/* SPDX-License-Identifier: MIT */
/* Server-sent events by HTTP/1.1: comments.h. */
#ifndef HTTP_EVENTS_H
#define HTTP_EVENTS_H

#include "work.h"

/* A reply of events begins.  Returns 0 or an error; there are no comments
 * then.  Context: fiber. */
int http_events_begin(struct http_work *work);

#endif
