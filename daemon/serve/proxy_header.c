/* SPDX-License-Identifier: MIT */
/*
 *   v1   PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n
 *
 *   v2   | signature 12 | version, command 1 | family 1 | length 2 |
 *        | addresses: 12, 36 or 216 | type 1, length 2, value | ...
 *
 * What is no header is refused with its first wrong byte, so that a client that
 * speaks something else does not wait.
 */
#include "serve/proxy_header.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <uv.h>

/* --- version 1 ------------------------------------------------------------ */

static const char v1[] = "PROXY ";

static int
refuse(struct gruvid__proxy_header *header, const char *why)
{
    header->why = why;
    return UV_EPROTO;
}

/* A word up to a single blank, or to the end; NULL: it is empty or too long. */
static const char *
next_word(const char **at, const char *end, char *word, size_t size)
{
    const char *blank = memchr(*at, ' ', (size_t)(end - *at));
    const char *last = blank != NULL ? blank : end;
    size_t n = (size_t)(last - *at);

    if (n == 0 || n >= size || memchr(*at, '\0', n) != NULL)
        return NULL;
    memcpy(word, *at, n);
    word[n] = '\0';
    *at = blank != NULL ? blank + 1 : NULL;
    return word;
}

/* Without zeros in front, which some would read as octal. */
static bool
read_port(const char *text, in_port_t *port)
{
    unsigned n = 0;

    if (text[strspn(text, "0123456789")] != '\0' || strlen(text) > 5 ||
        (text[0] == '0' && text[1] != '\0'))
        return false;
    for (; *text != '\0'; text++)
        n = n * 10 + (unsigned)(*text - '0');
    *port = htons((uint16_t)n);
    return n <= UINT16_MAX;
}

static bool
read_ip(struct gruvid__proxy_header *header, int family, const char *text,
        bool client)
{
    struct in6_addr other;

    if (!client)
        return inet_pton(family, text, &other) == 1;
    header->client.any.sa_family = (sa_family_t)family;
    if (family == AF_INET) {
        header->length = sizeof header->client.in;
        return inet_pton(family, text, &header->client.in.sin_addr) == 1;
    }
    header->length = sizeof header->client.in6;
    return inet_pton(family, text, &header->client.in6.sin6_addr) == 1;
}

/* Behind "PROXY ", without the end of the line. */
static bool
read_line(struct gruvid__proxy_header *header, const char *at, const char *end)
{
    char word[INET6_ADDRSTRLEN];
    in_port_t port[2];
    int family;

    if (next_word(&at, end, word, sizeof word) == NULL)
        return false;
    if (strcmp(word, "UNKNOWN") == 0)
        return true; /* what follows means nothing */
    family = strcmp(word, "TCP4") == 0 ? AF_INET : AF_INET6;
    if (family == AF_INET6 && strcmp(word, "TCP6") != 0)
        return false;
    for (int i = 0; i < 2; i++)
        if (at == NULL || next_word(&at, end, word, sizeof word) == NULL ||
            !read_ip(header, family, word, i == 0))
            return false;
    for (int i = 0; i < 2; i++)
        if (at == NULL || next_word(&at, end, word, sizeof word) == NULL ||
            !read_port(word, &port[i]))
            return false;
    if (family == AF_INET)
        header->client.in.sin_port = port[0];
    else
        header->client.in6.sin6_port = port[0];
    return at == NULL;
}

static int
read_v1(struct gruvid__proxy_header *header, const unsigned char *data,
        size_t n)
{
    const char *text = (const char *)data;
    const char *end = memchr(text, '\r', n);
    const char *newline = memchr(text, '\n', n);

    header->size = GRUVID__PROXY_LINE;
    if (newline != NULL && (newline == text || newline - 1 != end))
        return refuse(header, "a line of version 1 without its end");
    if (end == NULL || end == text + n - 1)
        return n < GRUVID__PROXY_LINE
                   ? 0
                   : refuse(header, "a line of version 1 of more than 107 "
                                    "bytes");
    if (newline == NULL)
        return refuse(header, "a line of version 1 without its end");
    header->size = (size_t)(newline + 1 - text);
    if (header->size > GRUVID__PROXY_LINE)
        return refuse(header, "a line of version 1 of more than 107 bytes");
    if (!read_line(header, text + sizeof v1 - 1, end))
        return refuse(header, "a malformed line of version 1");
    return 1;
}

/* --- version 2 ------------------------------------------------------------ */

#define FIXED 16
#define CRC   0x03

static const unsigned char signature[12] = "\r\n\r\n\0\r\nQUIT\n";

enum { LOCAL = 0x20, PROXY = 0x21 };

static unsigned
two_bytes(const unsigned char *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* CRC32c, a byte at a time: a header is short. */
static uint32_t
crc_add(uint32_t crc, unsigned char byte)
{
    crc ^= byte;
    for (int i = 0; i < 8; i++)
        crc = crc >> 1 ^ ((crc & 1) ? 0x82f63b78 : 0);
    return crc;
}

/* Of the header, with zeros in place of the checksum itself. */
static bool
crc_fits(const unsigned char *data, size_t n, size_t at)
{
    uint32_t crc = ~(uint32_t)0, said = 0;

    for (size_t i = 0; i < n; i++)
        crc = crc_add(crc, i >= at && i < at + 4 ? 0 : data[i]);
    for (size_t i = at; i < at + 4; i++)
        said = said << 8 | data[i];
    return said == ~crc;
}

/* Skip what else a proxy tells; a checksum has to fit. */
static int
read_rest(struct gruvid__proxy_header *header, const unsigned char *data,
          size_t at)
{
    size_t end = header->size;

    while (at < end) {
        size_t length;

        if (end - at < 3 || (length = two_bytes(data + at + 1)) > end - at - 3)
            return refuse(header, "a header of version 2 whose values are "
                                  "longer than it");
        if (data[at] == CRC && (length != 4 || !crc_fits(data, end, at + 3)))
            return refuse(header, "a header of version 2 with a wrong "
                                  "checksum");
        at += 3 + length;
    }
    return 1;
}

static void
take_ip4(struct gruvid__proxy_header *header, const unsigned char *at)
{
    header->client.in.sin_family = AF_INET;
    memcpy(&header->client.in.sin_addr, at, 4);
    memcpy(&header->client.in.sin_port, at + 8, 2);
    header->length = sizeof header->client.in;
}

static void
take_ip6(struct gruvid__proxy_header *header, const unsigned char *at)
{
    header->client.in6.sin6_family = AF_INET6;
    memcpy(&header->client.in6.sin6_addr, at, 16);
    memcpy(&header->client.in6.sin6_port, at + 32, 2);
    header->length = sizeof header->client.in6;
}

static void
take_unix(struct gruvid__proxy_header *header, const unsigned char *at)
{
    (void)at;
    header->client.any.sa_family = AF_UNIX;
    header->length = sizeof header->client.any.sa_family;
}

/* What families are there, by the high four bits; the low ones are 1 for a
 * stream and 2 for datagrams, which a proxy of QUIC has. */
static const struct {
    size_t size; /* of both addresses */
    void (*take)(struct gruvid__proxy_header *, const unsigned char *);
} families[] = {{0, NULL}, {12, take_ip4}, {36, take_ip6}, {216, take_unix}};

static bool
is_family(unsigned char byte)
{
    return byte == 0 || (byte >> 4 >= 1 && byte >> 4 <= 3 &&
                         ((byte & 15) == 1 || (byte & 15) == 2));
}

static int
read_v2(struct gruvid__proxy_header *header, const unsigned char *data,
        size_t n)
{
    size_t addresses;

    header->size = FIXED;
    if (n > 12 && data[12] != LOCAL && data[12] != PROXY)
        return refuse(header, "a header of another version than 1 and 2, or "
                              "with an unknown command");
    if (n < FIXED)
        return 0;
    header->size += two_bytes(data + 14);
    if (header->size > GRUVID__PROXY_MOST)
        return refuse(header, "a header of version 2 of more than 4096 bytes");
    /* The proxy itself asks: the rest means nothing. */
    if (data[12] == LOCAL)
        return n >= header->size;
    if (!is_family(data[13]))
        return refuse(header, "a header of version 2 with an unknown family");
    addresses = families[data[13] >> 4].size;
    if (header->size < FIXED + addresses)
        return refuse(header, "a header of version 2 that is too short for "
                              "its addresses");
    if (n < header->size)
        return 0;
    if (addresses > 0)
        families[data[13] >> 4].take(header, data + FIXED);
    return read_rest(header, data, FIXED + addresses);
}

int
gruvid__proxy_header_read(struct gruvid__proxy_header *header,
                          const unsigned char *data, size_t n)
{
    memset(header, 0, sizeof *header);
    if (memcmp(data, v1, n < sizeof v1 - 1 ? n : sizeof v1 - 1) == 0)
        return read_v1(header, data, n);
    if (memcmp(data, signature, n < sizeof signature ? n : sizeof signature) ==
        0)
        return read_v2(header, data, n);
    return refuse(header, "no header of the PROXY protocol");
}
