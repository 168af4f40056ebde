/* SPDX-License-Identifier: MIT */
/* The head of a request, field by field.  nghttp2 has checked what RFC 9113
 * says of names, values and pseudo-header fields. */
#ifndef HTTP_H2_HEAD_H
#define HTTP_H2_HEAD_H

#include "h2_stream.h"

/* Add a field.  Returns false without memory. */
bool h2_head_add(struct h2_stream *stream, const uint8_t *name,
                 size_t name_size, const uint8_t *value, size_t value_size);

/* A field of a trailer, which is only counted, with the head's.  Returns
 * whether there are too many. */
bool h2_head_count(struct h2_stream *stream, size_t name_size,
                   size_t value_size);

/* All fields are there: headers becomes what a handler sees, or refused is set
 * where it will not see them. */
void h2_head_end(struct h2_stream *stream);

/* What a field says that came once at least; NULL: none. */
const char *h2_head_value(const struct h2_stream *stream, const char *name);

#endif
