/* SPDX-License-Identifier: MIT */
/*
 * What is checked of a file before dlopen() may run its code:
 *
 *   owner.c    nobody but root and the starter of gruvid can have written it
 *   note.c     it is a plugin, for this machine and this plugin ABI
 *   image.c    its headers are sound
 *   build.c    which build it is
 */
#include "module/candidate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "os/owner.h"

bool
gruvid__candidate_refuse(struct gruvid__candidate *candidate,
                         const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(candidate->why, sizeof candidate->why, format, args);
    va_end(args);
    return false;
}

static bool
check(struct gruvid__candidate *candidate)
{
    char *why = candidate->why;
    size_t size = sizeof candidate->why;

    return gruvid__note_read(&candidate->abi, candidate->fd, why, size) == 0 &&
           gruvid__abi_accepts(&gruvid__abi, &candidate->abi, why, size) &&
           gruvid__image_open(&candidate->image, candidate->fd, why, size) == 0;
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
same_stat(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_size == b->st_size && same_time(&a->st_mtim, &b->st_mtim) &&
           same_time(&a->st_ctim, &b->st_ctim);
}

bool
gruvid__candidate_open(struct gruvid__candidate *candidate, const char *path,
                       const struct stat *known)
{
    int err;

    *candidate = (struct gruvid__candidate){.path = path, .fd = -1};
    if (gruvid__owner_check(path, candidate->why, sizeof candidate->why) < 0)
        return false;
    /* So that a FIFO does not wait for its other end. */
    candidate->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    candidate->err = candidate->fd < 0 ? -errno : 0;
    if (candidate->err == UV_ENOENT)
        return gruvid__candidate_refuse(candidate, "there is no such plugin");
    if (candidate->err < 0)
        return gruvid__candidate_refuse(candidate, "%s",
                                        strerror(-candidate->err));
    if (fstat(candidate->fd, &candidate->st) < 0)
        return gruvid__candidate_refuse(candidate, "cannot be read: %s",
                                        strerror(errno));
    candidate->unchanged = known != NULL && same_stat(&candidate->st, known);
    if (candidate->unchanged)
        return true;
    if (!check(candidate))
        return false;
    err = gruvid__build_of_file(candidate->image, candidate->id,
                                &candidate->digest);
    return err == 0 || gruvid__candidate_refuse(candidate, "cannot be read: %s",
                                                uv_strerror(err));
}

void
gruvid__candidate_close(struct gruvid__candidate *candidate)
{
    gruvid__image_free(candidate->image);
    if (candidate->fd >= 0)
        close(candidate->fd);
}

bool
gruvid__candidate_is(const struct gruvid__candidate *candidate,
                     const struct stat *st)
{
    struct stat now;

    return (candidate->err == UV_EACCES || candidate->err == UV_EPERM) &&
           stat(candidate->path, &now) == 0 && same_stat(&now, st);
}

bool
gruvid__candidate_is_settled(const struct gruvid__candidate *candidate)
{
    struct timespec now;

    return clock_gettime(CLOCK_REALTIME, &now) == 0 &&
           now.tv_sec > candidate->st.st_ctim.tv_sec + 1;
}

int
gruvid__candidate_has_changed(const struct gruvid__candidate *candidate)
{
    gruvid__digest_t now;
    int err = gruvid__build_digest(candidate->fd, &now);

    return err < 0 ? err : now != candidate->digest;
}
