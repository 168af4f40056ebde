/* SPDX-License-Identifier: MIT */
#include "support/port.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

/* Of IPv6 and of IPv4: a port that is free in one may be taken in the other. */
static int
open_both(struct sockaddr_in6 *at)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), off = 0, on = 1;

    if (fd < 0)
        return -1;
    *at = (struct sockaddr_in6){.sin6_family = AF_INET6};
    ck_assert_int_eq(
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off), 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on),
                     0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
    return fd;
}

static int
open_ip4(struct sockaddr_in6 *at)
{
    struct sockaddr_in *ip4 = (struct sockaddr_in *)at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    ck_assert_int_ge(fd, 0);
    *ip4 = (struct sockaddr_in){.sin_family = AF_INET};
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on),
                     0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)ip4, sizeof *ip4), 0);
    return fd;
}

int
reserve_port(int *port)
{
    struct sockaddr_in6 at;
    socklen_t length = sizeof at;
    int fd = open_both(&at);

    if (fd < 0)
        fd = open_ip4(&at);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    /* The port is at one place in both. */
    ck_assert_uint_eq(offsetof(struct sockaddr_in, sin_port),
                      offsetof(struct sockaddr_in6, sin6_port));
    *port = ntohs(at.sin6_port);
    return fd;
}
