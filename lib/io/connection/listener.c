/* SPDX-License-Identifier: MIT */
/*
 * A listener's life.  accept.c accepts its connections, listener_dup.c shares
 * its socket.
 *
 * A name may have several addresses ("localhost": 127.0.0.1 and ::1).  A
 * listener has one socket, on the first address that can be bound.
 *
 * fd:N is a socket that was bound elsewhere.  It is duplicated, so that
 * each owner closes its own descriptor, in any order.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "core/fiber.h"
#include "core/switchpoint.h"
#include "core/thread.h"
#include "core/wait.h"
#include "io/connection/listener.h"
#include "io/socket/options.h"
#include "io/socket/resolve.h"
#include "io/socket/starving.h"
#include "io/stream/stream.h"
#include "io/tls/tls.h"

#define BACKLOG 1024

/* Connections inherit these options, which saves a system call for each. */
static int
set_inherited(int fd, const gruvi_listen_options_t *options)
{
    int err = gruvi__option_set(fd, IPPROTO_TCP, TCP_NODELAY, !options->delay);

    return err < 0 ? err : gruvi__keepalive_set(fd, options->keepalive);
}

static int
listen_tcp(int fd, const struct addrinfo *info,
           const gruvi_listen_options_t *options)
{
    int backlog = options->backlog > 0 ? options->backlog : BACKLOG;
    int err;

    if ((err = gruvi__option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1)) < 0 ||
        (err = set_inherited(fd, options)) < 0)
        return err;
    if (options->reuse_port &&
        (err = gruvi__option_set(fd, SOL_SOCKET, SO_REUSEPORT, 1)) < 0)
        return err;
    if (info->ai_family == AF_INET6 &&
        (err = gruvi__option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY,
                                 !options->dual_stack)) < 0)
        return err;
    if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 ||
        listen(fd, backlog) < 0)
        return -errno;
    return 0;
}

static GRUVI_SWITCHPOINT int
open_socket(gruvi_listener_t *listener, const struct addrinfo *info,
            const struct gruvi__address *address,
            const gruvi_listen_options_t *options)
{
    int backlog = options->backlog > 0 ? options->backlog : BACKLOG;
    int fd, err = 0;

    fd = gruvi__fd_own(
        socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd < 0)
        return -errno;
    if (info->ai_family != AF_UNIX)
        err = listen_tcp(fd, info, options);
    else if (gruvi__address_has_path(address))
        err = gruvi__socket_file_listen(fd, address, backlog, options->mode,
                                        &listener->file);
    else if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 ||
             listen(fd, backlog) < 0)
        err = -errno;
    if (err < 0)
        close(fd);
    else
        listener->socket.fd = fd;
    return err;
}

static void
listener_free(gruvi_listener_t *listener)
{
    if (listener == NULL)
        return;
    if (listener->spare != NULL)
        gruvi__stream_free(listener->spare);
    gruvi__listener_part(listener);
    gruvi_tls_unref(listener->tls);
    free(listener);
}

static GRUVI_SWITCHPOINT int
listen_on(gruvi_fiber_t *fiber, struct gruvi__address *address,
          const gruvi_listen_options_t *options, gruvi_listener_t **listener)
{
    struct gruvi__resolved resolved;
    struct addrinfo *info;
    gruvi_listener_t *l;
    int err = gruvi__resolve(fiber, address, GRUVI_FOREVER, &resolved);

    if (err < 0)
        return err;
    l = calloc(1, sizeof *l);
    if (l == NULL) {
        err = UV_ENOMEM;
    } else {
        gruvi__socket_init(&l->socket, fiber->hub, -1);
        if (address->tls)
            l->tls = gruvi_tls_ref(options->tls);
        err = UV_EADDRNOTAVAIL;
        for (info = resolved.first; info != NULL && err < 0;
             info = info->ai_next)
            err = open_socket(l, info, address, options);
    }
    gruvi__resolved_free(&resolved);
    if (err < 0)
        listener_free(l);
    else
        *listener = l;
    return err;
}

/* --- sockets that listen already ----------------------------------------- */

/* "3" */
static int
parse_fd(const char *text)
{
    char *end;
    long fd;

    errno = 0;
    fd = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 ||
        fd > INT_MAX)
        return UV_EINVAL;
    return (int)fd;
}

static int
get_option(int fd, int name, int *value)
{
    socklen_t length = sizeof *value;

    return getsockopt(fd, SOL_SOCKET, name, value, &length) < 0 ? -errno : 0;
}

/* Whether it can accept streams. */
static int
check_listens(int fd, int *domain)
{
    int type, listens, err;

    if ((err = get_option(fd, SO_TYPE, &type)) < 0 ||
        (err = get_option(fd, SO_ACCEPTCONN, &listens)) < 0 ||
        (err = get_option(fd, SO_DOMAIN, domain)) < 0)
        return err;
    return type == SOCK_STREAM && listens ? 0 : UV_EINVAL;
}

static int
duplicate(int fd, const gruvi_listen_options_t *options)
{
    int domain, own, flags, err = check_listens(fd, &domain);

    if (err == 0 && domain == AF_UNIX && options->tls != NULL)
        err = UV_EINVAL;
    if (err == 0 && domain != AF_UNIX)
        err = set_inherited(fd, options);
    if (err < 0)
        return err;
    own = fcntl(fd, F_DUPFD_CLOEXEC, GRUVI__FIRST_FD);
    if (own < 0)
        return -errno;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    flags = fcntl(own, F_GETFL);
    if (flags < 0 || fcntl(own, F_SETFL, flags | O_NONBLOCK) < 0) {
        err = -errno;
        close(own);
        return err;
    }
    return own;
}

static int
listen_on_fd(gruvi_fiber_t *fiber, const char *text,
             const gruvi_listen_options_t *options, gruvi_listener_t **listener)
{
    gruvi_listener_t *l;
    int fd = parse_fd(text);

    if (fd < 0)
        return fd;
    l = calloc(1, sizeof *l);
    if (l == NULL)
        return UV_ENOMEM;
    fd = duplicate(fd, options);
    if (fd < 0) {
        free(l);
        return fd;
    }
    gruvi__socket_init(&l->socket, fiber->hub, fd);
    l->socket.shared = true;
    l->tls = options->tls == NULL ? NULL : gruvi_tls_ref(options->tls);
    *listener = l;
    return 0;
}

static int
listen_on_fd_with_tls(gruvi_fiber_t *fiber, const char *text,
                      const gruvi_listen_options_t *options,
                      gruvi_listener_t **listener)
{
    struct gruvi__address address = {.tls = true};
    int err = gruvi__tls_check(&address, options->tls, true);

    return err < 0 ? err : listen_on_fd(fiber, text, options, listener);
}

/* --- from outside -------------------------------------------------------- */

GRUVI_SWITCHPOINT int
gruvi_listen(gruvi_listener_t **listener, const char *text,
             const gruvi_listen_options_t *options)
{
    static const gruvi_listen_options_t defaults;
    struct gruvi__address address;
    gruvi_fiber_t *fiber;
    int err;

    if (listener == NULL)
        return UV_EINVAL;
    *listener = NULL;
    if ((err = gruvi__enter(__func__, &fiber)) < 0)
        return err;
    if (options == NULL)
        options = &defaults;
    if (options->backlog < 0 || options->mode > 0777 ||
        gruvi__reserved(options->reserved))
        return UV_EINVAL;
    if (text != NULL && strncmp(text, "fd:", 3) == 0 && options->tls == NULL)
        return listen_on_fd(fiber, text + 3, options, listener);
    if (text != NULL && strncmp(text, "tls+fd:", 7) == 0)
        return listen_on_fd_with_tls(fiber, text + 7, options, listener);
    err = gruvi__address_parse(&address, text);
    if (err < 0)
        return err;
    err = gruvi__tls_check(&address, options->tls, true);
    if (err < 0)
        return err;
    return listen_on(fiber, &address, options, listener);
}

int
gruvi_listener_address(gruvi_listener_t *listener, char *buf, size_t len)
{
    union gruvi__sockaddr at = {.un.sun_family = AF_UNSPEC};
    socklen_t length = sizeof at;
    int err;

    if (getsockname(listener->socket.fd, &at.any, &length) < 0)
        return -errno;
    err = gruvi__address_format(&at, length, buf, len);
    /* "tls" instead of "tcp" */
    for (size_t i = 0; err == 0 && listener->tls != NULL && i < 3; i++)
        buf[i] = "tls"[i];
    return err;
}

/* A listener of TCP may get TLS later. */
static int
check_change(gruvi_listener_t *listener, const gruvi_tls_t *tls)
{
    int domain = AF_UNSPEC, err = gruvi__tls_check_change(tls);

    if (err == 0)
        err = get_option(listener->socket.fd, SO_DOMAIN, &domain);
    return err == 0 && domain == AF_UNIX ? UV_EINVAL : err;
}

int
gruvi_listener_set_tls(gruvi_listener_t *listener, gruvi_tls_t *tls)
{
    gruvi_tls_t *old = listener->tls;
    int err;

    if (!gruvi__is_own(listener->socket.hub))
        return UV_EPERM;
    err = check_change(listener, tls);
    /* The stream that is ready for the next connection may have TLS already. */
    if (err == 0 && listener->spare != NULL)
        err = gruvi__tls_attach(listener->spare, tls);
    if (err < 0)
        return err;
    listener->tls = gruvi_tls_ref(tls);
    gruvi_tls_unref(old);
    return 0;
}

void
gruvi__listener_leave(gruvi_listener_t *listener, struct gruvi__call *call)
{
    if (gruvi__call_leave(call))
        listener_free(listener);
}

void
gruvi_listener_close(gruvi_listener_t *listener)
{
    if (listener == NULL)
        return;
    if (!gruvi__is_own(listener->socket.hub)) {
        gruvi__assert_failed("gruvi_listener_close: another thread's listener");
        return;
    }
    gruvi__socket_file_remove(&listener->file);
    if (gruvi__socket_close(&listener->socket))
        listener_free(listener);
    gruvi__descriptor_closed();
}

static bool
is_acceptable(struct gruvi__waitable_other *object)
{
    return gruvi__socket_readable(gruvi__socket_of(object));
}

gruvi_waitable_t *
gruvi_listener_waitable(gruvi_listener_t *listener)
{
    static const struct gruvi__waitable_ops ops =
        GRUVI__SOCKET_WAITABLE(is_acceptable);

    return listener == NULL
               ? NULL
               : gruvi__waitable_get(&listener->socket.readable, &ops);
}
