/* SPDX-License-Identifier: MIT */
/* Reading and writing an open file, syncing and truncating it. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sigpipe.h"
#include "base/threads.h"
#include "core/fiber.h"
#include "io/file/file.h"
#include "pool/pool.h"

/* The kernel moves less than 2 GiB at once. */
#define MAX_TRANSFER ((size_t)1 << 30)

/* Fits a pool thread's stack, and is worth a system call. */
#define SCRATCH ((size_t)64 << 10)

struct transfer {
    gruvi_file_t *file;
    char *buf;
    size_t len;
    int64_t offset; /* negative: at the file's position */
    ssize_t n;
};

static ssize_t
read_some(int fd, void *buf, size_t len, int64_t offset)
{
    ssize_t n;

    if (len > MAX_TRANSFER)
        len = MAX_TRANSFER;
    do
        n = offset < 0 ? read(fd, buf, len) : pread(fd, buf, len, offset);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* A pipe or a socket may have lost its reader. */
static bool
may_break(gruvi_file_t *file)
{
    int ends = gruvi__atomic_load(&file->ends, __ATOMIC_RELAXED);
    struct stat status;

    if (ends == GRUVI__ENDS_UNKNOWN) {
        ends = fstat(file->fd, &status) < 0 || S_ISFIFO(status.st_mode) ||
                       S_ISSOCK(status.st_mode)
                   ? GRUVI__ENDS
                   : GRUVI__ENDS_NEVER;
        gruvi__atomic_store(&file->ends, ends, __ATOMIC_RELAXED);
    }
    return ends == GRUVI__ENDS;
}

static ssize_t
write_here(gruvi_file_t *file, const void *buf, size_t len)
{
    struct gruvi__sigpipe sigpipe;
    ssize_t n;
    int err;

    if (!may_break(file))
        return write(file->fd, buf, len);
    gruvi__sigpipe_hold(&sigpipe);
    n = write(file->fd, buf, len);
    err = errno;
    gruvi__sigpipe_release(&sigpipe, n < 0 && err == EPIPE);
    errno = err;
    return n;
}

static ssize_t
write_some(gruvi_file_t *file, const void *buf, size_t len, int64_t offset)
{
    ssize_t n;

    if (len > MAX_TRANSFER)
        len = MAX_TRANSFER;
    do
        n = offset < 0 ? write_here(file, buf, len)
                       : pwrite(file->fd, buf, len, offset);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int
read_file(void *arg, void **result)
{
    struct transfer *t = arg;

    (void)result;
    t->n = read_some(t->file->fd, t->buf, t->len, t->offset);
    return t->n < 0 ? (int)t->n : 0;
}

/* A write of 0 bytes is done, too: it may fail.  A write that moves none of
 * its bytes would do so forever. */
static int
write_file(void *arg, void **result)
{
    struct transfer *t = arg;
    ssize_t n;

    (void)result;
    do {
        n = write_some(t->file, t->buf, t->len, t->offset);
        if (n < 0)
            return (int)n;
        if (n == 0 && t->len > 0)
            return UV_EIO;
        t->buf += n;
        t->len -= (size_t)n;
        if (t->offset >= 0)
            t->offset += n;
    } while (t->len > 0);
    return 0;
}

static int
transfer(const char *function, gruvi_work_fn fn, struct transfer *t)
{
    int err = gruvi__file_enter(t->file);

    if (err < 0)
        return err;
    err = gruvi__blocking(function, fn, t);
    gruvi__file_leave(t->file);
    return (int)gruvi__result_with(err, t->buf, t->len);
}

GRUVI_SWITCHPOINT ssize_t
gruvi_file_read(gruvi_file_t *file, void *buf, size_t len)
{
    struct transfer t = {.file = file, .buf = buf, .len = len, .offset = -1};
    int err = transfer(__func__, read_file, &t);

    return err < 0 ? err : t.n;
}

GRUVI_SWITCHPOINT ssize_t
gruvi_file_pread(gruvi_file_t *file, void *buf, size_t len, int64_t offset)
{
    struct transfer t = {
        .file = file, .buf = buf, .len = len, .offset = offset};
    int err = offset < 0 ? UV_EINVAL : transfer(__func__, read_file, &t);

    return err < 0 ? err : t.n;
}

GRUVI_SWITCHPOINT int
gruvi_file_write(gruvi_file_t *file, const void *buf, size_t len)
{
    struct transfer t = {
        .file = file, .buf = (char *)buf, .len = len, .offset = -1};

    return transfer(__func__, write_file, &t);
}

GRUVI_SWITCHPOINT int
gruvi_file_pwrite(gruvi_file_t *file, const void *buf, size_t len,
                  int64_t offset)
{
    struct transfer t = {
        .file = file, .buf = (char *)buf, .len = len, .offset = offset};

    return offset < 0 ? UV_EINVAL : transfer(__func__, write_file, &t);
}

static int
warm_file(void *arg, void **result)
{
    struct transfer *t = arg;
    char scratch[SCRATCH];
    size_t part;
    ssize_t n;

    (void)result;
    while (t->len > 0) {
        part = t->len < sizeof scratch ? t->len : sizeof scratch;
        n = read_some(t->file->fd, scratch, part, t->offset);
        if (n <= 0)
            return (int)n;
        t->offset += n;
        t->len -= (size_t)n;
    }
    return 0;
}

int
gruvi__file_warm(gruvi_file_t *file, int64_t offset, size_t len)
{
    struct transfer t = {.file = file, .len = len, .offset = offset};

    return gruvi__blocking("gruvi_stream_sendfile", warm_file, &t);
}

/* --- syncing and truncating -------------------------------------------------
 */

static int
sync_file(void *arg, void **result)
{
    struct transfer *t = arg;

    (void)result;
    while (fsync(t->file->fd) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi_file_fsync(gruvi_file_t *file)
{
    struct transfer t = {.file = file};

    return transfer(__func__, sync_file, &t);
}

static int
sync_data(void *arg, void **result)
{
    struct transfer *t = arg;

    (void)result;
    while (fdatasync(t->file->fd) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi_file_fdatasync(gruvi_file_t *file)
{
    struct transfer t = {.file = file};

    return transfer(__func__, sync_data, &t);
}

static int
truncate_file(void *arg, void **result)
{
    struct transfer *t = arg;

    (void)result;
    while (ftruncate(t->file->fd, t->offset) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi_file_ftruncate(gruvi_file_t *file, int64_t size)
{
    struct transfer t = {.file = file, .offset = size};

    return transfer(__func__, truncate_file, &t);
}
