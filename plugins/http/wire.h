/* SPDX-License-Identifier: MIT */
/* Bytes between a connection's buffers and its stream.  Context of all here:
 * fiber, switchpoint unless said otherwise. */
#ifndef HTTP_WIRE_H
#define HTTP_WIRE_H

#include "work.h"

/*
 * Have room for size more bytes of output.
 *
 * Returns where to put them, NULL without memory.  No switchpoint.
 */
char *http_reserve(struct http_work *work, size_t size);

/* uv_buf_init() takes 32 bits of a size. */
static inline uv_buf_t
http_buf(const void *data, size_t size)
{
    return (uv_buf_t){.base = (char *)(uintptr_t)data, .len = size};
}

/* Whether the drain is over, and the fiber was cancelled: it has to end, and
 * may wait for nothing more of the client.  No switchpoint. */
bool http_is_cut(const struct http_work *work);

/* n bytes of the output have been sent.  No switchpoint. */
void http_sent(struct http_work *work, size_t n);

/* Send what is to go out, and n more pieces behind it; 0, or an error, after
 * which nothing can be sent.  Where the connection is cut only what the socket
 * takes is sent: UV_ECANCELED if that is not all. */
GRUVI_SWITCHPOINT int http_send(struct http_work *work, const uv_buf_t *more,
                                unsigned n);
GRUVI_SWITCHPOINT int http_flush(struct http_work *work);

/* Send what is to go out, and a part of a file behind it; UV_EIO where the file
 * ends before. */
GRUVI_SWITCHPOINT int http_send_file(struct http_work *work, gruvi_file_t *file,
                                     uint64_t offset, uint64_t length);

/*
 * Receive more of a request's head.
 *
 *   timeout  seconds; GRUVI_FOREVER
 *
 * Returns the number of bytes; 0 at the end.
 */
GRUVI_SWITCHPOINT ssize_t http_receive(struct http_work *work, double timeout);

/* Have at least size bytes free in the input, behind what has come.  Moves it:
 * no request may be there.  Returns 0, UV_ENOMEM.  No switchpoint. */
int http_make_room(struct http_work *work, size_t size);

#endif
