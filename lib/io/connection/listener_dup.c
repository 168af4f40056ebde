/* SPDX-License-Identifier: MIT */
/*
 * Listeners that share a socket.
 *
 *   listener --dup--> listener, in this hub or another
 *        \              /
 *         one socket, one queue; a descriptor each
 *
 * The socket goes with the last descriptor.  Its file is the first listener's.
 * Whether a call may block is a matter of the socket, and so of all of them:
 * that is what they have in common in memory (family).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <gruvi/error.h>
#include <gruvi/hub.h>
#include <gruvi/tls.h>

#include "base/descriptor.h"
#include "base/threads.h"
#include "io/connection/listener.h"

static struct gruvi__listener_family *
family_of(const gruvi_listener_t *listener)
{
    return gruvi__atomic_load(&listener->family, __ATOMIC_ACQUIRE);
}

void
gruvi__listener_part(gruvi_listener_t *listener)
{
    struct gruvi__listener_family *family = family_of(listener);

    if (family != NULL &&
        gruvi__atomic_sub_fetch(&family->refs, 1, __ATOMIC_ACQ_REL) == 0)
        free(family);
}

/* The family, with a reference for a duplicate.  Two hubs may found one at
 * once: one of them comes first. */
static struct gruvi__listener_family *
join_family(gruvi_listener_t *listener)
{
    struct gruvi__listener_family *family = family_of(listener), *own;

    if (family == NULL) {
        own = malloc(sizeof *own);
        if (own == NULL)
            return NULL;
        *own = (struct gruvi__listener_family){.refs = 1};
        if (gruvi__atomic_compare_exchange(&listener->family, &family, own,
                                           false, __ATOMIC_ACQ_REL,
                                           __ATOMIC_ACQUIRE))
            family = own;
        else
            free(own);
    }
    gruvi__atomic_add_fetch(&family->refs, 1, __ATOMIC_RELAXED);
    return family;
}

int
gruvi_listener_dup(gruvi_listener_t *listener, gruvi_listener_t **dup)
{
    gruvi_hub_t *hub;
    gruvi_listener_t *l;
    int fd;

    if (dup == NULL)
        return UV_EINVAL;
    *dup = NULL;
    if (listener == NULL)
        return UV_EINVAL;
    hub = gruvi_get_hub();
    if (hub == NULL)
        return gruvi_last_error();
    l = calloc(1, sizeof *l);
    if (l == NULL || (l->family = join_family(listener)) == NULL) {
        free(l);
        return UV_ENOMEM;
    }
    fd = fcntl(listener->socket.fd, F_DUPFD_CLOEXEC, GRUVI__FIRST_FD);
    if (fd < 0) {
        int err = -errno;

        gruvi__listener_part(l);
        free(l);
        return err;
    }
    gruvi__socket_init(&l->socket, hub, fd);
    l->socket.shared = listener->socket.shared;
    l->tls = listener->tls == NULL ? NULL : gruvi_tls_ref(listener->tls);
    *dup = l;
    return 0;
}

int
gruvi_listener_fd(const gruvi_listener_t *listener)
{
    struct gruvi__listener_family *family = family_of(listener);

    if (family != NULL)
        gruvi__atomic_store(&family->exposed, true, __ATOMIC_RELAXED);
    return gruvi__socket_give(&listener->socket);
}

int
gruvi__listener_fd(const gruvi_listener_t *listener)
{
    return listener->socket.fd;
}

bool
gruvi__listener_may_block(gruvi_listener_t *listener)
{
    const struct gruvi__listener_family *family = family_of(listener);

    if (family != NULL &&
        gruvi__atomic_load(&family->exposed, __ATOMIC_RELAXED))
        listener->socket.shared = true;
    return gruvi__socket_may_block(&listener->socket);
}
