/* SPDX-License-Identifier: MIT */
/*
 * Replies that wait for those to later requests, so that all leave together.
 * Where a later handler waits for something they leave without it.
 */
#ifndef HTTP_HELD_H
#define HTTP_HELD_H

#include "work.h"

/* A handler is about to be called.  Context: fiber. */
void http_held_begin(struct http_work *work);

/* Send what the socket takes, where the handler waits.  Context: callback. */
void http_held_send(struct http_work *work);

/* It has replied, or the work ends.  Context: fiber. */
void http_held_end(struct http_work *work);

#endif
