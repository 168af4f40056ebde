/* SPDX-License-Identifier: MIT */
/*
 * Directories.  The C library reads a block of entries, and keeps the rest of
 * it in its DIR, which is made when it is needed.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/threads.h"
#include "io/file/file.h"
#include "pool/pool.h"

_Static_assert(sizeof((gruvi_dirent_t *)0)->name > NAME_MAX,
               "names have room in gruvi_dirent_t");

struct listing {
    gruvi_file_t *dir;
    gruvi_dirent_t *entries;
    size_t n;
    int filled;
};

static uv_dirent_type_t
type_of(const struct dirent *entry)
{
    switch (entry->d_type) {
    case DT_REG:
        return UV_DIRENT_FILE;
    case DT_DIR:
        return UV_DIRENT_DIR;
    case DT_LNK:
        return UV_DIRENT_LINK;
    case DT_FIFO:
        return UV_DIRENT_FIFO;
    case DT_SOCK:
        return UV_DIRENT_SOCKET;
    case DT_CHR:
        return UV_DIRENT_CHAR;
    case DT_BLK:
        return UV_DIRENT_BLOCK;
    default:
        return UV_DIRENT_UNKNOWN;
    }
}

static bool
is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Entries before an error are returned: the error comes again. */
static int
list(void *arg, void **result)
{
    struct listing *l = arg;
    const struct dirent *entry;
    gruvi_dirent_t *to;

    (void)result;
    if (l->dir->dir == NULL)
        l->dir->dir = fdopendir(l->dir->fd);
    if (l->dir->dir == NULL)
        return -errno;
    while ((size_t)l->filled < l->n) {
        errno = 0;
        entry = readdir(l->dir->dir);
        if (entry == NULL)
            return errno != 0 && l->filled == 0 ? -errno : 0;
        if (is_dots(entry->d_name))
            continue;
        to = &l->entries[l->filled++];
        memcpy(to->name, entry->d_name, strlen(entry->d_name) + 1);
        to->type = type_of(entry);
    }
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi_file_readdir(gruvi_file_t *dir, gruvi_dirent_t entries[], size_t n)
{
    struct listing l = {.dir = dir, .entries = entries};
    int err;

    if (entries == NULL || n == 0)
        return UV_EINVAL;
    l.n = n < INT_MAX ? n : INT_MAX;
    err = gruvi__file_enter(dir);
    if (err < 0)
        return err;
    if (gruvi__atomic_exchange(&dir->reading, 1, __ATOMIC_ACQUIRE) != 0) {
        err = UV_EBUSY;
    } else {
        err = gruvi__blocking(__func__, list, &l);
        gruvi__atomic_store(&dir->reading, 0, __ATOMIC_RELEASE);
    }
    gruvi__file_leave(dir);
    return err < 0 ? err : l.filled;
}
