/* SPDX-License-Identifier: MIT */
/*
 * Files are read as a whole and with a bound: neither /dev/zero nor a file that
 * grows while it is read can hold up the daemon or fill its memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <uv.h>

#include "config/internal.h"

/* How long a FIFO without a writer is waited for, in milliseconds. */
#define WRITER 1000

/* Grow content by what one read() brings; 0 at the end. */
static ssize_t
read_some(int fd, gruvid__content_t *content, size_t *room)
{
    ssize_t n;

    if (content->length + 1 >= *room) {
        size_t more = *room * 2 + 4096;
        char *text = malloc(more);

        /* Not realloc(): it leaves a copy that nobody wipes. */
        if (text == NULL)
            return UV_ENOMEM;
        if (content->text != NULL) {
            memcpy(text, content->text, content->length);
            explicit_bzero(content->text, content->length);
            free(content->text);
        }
        content->text = text;
        *room = more;
    }
    do {
        n = read(fd, content->text + content->length,
                 *room - content->length - 1);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    content->length += (size_t)n;
    return n;
}

/* Whether a FIFO with a name: a pipe of -c <(...) has none, and its end is the
 * end of the text. */
static bool
is_named_fifo(int fd)
{
    struct statfs fs;
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
           fstatfs(fd, &fs) == 0 && fs.f_type != PIPEFS_MAGIC;
}

/* Wait for a writer of a FIFO.  Returns 1; 0: there was none in time. */
static int
await_writer(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    uint64_t due = uv_hrtime() + WRITER * UINT64_C(1000000), now;
    int n = 0;

    while ((now = uv_hrtime()) < due) {
        n = poll(&pfd, 1, (int)((due - now) / 1000000) + 1);
        if (n >= 0 || errno != EINTR)
            break;
        n = 0;
    }
    return n < 0 ? -errno : n;
}

/* Read the first of a FIFO, which looks as if it was at its end as long as no
 * program has it open for writing. */
static ssize_t
read_first(int fd, gruvid__content_t *content, size_t *room)
{
    ssize_t n = read_some(fd, content, room);
    int came;

    if (n != 0)
        return n;
    came = await_writer(fd);
    if (came < 0)
        return came;
    n = read_some(fd, content, room);
    return n == 0 && came == 0 ? UV_EPIPE : n;
}

/* From here on a read may wait. */
static int
make_blocking(int fd)
{
    return fcntl(fd, F_SETFL, 0) < 0 ? -errno : 0;
}

static int
read_all(int fd, gruvid__content_t *content, size_t max)
{
    size_t room = 0;
    ssize_t n = is_named_fifo(fd) ? read_first(fd, content, &room) : 1;

    if (n < 0 && n != UV_EAGAIN)
        return (int)n;
    if (make_blocking(fd) < 0)
        return -errno;
    do {
        n = read_some(fd, content, &room);
        if (n < 0)
            return (int)n;
        if (content->length > max)
            return UV_EFBIG;
    } while (n > 0);
    content->text[content->length] = '\0';
    return 0;
}

static int
check_kind(int fd, gruvid__content_t *content, bool regular)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    content->dev = st.st_dev;
    content->ino = st.st_ino;
    if (S_ISDIR(st.st_mode))
        return UV_EISDIR;
    if (S_ISREG(st.st_mode))
        return 0;
    return regular ? UV_ENOTSUP : 0;
}

int
gruvid__read_file(gruvid__content_t *content, const char *path, size_t max,
                  bool regular)
{
    /* Without O_NONBLOCK, opening a FIFO without a writer waits for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int err;

    memset(content, 0, sizeof *content);
    if (fd < 0)
        return -errno;
    err = check_kind(fd, content, regular);
    if (err == 0)
        err = read_all(fd, content, max);
    close(fd);
    if (err < 0)
        gruvid__content_free(content);
    return err;
}

void
gruvid__content_free(gruvid__content_t *content)
{
    if (content->text == NULL)
        return;
    explicit_bzero(content->text, content->length);
    free(content->text);
    content->text = NULL;
    content->length = 0;
}
