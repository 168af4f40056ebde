/* SPDX-License-Identifier: MIT */
/*
 * The buffer of a stream has memory only while it holds something: ten
 * thousand connections that wait for their next line own no buffer.
 *
 * A hub keeps the memory of one buffer that was lent.  As a rule a stream gives
 * its own back before another needs one; so they share memory that is in a near
 * cache, and a message costs no malloc().  Tools that look for the use of freed
 * memory have it freed.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#include "base/context_tools.h"
#include "io/stream/stream.h"

#ifdef GRUVI__ASAN
#define KEEPS false
#else
#define KEEPS (!RUNNING_ON_VALGRIND)
#endif

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

int
gruvi__buffer_lend(struct gruvi__buffer *buffer, gruvi_hub_t *hub)
{
    if (buffer->data != NULL || hub->spare_buffer == NULL)
        return gruvi__buffer_reserve(buffer, GRUVI__TAKE_SIZE,
                                     GRUVI__TAKE_SIZE);
    buffer->data = hub->spare_buffer;
    buffer->size = GRUVI__TAKE_SIZE;
    hub->spare_buffer = NULL;
    return 0;
}

void
gruvi__buffer_give_back(struct gruvi__buffer *buffer, gruvi_hub_t *hub)
{
    if (buffer->size == GRUVI__TAKE_SIZE && hub->spare_buffer == NULL &&
        gruvi__buffer_held(buffer) == 0 && KEEPS) {
        hub->spare_buffer = buffer->data;
        buffer->data = NULL;
    }
    gruvi__buffer_trim(buffer);
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
gruvi__buffer_unread(struct gruvi__buffer *buffer, const void *from, size_t len)
{
    size_t held = gruvi__buffer_held(buffer);
    char *data;

    if (len == 0)
        return 0;
    if (len > SIZE_MAX - held)
        return UV_ENOMEM;
    data = malloc(len + held);
    if (data == NULL)
        return UV_ENOMEM;
    memcpy(data, from, len);
    if (held > 0)
        memcpy(data + len, buffer->data + buffer->start, held);
    free(buffer->data);
    buffer->data = data;
    buffer->start = 0;
    buffer->size = buffer->end = len + held;
    return 0;
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
