/* SPDX-License-Identifier: MIT */
/*
 * From an address, which may have a name, to addresses of sockets.
 */
#ifndef GRUVI_IO_RESOLVE_H
#define GRUVI_IO_RESOLVE_H

#include <netdb.h>

#include <gruvi/base.h>

#include "io/socket/address.h"

struct gruvi__resolved {
    struct addrinfo *first; /* in the order to try them in */
    struct addrinfo *owned; /* NULL for an address that needs no lookup */
    struct addrinfo one;
};

/*
 * Look up the name of an address, if it has one.
 *
 *   resolved  to be freed if 0 is returned; uses address until then
 *   timeout   seconds
 *
 * Returns 0, UV_EAI_*, UV_ENOMEM, or an error of the wait.
 */
int gruvi__resolve(gruvi_fiber_t *fiber, struct gruvi__address *address,
                   double timeout, struct gruvi__resolved *resolved);

void gruvi__resolved_free(struct gruvi__resolved *resolved);

#endif
