/* SPDX-License-Identifier: MIT */
/*
 * Proxies that are believed: networks, and peers of Unix sockets.
 *
 * An address of IPv4 is compared with networks of IPv4 only, also where it is
 * written as one of IPv6 (::ffff:192.0.2.1): ::/0 is no network of it.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "config/internal.h"

#define MAPPED 12 /* bytes before the address in ::ffff:192.0.2.1 */

struct network {
    unsigned char at[16];
    uint8_t size; /* of at: 4, or 16 */
    uint8_t bits;
};

struct gruvid__proxies {
    struct gruvid__proxies *older; /* owned */
    bool header;                   /* proxy_protocol = yes */
    bool local;                    /* unix: */
    size_t n;
    struct network network[];
};

/* An address as text of n bytes; ::ffff:192.0.2.1 becomes 192.0.2.1. */
static bool
read_address(struct network *to, const char *text, size_t n)
{
    static const unsigned char mapped[MAPPED] = {[10] = 0xff, [11] = 0xff};
    char buf[INET6_ADDRSTRLEN];

    if (n >= sizeof buf)
        return false;
    memcpy(buf, text, n);
    buf[n] = '\0';
    to->size = 4;
    if (inet_pton(AF_INET, buf, to->at) != 1) {
        to->size = 16;
        if (inet_pton(AF_INET6, buf, to->at) != 1)
            return false;
    }
    to->bits = (uint8_t)(to->size * 8);
    if (to->size == 16 && memcmp(to->at, mapped, MAPPED) == 0) {
        memmove(to->at, to->at + MAPPED, 4);
        to->size = 4;
    }
    return true;
}

/* Whether no bit is set behind the first bits. */
static bool
ends_with_zeros(const struct network *network)
{
    for (unsigned i = network->bits; i < network->size * 8u; i++)
        if (network->at[i / 8] & (0x80 >> i % 8))
            return false;
    return true;
}

static bool
read_bits(struct network *network, const char *text)
{
    unsigned bits = 0, before = network->bits - network->size * 8u;
    size_t n = strlen(text);

    if (n < 1 || n > 3 || text[strspn(text, "0123456789")] != '\0' ||
        (n > 1 && *text == '0'))
        return false;
    for (; *text != '\0'; text++)
        bits = bits * 10 + (unsigned)(*text - '0');
    if (bits < before || bits > network->bits)
        return false;
    network->bits = (uint8_t)(bits - before);
    return true;
}

/* "10.0.0.0/8", "2001:db8::/32", "192.0.2.1". */
static bool
read_network(struct network *network, const char *text)
{
    const char *slash = strchr(text, '/');
    size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);

    if (!read_address(network, text, n))
        return false;
    if (slash == NULL) {
        network->bits = (uint8_t)(network->size * 8);
        return true;
    }
    return read_bits(network, slash + 1);
}

bool
gruvid__accept_proxy(const char *text, gruvid__why_t *why)
{
    struct network network;
    gruvid__shown_t shown;

    if (*text == '\0' || strcmp(text, "unix:") == 0)
        return true;
    gruvid__shown(&shown, text);
    if (!read_network(&network, text))
        return gruvid__why(why,
                           "\"%s\" is not a network, such as 10.0.0.0/8 or "
                           "fd00::/8, and not unix:",
                           shown.text);
    if (!ends_with_zeros(&network))
        return gruvid__why(why,
                           "\"%s\" has bits behind its prefix: it names one "
                           "address and means a network",
                           shown.text);
    return true;
}

struct gruvid__proxies *
gruvid__proxies_new(const char *const *list, size_t n, bool header)
{
    struct gruvid__proxies *proxies =
        calloc(1, sizeof *proxies + n * sizeof *proxies->network);

    if (proxies == NULL)
        return NULL;
    proxies->header = header;
    for (; *list != NULL; list++) {
        if (strcmp(*list, "unix:") == 0)
            proxies->local = true;
        else if (read_network(&proxies->network[proxies->n], *list))
            proxies->n++;
    }
    return proxies;
}

void
gruvid__proxies_free(struct gruvid__proxies *proxies)
{
    while (proxies != NULL) {
        struct gruvid__proxies *older = proxies->older;
        free(proxies);
        proxies = older;
    }
}

void
gruvid__proxies_replace(struct gruvid__proxies **proxies,
                        struct gruvid__proxies *next)
{
    next->older = *proxies;
    __atomic_store_n(proxies, next, __ATOMIC_RELEASE);
}

bool
gruvid__proxies_equal(const struct gruvid__proxies *a,
                      const struct gruvid__proxies *b)
{
    if (a->header != b->header || a->local != b->local || a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (a->network[i].size != b->network[i].size ||
            a->network[i].bits != b->network[i].bits ||
            memcmp(a->network[i].at, b->network[i].at, a->network[i].size) != 0)
            return false;
    return true;
}

bool
gruvid__proxies_send_header(const struct gruvid__proxies *proxies)
{
    return proxies->header;
}

/* Where the address is in "tcp://192.0.2.1:80", "tls://[::1%2]:443" or in one
 * that stands alone. */
static const char *
find_address(const char *text, size_t *n)
{
    bool with_port =
        strncmp(text, "tcp://", 6) == 0 || strncmp(text, "tls://", 6) == 0;

    if (with_port)
        text += 6;
    if (*text == '[') {
        text++;
        *n = strcspn(text, "%]");
    } else {
        *n = with_port ? strcspn(text, ":") : strcspn(text, "%");
    }
    return text;
}

static bool
is_in(const struct network *network, const struct network *address)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;

    if (network->size != address->size ||
        memcmp(network->at, address->at, whole) != 0)
        return false;
    return rest == 0 ||
           (network->at[whole] ^ address->at[whole]) >> (8 - rest) == 0;
}

bool
gruvid__proxies_trust(const struct gruvid__proxies *proxies, const char *peer)
{
    struct network address = {.size = 0};
    size_t n;

    if (strncmp(peer, "unix:", 5) == 0)
        return proxies->local;
    if (proxies->n == 0)
        return false;
    peer = find_address(peer, &n);
    if (!read_address(&address, peer, n))
        return false;
    for (size_t i = 0; i < proxies->n; i++)
        if (is_in(&proxies->network[i], &address))
            return true;
    return false;
}
