/* SPDX-License-Identifier: MIT */
/*
 * A datagram socket's life.
 *
 * As with a stream (socket.h), the fiber itself receives and sends, and waits
 * where that would block; the descriptor stays registered in between.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "core/fiber.h"
#include "core/switchpoint.h"
#include "core/thread.h"
#include "core/wait.h"
#include "io/datagram/datagram.h"
#include "io/socket/options.h"
#include "io/socket/resolve.h"
#include "io/socket/starving.h"

static const gruvi_udp_options_t defaults;

static int
set(int fd, int name, unsigned value)
{
    return gruvi__option_set_number(fd, SOL_SOCKET, name, value);
}

static int
set_options(int fd, int family, const gruvi_udp_options_t *options)
{
    int err;

    if ((err = set(fd, SO_REUSEADDR, options->reuse_address)) < 0 ||
        (err = set(fd, SO_REUSEPORT, options->reuse_port)) < 0 ||
        (err = set(fd, SO_BROADCAST, options->broadcast)) < 0 ||
        (err = set(fd, SO_RCVBUF, options->receive_buffer)) < 0 ||
        (err = set(fd, SO_SNDBUF, options->send_buffer)) < 0)
        return err;
    if (family != AF_INET6)
        return 0;
    return gruvi__option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY,
                             !options->dual_stack);
}

/* A socket with its options: the descriptor, or an error. */
static int
open_socket(int family, const gruvi_udp_options_t *options)
{
    int fd = gruvi__fd_own(
        socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    int err;

    if (fd < 0)
        return -errno;
    err = set_options(fd, family, options);
    if (err == 0)
        return fd;
    close(fd);
    return err;
}

/* What is done with one address: bind() or connect(). */
typedef int (*attach_fn)(int fd, const struct addrinfo *info,
                         const struct gruvi__address *local);

static int
attach_here(int fd, const struct addrinfo *info,
            const struct gruvi__address *local)
{
    (void)local;
    return bind(fd, info->ai_addr, info->ai_addrlen) < 0 ? -errno : 0;
}

static int
attach_peer(int fd, const struct addrinfo *info,
            const struct gruvi__address *local)
{
    int err;

    if (local != NULL && bind(fd, &local->at.any, local->length) < 0)
        return -errno;
    do
        err = connect(fd, info->ai_addr, info->ai_addrlen) < 0 ? -errno : 0;
    while (err == UV_EINTR);
    return err;
}

/* The first address that works. */
static int
attach_any(gruvi_udp_t *udp, const struct addrinfo *info, attach_fn attach,
           const struct gruvi__address *local,
           const gruvi_udp_options_t *options)
{
    int fd, err = UV_EAFNOSUPPORT;

    for (; info != NULL; info = info->ai_next) {
        if (local != NULL && local->at.any.sa_family != info->ai_family)
            continue;
        fd = open_socket(info->ai_family, options);
        err = fd < 0 ? fd : attach(fd, info, local);
        if (err == 0) {
            udp->socket.fd = fd;
            udp->family = info->ai_family;
            udp->connected = attach == attach_peer;
            return 0;
        }
        if (fd >= 0)
            close(fd);
    }
    return err;
}

static int
make(gruvi_fiber_t *fiber, struct gruvi__address *address, attach_fn attach,
     const struct gruvi__address *local, const gruvi_udp_options_t *options,
     double timeout, gruvi_udp_t **out)
{
    struct gruvi__resolved resolved;
    gruvi_udp_t *udp;
    int err = gruvi__resolve(fiber, address, timeout, &resolved);

    if (err < 0)
        return err;
    udp = calloc(1, sizeof *udp);
    if (udp == NULL) {
        err = UV_ENOMEM;
    } else {
        gruvi__socket_init(&udp->socket, fiber->hub, -1);
        err = attach_any(udp, resolved.first, attach, local, options);
    }
    gruvi__resolved_free(&resolved);
    if (err < 0)
        free(udp);
    else
        *out = udp;
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_udp_bind(gruvi_udp_t **udp, const char *text,
               const gruvi_udp_options_t *options)
{
    struct gruvi__address address;
    gruvi_fiber_t *fiber;
    int err;

    if (udp == NULL)
        return UV_EINVAL;
    *udp = NULL;
    if (options == NULL)
        options = &defaults;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = gruvi__udp_address_parse(&address, text)) < 0)
        return err;
    if (gruvi__reserved(options->reserved) || options->local != NULL)
        return UV_EINVAL;
    return make(fiber, &address, attach_here, NULL, options, GRUVI_FOREVER,
                udp);
}

GRUVI_SWITCHPOINT int
gruvi_udp_connect(gruvi_udp_t **udp, const char *text,
                  const gruvi_udp_options_t *options, double timeout)
{
    struct gruvi__address address, local;
    gruvi_fiber_t *fiber;
    int err;

    if (udp == NULL)
        return UV_EINVAL;
    *udp = NULL;
    if (options == NULL)
        options = &defaults;
    if ((err = gruvi__enter(__func__, &fiber)) < 0 ||
        (err = gruvi__timeout_check(timeout)) < 0 ||
        (err = gruvi__udp_address_parse(&address, text)) < 0)
        return err;
    if (gruvi__reserved(options->reserved) ||
        (options->local != NULL &&
         (gruvi__udp_address_parse(&local, options->local) < 0 ||
          local.host[0] != '\0')))
        return UV_EINVAL;
    if ((err = gruvi__yield_sometimes(fiber)) < 0)
        return err;
    return make(fiber, &address, attach_peer,
                options->local != NULL ? &local : NULL, options, timeout, udp);
}

GRUVI_SWITCHPOINT int
gruvi__udp_begin(struct gruvi__call *call, const char *function,
                 gruvi_udp_t *udp, enum gruvi__direction direction,
                 double timeout)
{
    gruvi_fiber_t *fiber;
    int err;

    if (udp == NULL)
        return UV_EINVAL;
    if ((err = gruvi__enter(function, &fiber)) < 0 ||
        (err = gruvi__call_enter(call, &udp->socket, direction, fiber, timeout,
                                 direction == GRUVI__IN ? "receive" : "send")) <
            0)
        return err;
    err = gruvi__call_yield_sometimes(call);
    if (err == 0 && udp->error[direction] < 0) {
        err = udp->error[direction];
        udp->error[direction] = 0;
    }
    if (err < 0)
        gruvi__udp_end(udp, call);
    return err;
}

void
gruvi__udp_end(gruvi_udp_t *udp, struct gruvi__call *call)
{
    if (gruvi__call_leave(call))
        free(udp);
}

void
gruvi_udp_close(gruvi_udp_t *udp)
{
    if (udp == NULL)
        return;
    if (!gruvi__is_own(udp->socket.hub)) {
        gruvi__assert_failed("gruvi_udp_close: another thread's socket");
        return;
    }
    if (gruvi__socket_close(&udp->socket))
        free(udp);
    gruvi__descriptor_closed();
}

int
gruvi_udp_fd(const gruvi_udp_t *udp)
{
    return gruvi__socket_give(&udp->socket);
}

static bool
is_receivable(struct gruvi__waitable_other *object)
{
    const gruvi_udp_t *udp =
        gruvi__list_entry(gruvi__socket_of(object), gruvi_udp_t, socket);

    return udp->error[GRUVI__IN] < 0 || gruvi__socket_readable(&udp->socket);
}

gruvi_waitable_t *
gruvi_udp_waitable(gruvi_udp_t *udp)
{
    static const struct gruvi__waitable_ops ops =
        GRUVI__SOCKET_WAITABLE(is_receivable);

    return udp == NULL ? NULL
                       : gruvi__waitable_get(&udp->socket.readable, &ops);
}
