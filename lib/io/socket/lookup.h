/* SPDX-License-Identifier: MIT */
/*
 * Looking names up, inside a switchpoint.
 */
#ifndef GRUVI_IO_LOOKUP_H
#define GRUVI_IO_LOOKUP_H

#include <netdb.h>
#include <stdbool.h>

#include <gruvi/base.h>

/* Strings are borrowed until the call returns. */
struct gruvi__question {
    const char *host, *service;            /* NULL: none */
    int flags, family, socktype, protocol; /* as in struct addrinfo */
};

/*
 * gruvi_getaddrinfo() with checked arguments.
 *
 *   result  on success, to be freed by gruvi_freeaddrinfo(); else untouched
 *   timeout seconds, no NaN
 */
int gruvi__look_up(gruvi_fiber_t *fiber, const struct gruvi__question *question,
                   double timeout, struct addrinfo **result);

/* hosts.c: whether the hosts file has this name.  Reads the file, so not in a
 * hub's thread. */
bool gruvi__hosts_have(const char *host);

/* lookup_result.c */

/* A copy of a list, to be freed by gruvi_freeaddrinfo().  0 or UV_ENOMEM. */
int gruvi__addrinfo_copy(const struct addrinfo *from, struct addrinfo **to);

/* The code of libuv for what getaddrinfo() returned just now, with errno. */
int gruvi__addrinfo_error(int err);

#endif
