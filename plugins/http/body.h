/* SPDX-License-Identifier: MIT */
/* The body of a request. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "work.h"

/* What may be left of a body that the connection goes on behind it, bytes. */
#define HTTP_DISCARD 65536

/*
 * Read at least one byte of the body and at most len.
 *
 * Returns the number of bytes; 0 at the end.
 * Errors:  UV_EPROTO: it is malformed, cut or too slow, which gruvid was told;
 *          those of the stream.
 * Context: fiber, switchpoint.
 */
GRUVI_SWITCHPOINT ssize_t http_body_read(struct http_work *work, void *buf,
                                         size_t len);

/* Where the client waits for "100 Continue", have it send the body.  Returns 0,
 * or UV_ENOMEM.  Context: fiber. */
int http_body_continue(struct http_work *work);

/* Whether the connection can go on behind the body, which may still have to be
 * discarded.  Context: fiber. */
bool http_body_may_end(const struct http_work *work);

/* Read and drop what is left.  Returns 0; UV_EPROTO where the connection cannot
 * go on; UV_ECANCELED, and those of the stream.  Context: fiber, switchpoint.
 */
GRUVI_SWITCHPOINT int http_body_discard(struct http_work *work);

#endif
