/* SPDX-License-Identifier: MIT */
/*
 * Text of a format.  vsnprintf() takes 650 instructions for "Hello, %s!", more
 * than its request takes to be parsed, and most replies need no more than %s.
 */
#include "request/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct text {
    char *buf;
    size_t size, length; /* length: also of what does not fit */
};

static bool
is_simple(const char *format)
{
    for (const char *at = strchr(format, '%'); at != NULL;
         at = strchr(at + 2, '%'))
        if (at[1] != 's' && at[1] != '%')
            return false;
    return true;
}

static void
add(struct text *text, const char *more, size_t length)
{
    size_t room = text->length < text->size ? text->size - text->length : 0;

    if (room > 0)
        memcpy(text->buf + text->length, more, length < room ? length : room);
    text->length += length;
}

int
gruvid__format(char *buf, size_t size, const char *format, va_list args)
{
    struct text text = {buf, size - 1, 0};
    const char *mark, *value;

    if (size == 0 || !is_simple(format))
        return vsnprintf(buf, size, format, args);
    while ((mark = strchr(format, '%')) != NULL) {
        add(&text, format, (size_t)(mark - format));
        value = mark[1] == '%' ? "%" : va_arg(args, const char *);
        if (value == NULL)
            value = "(null)"; /* as glibc does */
        add(&text, value, strlen(value));
        format = mark + 2;
    }
    add(&text, format, strlen(format));
    buf[text.length < text.size ? text.length : text.size] = '\0';
    return text.length <= INT_MAX ? (int)text.length : -1;
}
