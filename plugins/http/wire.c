/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

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

bool
http_is_cut(const struct http_work *work)
{
    return gruvi_fiber_cancelled(gruvi_current_fiber()) &&
           gruvid_plugin_draining(work->connection->hub->plugin);
}

void
http_sent(struct http_work *work, size_t n)
{
    work->out_length -= n;
    memmove(work->out, work->out + n, work->out_length);
}

/* At most three pieces follow. */
GRUVI_SWITCHPOINT int
http_send(struct http_work *work, const uv_buf_t *more, unsigned n)
{
    struct http_connection *connection = work->connection;
    enum http_wait before = (enum http_wait)connection->waits;
    bool cut = http_is_cut(work);
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
    gruvi_stream_set_timeout(connection->stream, cut ? 0 : GRUVI_FOREVER);
    err = first == 1 ? gruvi_stream_write(connection->stream, bufs[0].base,
                                          bufs[0].len)
                     : gruvi_stream_writev(connection->stream, bufs, first);
    http_wait(connection, before);
    work->out_length = 0;
    return cut && err == UV_ETIMEDOUT ? UV_ECANCELED : err;
}

/* Most output goes without waiting, and so without what a wait needs.  TLS may
 * take a part of a record. */
GRUVI_SWITCHPOINT int
http_flush(struct http_work *work)
{
    const struct http_connection *connection = work->connection;
    ssize_t n;

    if (work->out_length == 0)
        return 0;
    if (!connection->secure) {
        n = gruvi_stream_try_write(connection->stream, work->out,
                                   work->out_length);
        if (n == (ssize_t)work->out_length) {
            work->out_length = 0;
            return 0;
        }
        if (n > 0)
            http_sent(work, (size_t)n);
        else if (n < 0 && n != UV_EAGAIN && n != UV_EBUSY)
            return (int)n;
    }
    return http_send(work, NULL, 0);
}

/* A file that fits into the output, and is in memory, goes out with what else
 * is there.  True: it has been copied. */
static bool
copy_file(struct http_work *work, gruvi_file_t *file, uint64_t offset,
          uint64_t length)
{
    struct iovec iov = {work->out + work->out_length, (size_t)length};

    if (length > work->out_size - work->out_length ||
        preadv2(gruvi_file_fd(file), &iov, 1, (off_t)offset, RWF_NOWAIT) !=
            (ssize_t)length)
        return false;
    work->out_length += (size_t)length;
    return true;
}

/* The kernel keeps the head until the file comes, so that both are in one
 * packet. */
static void
send_corked(struct http_work *work)
{
    struct http_connection *connection = work->connection;
    ssize_t n;

    if (connection->secure || work->out_length == 0)
        return;
    n = send(gruvi_stream_fd(connection->stream), work->out, work->out_length,
             MSG_MORE | MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
        http_sent(work, (size_t)n);
}

GRUVI_SWITCHPOINT int
http_send_file(struct http_work *work, gruvi_file_t *file, uint64_t offset,
               uint64_t length)
{
    struct http_connection *connection = work->connection;
    enum http_wait before = (enum http_wait)connection->waits;
    bool cut = http_is_cut(work);
    int64_t n;
    int err;

    if (copy_file(work, file, offset, length))
        return 0;
    send_corked(work);
    err = http_flush(work);
    if (err < 0)
        return err;
    http_wait(connection, HTTP_WRITING);
    gruvi_stream_set_timeout(connection->stream, cut ? 0 : GRUVI_FOREVER);
    n = gruvi_stream_sendfile(connection->stream, file, (int64_t)offset,
                              (int64_t)length);
    http_wait(connection, before);
    if (n < 0)
        return cut && n == UV_ETIMEDOUT ? UV_ECANCELED : (int)n;
    return (uint64_t)n == length ? 0 : UV_EIO;
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
