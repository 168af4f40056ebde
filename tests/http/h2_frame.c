/* SPDX-License-Identifier: MIT */
#include "http/h2_frame.h"

#include <stdio.h>
#include <string.h>

void
h2_add_number(struct bytes *bytes, uint64_t number, unsigned size)
{
    while (size-- > 0) {
        char byte = (char)(number >> (8 * size));
        bytes_append(bytes, &byte, 1);
    }
}

void
h2_add_frame(struct bytes *bytes, unsigned type, unsigned flags,
             uint32_t stream, const void *payload, size_t size)
{
    h2_add_number(bytes, size, 3);
    h2_add_number(bytes, type, 1);
    h2_add_number(bytes, flags, 1);
    h2_add_number(bytes, stream, 4);
    bytes_append(bytes, payload, size);
}

/* RFC 7541, sections 5.1 and 5.2, with a prefix of 7 bits. */
static void
add_string(struct bytes *bytes, const char *text, size_t size)
{
    size_t rest = size;

    h2_add_number(bytes, size < 127 ? size : 127, 1);
    if (size >= 127) {
        for (rest -= 127; rest >= 128; rest >>= 7)
            h2_add_number(bytes, (rest & 127) | 128, 1);
        h2_add_number(bytes, rest, 1);
    }
    bytes_append(bytes, text, size);
}

void
h2_add_field(struct bytes *bytes, const char *name, size_t name_size,
             const char *value, size_t value_size)
{
    h2_add_number(bytes, 0, 1);
    add_string(bytes, name, name_size);
    add_string(bytes, value, value_size);
}

static void
add_text(struct bytes *bytes, const char *name, const char *value)
{
    h2_add_field(bytes, name, strlen(name), value, strlen(value));
}

void
h2_add_request(struct bytes *bytes, const char *method, const char *path)
{
    add_text(bytes, ":method", method);
    add_text(bytes, ":scheme", "http");
    add_text(bytes, ":path", path);
    add_text(bytes, ":authority", "h");
}

uint32_t
h2_number(const unsigned char *bytes, unsigned size)
{
    uint32_t number = 0;

    while (size-- > 0)
        number = number << 8 | *bytes++;
    return number;
}

static const char *
name_or_number(const char *const *names, size_t n, uint32_t number)
{
    static char text[16];

    if (number < n)
        return names[number];
    snprintf(text, sizeof text, "%#x", number);
    return text;
}

const char *
h2_code_name(uint32_t code)
{
    static const char *const names[] = {"NO_ERROR",
                                        "PROTOCOL_ERROR",
                                        "INTERNAL_ERROR",
                                        "FLOW_CONTROL_ERROR",
                                        "SETTINGS_TIMEOUT",
                                        "STREAM_CLOSED",
                                        "FRAME_SIZE_ERROR",
                                        "REFUSED_STREAM",
                                        "CANCEL",
                                        "COMPRESSION_ERROR",
                                        "CONNECT_ERROR",
                                        "ENHANCE_YOUR_CALM",
                                        "INADEQUATE_SECURITY",
                                        "HTTP_1_1_REQUIRED"};

    return name_or_number(names, sizeof names / sizeof *names, code);
}

const char *
h2_type_name(unsigned type)
{
    static const char *const names[] = {
        "DATA",         "HEADERS", "PRIORITY", "RST_STREAM",    "SETTINGS",
        "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION"};

    return name_or_number(names, sizeof names / sizeof *names, type);
}
