/* SPDX-License-Identifier: MIT */
/* Attributes of files, and changes by path. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file/file.h"
#include "pool/pool.h"

/* uv_fs_stat() knows the time of birth, and stat() does not.  Without a
 * callback it needs no loop. */
struct query {
    int (*fn)(const struct query *q, uv_fs_t *req);
    const char *path;
    gruvi_file_t *file;
    uv_stat_t *stat;
};

static int
stat_path(const struct query *q, uv_fs_t *req)
{
    return uv_fs_stat(NULL, req, q->path, NULL);
}

static int
stat_link(const struct query *q, uv_fs_t *req)
{
    return uv_fs_lstat(NULL, req, q->path, NULL);
}

static int
stat_file(const struct query *q, uv_fs_t *req)
{
    return uv_fs_fstat(NULL, req, q->file->fd, NULL);
}

static int
run_query(void *arg, void **result)
{
    const struct query *q = arg;
    uv_fs_t req;
    int err = q->fn(q, &req);

    (void)result;
    if (err == 0)
        *q->stat = req.statbuf;
    uv_fs_req_cleanup(&req);
    return err;
}

/* The result is zeroed where nothing is found. */
static int
query_by(const char *function, struct query *q)
{
    if (q->stat == NULL)
        return UV_EINVAL;
    memset(q->stat, 0, sizeof *q->stat);
    if (q->path == NULL && q->file == NULL)
        return UV_EINVAL;
    return gruvi__blocking(function, run_query, q);
}

GRUVI_SWITCHPOINT int
gruvi_file_stat(const char *path, uv_stat_t *stat)
{
    struct query q = {.fn = stat_path, .path = path, .stat = stat};

    return query_by(__func__, &q);
}

GRUVI_SWITCHPOINT int
gruvi_file_lstat(const char *path, uv_stat_t *stat)
{
    struct query q = {.fn = stat_link, .path = path, .stat = stat};

    return query_by(__func__, &q);
}

GRUVI_SWITCHPOINT int
gruvi_file_fstat(gruvi_file_t *file, uv_stat_t *stat)
{
    struct query q = {.fn = stat_file, .file = file, .stat = stat};
    int err = gruvi__file_enter(file);

    if (err < 0)
        return err;
    err = query_by(__func__, &q);
    gruvi__file_leave(file);
    return err;
}

/* --- changes ----------------------------------------------------------------
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
