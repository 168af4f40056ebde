/* SPDX-License-Identifier: MIT */
/*
 * Which of the open addresses is in the way of another.  The kernel has said
 * that the other is in use; a name is looked up to find out where it leads.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "serve/sockets.h"

union sockaddr_any {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_storage room;
};

/* Where something listens. */
struct spot {
    union sockaddr_any at;
    bool dual_stack;
};

static in_port_t
port_of(const struct spot *spot)
{
    return spot->at.any.sa_family == AF_INET6 ? spot->at.in6.sin6_port
                                              : spot->at.in.sin_port;
}

static bool
is_wildcard(const struct spot *spot)
{
    return spot->at.any.sa_family == AF_INET6
               ? IN6_IS_ADDR_UNSPECIFIED(&spot->at.in6.sin6_addr)
               : spot->at.in.sin_addr.s_addr == htonl(INADDR_ANY);
}

static bool
is_equal(const struct spot *a, const struct spot *b)
{
    if (a->at.any.sa_family != b->at.any.sa_family)
        return false;
    return a->at.any.sa_family == AF_INET6
               ? memcmp(&a->at.in6.sin6_addr, &b->at.in6.sin6_addr,
                        sizeof a->at.in6.sin6_addr) == 0
               : a->at.in.sin_addr.s_addr == b->at.in.sin_addr.s_addr;
}

static bool
overlap(const struct spot *a, const struct spot *b)
{
    if (port_of(a) != port_of(b))
        return false;
    if (a->at.any.sa_family == b->at.any.sa_family)
        return is_equal(a, b) || is_wildcard(a) || is_wildcard(b);
    return (a->dual_stack && is_wildcard(a)) ||
           (b->dual_stack && is_wildcard(b));
}

/* False: not of TCP. */
static bool
spot_of(gruvi_listener_t *listener, struct spot *spot)
{
    socklen_t length = sizeof spot->at, size = sizeof(int);
    int fd = gruvi__listener_fd(listener), only = 1;

    if (getsockname(fd, &spot->at.any, &length) < 0 ||
        (spot->at.any.sa_family != AF_INET &&
         spot->at.any.sa_family != AF_INET6))
        return false;
    if (spot->at.any.sa_family == AF_INET6)
        getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size);
    spot->dual_stack = only == 0;
    return true;
}

static struct gruvid__address *
find(const struct gruvid__sockets *sockets, const struct spot *spot, bool *same)
{
    struct gruvid__address *address = sockets->first;
    struct spot open;

    for (; address != NULL; address = address->next)
        for (size_t i = 0; i < address->n; i++)
            if (spot_of(address->listeners[i], &open) && overlap(spot, &open)) {
                *same = is_equal(spot, &open) &&
                        spot->dual_stack == open.dual_stack;
                return address;
            }
    return NULL;
}

/* "tcp://[::1]:80" -> "::1", "80" */
static bool
split(const char *text, char *host, size_t size, const char **port)
{
    const char *begin = text + 6, *colon = strrchr(text, ':'), *end = colon;

    if (strncmp(text, "tcp://", 6) != 0 || colon < begin)
        return false;
    if (*begin == '[' && end[-1] == ']')
        begin++, end--;
    snprintf(host, size, "%.*s", (int)(end - begin), begin);
    *port = colon + 1;
    return true;
}

static GRUVI_SWITCHPOINT struct gruvid__address *
find_tcp(const struct gruvid__sockets *sockets, const char *text,
         bool dual_stack, bool *same)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct gruvid__address *address = NULL;
    struct addrinfo *list = NULL, *info;
    const char *port;
    char host[256];

    if (!split(text, host, sizeof host, &port) ||
        gruvi_getaddrinfo(host, port, &hints, &list, GRUVI_FOREVER) < 0)
        return NULL;
    for (info = list; info != NULL && address == NULL; info = info->ai_next) {
        struct spot spot = {.dual_stack =
                                dual_stack && info->ai_family == AF_INET6};

        memcpy(&spot.at, info->ai_addr, info->ai_addrlen);
        address = find(sockets, &spot, same);
    }
    gruvi_freeaddrinfo(list);
    return address;
}

/* Other ways to write the path of a file. */
static struct gruvid__address *
find_file(const struct gruvid__sockets *sockets, const char *path, bool *same)
{
    struct gruvid__address *address = sockets->first;
    struct stat st;

    if (stat(path, &st) < 0)
        return NULL;
    while (address != NULL &&
           (address->n == 0 || strncmp(address->text, "unix:/", 6) != 0 ||
            address->dev != st.st_dev || address->ino != st.st_ino))
        address = address->next;
    *same = address != NULL;
    return address;
}

GRUVI_SWITCHPOINT struct gruvid__address *
gruvid__sockets_overlap(const struct gruvid__sockets *sockets, const char *text,
                        bool dual_stack, bool *same)
{
    *same = false;
    if (strncmp(text, "unix:", 5) == 0)
        return find_file(sockets, text + 5, same);
    return find_tcp(sockets, text, dual_stack, same);
}
