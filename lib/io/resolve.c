/* SPDX-License-Identifier: MIT */
/*
 * Lookups run in a thread of the loop, which cannot be stopped: the resolver
 * of the system waits for its servers as long as it likes.  So the request is
 * a block of its own.  A fiber that is interrupted leaves it behind, and the
 * callback frees what nobody waits for any more.
 *
 *   fiber                       request                  callback
 *   waits ------------------->  fiber
 *   interrupted: gives up --->  fiber = NULL  -------->  frees it
 */
#include <stdlib.h>
#include <string.h>

#include "io/resolve.h"

struct request {
    uv_getaddrinfo_t uv;
    gruvi_fiber_t *fiber; /* NULL: given up */
    int done;
    int status;
};

static void
on_done(uv_getaddrinfo_t *uv, int status, struct addrinfo *result)
{
    struct request *request = gruvi__list_entry(uv, struct request, uv);

    if (request->fiber == NULL) {
        uv_freeaddrinfo(result);
        free(request);
        return;
    }
    request->status = status;
    request->done = 1;
    gruvi__ready(request->fiber);
}

static int
look_up(gruvi_fiber_t *fiber, const char *host, double timeout,
        struct addrinfo **result)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct request *request = calloc(1, sizeof *request);
    int err;

    if (request == NULL)
        return UV_ENOMEM;
    request->fiber = fiber;
    err = uv_getaddrinfo(gruvi_hub_loop(fiber->hub), &request->uv, on_done,
                         host, NULL, &hints);
    if (err < 0) {
        free(request);
        return err;
    }
    err = gruvi__wait(fiber, &request->done, "resolve", timeout);
    if (err < 0) {
        request->fiber = NULL;
        uv_cancel((uv_req_t *)&request->uv);
        return err;
    }
    err = request->status;
    *result = request->uv.addrinfo;
    free(request);
    return err;
}

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
    int err;

    memset(lookup, 0, sizeof *lookup);
    if (address->host[0] != '\0') {
        err = look_up(fiber, address->host, timeout, &lookup->owned);
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
    uv_freeaddrinfo(lookup->owned);
}
