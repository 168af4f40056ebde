/* SPDX-License-Identifier: MIT */
/* What a handler may put into headers: see field.h. */
#include "request/field.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool
is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

bool
gruvid__is_token(const char *text)
{
    const char *at = text;

    while (*at != '\0' &&
           (is_alnum(*at) || strchr("!#$%&'*+-.^_`|~", *at) != NULL))
        at++;
    return at != text && *at == '\0';
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool
gruvid__is_value(const char *text)
{
    size_t length = strlen(text);

    if (length == 0)
        return true;
    if (is_blank(text[0]) || is_blank(text[length - 1]))
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

bool
gruvid__is_transports(const char *name)
{
    static const char *const names[] = {
        "Connection", "Date",    "Keep-Alive",        "Proxy-Connection",
        "TE",         "Trailer", "Transfer-Encoding", "Upgrade",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

bool
gruvid__list_has(const char *list, const char *member)
{
    size_t length = strlen(member);

    while (*list != '\0') {
        size_t size;

        list += strspn(list, ", \t");
        size = strcspn(list, ", \t");
        if (size == length && strncasecmp(list, member, length) == 0)
            return true;
        list += size;
    }
    return false;
}

long long
gruvid__read_length(const char *text)
{
    long long length = 0;

    if (*text == '\0')
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || length > (INT64_MAX - 9) / 10)
            return -1;
        length = length * 10 + (*text - '0');
    }
    return length;
}

void
gruvid__encode_uri(char *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (is_alnum(*text) || strchr("-._~:/?#[]@!$&'()*+,;=%", *text) != NULL)
            *to++ = *text;
        else
            to += sprintf(to, "%%%02X", (unsigned char)*text);
    }
    *to = '\0';
}
