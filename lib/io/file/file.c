/* SPDX-License-Identifier: MIT */
/* A file's life. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/threads.h"
#include "core/fiber.h"
#include "core/thread.h"
#include "io/file/file.h"
#include "pool/pool.h"

int
gruvi__file_enter(gruvi_file_t *file)
{
    int calls;

    if (file == NULL)
        return UV_EINVAL;
    calls = gruvi__atomic_load(&file->calls, __ATOMIC_RELAXED);
    do
        if (calls < 0)
            return UV_EBADF;
    while (!gruvi__atomic_compare_exchange(&file->calls, &calls, calls + 1,
                                           true, __ATOMIC_ACQUIRE,
                                           __ATOMIC_RELAXED));
    return 0;
}

void
gruvi__file_leave(gruvi_file_t *file)
{
    gruvi__atomic_fetch_sub(&file->calls, 1, __ATOMIC_RELEASE);
}

struct opening {
    gruvi_file_t *file;
    const char *path;
    int flags, mode;
};

static int
open_file(void *arg, void **result)
{
    const struct opening *opening = arg;
    int fd;

    (void)result;
    do
        fd = gruvi__fd_own(open(opening->path, opening->flags | O_CLOEXEC,
                                (mode_t)opening->mode));
    while (fd < 0 && errno == EINTR);
    opening->file->fd = fd;
    return fd < 0 ? -errno : 0;
}

GRUVI_SWITCHPOINT int
gruvi_file_open(gruvi_file_t **file, const char *path, int flags, int mode)
{
    struct opening opening = {.path = path, .flags = flags, .mode = mode};
    int err;

    if (file == NULL)
        return UV_EINVAL;
    *file = NULL;
    if (path == NULL)
        return UV_EINVAL;
    opening.file = calloc(1, sizeof *opening.file);
    if (opening.file == NULL)
        return UV_ENOMEM;
    err = gruvi__blocking(__func__, open_file, &opening);
    if (err < 0)
        free(opening.file);
    else
        *file = opening.file;
    return err;
}

int
gruvi_file_from_fd(gruvi_file_t **file, int fd)
{
    if (file == NULL)
        return UV_EINVAL;
    *file = NULL;
    if (fcntl(fd, F_GETFD) < 0)
        return -errno;
    *file = calloc(1, sizeof **file);
    if (*file == NULL)
        return UV_ENOMEM;
    (*file)->fd = fd;
    return 0;
}

int
gruvi_file_fd(const gruvi_file_t *file)
{
    return file->fd;
}

/* From here on no call enters. */
static bool
claim(gruvi_file_t *file)
{
    int none = 0;

    return gruvi__atomic_compare_exchange(&file->calls, &none, INT_MIN, false,
                                          __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

int
gruvi_file_detach(gruvi_file_t *file)
{
    int fd;

    if (file == NULL || file->dir != NULL)
        return UV_EINVAL;
    if (!claim(file))
        return UV_EBUSY;
    fd = file->fd;
    free(file);
    return fd;
}

/* Whatever close() returns, EINTR too, the descriptor is gone. */
static int
close_file(void *arg, void **result)
{
    gruvi_file_t *file = arg;
    int fd = file->fd, err;

    (void)result;
    if (fd < 0)
        return 0;
    file->fd = -1;
    err = file->dir != NULL ? closedir(file->dir) : close(fd);
    return err < 0 && errno != EINTR ? -errno : 0;
}

/* No cancel withdraws it, and what the pool does not take is done here: a close
 * that fails would leave a file that nobody can use. */
GRUVI_SWITCHPOINT int
gruvi_file_close(gruvi_file_t *file)
{
    gruvi_fiber_t *fiber = gruvi__self.current;
    int err;

    if (file == NULL)
        return 0;
    if (gruvi__switchpoint(__func__) < 0)
        return UV_EPERM;
    if (!claim(file))
        return UV_EBUSY;
    if (fiber != NULL)
        fiber->shield++;
    err = gruvi__blocking(__func__, close_file, file);
    if (fiber != NULL)
        fiber->shield--;
    if (file->fd >= 0)
        err = close_file(file, NULL);
    free(file);
    return err;
}
