/* SPDX-License-Identifier: MIT */
/* gzip, by zlib: 268 KB of memory for each. */
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include <gruvi/base.h>

#include "coder.h"

#define WINDOW 15 /* 32 KiB */
#define GZIP   16 /* rather than zlib's own format */
#define MEMORY 8

struct gzip {
    struct http_coder coder; /* first */
    z_stream stream;
};

static struct http_coder *
make(int level)
{
    struct gzip *gzip = calloc(1, sizeof *gzip);

    if (gzip == NULL)
        return NULL;
    if (deflateInit2(&gzip->stream, level, Z_DEFLATED, WINDOW + GZIP, MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        free(gzip);
        return NULL;
    }
    return &gzip->coder;
}

static void
release(struct http_coder *coder)
{
    struct gzip *gzip = (struct gzip *)coder;

    deflateEnd(&gzip->stream);
    free(gzip);
}

static bool
begin(struct http_coder *coder, int64_t size)
{
    (void)size;
    return deflateReset(&((struct gzip *)coder)->stream) == Z_OK;
}

static int
run(struct http_coder *coder, struct http_piece *piece, enum http_coder_how how)
{
    static const int flushes[] = {Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
    z_stream *stream = &((struct gzip *)coder)->stream;
    int result;

    stream->next_in = (const Bytef *)piece->in;
    stream->avail_in = (uInt)piece->in_size;
    stream->next_out = (Bytef *)piece->out;
    stream->avail_out = (uInt)piece->out_size;
    result = deflate(stream, flushes[how]);
    piece->in = (const char *)stream->next_in;
    piece->in_size = stream->avail_in;
    piece->out = (char *)stream->next_out;
    piece->out_size = stream->avail_out;
    if (result == Z_STREAM_ERROR)
        return UV_EIO;
    if (how == HTTP_CODER_END)
        return result == Z_STREAM_END;
    return stream->avail_out > 0;
}

const struct http_coder_kind http_gzip = {
    .name = "gzip",
    .make = make,
    .free = release,
    .begin = begin,
    .run = run,
};
