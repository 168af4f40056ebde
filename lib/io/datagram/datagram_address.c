/* SPDX-License-Identifier: MIT */
/* Addresses of datagrams, from text and to text. */
#include <errno.h>
#include <string.h>

#include "io/datagram/datagram.h"

#define SCHEME "udp"

/* "udp" instead of "tcp": what follows is the same. */
static void
set_scheme(char *text, const char scheme[3])
{
    for (int i = 0; i < 3; i++)
        text[i] = scheme[i];
}

int
gruvi__udp_address_parse(struct gruvi__address *address, const char *text)
{
    char tcp[GRUVI__HOST_SIZE + sizeof "tcp://:65535"];
    int err;

    if (text == NULL || strncmp(text, SCHEME "://", 6) != 0) {
        err = gruvi__address_parse(address, text);
        return err == 0 ? UV_ENOTSUP : err;
    }
    if (strlen(text) >= sizeof tcp)
        return UV_EINVAL;
    memcpy(tcp, text, strlen(text) + 1);
    set_scheme(tcp, "tcp");
    return gruvi__address_parse(address, tcp);
}

int
gruvi_sockaddr_parse(gruvi_sockaddr_t *at, const char *text)
{
    struct gruvi__address address;
    int err = gruvi__udp_address_parse(&address, text);

    memset(at, 0, sizeof *at);
    if (err == 0 && address.host[0] != '\0')
        err = UV_EINVAL;
    if (err < 0)
        return err;
    memcpy(&at->at, &address.at, address.length);
    at->length = address.length;
    return 0;
}

static int
format(const union gruvi__sockaddr *at, socklen_t length, char *buf, size_t len)
{
    int err = gruvi__address_format(at, length, buf, len);

    if (err == 0)
        set_scheme(buf, SCHEME);
    return err;
}

int
gruvi_sockaddr_format(const gruvi_sockaddr_t *at, char *buf, size_t len)
{
    union gruvi__sockaddr address = {.un.sun_family = AF_UNSPEC};

    if (len > 0)
        buf[0] = '\0';
    if (at->length > 0 && at->length <= sizeof address)
        memcpy(&address, &at->at, at->length);
    if (address.any.sa_family != AF_INET && address.any.sa_family != AF_INET6)
        return UV_EINVAL;
    return format(&address, at->length, buf, len);
}

static bool
is_same_ip6(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b)
{
    return a->sin6_port == b->sin6_port &&
           a->sin6_scope_id == b->sin6_scope_id &&
           memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
}

bool
gruvi_sockaddr_equal(const gruvi_sockaddr_t *a, const gruvi_sockaddr_t *b)
{
    const struct sockaddr_in *a4 = (const void *)&a->at;
    const struct sockaddr_in *b4 = (const void *)&b->at;

    if (a->length == 0 || b->length == 0)
        return a->length == b->length;
    if (a->at.ss_family != b->at.ss_family)
        return false;
    if (a->at.ss_family == AF_INET6)
        return is_same_ip6((const void *)&a->at, (const void *)&b->at);
    return a4->sin_port == b4->sin_port &&
           a4->sin_addr.s_addr == b4->sin_addr.s_addr;
}

int
gruvi_udp_address(gruvi_udp_t *udp, char *buf, size_t len)
{
    union gruvi__sockaddr at = {.un.sun_family = AF_UNSPEC};
    socklen_t length = sizeof at;

    if (getsockname(udp->socket.fd, &at.any, &length) < 0)
        return -errno;
    return format(&at, length, buf, len);
}
