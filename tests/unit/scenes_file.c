/* SPDX-License-Identifier: MIT */
/* Switchpoints of files: queued in the IO pool, behind other work. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/scenes.h"

/* Valid until the next call but one. */
static const char *
in_folder(const struct scene *scene, const char *name)
{
    static char paths[2][64];
    static int turn;

    turn = !turn;
    snprintf(paths[turn], sizeof paths[turn], "%s/%s", scene->folder, name);
    return paths[turn];
}

/* A folder with a file and an empty folder in it; the one or the other open. */
static void
set_up(struct scene *scene, bool folder)
{
    int fd;

    strcpy(scene->folder, "/tmp/gruvi-scene-XXXXXX");
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

/* Nothing of the folder has changed where a call was refused. */
static int
unless_refused(const struct scene *scene, int result)
{
    char buf[8];
    int fd;

    if (result != UV_EPERM)
        return result;
    fd = open(in_folder(scene, "file"), O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(read(fd, buf, sizeof buf), 4);
    ck_assert_mem_eq(buf, "four", 4);
    close(fd);
    ck_assert_int_eq(access(in_folder(scene, "empty"), F_OK), 0);
    ck_assert_int_ne(access(in_folder(scene, "new"), F_OK), 0);
    return result;
}

static void
open_file(struct scene *scene)
{
    set_up(scene, false);
    open_busy_pool(scene);
}

static void
open_folder(struct scene *scene)
{
    set_up(scene, true);
    open_busy_pool(scene);
}

static void
close_file(struct scene *scene)
{
    close_pool(scene);
    clean_up(scene);
}

static void
open_idle_file(struct scene *scene)
{
    set_up(scene, false);
}

SCENE_CALL(call_open)
{
    gruvi_file_t *file = (void *)scene;
    int err = gruvi_file_open(&file, in_folder(scene, "file"), O_RDONLY, 0);

    ck_assert_int_eq(file != NULL, err == 0);
    scene->opened = file;
    return err;
}

SCENE_CALL(call_close)
{
    int err = gruvi_file_close(scene->file);

    if (err == 0)
        scene->file = NULL;
    return err;
}

SCENE_CALL(call_read)
{
    char c = 'f';
    int n = (int)gruvi_file_read(scene->file, &c, 1);

    ck_assert_int_eq(c, 'f');
    return n;
}

/* A call that is one expression. */
#define FILE_CALL(name, expression)                                            \
    SCENE_CALL(name)                                                           \
    {                                                                          \
        uv_stat_t st __attribute__((unused));                                  \
        gruvi_dirent_t entry __attribute__((unused));                          \
        char c __attribute__((unused));                                        \
                                                                               \
        return unless_refused(scene, (int)(expression));                       \
    }

FILE_CALL(call_pread, gruvi_file_pread(scene->file, &c, 1, 1))
FILE_CALL(call_write, gruvi_file_write(scene->file, "x", 1))
FILE_CALL(call_pwrite, gruvi_file_pwrite(scene->file, "x", 1, 1))
FILE_CALL(call_fsync, gruvi_file_fsync(scene->file))
FILE_CALL(call_fdatasync, gruvi_file_fdatasync(scene->file))
FILE_CALL(call_ftruncate, gruvi_file_ftruncate(scene->file, 1))
FILE_CALL(call_stat, gruvi_file_stat(in_folder(scene, "file"), &st))
FILE_CALL(call_lstat, gruvi_file_lstat(in_folder(scene, "file"), &st))
FILE_CALL(call_fstat, gruvi_file_fstat(scene->file, &st))
FILE_CALL(call_rename,
          gruvi_file_rename(in_folder(scene, "file"), in_folder(scene, "new")))
FILE_CALL(call_unlink, gruvi_file_unlink(in_folder(scene, "file")))
FILE_CALL(call_mkdir, gruvi_file_mkdir(in_folder(scene, "new"), 0700))
FILE_CALL(call_rmdir, gruvi_file_rmdir(in_folder(scene, "empty")))
FILE_CALL(call_readdir, gruvi_file_readdir(scene->file, &entry, 1))

/* --- sending: as writing ----------------------------------------------------
 */

static void
open_full_to_send(struct scene *scene)
{
    set_up(scene, false);
    open_full_stream(scene);
}

SCENE_CALL(call_sendfile)
{
    renew_stream(scene, timeout);
    return note_write(
        scene,
        (int)gruvi_stream_sendfile(scene->ends.stream, scene->file, 1, 1), 1);
}

static void
close_sendfile(struct scene *scene)
{
    close_stream(scene);
    clean_up(scene);
}

#define IN_POOL(name, granted, open, call)                                     \
    {                                                                          \
        name, "IO pool", SCENE_WAIT, granted, open, call, grant_pool,          \
            close_file                                                         \
    }

const struct scene_row file_scenes[] = {
    {"gruvi_file_open", "IO pool", SCENE_WAIT | SCENE_ALLOCATES, 0, open_file,
     call_open, grant_pool, close_file},
    {"gruvi_file_close", NULL, SCENE_READY, 0, open_idle_file, call_close, NULL,
     clean_up},
    IN_POOL("gruvi_file_read", 1, open_file, call_read),
    IN_POOL("gruvi_file_pread", 1, open_file, call_pread),
    IN_POOL("gruvi_file_write", 0, open_file, call_write),
    IN_POOL("gruvi_file_pwrite", 0, open_file, call_pwrite),
    IN_POOL("gruvi_file_fsync", 0, open_file, call_fsync),
    IN_POOL("gruvi_file_fdatasync", 0, open_file, call_fdatasync),
    IN_POOL("gruvi_file_ftruncate", 0, open_file, call_ftruncate),
    IN_POOL("gruvi_file_stat", 0, open_file, call_stat),
    IN_POOL("gruvi_file_lstat", 0, open_file, call_lstat),
    IN_POOL("gruvi_file_fstat", 0, open_file, call_fstat),
    IN_POOL("gruvi_file_rename", 0, open_file, call_rename),
    IN_POOL("gruvi_file_unlink", 0, open_file, call_unlink),
    IN_POOL("gruvi_file_mkdir", 0, open_file, call_mkdir),
    IN_POOL("gruvi_file_rmdir", 0, open_file, call_rmdir),
    IN_POOL("gruvi_file_readdir", 1, open_folder, call_readdir),
    {"gruvi_stream_sendfile", "write", SCENE_TIMED_WAIT | SCENE_ALLOCATES, 1,
     open_full_to_send, call_sendfile, grant_write, close_sendfile},
    {0},
};
