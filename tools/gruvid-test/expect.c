/* SPDX-License-Identifier: MIT */
#include "gruvid-test/expect.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gruvid-test/words.h"

static const char *__attribute__((format(printf, 1, 2)))
wrong(const char *format, ...)
{
    static char text[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return text;
}

GRUVI_SWITCHPOINT const char *
do_send(gruvi_stream_t *stream, const char *name, const char *bytes, size_t n)
{
    int err;

    gruvi_stream_set_timeout(stream, patience());
    err = gruvi_stream_write(stream, bytes, n);
    return err == 0 ? NULL
                    : wrong("%s> %s: %s", name, shown(bytes, n),
                            gruvi_strerror(err));
}

static const char *
why_no_more(ssize_t n)
{
    return n == 0              ? "and then the end"
           : n == UV_ETIMEDOUT ? "and then nothing in time"
           : n == UV_ECANCELED ? "and nothing more can come"
                               : gruvi_strerror((int)n);
}

GRUVI_SWITCHPOINT const char *
expect_bytes(gruvi_stream_t *stream, const char *name, const char *bytes,
             size_t size)
{
    char got[4096];
    size_t done = 0;
    ssize_t n = 1;

    gruvi_stream_set_timeout(stream, patience());
    while (done < size && n > 0) {
        size_t most = size - done;

        n = gruvi_stream_read(stream, got,
                              most < sizeof got ? most : sizeof got);
        if (n > 0 && memcmp(got, bytes + done, (size_t)n) != 0)
            return wrong("expected from %s %s, got %s where %s should be", name,
                         shown(bytes, size), shown(got, (size_t)n),
                         shown(bytes + done, size - done));
        if (n > 0)
            done += (size_t)n;
    }
    if (done == size)
        return NULL;
    return wrong("expected from %s %s, got %s, %s", name, shown(bytes, size),
                 shown(bytes, done), why_no_more(n));
}

/* How many of these bytes have come once c has, of which so many had before. */
static size_t
match(const char *bytes, size_t had, char c)
{
    size_t n = had + 1;

    while (n > 0 && (bytes[n - 1] != c ||
                     memcmp(bytes, bytes + had + 1 - n, n - 1) != 0))
        n--;
    return n;
}

/* Byte by byte, so that none behind them is read; in time for all of them. */
GRUVI_SWITCHPOINT const char *
expect_until(gruvi_stream_t *stream, const char *name, const char *bytes,
             size_t size)
{
    char last[100]; /* that have come */
    double end = elapsed() + patience(), left;
    size_t has = 0, done = 0;
    ssize_t n = 1;

    while (done < size && n > 0) {
        if (has == sizeof last)
            memmove(last, last + 1, --has);
        left = end - elapsed();
        gruvi_stream_set_timeout(stream, left > 0 ? left : 0);
        n = gruvi_stream_read(stream, last + has, 1);
        if (n > 0)
            done = match(bytes, done, last[has++]);
    }
    if (done == size)
        return NULL;
    return wrong("expected from %s at last %s, got %s%s, %s", name,
                 shown(bytes, size), has == sizeof last ? "... " : "",
                 shown(last, has), why_no_more(n));
}

GRUVI_SWITCHPOINT const char *
expect_end(gruvi_stream_t *stream, const char *name)
{
    char got[100];
    ssize_t n;

    gruvi_stream_set_timeout(stream, patience());
    n = gruvi_stream_read(stream, got, sizeof got);
    if (n > 0)
        return wrong("expected the end of %s, got %s", name,
                     shown(got, (size_t)n));
    return n == 0 || n == UV_ECONNRESET
               ? NULL
               : wrong("expected the end of %s, %s", name, why_no_more(n));
}

GRUVI_SWITCHPOINT const char *
expect_quiet(gruvi_stream_t *stream, const char *name, double seconds)
{
    char got[100];
    ssize_t n;

    gruvi_stream_set_timeout(stream, seconds);
    n = gruvi_stream_read(stream, got, sizeof got);
    if (n == UV_ETIMEDOUT)
        return NULL;
    if (n > 0)
        return wrong("expected nothing from %s for %.3f s, got %s", name,
                     seconds, shown(got, (size_t)n));
    return wrong("expected nothing from %s for %.3f s, %s", name, seconds,
                 why_no_more(n));
}
