/* SPDX-License-Identifier: MIT */
/* What a byte of a request may be part of, and how text is compared. */
#ifndef HTTP_CLASS_H
#define HTTP_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_TOKEN = 1,  /* a token: a method, a field's name */
    HTTP_TARGET = 2, /* a request target: visible ASCII without #, ", <, > */
    HTTP_HOST = 4,   /* the name of a host, without brackets and colons */
    HTTP_TEXT = 8,   /* a field's value */
};

extern const uint8_t http_class[256];

static inline uint8_t
class_of(char c)
{
    return http_class[(uint8_t)c];
}

static inline char *
skip(char *p, uint8_t class)
{
    while (class_of(*p) & class)
        p++;
    return p;
}

static inline bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether text is the name, which is in lower case; letters and '-' only. */
static inline bool
is_name(const char *text, const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((text[i] | 0x20) != name[i])
            return false;
    return true;
}

#define IS_NAME(text, name) is_name(text, name, sizeof(name) - 1)

/* Whether text is uri-host [ ":" port ] of RFC 9110, section 7.2; it may be
 * empty. */
bool http_is_host(const char *text, const char *end);

/* Whether a field is one that only gruvid may send. */
bool http_is_ours(const char *name, size_t size);

#endif
