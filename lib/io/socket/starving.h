/* SPDX-License-Identifier: MIT */
/*
 * Calls that found no free descriptor.  They are on a list of their thread, and
 * whatever closes a descriptor wakes them.
 */
#ifndef GRUVI_IO_STARVING_H
#define GRUVI_IO_STARVING_H

#include "io/socket/socket.h"

/*
 * Sleep until a descriptor is closed in this thread, at most secs.  Returns as
 * gruvi__call_wait() does.
 */
int gruvi__starve(struct gruvi__call *call, double secs);

/* A descriptor was closed: wake the calls that sleep in gruvi__starve(). */
void gruvi__descriptor_closed(void);

#endif
