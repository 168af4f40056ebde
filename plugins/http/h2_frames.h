/* SPDX-License-Identifier: MIT */
/*
 * The frames of a client, counted before nghttp2 reads them: it bounds hardly
 * anything by itself, and each version something else.
 */
#ifndef HTTP_H2_FRAMES_H
#define HTTP_H2_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a client may do too much of. */
enum h2_limit {
    H2_RESETS,        /* resets of streams, and mistakes that we reset for */
    H2_CONTROLS,      /* pings, settings, priorities */
    H2_EMPTY,         /* frames without payload that end nothing */
    H2_CONTINUATIONS, /* of a header block */
    H2_BLOCK,         /* bytes of a header block */
    H2_QUEUED,        /* bytes that it does not read */
    H2_LIMITS
};

/* Bytes that the client begins with: a text that servers of HTTP/1 refuse. */
#define H2_PREFACE      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define H2_PREFACE_SIZE (sizeof(H2_PREFACE) - 1)

/* What has happened within a period. */
struct h2_rate {
    double since; /* seconds */
    unsigned n;
};

/* Zeros, but for left. */
struct h2_frames {
    uint32_t left;          /* of the frame's payload, or of the preface */
    uint32_t block;         /* bytes of this header block */
    unsigned continuations; /* of this header block */
    uint8_t head[9];        /* of the frame, as far as it is there */
    uint8_t have;           /* bytes of it */
    bool in_block;          /* a header block has begun, and not ended */
    bool last_of_block;     /* with this frame it does */
    bool padded;            /* the next byte is the length of the padding */
    struct h2_rate rates[H2_EMPTY + 1];
};

/* A client begins, with the preface. */
void h2_frames_init(struct h2_frames *frames);

/*
 * Look at bytes that have come.
 *
 *   now    seconds
 *   limit  set to what there is too much of; H2_LIMITS: nothing
 *
 * Returns the number of bytes before that.
 */
size_t h2_frames_scan(struct h2_frames *frames, const uint8_t *data,
                      size_t size, double now, enum h2_limit *limit);

/* One more of RESETS, CONTROLS or EMPTY.  Returns whether it is too much. */
bool h2_frames_count(struct h2_frames *frames, enum h2_limit what, double now);

#endif
