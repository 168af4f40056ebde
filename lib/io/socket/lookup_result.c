/* SPDX-License-Identifier: MIT */
/*
 * Results of look-ups: every caller gets a list of its own.
 *
 * An entry and its address are one block of memory, and the name is another, as
 * in glibc.  So there a program may, by habit, free a list with freeaddrinfo()
 * or uv_freeaddrinfo().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gruvi/net.h>

#include "io/socket/lookup.h"

static struct addrinfo *
copy_one(const struct addrinfo *from)
{
    struct addrinfo *to = malloc(sizeof *to + from->ai_addrlen);

    if (to == NULL)
        return NULL;
    *to = *from;
    to->ai_next = NULL;
    to->ai_canonname = NULL;
    to->ai_addr = NULL;
    if (from->ai_addr != NULL)
        to->ai_addr = memcpy(to + 1, from->ai_addr, from->ai_addrlen);
    if (from->ai_canonname == NULL)
        return to;
    to->ai_canonname = strdup(from->ai_canonname);
    if (to->ai_canonname != NULL)
        return to;
    free(to);
    return NULL;
}

int
gruvi__addrinfo_copy(const struct addrinfo *from, struct addrinfo **to)
{
    struct addrinfo *first = NULL, **link = &first;

    for (; from != NULL; from = from->ai_next) {
        *link = copy_one(from);
        if (*link == NULL) {
            gruvi_freeaddrinfo(first);
            return UV_ENOMEM;
        }
        link = &(*link)->ai_next;
    }
    *to = first;
    return 0;
}

void
gruvi_freeaddrinfo(struct addrinfo *result)
{
    struct addrinfo *next;

    for (; result != NULL; result = next) {
        next = result->ai_next;
        free(result->ai_canonname);
        free(result);
    }
}

int
gruvi__addrinfo_error(int err)
{
    switch (err) {
    case 0:
        return 0;
    case EAI_ADDRFAMILY:
        return UV_EAI_ADDRFAMILY;
    case EAI_AGAIN:
        return UV_EAI_AGAIN;
    case EAI_BADFLAGS:
        return UV_EAI_BADFLAGS;
    case EAI_FAIL:
        return UV_EAI_FAIL;
    case EAI_FAMILY:
        return UV_EAI_FAMILY;
    case EAI_MEMORY:
        return UV_EAI_MEMORY;
    case EAI_NODATA:
        return UV_EAI_NODATA;
    case EAI_NONAME:
        return UV_EAI_NONAME;
    case EAI_OVERFLOW:
        return UV_EAI_OVERFLOW;
    case EAI_SERVICE:
        return UV_EAI_SERVICE;
    case EAI_SOCKTYPE:
        return UV_EAI_SOCKTYPE;
    case EAI_SYSTEM:
        return errno != 0 ? uv_translate_sys_error(errno) : UV_EAI_FAIL;
    default:
        return UV_EAI_FAIL;
    }
}
