/* SPDX-License-Identifier: MIT */
/*
 * A Unix socket's file outlives a process that was killed.  Connecting to the
 * file tells whether a program still listens on it.
 *
 * Two programs that start at the same moment must not take each other's file
 * for a stale one, between probing and removing it, or between bind and listen.
 * So all of that happens under a lock of the folder (flock): it leaves no lock
 * file behind and ends with the process.  Where the folder cannot be opened or
 * locked, there is no lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gruvi/fiber.h>
#include <gruvi/log.h>

#include "base/descriptor.h"
#include "io/socket/dial.h"
#include "io/connection/socket_file.h"

/* A program like this one holds the lock for a few system calls.  A program
 * that holds it longer does so for another reason. */
#define LOCK_TRIES 200
#define LOCK_PAUSE 0.01 /* seconds */

/* A file may come or go between two calls. */
#define BIND_TRIES 8

/* Lock the folder of path; *fd is -1 where that cannot be.  0 or an error. */
static GRUVI_SWITCHPOINT int
lock_folder(const char *path, int *fd)
{
    char folder[sizeof((struct sockaddr_un *)0)->sun_path];
    char *slash;
    int err = 0;

    strcpy(folder, path);
    slash = strrchr(folder, '/');
    if (slash == NULL)
        strcpy(folder, ".");
    else
        slash[slash == folder] = '\0';
    *fd = gruvi__fd_own(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (*fd < 0)
        return errno == EMFILE || errno == ENFILE ? -errno : 0;
    for (int i = 0; i < LOCK_TRIES && err == 0; i++) {
        if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK)
            break;
        err = gruvi_sleep(LOCK_PAUSE);
    }
    close(*fd);
    *fd = -1;
    return err;
}

static int
bind_to(int fd, const struct gruvi__address *address)
{
    return bind(fd, &address->at.any, address->length) < 0 ? -errno : 0;
}

/* The error of connecting to the path; 0 and UV_EAGAIN are signs of life. */
static int
probe(const struct gruvi__address *address)
{
    int fd = gruvi__fd_own(
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    int err = 0;

    if (fd < 0)
        return -errno;
    if (connect(fd, &address->at.any, address->length) < 0)
        err = -errno;
    close(fd);
    return err;
}

/* The path is taken.  Returns 0 where it may be free now. */
static int
remove_stale(const struct gruvi__address *address)
{
    const char *path = address->at.un.sun_path;
    struct stat status;
    int err;

    if (lstat(path, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode)) {
        gruvi_error("unix:%s: the file is there, and is not a socket", path);
        return UV_EADDRINUSE;
    }
    err = probe(address);
    if (err == UV_ENOENT)
        return 0;
    if (err == UV_ENOBUFS || gruvi__dial_is_shortage(err))
        return err;
    if (err != UV_ECONNREFUSED)
        return UV_EADDRINUSE;
    gruvi_info("unix:%s: nobody listens there any more; replaced", path);
    return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* Before listen(), so that no connection comes earlier. */
static int
set_mode(const char *path, unsigned mode)
{
    if (mode != 0 &&
        fchmodat(AT_FDCWD, path, (mode_t)mode, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return 0;
}

static int
listen_locked(int fd, const struct gruvi__address *address, int backlog,
              unsigned mode, struct gruvi__socket_file *file)
{
    const char *path = address->at.un.sun_path;
    struct stat status;
    int err = bind_to(fd, address);

    for (int i = 0; i < BIND_TRIES && err == UV_EADDRINUSE; i++) {
        err = remove_stale(address);
        if (err < 0)
            return err;
        err = bind_to(fd, address);
    }
    if (err < 0)
        return err;
    if ((err = set_mode(path, mode)) < 0)
        goto fail_bound;
    /* Absolute: the process may change its folder before the end. */
    file->path = realpath(path, NULL);
    if (file->path == NULL || lstat(path, &status) < 0 ||
        listen(fd, backlog) < 0) {
        err = -errno;
        goto fail_bound;
    }
    file->dev = status.st_dev;
    file->ino = status.st_ino;
    return 0;

fail_bound:
    free(file->path);
    file->path = NULL;
    unlink(path);
    return err;
}

GRUVI_SWITCHPOINT int
gruvi__socket_file_listen(int fd, const struct gruvi__address *address,
                          int backlog, unsigned mode,
                          struct gruvi__socket_file *file)
{
    int lock, err;

    file->path = NULL;
    err = lock_folder(address->at.un.sun_path, &lock);
    if (err == 0)
        err = listen_locked(fd, address, backlog, mode, file);
    if (lock >= 0)
        close(lock);
    return err;
}

void
gruvi__socket_file_remove(struct gruvi__socket_file *file)
{
    struct stat status;

    if (file->path != NULL && lstat(file->path, &status) == 0 &&
        S_ISSOCK(status.st_mode) && status.st_dev == file->dev &&
        status.st_ino == file->ino)
        unlink(file->path);
    free(file->path);
    file->path = NULL;
}
