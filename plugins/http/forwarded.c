/* SPDX-License-Identifier: MIT */
/*
 *   X-Forwarded-For: 203.0.113.9, 192.0.2.1, 10.0.0.2     from 10.0.0.3
 *                    |            |          trusted      trusted
 *                    |            the client
 *                    its own word: anything
 *
 * Each proxy has added the peer that it saw, so the last address is what the
 * peer of this connection says, and it is read from there to the front.  An
 * entry counts while all behind it are trusted.
 */
#include "forwarded.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The most entries that are looked at: nobody has more proxies. */
#define HOPS 64

/* Entries of a header, the last first, also where it came more than once. */
struct walk {
    const gruvid_header_t *headers;
    size_t n; /* headers that were not begun */
    const char *name;
    const char *value, *end; /* what is left of one; NULL: nothing */
};

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The entry before; false: there is none.  Without blanks around it. */
static bool
previous(struct walk *walk, const char **text, size_t *size)
{
    const char *begin, *end;

    while (walk->value == NULL) {
        if (walk->n == 0)
            return false;
        walk->n--;
        if (strcasecmp(walk->headers[walk->n].name, walk->name) == 0) {
            walk->value = walk->headers[walk->n].value;
            walk->end = walk->value + strlen(walk->value);
        }
    }
    begin = end = walk->end;
    while (begin > walk->value && begin[-1] != ',')
        begin--;
    walk->end = begin - 1;
    if (begin == walk->value)
        walk->value = NULL;
    while (begin < end && is_blank(*begin))
        begin++;
    while (begin < end && is_blank(end[-1]))
        end--;
    *text = begin;
    *size = (size_t)(end - begin);
    return true;
}

/* --- addresses ------------------------------------------------------------ */

/* ":4711", or nothing; -1: something else. */
static long
read_port(const char *text)
{
    size_t digits;
    long port = 0;

    if (*text == '\0')
        return 0;
    digits = strspn(text + 1, "0123456789");
    if (*text != ':' || digits < 1 || digits > 5 || text[1 + digits] != '\0')
        return -1;
    for (text++; *text != '\0'; text++)
        port = port * 10 + (*text - '0');
    return port <= 65535 ? port : -1;
}

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:4711": as the
 * peer of a stream is written. */
static bool
read_entry(const char *text, size_t size, char *buf, size_t buf_size)
{
    char entry[INET6_ADDRSTRLEN + 10], clean[INET6_ADDRSTRLEN], *host = entry;
    struct in6_addr at;
    char *end = NULL;
    int family = AF_INET6;
    long port;

    if (size == 0 || size >= sizeof entry)
        return false;
    memcpy(entry, text, size);
    entry[size] = '\0';
    if (*host == '[') {
        host++;
        end = strchr(host, ']');
        if (end == NULL)
            return false;
        *end++ = '\0';
    } else if (strchr(host, '.') != NULL &&
               strchr(host, ':') == strrchr(host, ':')) {
        family = AF_INET;
        end = strchr(host, ':');
    }
    port = end == NULL ? 0 : read_port(end);
    if (end != NULL && *end == ':')
        *end = '\0';
    if (port < 0 || inet_pton(family, host, &at) != 1)
        return false;
    inet_ntop(family, &at, clean, sizeof clean);
    snprintf(buf, buf_size,
             family == AF_INET ? "tcp://%s:%ld" : "tcp://[%s]:%ld", clean,
             port);
    return true;
}

/* The last address of X-Forwarded-For that is no trusted proxy, or the one
 * behind what is no address; false: there is none. */
static bool
find_client(const gruvid_plugin_t *plugin, const gruvid_header_t *headers,
            size_t n, char *buf, size_t size)
{
    struct walk walk = {headers, n, "X-Forwarded-For", NULL, NULL};
    char entry[INET6_ADDRSTRLEN + 20];
    const char *text;
    size_t length;
    bool found = false;

    for (int i = 0; i < HOPS && previous(&walk, &text, &length); i++) {
        if (!read_entry(text, length, entry, sizeof entry))
            break;
        snprintf(buf, size, "%s", entry);
        found = true;
        if (!gruvid_trusts_proxy(plugin, entry))
            break;
    }
    return found;
}

void
http_forwarded_peer(const struct http_connection *connection,
                    const gruvid_header_t *headers, size_t n, char *buf,
                    size_t size)
{
    if (connection->trusted &&
        find_client(connection->hub->plugin, headers, n, buf, size))
        return;
    if (gruvi_stream_peer(connection->stream, buf, size) < 0)
        *buf = '\0';
}

/* --- the scheme ----------------------------------------------------------- */

/* NULL: neither is the last word of X-Forwarded-Proto. */
static const char *
find_scheme(const gruvid_header_t *headers, size_t n)
{
    struct walk walk = {headers, n, "X-Forwarded-Proto", NULL, NULL};
    const char *text;
    size_t length;

    if (!previous(&walk, &text, &length))
        return NULL;
    if (length == 5 && strncasecmp(text, "https", length) == 0)
        return "https";
    return length == 4 && strncasecmp(text, "http", length) == 0 ? "http"
                                                                 : NULL;
}

const char *
http_forwarded_scheme(const struct http_connection *connection,
                      const gruvid_header_t *headers, size_t n)
{
    const char *scheme = connection->trusted ? find_scheme(headers, n) : NULL;

    if (scheme == NULL)
        scheme = connection->secure ? "https" : "http";
    return scheme;
}
