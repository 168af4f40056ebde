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
               double timeout, struct gruvi__resolved *resolved)
{
    struct gruvi__question question = {.host = address->host,
                                       .socktype = SOCK_STREAM};
    int err;

    memset(resolved, 0, sizeof *resolved);
    if (address->host[0] != '\0') {
        err = gruvi__look_up(fiber, &question, timeout, &resolved->owned);
        if (err < 0)
            return err;
        set_port(resolved->owned, address->port);
        resolved->first = resolved->owned;
        return 0;
    }
    resolved->one.ai_family = address->at.any.sa_family;
    resolved->one.ai_addr = &address->at.any;
    resolved->one.ai_addrlen = address->length;
    resolved->first = &resolved->one;
    return 0;
}

void
gruvi__resolved_free(struct gruvi__resolved *resolved)
{
    gruvi_freeaddrinfo(resolved->owned);
}
