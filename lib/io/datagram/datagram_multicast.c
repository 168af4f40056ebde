/* SPDX-License-Identifier: MIT */
/* Multicast groups: membership, and options for sending. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "io/datagram/datagram.h"
#include "io/socket/interface.h"

/* The number of an interface by its name or number; 0: the system's choice. */
static int
find_interface(const char *name, unsigned *index)
{
    char *end;
    unsigned long number;

    *index = 0;
    if (name == NULL)
        return 0;
    if (name[0] >= '0' && name[0] <= '9') {
        errno = 0;
        number = strtoul(name, &end, 10);
        if (*end != '\0' || errno != 0 || number > INT_MAX)
            return UV_EINVAL;
        *index = (unsigned)number;
        return 0;
    }
    return gruvi__interface_find(name, index);
}

static int
set_option(const gruvi_udp_t *udp, int level, int name, const void *value,
           socklen_t length)
{
    return setsockopt(udp->socket.fd, level, name, value, length) < 0 ? -errno
                                                                      : 0;
}

static int
change_membership(const gruvi_udp_t *udp, bool joins, const char *group,
                  const char *interface)
{
    struct ip_mreqn ip4 = {.imr_ifindex = 0};
    struct ipv6_mreq ip6 = {.ipv6mr_interface = 0};
    unsigned index;
    int err = find_interface(interface, &index);

    if (err < 0)
        return err;
    if (udp->family == AF_INET &&
        inet_pton(AF_INET, group, &ip4.imr_multiaddr) == 1) {
        ip4.imr_ifindex = (int)index;
        return set_option(udp, IPPROTO_IP,
                          joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &ip4,
                          sizeof ip4);
    }
    if (udp->family == AF_INET6 &&
        inet_pton(AF_INET6, group, &ip6.ipv6mr_multiaddr) == 1) {
        ip6.ipv6mr_interface = index;
        return set_option(udp, IPPROTO_IPV6,
                          joins ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &ip6,
                          sizeof ip6);
    }
    return UV_EINVAL;
}

int
gruvi_udp_join(gruvi_udp_t *udp, const char *group, const char *interface)
{
    return change_membership(udp, true, group, interface);
}

int
gruvi_udp_leave(gruvi_udp_t *udp, const char *group, const char *interface)
{
    return change_membership(udp, false, group, interface);
}

static int
set_number(const gruvi_udp_t *udp, int ip4_name, int ip6_name, int value)
{
    if (udp->family == AF_INET6)
        return set_option(udp, IPPROTO_IPV6, ip6_name, &value, sizeof value);
    return set_option(udp, IPPROTO_IP, ip4_name, &value, sizeof value);
}

int
gruvi_udp_set_multicast_ttl(gruvi_udp_t *udp, int ttl)
{
    if (ttl < 0 || ttl > 255)
        return UV_EINVAL;
    return set_number(udp, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, ttl);
}

int
gruvi_udp_set_multicast_loop(gruvi_udp_t *udp, bool loop)
{
    return set_number(udp, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, loop);
}

int
gruvi_udp_set_multicast_interface(gruvi_udp_t *udp, const char *interface)
{
    struct ip_mreqn ip4 = {.imr_ifindex = 0};
    unsigned index;
    int err = find_interface(interface, &index);

    if (err < 0)
        return err;
    ip4.imr_ifindex = (int)index;
    if (udp->family == AF_INET)
        return set_option(udp, IPPROTO_IP, IP_MULTICAST_IF, &ip4, sizeof ip4);
    return set_option(udp, IPPROTO_IPV6, IPV6_MULTICAST_IF, &ip4.imr_ifindex,
                      sizeof ip4.imr_ifindex);
}
