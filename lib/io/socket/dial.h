/* SPDX-License-Identifier: MIT */
/*
 * What an attempt to connect is made of: a socket, and connect() as often as it
 * takes.  Whoever makes it waits in between.
 */
#ifndef GRUVI_IO_DIAL_H
#define GRUVI_IO_DIAL_H

#include <netdb.h>

#include <gruvi/stream.h>

#include "io/socket/address.h"

struct gruvi__dial {
    const gruvi_connect_options_t *options; /* borrowed */
    double attempt_delay; /* seconds; negative: until one has failed */
    struct gruvi__address local;
    bool has_local;
};

/*
 * Look at the options of a connection to address.
 *
 *   options  NULL: the defaults
 *
 * Returns 0, or UV_EINVAL.
 */
int gruvi__dial_init(struct gruvi__dial *dial,
                     const gruvi_connect_options_t *options,
                     const struct gruvi__address *address);

/* Whether an address can be reached from where the connection is to begin. */
bool gruvi__dial_fits(const struct gruvi__dial *dial,
                      const struct addrinfo *info);

/* A socket with its options: the descriptor, or an error. */
int gruvi__dial_socket(const struct gruvi__dial *dial,
                       const struct addrinfo *info);

/*
 * Begin to connect, or see how far it is.
 *
 * Returns 0 where it is connected, UV_EALREADY where it is on its way (then
 * the socket becomes writable), UV_EAGAIN where the queue of a Unix socket is
 * full, or why it has failed.
 */
int gruvi__dial_step(int fd, const struct addrinfo *info);

/* Whether another address does not help: there are no descriptors, say. */
bool gruvi__dial_is_shortage(int err);

/* eyeballs.c */

/*
 * Connect to one of several addresses, which are raced.
 *
 *   timeout  seconds for all of them
 *   winner   the address that was connected to
 *
 * Returns the descriptor, or an error: that which tells most, of the last
 * attempt where there are several; or one of the wait.
 */
int gruvi__dial_race(gruvi_fiber_t *fiber, const struct gruvi__dial *dial,
                     const struct addrinfo *first, double timeout,
                     const struct addrinfo **winner);

#endif
