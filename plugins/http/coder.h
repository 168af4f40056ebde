/* SPDX-License-Identifier: MIT */
/* What compresses, one body at a time.  Nothing here is a switchpoint, and none
 * of it belongs to a hub. */
#ifndef HTTP_CODER_H
#define HTTP_CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of output that are gathered. */
#define HTTP_CODED 16384

enum http_coder_how {
    HTTP_CODER_MORE,  /* input follows: put out what there is */
    HTTP_CODER_FLUSH, /* put out all, so that the client can read it */
    HTTP_CODER_END    /* likewise, and the end */
};

/* What goes in and comes out; run() moves all of it. */
struct http_piece {
    const char *in;
    size_t in_size;
    char *out;
    size_t out_size;
};

struct http_coder {
    const struct http_coder_kind *kind;
    struct http_coder *next; /* of those that are idle */
    int level;
    size_t n;             /* bytes in out */
    char out[HTTP_CODED]; /* what has come out and was not sent */
};

struct http_coder_kind {
    const char *name; /* "gzip" */

    /* Returns NULL without memory. */
    struct http_coder *(*make)(int level);
    void (*free)(struct http_coder *coder);

    /*
     * Begin with a body.
     *
     *   size  of all of it; -1: not known
     */
    bool (*begin)(struct http_coder *coder, int64_t size);

    /*
     * Compress.
     *
     * Returns 1 when all input was taken and all has come out that had to, 0
     * when it needs more room, a negative code when it failed.
     */
    int (*run)(struct http_coder *coder, struct http_piece *piece,
               enum http_coder_how how);
};

extern const struct http_coder_kind http_gzip, http_zstd;

#endif
