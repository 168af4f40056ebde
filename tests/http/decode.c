/* SPDX-License-Identifier: MIT */
#include "http/decode.h"

#include <stdlib.h>
#include <string.h>

#include "support/suite.h"

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define MOST ((size_t)8 << 20)

const char *const decode_codings[] = {
#ifdef HAVE_ZLIB
    "gzip",
#endif
#ifdef HAVE_ZSTD
    "zstd",
#endif
    NULL};

#ifdef HAVE_ZLIB
static size_t
decode_gzip(char *out, const char *data, size_t size, int whole)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data,
                       .avail_in = (uInt)size,
                       .next_out = (Bytef *)out,
                       .avail_out = (uInt)MOST};
    int result;

    ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    result = inflate(&stream, Z_SYNC_FLUSH);
    ck_assert(result == Z_STREAM_END || (!whole && result == Z_OK));
    ck_assert_uint_eq(stream.avail_in, 0);
    inflateEnd(&stream);
    return MOST - stream.avail_out;
}
#endif

#ifdef HAVE_ZSTD
static size_t
decode_zstd(char *out, const char *data, size_t size, int whole)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer from = {data, size, 0};
    ZSTD_outBuffer to = {out, MOST, 0};
    size_t left = 1;

    ck_assert_ptr_nonnull(stream);
    while (from.pos < size) {
        left = ZSTD_decompressStream(stream, &to, &from);
        ck_assert_msg(!ZSTD_isError(left), "zstd: %s", ZSTD_getErrorName(left));
    }
    ck_assert(!whole || left == 0);
    ZSTD_freeDStream(stream);
    return to.pos;
}
#endif

char *
decode(const char *coding, const char *data, size_t *size, int whole)
{
    char *out = malloc(MOST + 1);

    ck_assert_ptr_nonnull(out);
    (void)data;
    (void)whole;
    if (strcmp(coding, "identity") == 0)
        memcpy(out, data, *size);
#ifdef HAVE_ZLIB
    else if (strcmp(coding, "gzip") == 0)
        *size = decode_gzip(out, data, *size, whole);
#endif
#ifdef HAVE_ZSTD
    else if (strcmp(coding, "zstd") == 0)
        *size = decode_zstd(out, data, *size, whole);
#endif
    else
        ck_abort_msg("nobody has asked for %s", coding);
    out[*size] = '\0';
    return out;
}
