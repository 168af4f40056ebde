/* SPDX-License-Identifier: MIT */
/* Those of the table that are about the system: signals, files, processes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/switchpoints.h"

/* --- signals ----------------------------------------------------------------
 */

intmax_t
call_signal_wait(struct stage *stage)
{
    (void)stage;
    return gruvi_signal_wait(SIGWINCH, 0);
}

intmax_t
call_signal_next(struct stage *stage)
{
    return gruvi_signal_next(stage->signal, GRUVI_FOREVER);
}

static void
open_signal(struct stage *stage)
{
    const int signum = SIGWINCH;

    ck_assert_int_eq(gruvi_signal_open(&stage->signal, &signum, 1), 0);
    raise(SIGWINCH);
    turns(2);
}

static void
close_signal(struct stage *stage)
{
    ck_assert_int_eq(gruvi_signal_next(stage->signal, GRUVI_FOREVER), SIGWINCH);
    gruvi_signal_close(stage->signal);
}

/* --- files ------------------------------------------------------------------
 */

/* A path in the folder; valid until the next call but one. */
static const char *
in_folder(const struct stage *stage, const char *name)
{
    static char paths[2][64];
    static int turn;

    turn = !turn;
    snprintf(paths[turn], sizeof paths[turn], "%s/%s", stage->folder, name);
    return paths[turn];
}

intmax_t
call_file_open(struct stage *stage)
{
    gruvi_file_t *file = stage->file;
    int err = gruvi_file_open(&file, in_folder(stage, "file"), O_RDONLY, 0);

    ck_assert_ptr_null(file);
    return err;
}

intmax_t
call_file_close(struct stage *stage)
{
    return gruvi_file_close(stage->file);
}

intmax_t
call_file_read(struct stage *stage)
{
    char c;

    return gruvi_file_read(stage->file, &c, 1);
}

intmax_t
call_file_pread(struct stage *stage)
{
    char c;

    return gruvi_file_pread(stage->file, &c, 1, 0);
}

intmax_t
call_file_write(struct stage *stage)
{
    return gruvi_file_write(stage->file, "x", 1);
}

intmax_t
call_file_pwrite(struct stage *stage)
{
    return gruvi_file_pwrite(stage->file, "x", 1, 0);
}

intmax_t
call_file_fsync(struct stage *stage)
{
    return gruvi_file_fsync(stage->file);
}

intmax_t
call_file_fdatasync(struct stage *stage)
{
    return gruvi_file_fdatasync(stage->file);
}

intmax_t
call_file_ftruncate(struct stage *stage)
{
    return gruvi_file_ftruncate(stage->file, 0);
}

intmax_t
call_file_stat(struct stage *stage)
{
    uv_stat_t st;

    return gruvi_file_stat(in_folder(stage, "file"), &st);
}

intmax_t
call_file_lstat(struct stage *stage)
{
    uv_stat_t st;

    return gruvi_file_lstat(in_folder(stage, "file"), &st);
}

intmax_t
call_file_fstat(struct stage *stage)
{
    uv_stat_t st;

    return gruvi_file_fstat(stage->file, &st);
}

intmax_t
call_file_rename(struct stage *stage)
{
    return gruvi_file_rename(in_folder(stage, "file"),
                             in_folder(stage, "taken"));
}

intmax_t
call_file_unlink(struct stage *stage)
{
    return gruvi_file_unlink(in_folder(stage, "file"));
}

intmax_t
call_file_mkdir(struct stage *stage)
{
    return gruvi_file_mkdir(in_folder(stage, "new"), 0700);
}

intmax_t
call_file_rmdir(struct stage *stage)
{
    return gruvi_file_rmdir(stage->folder);
}

intmax_t
call_file_readdir(struct stage *stage)
{
    gruvi_dirent_t entry;

    return gruvi_file_readdir(stage->file, &entry, 1);
}

intmax_t
call_sendfile(struct stage *stage)
{
    return gruvi_stream_sendfile(stage->near, stage->file, 0, -1);
}

static void
open_files(struct stage *stage)
{
    strcpy(stage->folder, "/tmp/gruvi-points-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(stage->folder));
    close(open(in_folder(stage, "taken"), O_WRONLY | O_CREAT, 0600));
    ck_assert_int_eq(gruvi_file_open(&stage->file, in_folder(stage, "file"),
                                     O_RDWR | O_CREAT, 0600),
                     0);
    ck_assert_int_eq(gruvi_file_pwrite(stage->file, "four", 4, 0), 0);
}

/* Nothing that was refused has changed anything. */
static void
close_files(struct stage *stage)
{
    char buf[8];

    ck_assert_int_eq(gruvi_file_read(stage->file, buf, sizeof buf), 4);
    ck_assert_int_eq(memcmp(buf, "four", 4), 0);
    ck_assert_int_eq(gruvi_file_close(stage->file), 0);
    ck_assert_int_eq(unlink(in_folder(stage, "file")), 0);
    ck_assert_int_eq(unlink(in_folder(stage, "taken")), 0);
    ck_assert_int_eq(rmdir(stage->folder), 0);
}

/* --- processes --------------------------------------------------------------
 */

static char *true_args[] = {"true", NULL};

intmax_t
call_process_spawn(struct stage *stage)
{
    gruvi_process_options_t options = {.args = true_args};
    gruvi_process_t *process = stage->process;
    int err = gruvi_process_spawn(&process, &options);

    ck_assert_ptr_null(process);
    return err;
}

intmax_t
call_process_wait(struct stage *stage)
{
    return gruvi_process_wait(stage->process, NULL, NULL, GRUVI_FOREVER);
}

intmax_t
call_process_communicate(struct stage *stage)
{
    return gruvi_process_communicate(stage->process, NULL, 0, NULL, NULL,
                                     GRUVI_FOREVER);
}

static void
open_process(struct stage *stage)
{
    gruvi_process_options_t options = {.args = true_args};

    ck_assert_int_eq(gruvi_process_spawn(&stage->process, &options), 0);
    ck_assert_int_eq(
        gruvi_process_wait(stage->process, NULL, NULL, GRUVI_FOREVER), 0);
}

void
open_system(struct stage *stage)
{
    open_process(stage);
    open_signal(stage);
    open_files(stage);
}

void
close_system(struct stage *stage)
{
    close_signal(stage);
    close_files(stage);
    gruvi_process_close(stage->process);
}
