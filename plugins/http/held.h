/* SPDX-License-Identifier: MIT */
/*
 * Replies that wait for those to later requests, and a head for its body, so
 * that they leave together.  Where a handler waits for something they leave
 * without what it will send.
 */
#ifndef HTTP_HELD_H
#define HTTP_HELD_H

#include "work.h"

/* A handler is about to be called, or has begun a reply.  Returns false where
 * what is there has to be sent at once.  Context: fiber. */
bool http_held_begin(struct http_work *work);

/* Send what the socket takes, where the handler waits.  Context: callback. */
void http_held_send(struct http_work *work);

/* It has replied, or the work ends.  Context: fiber. */
void http_held_end(struct http_work *work);

#endif
