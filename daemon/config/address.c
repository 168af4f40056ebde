/* SPDX-License-Identifier: MIT */
/*
 * Addresses, as far as they can be judged without using them:
 *
 *     tcp://host:port  tcp://1.2.3.4:80  tcp://[::1]:0  unix:/path  unix:@name
 *     fd:3  fd:name
 *     tls://host:port  tls+fd:3  and so on
 *
 * Whether a host exists, a path may be written or a descriptor was inherited
 * turns out when the address is used.
 */
#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "config/internal.h"

enum {
    MAX_PATH = sizeof((struct sockaddr_un *)0)->sun_path - 1,
    MAX_HOST = 253,
    MAX_NAME = 255,
};

static bool
is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool
check_port(const char *port, gruvid__why_t *why)
{
    size_t digits = strspn(port, "0123456789");
    unsigned long number = 0;
    gruvid__shown_t shown;

    for (size_t i = 0; i < digits && number <= 65535; i++)
        number = number * 10 + (unsigned long)(port[i] - '0');
    if (port[digits] == '\0' && digits > 0 && digits <= 5 && number <= 65535)
        return true;
    return gruvid__why(why, "\"%s\" is not a port, 0 to 65535",
                       gruvid__shown(&shown, port));
}

/* "[::1]:80", also "[fe80::1%eth0]:80" */
static bool
check_ipv6(const char *host, gruvid__why_t *why)
{
    const char *close = strchr(host, ']');
    size_t length = strcspn(host + 1, "%]");
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (close == NULL)
        return gruvid__why(why, "the ] of the IPv6 address is missing");
    if (length < sizeof text) {
        memcpy(text, host + 1, length);
        text[length] = '\0';
    }
    if (length >= sizeof text || inet_pton(AF_INET6, text, &address) != 1 ||
        (host[1 + length] == '%' && host + 2 + length == close))
        return gruvid__why(why, "there is no IPv6 address in the brackets");
    if (close[1] != ':')
        return gruvid__why(why, "the port is missing: tcp://[HOST]:PORT");
    return check_port(close + 2, why);
}

static bool
check_tcp(const char *host, gruvid__why_t *why)
{
    const char *colon = strchr(host, ':');
    size_t length = strcspn(host, ":");
    char text[MAX_HOST + 1];
    struct in_addr address;

    if (*host == '[')
        return check_ipv6(host, why);
    if (colon == NULL)
        return gruvid__why(why, "the port is missing: tcp://HOST:PORT");
    if (strchr(colon + 1, ':') != NULL)
        return gruvid__why(why, "an IPv6 address stands in brackets: "
                                "tcp://[::1]:7007");
    if (length == 0)
        return gruvid__why(why, "the host is missing; 0.0.0.0 or [::] stand "
                                "for every address of this machine");
    if (*host == '*' && length == 1)
        return gruvid__why(why, "\"*\" is not a host; 0.0.0.0 stands for every "
                                "IPv4 address of this machine, [::] for every "
                                "IPv6 address");
    if (length > MAX_HOST)
        return gruvid__why(why, "the name of the host is too long");
    for (size_t i = 0; i < length; i++) {
        bool first = i == 0 || host[i - 1] == '.';

        if (!is_host_char(host[i]) || (first && host[i] == '.') ||
            (i == 0 && host[i] == '-'))
            return gruvid__why(why, "the name of the host has characters that "
                                    "are not allowed there");
    }
    memcpy(text, host, length);
    text[length] = '\0';
    if (inet_pton(AF_INET, text, &address) != 1 &&
        (text[strspn(text, "0123456789.")] == '\0' ||
         inet_aton(text, &address) != 0))
        return gruvid__why(why, "the host is not an IPv4 address");
    return check_port(colon + 1, why);
}

static bool
check_unix(const char *path, gruvid__why_t *why)
{
    if (*path != '/' && *path != '@')
        return gruvid__why(why, "the path of a socket is absolute: unix:/PATH, "
                                "or unix:@NAME for an abstract one");
    if (path[1] == '\0')
        return gruvid__why(why, "the name of the socket is missing");
    if (strlen(path) > MAX_PATH)
        return gruvid__why(why,
                           "the path of the socket is too long: %d bytes "
                           "are the most",
                           MAX_PATH);
    return true;
}

/* As service managers allow it. */
static bool
is_name(const char *name)
{
    size_t n = 0;

    while (name[n] > ' ' && name[n] < 0x7f && name[n] != ':')
        n++;
    return n > 0 && n <= MAX_NAME && name[n] == '\0';
}

static bool
check_fd(const char *socket, gruvid__why_t *why)
{
    size_t digits = strspn(socket, "0123456789");
    gruvid__shown_t shown;

    if (digits <= 7 && is_name(socket))
        return true;
    return gruvid__why(why,
                       "\"%s\" is neither the number of a descriptor, as in "
                       "fd:3, nor the name of a socket, as in fd:web",
                       gruvid__shown(&shown, socket));
}

/* "tcp://a:1, tcp://b:2" */
static bool
is_two(const char *text)
{
    static const char *const forms[] = {"tcp://", "tls://", "udp://",
                                        "unix:",  "fd:",    "tls+fd:"};
    const char *next = text + strcspn(text, " \t,;");

    next += strspn(next, " \t,;");
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (next > text && strncmp(next, forms[i], strlen(forms[i])) == 0)
            return true;
    }
    return false;
}

bool
gruvid__parse_address(const char *text, gruvid__why_t *why)
{
    static const char *const later[] = {"udp://"};
    gruvid__shown_t shown;

    if (is_two(text))
        return gruvid__why(why, "there is more than one address; give each a "
                                "line of its own");
    if (strncmp(text, "tcp://", 6) == 0 || strncmp(text, "tls://", 6) == 0)
        return check_tcp(text + 6, why);
    if (strncmp(text, "unix:", 5) == 0)
        return check_unix(text + 5, why);
    if (strncmp(text, "fd:", 3) == 0)
        return check_fd(text + 3, why);
    if (strncmp(text, "tls+fd:", 7) == 0)
        return check_fd(text + 7, why);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        if (strncmp(text, later[i], strlen(later[i])) == 0)
            return gruvid__why(why,
                               "addresses of the form %s are not "
                               "available yet",
                               later[i]);
    }
    return gruvid__why(why,
                       "\"%s\" is not an address: tcp://HOST:PORT, "
                       "tls://HOST:PORT, unix:/PATH, unix:@NAME, fd:NUMBER, "
                       "fd:NAME or tls+fd:NAME",
                       gruvid__shown(&shown, text));
}
