/* SPDX-License-Identifier: MIT */
/*
 * Sending files.
 *
 * sendfile() waits for pages that are not in memory, and the hub with it.  So
 * the first and the last byte of each part are tried first, without waiting; if
 * one is not there, the IO pool reads the part into memory.
 *
 * sendfile() has no flag against SIGPIPE: see base/sigpipe.h.
 *
 * Nor has it a flag against waiting for the socket.  Where another process has
 * made the socket blocking, bytes are copied.  The socket stays as it is,
 * because that process may be a child whose standard input it is.
 *
 * What counts is what was sent: the position of a device may stand still.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/sigpipe.h"
#include "core/wait.h"
#include "io/file/file.h"
#include "io/stream/stream.h"

#define PART   ((size_t)512 << 10)
#define TIMED  ((int64_t)256 << 10) /* what the stream's timeout is for */
#define RECORD ((size_t)16 << 10)

/* Whether a byte can be read without waiting, as far as the kernel tells.  The
 * end of the file can. */
static bool
is_in_memory(int fd, int64_t offset)
{
    char byte;
    struct iovec iov = {&byte, 1};
    ssize_t n;

    do
        n = preadv2(fd, &iov, 1, offset, RWF_NOWAIT);
    while (n < 0 && errno == EINTR);
    return n >= 0;
}

static ssize_t
send_part(int to, int from, off_t offset, size_t len)
{
    struct gruvi__sigpipe sigpipe;
    ssize_t n;
    int err;

    gruvi__sigpipe_hold(&sigpipe);
    do
        n = sendfile(to, from, &offset, len);
    while (n < 0 && errno == EINTR);
    err = errno;
    gruvi__sigpipe_release(&sigpipe, n < 0 && err == EPIPE);
    return n < 0 ? -err : n;
}

/* Bring the next part into memory.  The stream may be closed meanwhile. */
static int
warm(gruvi_stream_t *s, gruvi_file_t *file, int64_t offset, size_t len)
{
    int err;

    if (is_in_memory(file->fd, offset) &&
        is_in_memory(file->fd, offset + (int64_t)len - 1))
        return 0;
    err = gruvi__file_warm(file, offset, len);
    return s->socket.fd < 0 ? UV_ECONNABORTED : err;
}

/* With a copy: TLS has to see every byte. */
static GRUVI_SWITCHPOINT ssize_t
send_copy(gruvi_stream_t *s, struct gruvi__call *call, int from, off_t offset,
          size_t len)
{
    char *record = malloc(RECORD);
    uv_buf_t buf = {.base = record};
    ssize_t n;
    int err;

    if (record == NULL)
        return UV_ENOMEM;
    do
        n = pread(from, record, len < RECORD ? len : RECORD, offset);
    while (n < 0 && errno == EINTR);
    err = n < 0 ? -errno : 0;
    buf.len = n < 0 ? 0 : (size_t)n;
    if (n > 0 && s->layer != NULL)
        err = s->layer->write(s, call, &buf, 1);
    else if (n > 0)
        err = gruvi__stream_write_all(s, call, record, buf.len);
    free(record);
    return err < 0 ? err : n;
}

/* Send some of a part: returns how much, 0 at the end of the file.  The file
 * may end before len, so only EAGAIN says that it is time to wait. */
static GRUVI_SWITCHPOINT ssize_t
send_some(gruvi_stream_t *s, struct gruvi__call *call, int from, off_t offset,
          size_t len)
{
    ssize_t n;
    int err;

    for (;;) {
        if (s->layer != NULL || gruvi__socket_may_block(&s->socket))
            return send_copy(s, call, from, offset, len);
        if (call->side->spent && (err = gruvi__call_wait(call)) < 0)
            return err;
        n = send_part(s->socket.fd, from, offset, len);
        call->side->spent = n == UV_EAGAIN;
        if (n != UV_EAGAIN)
            break;
    }
    if (n >= 0)
        s->sent += (uint64_t)n;
    else if (n == UV_ECONNRESET || n == UV_ETIMEDOUT)
        s->broken = (int)n;
    return n;
}

static GRUVI_SWITCHPOINT int64_t
send_all(gruvi_stream_t *s, struct gruvi__call *call, gruvi_file_t *file,
         int64_t begin, int64_t length)
{
    int64_t sent = 0, timed = 0;
    size_t left = 0;
    ssize_t n = 1;
    int err;

    while (n > 0 && sent < length) {
        if (left == 0 || sent - timed >= TIMED) {
            gruvi__call_stop_timeout(call);
            timed = sent;
        }
        if (left == 0) {
            left = PART;
            if (length - sent < (int64_t)PART)
                left = (size_t)(length - sent);
            if ((err = warm(s, file, begin + sent, left)) < 0)
                return err;
        }
        n = send_some(s, call, file->fd, begin + sent, left);
        if (n < 0)
            return n;
        sent += n;
        left -= (size_t)n;
        if ((err = gruvi__call_yield_sometimes(call)) < 0)
            return err;
    }
    return sent;
}

GRUVI_SWITCHPOINT int64_t
gruvi_stream_sendfile(gruvi_stream_t *stream, gruvi_file_t *file,
                      int64_t offset, int64_t length)
{
    struct gruvi__call call;
    gruvi_fiber_t *fiber;
    int64_t sent;
    int err;

    if ((err = gruvi__enter(__func__, &fiber)) < 0)
        return err;
    if (stream == NULL || offset < 0 ||
        (length > 0 && offset > INT64_MAX - length))
        return UV_EINVAL;
    if (length < 0) /* to the end, which no file has beyond this */
        length = INT64_MAX - offset;
    if ((err = gruvi__file_enter(file)) < 0)
        return err;
    err = gruvi__call_enter(&call, &stream->socket, GRUVI__OUT, fiber,
                            stream->timeout, "write");
    if (err < 0) {
        gruvi__file_leave(file);
        return err;
    }
    err = gruvi__call_yield_sometimes(&call);
    if (err == 0 && stream->write_dead)
        err = UV_EPIPE;
    sent = err;
    if (err == 0) {
        sent = send_all(stream, &call, file, offset, length);
        if (sent < 0)
            stream->write_dead = true;
    }
    gruvi__stream_leave(stream, &call, sent);
    gruvi__file_leave(file);
    return sent;
}
