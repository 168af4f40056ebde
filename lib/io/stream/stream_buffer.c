/* SPDX-License-Identifier: MIT */
/*
 * The buffer of a stream has memory only while it holds something: ten
 * thousand connections that wait for their next line own no buffer.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "io/stream/stream.h"

int
gruvi__buffer_reserve(struct gruvi__buffer *buffer, size_t first, size_t max)
{
    size_t held = gruvi__buffer_held(buffer), size = buffer->size;
    char *data;

    if (buffer->end < size)
        return 0;
    if (buffer->start > 0) {
        memmove(buffer->data, buffer->data + buffer->start, held);
        buffer->start = 0;
        buffer->end = held;
        return 0;
    }
    if (size == 0)
        size = first;
    else
        size = size <= max / 2 ? size * 2 : max;
    data = realloc(buffer->data, size);
    if (data == NULL)
        return UV_ENOMEM;
    buffer->data = data;
    buffer->size = size;
    return 0;
}

void
gruvi__buffer_trim(struct gruvi__buffer *buffer)
{
    if (gruvi__buffer_held(buffer) == 0) {
        free(buffer->data);
        *buffer = (struct gruvi__buffer){NULL, 0, 0, 0};
    }
}

size_t
gruvi__buffer_take(struct gruvi__buffer *buffer, void *to, size_t len)
{
    size_t held = gruvi__buffer_held(buffer);

    if (len > held)
        len = held;
    if (len > 0) {
        memcpy(to, buffer->data + buffer->start, len);
        buffer->start += len;
        gruvi__buffer_trim(buffer);
    }
    return len;
}

int
gruvi__buffer_put_back(struct gruvi__buffer *buffer, const void *from,
                       size_t len)
{
    if (len == 0)
        return 0;
    assert(buffer->data == NULL);
    buffer->data = malloc(len);
    if (buffer->data == NULL)
        return UV_ENOMEM;
    memcpy(buffer->data, from, len);
    buffer->size = buffer->end = len;
    return 0;
}
