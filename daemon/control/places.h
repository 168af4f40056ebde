/* SPDX-License-Identifier: MIT */
/*
 * Places: how many clients a user may have.
 *
 * Root and gruvid's own user have a few more: who shares their uid by mistake
 * must not lock the operator out.  And a program that forgets its connections
 * must lock out nobody: where there is no place left, the client of that user
 * that has been idle for longest gives way.
 */
#ifndef GRUVID_CONTROL_PLACES_H
#define GRUVID_CONTROL_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "control/client.h"

/* Seconds until an idle client gives way: a client that has just connected has
 * time to ask. */
#define GRUVID__CONTROL_IDLE 60.0

/* How many clients the user of a peer may have. */
size_t gruvid__places(const struct gruvid__peer *peer);

/*
 * Find a place for another client of a peer's user.
 *
 *   clients  all that there are
 *   now      by gruvid__now()
 *
 * Returns whether there is one; a client may have been told to go for it.
 * Context: a fiber of the first hub.
 */
bool gruvid__place_find(struct gruvid__client *clients,
                        const struct gruvid__peer *peer, double now);

#endif
