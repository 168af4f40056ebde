/* SPDX-License-Identifier: MIT */
/* Frames of HTTP/2 (RFC 9113, section 4) as bytes, right or wrong. */
#ifndef TESTS_HTTP_H2_FRAME_H
#define TESTS_HTTP_H2_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "http/escape.h"

#define H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum h2_type {
    H2_DATA,
    H2_HEADERS,
    H2_PRIORITY,
    H2_RST_STREAM,
    H2_SETTINGS,
    H2_PUSH_PROMISE,
    H2_PING,
    H2_GOAWAY,
    H2_WINDOW_UPDATE,
    H2_CONTINUATION,
};

#define H2_ACK           0x1u
#define H2_END_STREAM    0x1u
#define H2_END_HEADERS   0x4u
#define H2_PADDED        0x8u
#define H2_WITH_PRIORITY 0x20u

enum h2_code {
    H2_NO_ERROR,
    H2_PROTOCOL_ERROR,
    H2_INTERNAL_ERROR,
    H2_FLOW_CONTROL_ERROR,
    H2_SETTINGS_TIMEOUT,
    H2_STREAM_CLOSED,
    H2_FRAME_SIZE_ERROR,
    H2_REFUSED_STREAM,
    H2_CANCEL,
    H2_COMPRESSION_ERROR,
    H2_CONNECT_ERROR,
    H2_ENHANCE_YOUR_CALM,
    H2_INADEQUATE_SECURITY,
    H2_HTTP_1_1_REQUIRED,
};

struct h2_frame {
    uint8_t type, flags;
    uint32_t stream;
    const unsigned char *payload; /* until the next is read */
    size_t size;
};

/* Append a frame. */
void h2_add_frame(struct bytes *bytes, unsigned type, unsigned flags,
                  uint32_t stream, const void *payload, size_t size);

/* Append a number of so many bytes, the highest first. */
void h2_add_number(struct bytes *bytes, uint64_t number, unsigned size);

/* Append a field, of which nothing is compressed and no table remembers. */
void h2_add_field(struct bytes *bytes, const char *name, size_t name_size,
                  const char *value, size_t value_size);

/* Append the fields of a request without a body. */
void h2_add_request(struct bytes *bytes, const char *method, const char *path);

uint32_t h2_number(const unsigned char *bytes, unsigned size);

/* A name of an error code or of a frame's type; a number in static memory for
 * one that has none. */
const char *h2_code_name(uint32_t code);
const char *h2_type_name(unsigned type);

#endif
