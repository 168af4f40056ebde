/* SPDX-License-Identifier: MIT */
/*
 * A question to another hub: a function that runs there as a callback, and
 * fills in an answer.  The hub may never come to it, so the answer belongs to
 * both sides, and goes with the last of them.
 *
 *     struct counted *counted;
 *
 *     inquiry = gruvid__inquire(hub, count, NULL, sizeof *counted, NULL);
 *     if (inquiry != NULL && gruvid__inquiry_wait(inquiry, 1.0) == 0)
 *         counted = gruvid__inquiry_answer(inquiry);
 *     ...
 *     gruvid__inquiry_free(inquiry);
 */
#ifndef GRUVID_CONTROL_INQUIRY_H
#define GRUVID_CONTROL_INQUIRY_H

#include <stddef.h>

#include <gruvi.h>

#include "hub/hubs.h"

struct gruvid__inquiry;

/*
 * Ask a hub, also the first.
 *
 *   fn        called there with an answer of size bytes.  A hub callback
 *   question  what the answer is at first, copied; NULL: zeros
 *   size      of the answer
 *   release   called with an answer that has been filled in, when it goes; may
 *             be NULL.  Context: any thread
 *
 * Returns an inquiry that the caller owns (gruvid__inquiry_free()); NULL: there
 *          is no memory, or the hub is closed.
 * Context: any fiber.
 */
struct gruvid__inquiry *gruvid__inquire(
    struct gruvid__hub *hub, void (*fn)(struct gruvid__hub *hub, void *answer),
    const void *question, size_t size, void (*release)(void *answer));

/*
 * Wait for the answer.
 *
 * Returns 0.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED.
 */
GRUVI_SWITCHPOINT int gruvid__inquiry_wait(struct gruvid__inquiry *inquiry,
                                           double timeout);

/* The answer, once it is there. */
void *gruvid__inquiry_answer(struct gruvid__inquiry *inquiry);

/* NULL is fine. */
void gruvid__inquiry_free(struct gruvid__inquiry *inquiry);

#endif
