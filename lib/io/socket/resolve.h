/* SPDX-License-Identifier: MIT */
/*
 * From an address to the sockets it may stand for: names are looked up.
 */
#ifndef GRUVI_IO_RESOLVE_H
#define GRUVI_IO_RESOLVE_H

#include <netdb.h>

#include <gruvi/base.h>

#include "io/socket/address.h"

struct gruvi__lookup {
    struct addrinfo *first; /* in the order in which to try them */
    struct addrinfo *owned; /* NULL for an address that needs no lookup */
    struct addrinfo one;
};

/*
 * Look an address up.
 *
 *   lookup   to be freed, where 0 was returned; uses address until then
 *   timeout  seconds
 *
 * Returns 0, UV_EAI_*, UV_ENOMEM, or an error of the wait.
 */
int gruvi__resolve(gruvi_fiber_t *fiber, struct gruvi__address *address,
                   double timeout, struct gruvi__lookup *lookup);

void gruvi__lookup_free(struct gruvi__lookup *lookup);

#endif
