/* SPDX-License-Identifier: MIT */
/*
 * Files beneath a folder: see beneath.h.
 *
 * The kernel resolves the path and does not leave the folder (openat2(2)),
 * whoever changes links and folders meanwhile.
 *
 * To open a file may mean to wait for a disk, so a thread of the pool does it.
 * But the way there and back takes several times as long as to open what the
 * kernel has in memory: that is opened here, if the file system is one that
 * asks nobody else.
 */
#include "request/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <gruvi/pool.h>

/* openat2() gives up where something is renamed meanwhile. */
#define TRIES 8

/* Not among the constants of Linux's headers. */
#define ZFS_MAGIC 0x2fc12fc1

/* In place of what resolve is else: fail rather than wait. */
#define HERE (RESOLVE_CACHED | RESOLVE_NO_XDEV)

struct opening {
    struct gruvid__found *found;
    const char *folder, *relative;
    const struct gruvid__variant *variants;
    size_t n;
    int fd;
};

/* --- opening -------------------------------------------------------------- */

static int
open_at(int folder, const char *path, int flags, unsigned resolve)
{
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
                           .resolve = resolve};
    long fd = syscall(SYS_openat2, folder, path, &how, sizeof how);

    return fd < 0 ? -errno : (int)fd;
}

static int
open_beneath(int folder, const char *relative, unsigned where)
{
    int fd = UV_EAGAIN;

    for (int i = 0; i < TRIES && fd == UV_EAGAIN; i++) {
        fd = open_at(folder, relative, O_RDONLY | O_NONBLOCK | O_NOCTTY,
                     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | where);
        if (where == HERE)
            break;
    }
    return fd;
}

/* What leads out of the folder is not there. */
static int
without_secrets(int err)
{
    switch (err) {
    case UV_ENOTDIR:
    case UV_ELOOP:
    case UV_EXDEV:
    case UV_ENAMETOOLONG:
    case UV_ENXIO:
        return UV_ENOENT;
    default:
        return err;
    }
}

/* A regular file; its descriptor, or a code. */
static int
open_regular(int folder, const char *relative, unsigned where, struct stat *st)
{
    int fd = open_beneath(folder, relative, where);

    if (fd < 0 || (fstat(fd, st) == 0 && S_ISREG(st->st_mode)))
        return fd;
    close(fd);
    return UV_ENOENT;
}

static bool
is_older(const struct stat *st, const struct stat *than)
{
    if (st->st_mtim.tv_sec != than->st_mtim.tv_sec)
        return st->st_mtim.tv_sec < than->st_mtim.tv_sec;
    return st->st_mtim.tv_nsec < than->st_mtim.tv_nsec;
}

/* The variant is there: it takes the place of what is open, or is closed. */
static void
take_or_close(struct opening *opening, size_t i, int fd, const struct stat *st)
{
    struct gruvid__found *found = opening->found;
    int best =
        found->variant < 0 ? 0 : opening->variants[found->variant].weight;

    found->varies = true;
    if (opening->variants[i].weight > best) {
        close(opening->fd);
        opening->fd = fd;
        found->st = *st;
        found->variant = (int)i;
    } else {
        close(fd);
    }
}

/* Look for variants of the open file; an error only where this has to be done
 * elsewhere. */
static int
look_for_variants(struct opening *opening, int folder, unsigned where)
{
    struct stat plain = opening->found->st, st;
    char name[PATH_MAX];

    for (size_t i = 0; i < opening->n; i++) {
        int fd;

        if ((size_t)snprintf(name, sizeof name, "%s%s", opening->relative,
                             opening->variants[i].ending) >= sizeof name)
            continue;
        fd = open_regular(folder, name, where, &st);
        if (fd >= 0 && !is_older(&st, &plain))
            take_or_close(opening, i, fd, &st);
        else if (fd >= 0)
            close(fd);
        else if (where == HERE && fd != UV_ENOENT)
            return fd;
    }
    return 0;
}

/* Open the file in an open folder. */
static int
open_file(struct opening *opening, int folder, unsigned where)
{
    struct gruvid__found *found = opening->found;
    int err;

    found->variant = -1;
    found->varies = false;
    opening->fd = open_regular(folder, opening->relative, where, &found->st);
    if (opening->fd < 0)
        return opening->fd;
    err = look_for_variants(opening, folder, where);
    if (err < 0)
        close(opening->fd);
    return err;
}

/* In a thread of the pool. */
static int
open_there(void *arg, void **result)
{
    struct opening *opening = arg;
    int folder = open_at(AT_FDCWD, opening->folder, O_PATH | O_DIRECTORY, 0);
    int err;

    (void)result;
    if (folder < 0)
        return folder;
    err = open_file(opening, folder, 0);
    close(folder);
    return without_secrets(err);
}

/* Whether the file system asks neither a server nor another process. */
static bool
is_local(int fd)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0)
        return false;
    switch ((unsigned long)fs.f_type) {
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case OVERLAYFS_SUPER_MAGIC:
    case SQUASHFS_MAGIC:
    case TMPFS_MAGIC:
    case ZFS_MAGIC:
        return true;
    default:
        return false;
    }
}

/* 0; any error: not here. */
static int
open_here(struct opening *opening)
{
    int folder = open_at(AT_FDCWD, opening->folder, O_PATH | O_DIRECTORY,
                         RESOLVE_CACHED);
    int err;

    if (folder < 0)
        return folder;
    err = is_local(folder) ? open_file(opening, folder, HERE) : UV_EXDEV;
    close(folder);
    return err;
}

GRUVI_SWITCHPOINT int
gruvid__beneath_open(struct gruvid__found *found, const char *folder,
                     const char *relative,
                     const struct gruvid__variant *variants, size_t n)
{
    struct opening opening = {found, folder, relative, variants, n, -1};
    int err = open_here(&opening);

    found->is_local = err == 0;
    if (err != 0)
        err = gruvi_blocking(open_there, &opening, NULL);
    if (err == 0) {
        err = gruvi_file_from_fd(&found->file, opening.fd);
        if (err < 0)
            close(opening.fd);
    }
    return err;
}

/* A file without a name is deleted by its last close. */
GRUVI_SWITCHPOINT void
gruvid__beneath_close(struct gruvid__found *found)
{
    struct stat st;

    if (found->is_local && fstat(gruvi_file_fd(found->file), &st) == 0 &&
        st.st_nlink > 0)
        close(gruvi_file_detach(found->file));
    else
        (void)gruvi_file_close(found->file);
}
