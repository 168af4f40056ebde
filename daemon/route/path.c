/* SPDX-License-Identifier: MIT */
/* Targets of requests: see path.h.  Nothing is decoded twice: what was encoded
 * twice stays encoded once. */
#include "route/path.h"

#include <stdint.h>
#include <string.h>

static int
digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte at *at, which moves on; -1: a malformed "%". */
static int
next_byte(const char **at)
{
    const char *s = *at;
    int high, low;

    *at = s + 1;
    if (*s != '%')
        return (unsigned char)*s;
    high = digit(s[1]);
    low = high < 0 ? -1 : digit(s[2]);
    if (low < 0)
        return -1;
    *at = s + 3;
    return high * 16 + low;
}

/* --- paths ---------------------------------------------------------------- */

static bool
may_be_in_segment(int byte)
{
    return byte >= 0x20 && byte != 0x7f && byte != '/' && byte != '\\';
}

static bool
ends_path(char c)
{
    return c == '\0' || c == '?';
}

static bool
is_dots(const char *segment, size_t length)
{
    return (length == 1 && segment[0] == '.') ||
           (length == 2 && segment[0] == '.' && segment[1] == '.');
}

#define BIT(c) (UINT64_C(1) << ((c) % 64))

/* A byte of a segment that stands for itself: may_be_in_segment(), but none of
 * "%?#". */
static inline bool
is_plain(char c)
{
    static const uint64_t others[4] = {
        UINT32_MAX | BIT('/') | BIT('%') | BIT('?') | BIT('#'),
        BIT('\\') | BIT(0x7f),
    };
    unsigned char byte = (unsigned char)c;

    return (others[byte / 64] >> byte % 64 & 1) == 0;
}

/* Decode a segment to *to, and move both behind it. */
static bool
decode_segment(char **to, const char **from)
{
    const char *at = *from;
    char *out = *to;

    for (;;) {
        int byte;

        while (is_plain(*at))
            *out++ = *at++;
        if (*at != '%')
            break;
        byte = next_byte(&at);
        if (!may_be_in_segment(byte))
            return false;
        *out++ = (char)byte;
    }
    if ((!ends_path(*at) && *at != '/') || is_dots(*to, (size_t)(out - *to)))
        return false;
    *to = out;
    *from = at;
    return true;
}

bool
gruvid__path_decode(char *to, const char *target)
{
    if (*target != '/')
        return false;
    do {
        while (*target == '/')
            target++;
        *to++ = '/';
        if (!decode_segment(&to, &target))
            return false;
    } while (*target == '/');
    *to = '\0';
    return true;
}

/* --- queries -------------------------------------------------------------- */

const char *
gruvid__path_query(const char *target)
{
    const char *mark = strchr(target, '?');

    return mark == NULL ? "" : mark + 1;
}

/* As forms encode. */
static int
next_of_form(const char **at)
{
    if (**at != '+')
        return next_byte(at);
    (*at)++;
    return ' ';
}

/* Whether the text from *at up to a "=", "&" or the end decodes to name; *at
 * moves there. */
static bool
takes_name(const char **at, const char *name)
{
    while (**at != '\0' && **at != '&' && **at != '=') {
        int byte = next_of_form(at);

        if (byte <= 0 || byte != (unsigned char)*name)
            return false;
        name++;
    }
    return *name == '\0';
}

static bool
decode_value(char *to, const char *from)
{
    while (*from != '\0' && *from != '&') {
        int byte = next_of_form(&from);

        if (byte <= 0)
            return false;
        *to++ = (char)byte;
    }
    *to = '\0';
    return true;
}

bool
gruvid__query_find(char *to, const char *query, const char *name)
{
    *to = '\0';
    while (*query != '\0') {
        if (takes_name(&query, name))
            return decode_value(to, *query == '=' ? query + 1 : query);
        query += strcspn(query, "&");
        query += *query == '&';
    }
    return false;
}
