/* SPDX-License-Identifier: MIT */
/*
 * Writing formatted text.  What is short is formatted on the stack, so that a
 * line of a protocol asks for no memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/stream/stream.h"

#define SHORT 512 /* bytes */

static GRUVI_SWITCHPOINT int __attribute__((format(printf, 3, 0)))
print(const char *function, gruvi_stream_t *s, const char *format, va_list args)
{
    char text[SHORT], *all = text;
    va_list again;
    int err, n;

    va_copy(again, args);
    n = format == NULL ? -1 : vsnprintf(text, sizeof text, format, args);
    if (n >= (int)sizeof text) {
        all = malloc((size_t)n + 1);
        if (all != NULL)
            vsnprintf(all, (size_t)n + 1, format, again);
    }
    va_end(again);
    if (n < 0)
        return UV_EINVAL;
    if (all == NULL)
        return UV_ENOMEM;
    err = gruvi__stream_write(function, s, all, (size_t)n);
    if (all != text)
        free(all);
    return err;
}

GRUVI_SWITCHPOINT int
gruvi_stream_vprintf(gruvi_stream_t *s, const char *format, va_list args)
{
    return print(__func__, s, format, args);
}

GRUVI_SWITCHPOINT int
gruvi_stream_printf(gruvi_stream_t *s, const char *format, ...)
{
    va_list args;
    int err;

    va_start(args, format);
    err = print(__func__, s, format, args);
    va_end(args);
    return err;
}
