/* SPDX-License-Identifier: MIT */
/* What is done by path, and what the system knows of files. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file/file.h"
#include "pool/pool.h"

/* Those of libuv fill in the time of birth, which stat() does not know; without
 * a callback they need no loop. */
struct look {
    int (*fn)(const struct look *look, uv_fs_t *req);
    const char *path;
    gruvi_file_t *file;
    uv_stat_t *stat;
};

static int
look_at_path(const struct look *look, uv_fs_t *req)
{
    return uv_fs_stat(NULL, req, look->path, NULL);
}

static int
look_at_link(const struct look *look, uv_fs_t *req)
{
    return uv_fs_lstat(NULL, req, look->path, NULL);
}

static int
look_at_file(const struct look *look, uv_fs_t *req)
{
    return uv_fs_fstat(NULL, req, look->file->fd, NULL);
}

static int
look(void *arg, void **result)
{
    const struct look *l = arg;
    uv_fs_t req;
    int err = l->fn(l, &req);

    (void)result;
    if (err == 0)
        *l->stat = req.statbuf;
    uv_fs_req_cleanup(&req);
    return err;
}

/* Nothing is there unless it was looked at. */
static int
look_by(const char *function, struct look *l)
{
    if (l->stat == NULL)
        return UV_EINVAL;
    memset(l->stat, 0, sizeof *l->stat);
    if (l->path == NULL && l->file == NULL)
        return UV_EINVAL;
    return gruvi__blocking(function, look, l);
}

GRUVI_SWITCHPOINT int
gruvi_file_stat(const char *path, uv_stat_t *stat)
{
    struct look l = {.fn = look_at_path, .path = path, .stat = stat};

    return look_by(__func__, &l);
}

GRUVI_SWITCHPOINT int
gruvi_file_lstat(const char *path, uv_stat_t *stat)
{
    struct look l = {.fn = look_at_link, .path = path, .stat = stat};

    return look_by(__func__, &l);
}

GRUVI_SWITCHPOINT int
gruvi_file_fstat(gruvi_file_t *file, uv_stat_t *stat)
{
    struct look l = {.fn = look_at_file, .file = file, .stat = stat};
    int err = gruvi__file_enter(file);

    if (err < 0)
        return err;
    err = look_by(__func__, &l);
    gruvi__file_leave(file);
    return err;
}

/* --- changing what there is -------------------------------------------------
 */

struct change {
    int (*fn)(const struct change *change);
    const char *path, *to;
    mode_t mode;
};

static int
rename_it(const struct change *c)
{
    return rename(c->path, c->to);
}

static int
unlink_it(const struct change *c)
{
    return unlink(c->path);
}

static int
make_it(const struct change *c)
{
    return mkdir(c->path, c->mode);
}

static int
remove_it(const struct change *c)
{
    return rmdir(c->path);
}

static int
change(void *arg, void **result)
{
    const struct change *c = arg;

    (void)result;
    return c->fn(c) < 0 ? -errno : 0;
}

static int
change_by(const char *function, struct change *c)
{
    if (c->path == NULL || c->to == NULL)
        return UV_EINVAL;
    return gruvi__blocking(function, change, c);
}

GRUVI_SWITCHPOINT int
gruvi_file_rename(const char *from, const char *to)
{
    struct change c = {.fn = rename_it, .path = from, .to = to};

    return change_by(__func__, &c);
}

GRUVI_SWITCHPOINT int
gruvi_file_unlink(const char *path)
{
    struct change c = {.fn = unlink_it, .path = path, .to = ""};

    return change_by(__func__, &c);
}

GRUVI_SWITCHPOINT int
gruvi_file_mkdir(const char *path, int mode)
{
    struct change c = {
        .fn = make_it, .path = path, .to = "", .mode = (mode_t)mode};

    return change_by(__func__, &c);
}

GRUVI_SWITCHPOINT int
gruvi_file_rmdir(const char *path)
{
    struct change c = {.fn = remove_it, .path = path, .to = ""};

    return change_by(__func__, &c);
}
