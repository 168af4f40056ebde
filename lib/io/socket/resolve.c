/* SPDX-License-Identifier: MIT */
/* See lookup.c for how names are looked up. */
#include <string.h>

#include <gruvi/net.h>

#include "io/socket/lookup.h"
#include "io/socket/resolve.h"

static void
set_port(struct addrinfo *info, uint16_t port)
{
    for (; info != NULL; info = info->ai_next) {
        union gruvi__sockaddr *at = (void *)info->ai_addr;

        if (info->ai_family == AF_INET6)
            at->in6.sin6_port = htons(port);
        else
            at->in.sin_port = htons(port);
    }
}

int
gruvi__resolve(gruvi_fiber_t *fiber, struct gruvi__address *address,
               double timeout, struct gruvi__lookup *lookup)
{
    struct gruvi__question question = {.host = address->host,
                                       .socktype = SOCK_STREAM};
    int err;

    memset(lookup, 0, sizeof *lookup);
    if (address->host[0] != '\0') {
        err = gruvi__look_up(fiber, &question, timeout, &lookup->owned);
        if (err < 0)
            return err;
        set_port(lookup->owned, address->port);
        lookup->first = lookup->owned;
        return 0;
    }
    lookup->one.ai_family = address->at.any.sa_family;
    lookup->one.ai_addr = &address->at.any;
    lookup->one.ai_addrlen = address->length;
    lookup->first = &lookup->one;
    return 0;
}

void
gruvi__lookup_free(struct gruvi__lookup *lookup)
{
    gruvi_freeaddrinfo(lookup->owned);
}
