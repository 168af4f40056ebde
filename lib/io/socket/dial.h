/* SPDX-License-Identifier: MIT */
/*
 * The steps of an attempt to connect: a socket, and connect() as often as it
 * takes.  The caller waits between the steps.
 */
#ifndef GRUVI_IO_DIAL_H
#define GRUVI_IO_DIAL_H

#include <netdb.h>

#include <gruvi/stream.h>

#include "io/socket/address.h"

struct gruvi__dial {
    const gruvi_connect_options_t *options; /* borrowed */
    double attempt_delay; /* seconds; negative: until an attempt has failed */
    struct gruvi__address local;
    bool has_local;
};

/*
 * Check and note the options of a connection to address.
 *
 *   options  NULL: the defaults
 *
 * Returns 0, or UV_EINVAL.
 */
int gruvi__dial_init(struct gruvi__dial *dial,
                     const gruvi_connect_options_t *options,
                     const struct gruvi__address *address);

/* Whether an address can be reached from the local address. */
bool gruvi__dial_fits(const struct gruvi__dial *dial,
                      const struct addrinfo *info);

/* A socket with its options: the descriptor, or an error. */
int gruvi__dial_socket(const struct gruvi__dial *dial,
                       const struct addrinfo *info);

/*
 * Begin to connect, or see how far the attempt is.
 *
 * Returns 0: connected; UV_EALREADY: on its way, and the socket becomes
 * writable; UV_EAGAIN: the queue of a Unix socket is full; or the error.
 */
int gruvi__dial_step(int fd, const struct addrinfo *info);

/* Whether no other address would help: there are no descriptors, say. */
bool gruvi__dial_is_shortage(int err);

/* eyeballs.c */

/*
 * Race the attempts to connect to several addresses.
 *
 *   timeout  seconds for all of them
 *   winner   the address that was connected to
 *
 * Returns the descriptor, an error of the wait, or the attempts' error that
 * tells most; where several tell as much, the last one.
 */
int gruvi__dial_race(gruvi_fiber_t *fiber, const struct gruvi__dial *dial,
                     const struct addrinfo *first, double timeout,
                     const struct addrinfo **winner);

#endif
