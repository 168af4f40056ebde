/* SPDX-License-Identifier: MIT */
#include "head.h"

#include <string.h>
#include <strings.h>

#define FIRST "NATS/1.0"

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool
nats_is_name(const char *text, size_t size)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < size; i++) {
        char c = text[i], letter = (char)(c | 0x20);

        if ((letter < 'a' || letter > 'z') && (c < '0' || c > '9') &&
            (c == '\0' || strchr(marks, c) == NULL))
            return false;
    }
    return size > 0;
}

bool
nats_is_value(const char *text, size_t size)
{
    if (size > 0 && (is_blank(text[0]) || is_blank(text[size - 1])))
        return false;
    for (size_t i = 0; i < size; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\t') ||
            text[i] == 0x7f)
            return false;
    return true;
}

bool
nats_is_path(const char *text)
{
    if (*text != '/')
        return false;
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= 0x20 || *text == 0x7f || *text == '#')
            return false;
    return true;
}

bool
nats_is_ours(const char *name)
{
    return strncasecmp(name, "Gruvid-", 7) == 0 ||
           strncasecmp(name, "Nats-", 5) == 0;
}

size_t
nats_head_drop(gruvid_header_t *fields, size_t n,
               bool (*is_ours)(const char *name))
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!is_ours(fields[i].name))
            fields[kept++] = fields[i];
    return kept;
}

/* --- reading -------------------------------------------------------------- */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The line, without its end, which is not empty. */
static bool
read_version(const char *line, size_t size, int *status)
{
    const char *at = line + sizeof FIRST - 1, *end = line + size;

    *status = 0;
    if (size < sizeof FIRST - 1 || memcmp(line, FIRST, sizeof FIRST - 1) != 0 ||
        (at < end && !is_blank(*at)))
        return false;
    while (at < end && is_blank(*at))
        at++;
    if (at == end)
        return true;
    if (end - at < 3 || !is_digit(at[0]) || !is_digit(at[1]) ||
        !is_digit(at[2]) || (end - at > 3 && !is_blank(at[3])))
        return false;
    *status = (at[0] - '0') * 100 + (at[1] - '0') * 10 + at[2] - '0';
    while (end > at && is_blank(end[-1]))
        end--;
    return nats_is_value(at, (size_t)(end - at));
}

static bool
read_field(char *line, size_t size, gruvid_header_t *field)
{
    char *colon = memchr(line, ':', size), *at, *end = line + size;

    if (colon == NULL || !nats_is_name(line, (size_t)(colon - line)))
        return false;
    *colon = '\0';
    at = colon + 1;
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    if (!nats_is_value(at, (size_t)(end - at)))
        return false;
    *end = '\0';
    *field = (gruvid_header_t){line, at};
    return true;
}

/* Bytes of the line that begins here, without its end; -1: it has none. */
static ssize_t
line_size(const char *at, const char *end)
{
    const char *p = memchr(at, '\r', (size_t)(end - at));

    return p == NULL || p + 1 == end || p[1] != '\n' ? -1 : p - at;
}

int
nats_head_status(const char *block, size_t size)
{
    ssize_t length = line_size(block, block + size);
    int status;

    return length < 0 || !read_version(block, (size_t)length, &status)
               ? UV_EPROTO
               : status;
}

int
nats_head_parse(char *block, size_t size, gruvid_header_t *fields, int *status)
{
    char *at = block, *end = block + size;
    ssize_t length;
    int n = 0;

    *status = 0;
    if (size > NATS_HEAD_BYTES)
        return UV_E2BIG;
    length = line_size(at, end);
    if (length < 0 || !read_version(at, (size_t)length, status))
        return UV_EPROTO;
    for (;;) {
        at += length + 2;
        length = line_size(at, end);
        if (length < 0)
            return UV_EPROTO;
        if (length == 0)
            return at + 2 == end ? n : UV_EPROTO;
        if (n == NATS_FIELDS)
            return UV_E2BIG;
        if (!read_field(at, (size_t)length, &fields[n++]))
            return UV_EPROTO;
    }
}
