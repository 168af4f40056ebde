/* SPDX-License-Identifier: MIT */
/* See dial.h. */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "core/wait.h"
#include "io/socket/dial.h"
#include "io/socket/options.h"

#define ATTEMPT_DELAY 0.25 /* seconds, RFC 8305, section 5 */

int
gruvi__dial_init(struct gruvi__dial *dial,
                 const gruvi_connect_options_t *options,
                 const struct gruvi__address *address)
{
    static const gruvi_connect_options_t defaults;
    int err = 0;

    if (options == NULL)
        options = &defaults;
    if (gruvi__reserved(options->reserved) ||
        gruvi__timeout_check(options->attempt_delay) < 0)
        return UV_EINVAL;
    dial->options = options;
    dial->attempt_delay = options->attempt_delay;
    if (dial->attempt_delay == 0)
        dial->attempt_delay = ATTEMPT_DELAY;
    dial->has_local = options->local != NULL;
    if (!dial->has_local)
        return 0;
    err = gruvi__address_parse(&dial->local, options->local);
    if (err < 0 || dial->local.host[0] != '\0' ||
        dial->local.at.any.sa_family == AF_UNIX ||
        address->at.any.sa_family == AF_UNIX)
        return UV_EINVAL;
    return 0;
}

bool
gruvi__dial_fits(const struct gruvi__dial *dial, const struct addrinfo *info)
{
    return !dial->has_local || dial->local.at.any.sa_family == info->ai_family;
}

/* Where no port is given the kernel chooses it when it knows the peer, so that
 * a port serves connections to several peers. */
static int
bind_local(int fd, const struct gruvi__dial *dial)
{
    if (!dial->has_local)
        return 0;
    if (dial->local.port == 0)
        gruvi__option_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    else
        gruvi__option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    return bind(fd, &dial->local.at.any, dial->local.length) < 0 ? -errno : 0;
}

int
gruvi__dial_socket(const struct gruvi__dial *dial, const struct addrinfo *info)
{
    int fd, err = 0;

    fd = gruvi__fd_own(
        socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd < 0)
        return -errno;
    if (info->ai_family == AF_UNIX)
        return fd;
    if (!dial->options->delay)
        gruvi__option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    err = gruvi__keepalive_set(fd, dial->options->keepalive);
    if (err == 0)
        err = bind_local(fd, dial);
    if (err == 0)
        return fd;
    close(fd);
    return err;
}

/*
 * A socket that connects to a port of its own machine on which nobody listens
 * may get that very port as its own.  Then it is connected to itself.
 */
static bool
is_connected_to_itself(int fd, const struct addrinfo *info)
{
    union gruvi__sockaddr at;
    socklen_t length = sizeof at;

    if (info->ai_family == AF_UNIX || getsockname(fd, &at.any, &length) < 0)
        return false;
    if (info->ai_family == AF_INET) {
        const struct sockaddr_in *to = (const void *)info->ai_addr;

        return at.in.sin_port == to->sin_port &&
               at.in.sin_addr.s_addr == to->sin_addr.s_addr;
    } else {
        const struct sockaddr_in6 *to = (const void *)info->ai_addr;

        return at.in6.sin6_port == to->sin6_port &&
               memcmp(&at.in6.sin6_addr, &to->sin6_addr,
                      sizeof to->sin6_addr) == 0;
    }
}

/* Connecting again tells the result.  SO_ERROR does not: it is also 0 while
 * the socket is still connecting. */
int
gruvi__dial_step(int fd, const struct addrinfo *info)
{
    if (connect(fd, info->ai_addr, info->ai_addrlen) < 0 && errno != EISCONN) {
        if (errno == EINPROGRESS || errno == EALREADY || errno == EINTR)
            return UV_EALREADY;
        return -errno;
    }
    return is_connected_to_itself(fd, info) ? UV_ECONNREFUSED : 0;
}

bool
gruvi__dial_is_shortage(int err)
{
    return err == UV_EMFILE || err == UV_ENFILE || err == UV_ENOMEM;
}
