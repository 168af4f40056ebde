/* SPDX-License-Identifier: MIT */
/*
 * Options: those that a caller gives, and those that a socket gets for them.
 */
#ifndef GRUVI_IO_OPTIONS_H
#define GRUVI_IO_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <gruvi/stream.h>

/* Whether members of an option struct are in use that mean nothing yet. */
static inline bool
gruvi__reserved(void *const reserved[4])
{
    return reserved[0] != NULL || reserved[1] != NULL || reserved[2] != NULL ||
           reserved[3] != NULL;
}

/* setsockopt() of an int.  0 or an error. */
int gruvi__option_set(int fd, int level, int name, int value);

/* The same where 0 leaves what the system has; UV_EINVAL: no int holds it. */
int gruvi__option_set_number(int fd, int level, int name, unsigned value);

/* Keep a connection alive; NULL: leave it as it is.  0 or an error. */
int gruvi__keepalive_set(int fd, const gruvi_keepalive_t *keepalive);

#endif
