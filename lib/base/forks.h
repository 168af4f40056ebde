/* SPDX-License-Identifier: MIT */
/*
 * Whether a descriptor is in no other process.
 *
 * A child of fork() has a copy of each descriptor.  What the parent closes
 * stays open then, and also stays in the parent's set of epoll, which tells of
 * it for ever.  So forks are counted: without a fork since a descriptor was
 * opened, closing it takes it out of the set.
 *
 * Only fork() counts.  What vfork(), posix_spawn() and the like begin either
 * runs another program at once, and has none of our descriptors then, or ends.
 */
#ifndef GRUVI_BASE_FORKS_H
#define GRUVI_BASE_FORKS_H

#include <stdbool.h>
#include <stdint.h>

/* A number of forks that is never the one of today: two bytes fit into a gap of
 * a socket, and after so many forks nothing is known any more. */
#define GRUVI__FORKS_UNKNOWN UINT16_MAX

/* How many there have been.  Call it before the descriptor is opened. */
uint16_t gruvi__forks(void);

/* True where there has been none since; then there is none until
 * gruvi__forks_go_on(), which has to follow within a few calls. */
bool gruvi__forks_hold(uint16_t since);
void gruvi__forks_go_on(void);

#endif
