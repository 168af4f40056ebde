/* SPDX-License-Identifier: MIT */
/*
 * The chunked coding of a body: RFC 9112, section 7.1.
 *
 * Extensions of chunks are ignored, and trailers are checked like fields and
 * dropped; both have a limit.
 */
#ifndef HTTP_CHUNK_H
#define HTTP_CHUNK_H

#include "parse.h"

/* Bytes of the extensions of all chunks of a body. */
#define HTTP_EXTENSIONS 4096

struct http_chunks {
    const struct http_limits *limits; /* of fields, for the trailers */
    uint8_t state;                    /* of the decoder */
    uint8_t digits;                   /* of the size so far */
    uint64_t left;                    /* bytes of this chunk's data to come */
    uint32_t extensions, trailers;    /* bytes so far */
    uint32_t n_trailers;

    /* Valid after HTTP_REFUSED. */
    int status; /* 400, 431 */
    const char *why;
};

void http_chunks_init(struct http_chunks *chunks,
                      const struct http_limits *limits);

/*
 * Decode up to the next piece of the body.
 *
 *   data, size  what has come and was not used
 *   used        how many bytes of it were used, with those of the piece
 *   piece       the piece's size; it ends at data + used
 *
 * Returns HTTP_MORE: there is a piece, or more has to come; HTTP_DONE: the body
 * is over, and what was not used is the next request's; HTTP_REFUSED.
 */
enum http_result http_chunks_next(struct http_chunks *chunks, const char *data,
                                  size_t size, size_t *used, size_t *piece);

#endif
