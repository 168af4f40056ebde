/* SPDX-License-Identifier: MIT */
/* zstd: about 1.2 MB of memory for each at level 3. */
#include <stdlib.h>

#include <zstd.h>

#include <gruvi/base.h>

#include "coder.h"

/* Of the window, in bits: more costs memory here and there, and a page is not
 * longer than that. */
#define WINDOW 17

struct zstd {
    struct http_coder coder; /* first */
    ZSTD_CCtx *context;
};

static bool
set(struct zstd *zstd, ZSTD_cParameter parameter, int value)
{
    return !ZSTD_isError(
        ZSTD_CCtx_setParameter(zstd->context, parameter, value));
}

static struct http_coder *
make(int level)
{
    struct zstd *zstd = calloc(1, sizeof *zstd);

    if (zstd == NULL)
        return NULL;
    zstd->context = ZSTD_createCCtx();
    if (zstd->context == NULL || !set(zstd, ZSTD_c_compressionLevel, level) ||
        !set(zstd, ZSTD_c_windowLog, WINDOW)) {
        ZSTD_freeCCtx(zstd->context);
        free(zstd);
        return NULL;
    }
    return &zstd->coder;
}

static void
release(struct http_coder *coder)
{
    struct zstd *zstd = (struct zstd *)coder;

    ZSTD_freeCCtx(zstd->context);
    free(zstd);
}

/* Nothing has come in: this takes the memory, which it would take later. */
static bool
take_memory(struct zstd *zstd)
{
    ZSTD_inBuffer in = {"", 0, 0};
    ZSTD_outBuffer out = {zstd->coder.out, 0, 0};

    return !ZSTD_isError(
        ZSTD_compressStream2(zstd->context, &out, &in, ZSTD_e_continue));
}

static bool
begin(struct http_coder *coder, int64_t size)
{
    struct zstd *zstd = (struct zstd *)coder;

    return !ZSTD_isError(
               ZSTD_CCtx_reset(zstd->context, ZSTD_reset_session_only)) &&
           !ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(
               zstd->context,
               size < 0 ? ZSTD_CONTENTSIZE_UNKNOWN : (uint64_t)size)) &&
           take_memory(zstd);
}

static int
run(struct http_coder *coder, struct http_piece *piece, enum http_coder_how how)
{
    static const ZSTD_EndDirective directives[] = {ZSTD_e_continue,
                                                   ZSTD_e_flush, ZSTD_e_end};
    struct zstd *zstd = (struct zstd *)coder;
    ZSTD_inBuffer in = {piece->in, piece->in_size, 0};
    ZSTD_outBuffer out = {piece->out, piece->out_size, 0};
    size_t left =
        ZSTD_compressStream2(zstd->context, &out, &in, directives[how]);

    if (ZSTD_isError(left))
        return UV_EIO;
    if (in.pos > 0)
        piece->in += in.pos;
    piece->in_size -= in.pos;
    piece->out += out.pos;
    piece->out_size -= out.pos;
    if (how == HTTP_CODER_MORE)
        return piece->in_size == 0;
    return left == 0;
}

const struct http_coder_kind http_zstd = {
    .name = "zstd",
    .make = make,
    .free = release,
    .begin = begin,
    .run = run,
};
