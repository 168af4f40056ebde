/* SPDX-License-Identifier: MIT */
/*
 * Looking names up, inside a switchpoint.
 */
#ifndef GRUVI_IO_LOOKUP_H
#define GRUVI_IO_LOOKUP_H

#include <netdb.h>

#include <gruvi/base.h>

/* What is looked up; strings are borrowed until the call returns. */
struct gruvi__question {
    const char *host, *service;            /* NULL: none */
    int flags, family, socktype, protocol; /* as those of struct addrinfo */
};

/*
 * As gruvi_getaddrinfo(), whose arguments have been checked.
 *
 *   result  on success, to be freed by gruvi_freeaddrinfo(); else untouched
 *   timeout seconds, no NaN
 */
int gruvi__look_up(gruvi_fiber_t *fiber, const struct gruvi__question *question,
                   double timeout, struct addrinfo **result);

/* lookup_result.c */

/* A copy of a list, likewise to be freed.  0 or UV_ENOMEM. */
int gruvi__addrinfo_copy(const struct addrinfo *from, struct addrinfo **to);

/* What getaddrinfo() returned, as a code of libuv; errno is that of the call.
 */
int gruvi__addrinfo_error(int err);

#endif
