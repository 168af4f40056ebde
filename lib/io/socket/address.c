/* SPDX-License-Identifier: MIT */
/*
 * The parser is strict, because addresses come from configuration files: text
 * that is not surely an address is refused, not looked up as a name.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "io/socket/address.h"
#include "io/socket/interface.h"

#define NAME_CHARACTERS                                                        \
    "abcdefghijklmnopqrstuvwxyz"                                               \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                               \
    "0123456789.-_"

/* What follows prefix in text, or NULL. */
static const char *
after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* Up to five digits and nothing else. */
static int
parse_number(const char *text, uint32_t max, uint32_t *number)
{
    size_t len = strspn(text, "0123456789");

    *number = 0;
    if (len == 0 || len > 5 || text[len] != '\0')
        return UV_EINVAL;
    for (; *text != '\0'; text++)
        *number = *number * 10 + (uint32_t)(*text - '0');
    return *number <= max ? 0 : UV_EINVAL;
}

/* Copy len bytes of text, and end them. */
static int
copy(char *to, size_t size, const char *text, size_t len)
{
    if (len == 0 || len >= size)
        return UV_EINVAL;
    memcpy(to, text, len);
    to[len] = '\0';
    return 0;
}

/* "::1" or "fe80::1%eth0" */
static int
parse_ip6(struct sockaddr_in6 *in6, const char *text, size_t len)
{
    char host[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE], *scope;
    uint32_t index;
    int err;

    if (copy(host, sizeof host, text, len) < 0)
        return UV_EINVAL;
    scope = strchr(host, '%');
    if (scope != NULL)
        *scope++ = '\0';
    in6->sin6_family = AF_INET6;
    if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
        return UV_EINVAL;
    if (scope == NULL)
        return 0;
    if (parse_number(scope, UINT32_MAX, &index) < 0) {
        err = gruvi__interface_find(scope, &index);
        if (err < 0)
            return err == UV_ENODEV ? UV_EINVAL : err;
    }
    in6->sin6_scope_id = index;
    return index == 0 ? UV_EINVAL : 0;
}

bool
gruvi__address_is_number(const char *host)
{
    struct in_addr at;

    return host[strspn(host, "0123456789abcdefABCDEFxX.")] == '\0' &&
           inet_aton(host, &at) != 0;
}

/* "127.0.0.1", or a name.  A name has a letter in it somewhere, so that half
 * an address of digits is not taken for one.  Nor are the old ways to write an
 * address names, which getaddrinfo() would take: "0x7f000001" is refused as
 * "127.1" is. */
static int
parse_host(struct gruvi__address *address, const char *text, size_t len)
{
    char *host = address->host;

    if (copy(host, sizeof address->host, text, len) < 0)
        return UV_EINVAL;
    address->at.in.sin_family = AF_INET;
    if (inet_pton(AF_INET, host, &address->at.in.sin_addr) == 1) {
        host[0] = '\0';
        return 0;
    }
    if (host[strspn(host, NAME_CHARACTERS)] != '\0' ||
        host[strspn(host, ".0123456789")] == '\0' || host[0] == '-' ||
        host[0] == '.' || strstr(host, "..") != NULL ||
        gruvi__address_is_number(host))
        return UV_EINVAL;
    return 0;
}

static int
parse_tcp(struct gruvi__address *address, const char *text)
{
    const char *colon = strrchr(text, ':');
    uint32_t port;
    int err;

    if (colon == NULL || parse_number(colon + 1, UINT16_MAX, &port) < 0)
        return UV_EINVAL;
    address->port = (uint16_t)port;
    if (text[0] == '[') {
        if (colon[-1] != ']')
            return UV_EINVAL;
        err = parse_ip6(&address->at.in6, text + 1, (size_t)(colon - text) - 2);
        address->at.in6.sin6_port = htons(address->port);
        address->length = sizeof address->at.in6;
        return err;
    }
    err = parse_host(address, text, (size_t)(colon - text));
    address->at.in.sin_port = htons(address->port);
    address->length = sizeof address->at.in;
    return err;
}

/* A path keeps its '\0', because other programs print it as a string.  An
 * abstract name has none: it would be part of the name. */
static int
parse_unix(struct gruvi__address *address, const char *text)
{
    struct sockaddr_un *un = &address->at.un;
    size_t len = strlen(text);

    if (len == 0 || strcmp(text, "@") == 0)
        return UV_EINVAL;
    if (len >= sizeof un->sun_path)
        return UV_ENAMETOOLONG;
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, text, len);
    address->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (text[0] == '@')
        un->sun_path[0] = '\0';
    else
        address->length++;
    return 0;
}

int
gruvi__address_parse(struct gruvi__address *address, const char *text)
{
    const char *rest;

    memset(address, 0, sizeof *address);
    if (text == NULL)
        return UV_EINVAL;
    if ((rest = after(text, "tcp://")) != NULL)
        return parse_tcp(address, rest);
    address->tls = (rest = after(text, "tls://")) != NULL;
    if (address->tls)
        return parse_tcp(address, rest);
    if ((rest = after(text, "unix:")) != NULL)
        return parse_unix(address, rest);
    if (after(text, "udp://") != NULL || after(text, "fd:") != NULL)
        return UV_ENOTSUP;
    return UV_EINVAL;
}

bool
gruvi__address_has_path(const struct gruvi__address *address)
{
    return address->at.any.sa_family == AF_UNIX &&
           address->at.un.sun_path[0] != '\0';
}

static int
format_ip6(const struct sockaddr_in6 *in6, char *buf, size_t len)
{
    char host[INET6_ADDRSTRLEN], scope[16] = "";

    inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
    if (in6->sin6_scope_id != 0)
        snprintf(scope, sizeof scope, "%%%u", in6->sin6_scope_id);
    return snprintf(buf, len, "tcp://[%s%s]:%u", host, scope,
                    ntohs(in6->sin6_port));
}

/* Below 100; first: no zero in front. */
static inline char *
put_pair(char *to, unsigned number, bool first)
{
    if (number >= 10 || !first)
        *to++ = (char)('0' + number / 10);
    *to++ = (char)('0' + number % 10);
    return to;
}

static inline char *
put_byte(char *to, unsigned number)
{
    if (number < 100)
        return put_pair(to, number, true);
    *to++ = (char)('0' + number / 100);
    return put_pair(to, number % 100, false);
}

static inline char *
put_port(char *to, unsigned number)
{
    unsigned above = number / 100;

    if (number < 1000)
        return put_byte(to, number);
    if (above >= 100)
        *to++ = (char)('0' + above / 100);
    to = put_pair(to, above % 100, above < 100);
    return put_pair(to, number % 100, false);
}

/* By hand: inet_ntop() and snprintf() take 2,000 instructions, and servers name
 * fibers by their peers. */
static int
format_ip4(const struct sockaddr_in *in, char *buf, size_t len)
{
    char text[sizeof "tcp://255.255.255.255:65535"] = "tcp://", *to = text + 6;
    unsigned char part[4];
    int n;

    memcpy(part, &in->sin_addr, sizeof part);
    for (int i = 0; i < 4; i++) {
        to = put_byte(to, part[i]);
        *to++ = i < 3 ? '.' : ':';
    }
    to = put_port(to, ntohs(in->sin_port));
    *to = '\0';
    n = (int)(to - text);
    if ((size_t)n < len)
        memcpy(buf, text, (size_t)n + 1);
    return n;
}

/* A name may hold any byte; one that would harm a line of text becomes '?'. */
static int
format_unix(const struct sockaddr_un *un, socklen_t length, char *buf,
            size_t len)
{
    size_t i, n = 0, start = offsetof(struct sockaddr_un, sun_path);
    char path[sizeof un->sun_path + 1];

    if (length > start)
        n = length - start;
    if (n > sizeof un->sun_path)
        n = sizeof un->sun_path;
    if (n > 0 && un->sun_path[0] != '\0')
        n = strnlen(un->sun_path, n);
    for (i = 0; i < n; i++) {
        path[i] = un->sun_path[i];
        if ((unsigned char)path[i] < ' ' || path[i] == 0x7f)
            path[i] = i == 0 && path[i] == '\0' ? '@' : '?';
    }
    path[n] = '\0';
    return snprintf(buf, len, "unix:%s", path);
}

int
gruvi__address_format(const union gruvi__sockaddr *at, socklen_t length,
                      char *buf, size_t len)
{
    int n;

    if (at->any.sa_family == AF_INET)
        n = format_ip4(&at->in, buf, len);
    else if (at->any.sa_family == AF_INET6)
        n = format_ip6(&at->in6, buf, len);
    else
        n = format_unix(&at->un, length, buf, len);
    if ((size_t)n < len)
        return 0;
    if (len > 0)
        buf[0] = '\0';
    return UV_ENOBUFS;
}
