/* SPDX-License-Identifier: MIT */
/*
 * A request that is open: its reply, and after an upgrade all that both sides
 * say, is on a stream.  Context of all: a fiber of the clients.
 */
#ifndef GRUVID_TEST_OPENED_H
#define GRUVID_TEST_OPENED_H

#include <stdbool.h>

#include <gruvi.h>
#include <gruvid/request.h>

struct opened;

/*
 * Send a request to the plugin as a transport does, and wait until its fiber
 * has begun.
 *
 *   call    copied.  With a Content-Length of more than its data, which is none
 *           then, the body is what the stream sends
 *   opened  opened_drop(); NULL on failure
 *   stream  the client's end: gruvi_stream_close(); NULL on failure
 *
 * Returns 0.
 * Errors:  UV_ENOENT (there is no such plugin), UV_EINVAL (call is none),
 *          UV_ECANCELED (gruvid stops), UV_ENOMEM, UV_EMFILE.
 */
GRUVI_SWITCHPOINT int opened_begin(const gruvid_call_t *call,
                                   struct opened **opened,
                                   gruvi_stream_t **stream);

/*
 * Wait for the head of the reply.
 *
 *   head  without a body: gruvid_answer_free(); NULL on failure
 *
 * Returns 0; UV_EALREADY (it was taken), or why there is none.
 */
GRUVI_SWITCHPOINT int opened_head(struct opened *opened,
                                  gruvid_answer_t **head);

/* As for connections: see drive.h. */
void opened_reset(const struct opened *opened);
bool opened_cancel(const struct opened *opened);

/* It has a holder more, or less. */
void opened_hold(struct opened *opened);
void opened_drop(struct opened *opened);

#endif
