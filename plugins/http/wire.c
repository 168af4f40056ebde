/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

char *
http_reserve(struct http_work *work, size_t size)
{
    size_t needed = work->out_length + size, grown = work->out_size;
    char *out;

    if (needed > work->out_size) {
        while (grown < needed)
            grown *= 2;
        out = realloc(work->out, grown);
        if (out == NULL)
            return NULL;
        work->out = out;
        work->out_size = grown;
    }
    return work->out + work->out_length;
}

/* At most three pieces follow. */
GRUVI_SWITCHPOINT int
http_send(struct http_work *work, const uv_buf_t *more, unsigned n)
{
    struct http_connection *connection = work->connection;
    enum http_wait before = (enum http_wait)connection->waits;
    uv_buf_t bufs[4];
    unsigned first = 0;
    int err;

    if (work->out_length > 0)
        bufs[first++] = http_buf(work->out, work->out_length);
    for (unsigned i = 0; i < n; i++)
        if (more[i].len > 0)
            bufs[first++] = more[i];
    if (first == 0)
        return 0;
    http_wait(connection, HTTP_WRITING);
    gruvi_stream_set_timeout(connection->stream, GRUVI_FOREVER);
    err = first == 1 ? gruvi_stream_write(connection->stream, bufs[0].base,
                                          bufs[0].len)
                     : gruvi_stream_writev(connection->stream, bufs, first);
    http_wait(connection, before);
    work->out_length = 0;
    return err;
}

GRUVI_SWITCHPOINT int
http_flush(struct http_work *work)
{
    return http_send(work, NULL, 0);
}

int
http_make_room(struct http_work *work, size_t size)
{
    size_t held = work->end - work->start, needed = held + size;
    char *in = work->in;

    if (work->in_size - work->end >= size)
        return 0;
    if (needed > work->in_size) {
        in = realloc(work->in, needed + HTTP_PADDING);
        if (in == NULL)
            return UV_ENOMEM;
        work->in = in;
        work->in_size = needed;
    }
    memmove(in, in + work->start, held);
    work->start = 0;
    work->end = held;
    return 0;
}

GRUVI_SWITCHPOINT ssize_t
http_receive(struct http_work *work, double timeout)
{
    gruvi_stream_t *stream = work->connection->stream;
    ssize_t n;

    gruvi_stream_set_timeout(stream, timeout);
    n = gruvi_stream_read(stream, work->in + work->end,
                          work->in_size - work->end);
    if (n > 0)
        work->end += (size_t)n;
    return n;
}
