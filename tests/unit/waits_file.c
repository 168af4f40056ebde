/* SPDX-License-Identifier: MIT */
/* Those that wait for files: queued in the IO pool, behind other work. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/waits.h"

/* Valid until the next call. */
static const char *
in_folder(const struct scene *scene, const char *name)
{
    static char path[64];

    snprintf(path, sizeof path, "%s/%s", scene->folder, name);
    return path;
}

/* A folder with a file and an empty folder in it; the pool is busy. */
static void
set_up(struct scene *scene, bool folder)
{
    int fd;

    strcpy(scene->folder, "/tmp/gruvi-waits-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(scene->folder));
    ck_assert_int_eq(mkdir(in_folder(scene, "empty"), 0700), 0);
    fd = open(in_folder(scene, "file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(pwrite(fd, "four", 4, 0), 4);
    if (folder) {
        close(fd);
        fd = open(scene->folder, O_RDONLY | O_CLOEXEC);
    }
    ck_assert_int_eq(gruvi_file_from_fd(&scene->file, fd), 0);
}

static void
clean_up(struct scene *scene)
{
    ck_assert_int_eq(gruvi_file_close(scene->file), 0);
    ck_assert_int_eq(gruvi_file_close(scene->opened), 0);
    unlink(in_folder(scene, "file"));
    rmdir(in_folder(scene, "empty"));
    if (unlink(in_folder(scene, "new")) < 0)
        rmdir(in_folder(scene, "new"));
    ck_assert_int_eq(rmdir(scene->folder), 0);
}

void
open_file(struct scene *scene)
{
    set_up(scene, false);
    open_blocking(scene);
}

void
open_folder(struct scene *scene)
{
    set_up(scene, true);
    open_blocking(scene);
}

void
close_file(struct scene *scene)
{
    close_pool(scene);
    clean_up(scene);
}

int
call_file_open(struct scene *scene, double timeout)
{
    gruvi_file_t *file;
    int err = gruvi_file_open(&file, in_folder(scene, "file"), O_RDONLY, 0);

    (void)timeout;
    ck_assert_int_eq(file != NULL, err == 0);
    scene->opened = file;
    return err;
}

int
call_file_read(struct scene *scene, double timeout)
{
    char c;

    (void)timeout;
    return (int)gruvi_file_read(scene->file, &c, 1);
}

int
call_file_pread(struct scene *scene, double timeout)
{
    char c;

    (void)timeout;
    return (int)gruvi_file_pread(scene->file, &c, 1, 1);
}

int
call_file_write(struct scene *scene, double timeout)
{
    (void)timeout;
    return gruvi_file_write(scene->file, "x", 1);
}

int
call_file_pwrite(struct scene *scene, double timeout)
{
    (void)timeout;
    return gruvi_file_pwrite(scene->file, "x", 1, 1);
}

int
call_file_fsync(struct scene *scene, double timeout)
{
    (void)timeout;
    return gruvi_file_fsync(scene->file);
}

int
call_file_fdatasync(struct scene *scene, double timeout)
{
    (void)timeout;
    return gruvi_file_fdatasync(scene->file);
}

int
call_file_ftruncate(struct scene *scene, double timeout)
{
    (void)timeout;
    return gruvi_file_ftruncate(scene->file, 1);
}

int
call_file_stat(struct scene *scene, double timeout)
{
    uv_stat_t st;

    (void)timeout;
    return gruvi_file_stat(in_folder(scene, "file"), &st);
}

int
call_file_lstat(struct scene *scene, double timeout)
{
    uv_stat_t st;

    (void)timeout;
    return gruvi_file_lstat(in_folder(scene, "file"), &st);
}

int
call_file_fstat(struct scene *scene, double timeout)
{
    uv_stat_t st;

    (void)timeout;
    return gruvi_file_fstat(scene->file, &st);
}

int
call_file_rename(struct scene *scene, double timeout)
{
    char to[64];

    (void)timeout;
    strcpy(to, in_folder(scene, "new"));
    return gruvi_file_rename(in_folder(scene, "file"), to);
}

int
call_file_unlink(struct scene *scene, double timeout)
{
    (void)timeout;
    return gruvi_file_unlink(in_folder(scene, "file"));
}

int
call_file_mkdir(struct scene *scene, double timeout)
{
    (void)timeout;
    return gruvi_file_mkdir(in_folder(scene, "new"), 0700);
}

int
call_file_rmdir(struct scene *scene, double timeout)
{
    (void)timeout;
    return gruvi_file_rmdir(in_folder(scene, "empty"));
}

int
call_file_readdir(struct scene *scene, double timeout)
{
    gruvi_dirent_t entry;

    (void)timeout;
    return gruvi_file_readdir(scene->file, &entry, 1);
}

/* --- sending: as writing, of which only its stream is left after a failure ---
 */

void
open_full_to_send(struct scene *scene)
{
    set_up(scene, false);
    open_full_stream(scene);
}

int
call_sendfile(struct scene *scene, double timeout)
{
    int sent;

    if (scene->spoiled) {
        close_ends(&scene->ends);
        open_full_stream(scene);
    }
    gruvi_stream_set_timeout(scene->ends.stream, timeout);
    sent = (int)gruvi_stream_sendfile(scene->ends.stream, scene->file, 1, 1);
    scene->spoiled = sent < 0 && sent != UV_EINVAL;
    return sent;
}

void
close_sendfile(struct scene *scene)
{
    close_stream(scene);
    clean_up(scene);
}
