/* SPDX-License-Identifier: MIT */
/*
 * Files.  A FIFO that nobody writes keeps a thread of the pool for as long as a
 * test likes.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/harness.h"

static char folder[32];

/* Valid until the next call but one. */
static const char *
in_folder(const char *name)
{
    static char paths[2][320];
    static int turn;

    turn = !turn;
    snprintf(paths[turn], sizeof paths[turn], "%s/%s", folder, name);
    return paths[turn];
}

static void
make_folder(void)
{
    strcpy(folder, "/tmp/gruvi-file-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
remove_folder(void)
{
    ck_assert_int_eq(gruvi_file_rmdir(folder), 0);
}

/* A new file that can be read and written. */
static gruvi_file_t *
new_file(const char *name)
{
    gruvi_file_t *file;

    ck_assert_int_eq(gruvi_file_open(&file, in_folder(name),
                                     O_RDWR | O_CREAT | O_EXCL, 0640),
                     0);
    return file;
}

static void
end_file(gruvi_file_t *file, const char *name)
{
    ck_assert_int_eq(gruvi_file_close(file), 0);
    ck_assert_int_eq(gruvi_file_unlink(in_folder(name)), 0);
}

static bool
reads(gruvi_file_t *file, int64_t offset, const char *text)
{
    char buf[64];
    ssize_t n;

    n = offset < 0 ? gruvi_file_read(file, buf, sizeof buf)
                   : gruvi_file_pread(file, buf, sizeof buf, offset);
    ck_assert_int_eq(n, (ssize_t)strlen(text));
    return memcmp(buf, text, strlen(text)) == 0;
}

/* --- reading and writing ----------------------------------------------------
 */

HUB_TEST(test_what_is_written_is_read)
{
    gruvi_file_t *file;
    char c;

    make_folder();
    file = new_file("file");
    ck_assert_int_eq(gruvi_file_write(file, "hello ", 6), 0);
    ck_assert_int_eq(gruvi_file_write(file, "world", 5), 0);
    ck_assert_int_eq(gruvi_file_read(file, &c, 1), 0); /* the end */
    ck_assert(reads(file, 0, "hello world"));
    ck_assert(reads(file, 6, "world"));
    ck_assert_int_eq(gruvi_file_pread(file, &c, 1, 11), 0);
    ck_assert_int_eq(gruvi_file_pwrite(file, "W", 1, 6), 0);
    ck_assert_int_eq(gruvi_file_read(file, &c, 1), 0); /* it has not moved */
    ck_assert_int_eq(lseek(gruvi_file_fd(file), 0, SEEK_SET), 0);
    ck_assert(reads(file, -1, "hello World"));
    ck_assert_int_eq(gruvi_file_ftruncate(file, 5), 0);
    ck_assert_int_eq(gruvi_file_fsync(file), 0);
    ck_assert_int_eq(gruvi_file_fdatasync(file), 0);
    ck_assert(reads(file, 0, "hello"));
    ck_assert_int_eq(gruvi_file_read(file, NULL, 0), 0);
    ck_assert_int_eq(gruvi_file_write(file, NULL, 0), 0);
    end_file(file, "file");
    remove_folder();
}

#define LARGE ((size_t)5 << 20)

HUB_TEST(test_much_is_written_and_read_too)
{
    char *out = malloc(LARGE), *in = calloc(1, LARGE);
    size_t got = 0;
    gruvi_file_t *file;
    ssize_t n;

    for (size_t k = 0; k < LARGE; k++)
        out[k] = (char)(k * 31 >> 3);
    make_folder();
    file = new_file("file");
    ck_assert_int_eq(gruvi_file_pwrite(file, out, LARGE, 0), 0);
    while ((n = gruvi_file_read(file, in + got, LARGE - got)) > 0)
        got += (size_t)n;
    ck_assert_int_eq(n, 0);
    ck_assert_uint_eq(got, LARGE);
    ck_assert_int_eq(memcmp(in, out, LARGE), 0);
    end_file(file, "file");
    remove_folder();
    free(in);
    free(out);
}

HUB_TEST(test_flags_and_modes_are_those_of_open)
{
    gruvi_file_t *file;
    mode_t mask = umask(027);
    struct stat st;

    make_folder();
    ck_assert_int_eq(
        gruvi_file_open(&file, in_folder("file"),
                        UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_APPEND, 0666),
        0);
    umask(mask);
    ck_assert_int_eq(fcntl(gruvi_file_fd(file), F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(fstat(gruvi_file_fd(file), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0640);
    ck_assert_int_eq(gruvi_file_write(file, "one", 3), 0);
    ck_assert_int_eq(lseek(gruvi_file_fd(file), 0, SEEK_SET), 0);
    ck_assert_int_eq(gruvi_file_write(file, "two", 3), 0);
    ck_assert_int_eq(gruvi_file_read(file, &st, 1), UV_EBADF);
    ck_assert_int_eq(gruvi_file_close(file), 0);
    ck_assert_int_eq(gruvi_file_open(&file, in_folder("file"), O_RDONLY, 0), 0);
    ck_assert(reads(file, 0, "onetwo"));
    ck_assert_int_eq(gruvi_file_write(file, "x", 1), UV_EBADF);
    end_file(file, "file");
    remove_folder();
}

HUB_TEST(test_errors_are_those_of_the_system)
{
    gruvi_file_t *file;
    char c;

    make_folder();
    file = new_file("file");
    end_file(file, "file");
    file = (void *)&c;
    ck_assert_int_eq(gruvi_file_open(&file, in_folder("none"), O_RDONLY, 0),
                     UV_ENOENT);
    ck_assert_ptr_null(file);
    ck_assert_int_eq(gruvi_file_open(&file, folder, O_WRONLY, 0), UV_EISDIR);
    ck_assert_int_eq(
        gruvi_file_open(&file, folder, O_CREAT | O_EXCL | O_RDWR, 0600),
        UV_EEXIST);
    ck_assert_int_eq(gruvi_file_open(&file, folder, O_RDONLY, 0), 0);
    ck_assert_int_eq(gruvi_file_read(file, &c, 1), UV_EISDIR);
    ck_assert_int_eq(gruvi_file_close(file), 0);
    ck_assert_int_eq(gruvi_file_open(&file, "/dev/full", O_WRONLY, 0), 0);
    ck_assert_int_eq(gruvi_file_write(file, "x", 1), UV_ENOSPC);
    ck_assert_int_eq(gruvi_file_fsync(file), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_ftruncate(file, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_close(file), 0);
    remove_folder();
}

HUB_TEST(test_a_file_gives_its_descriptor_back)
{
    gruvi_file_t *file;
    char c = '\0';
    int fd;

    ck_assert_int_eq(gruvi_file_open(&file, "/proc/self/comm", O_RDONLY, 0), 0);
    ck_assert_int_ge(fd = gruvi_file_detach(file), 0);
    ck_assert_int_eq(read(fd, &c, 1), 1);
    close(fd);
    ck_assert_int_eq(gruvi_file_detach(NULL), UV_EINVAL);
}

HUB_TEST(test_bad_arguments_are_refused)
{
    gruvi_file_t *file = (void *)&hub;
    uv_stat_t st;
    char c;

    ck_assert_int_eq(gruvi_file_open(NULL, "/", O_RDONLY, 0), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_open(&file, NULL, O_RDONLY, 0), UV_EINVAL);
    ck_assert_ptr_null(file);
    ck_assert_int_eq(gruvi_file_from_fd(NULL, 0), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_from_fd(&file, -1), UV_EBADF);
    ck_assert_int_eq(gruvi_file_from_fd(&file, 1 << 20), UV_EBADF);
    ck_assert_ptr_null(file);
    ck_assert_int_eq(gruvi_file_read(NULL, &c, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_fsync(NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_fstat(NULL, &st), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_stat(NULL, &st), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_stat("/", NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_rename("/", NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_rename(NULL, "/"), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_unlink(NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_close(NULL), 0);
    ck_assert_int_eq(gruvi_file_open(&file, "/dev/zero", O_RDWR, 0), 0);
    ck_assert_int_eq(gruvi_file_pread(file, &c, 1, -1), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_pwrite(file, &c, 1, -1), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_close(file), 0);
}

/* --- paths ------------------------------------------------------------------
 */

HUB_TEST(test_stat_says_what_a_file_is)
{
    uv_stat_t st, of_link, of_file;
    gruvi_file_t *file;

    make_folder();
    file = new_file("file");
    ck_assert_int_eq(gruvi_file_write(file, "four", 4), 0);
    ck_assert_int_eq(symlink("file", in_folder("link")), 0);
    ck_assert_int_eq(gruvi_file_stat(in_folder("link"), &st), 0);
    ck_assert_int_eq(gruvi_file_lstat(in_folder("link"), &of_link), 0);
    ck_assert_int_eq(gruvi_file_fstat(file, &of_file), 0);
    ck_assert_uint_eq(st.st_size, 4);
    ck_assert(S_ISREG(st.st_mode) && S_ISLNK(of_link.st_mode));
    ck_assert_uint_eq(st.st_ino, of_file.st_ino);
    ck_assert_uint_ne(st.st_ino, of_link.st_ino);
    ck_assert_int_eq(gruvi_file_stat(in_folder("none"), &st), UV_ENOENT);
    ck_assert_uint_eq(st.st_size + st.st_ino + st.st_mode, 0);
    ck_assert_int_eq(gruvi_file_unlink(in_folder("link")), 0);
    end_file(file, "file");
    remove_folder();
}

HUB_TEST(test_names_are_changed_made_and_removed)
{
    uv_stat_t st;

    make_folder();
    ck_assert_int_eq(gruvi_file_close(new_file("a")), 0);
    ck_assert_int_eq(gruvi_file_close(new_file("b")), 0);
    ck_assert_int_eq(gruvi_file_rename(in_folder("a"), in_folder("b")), 0);
    ck_assert_int_eq(gruvi_file_rename(in_folder("a"), in_folder("b")),
                     UV_ENOENT);
    ck_assert_int_eq(gruvi_file_unlink(in_folder("a")), UV_ENOENT);
    ck_assert_int_eq(gruvi_file_unlink(in_folder("b")), 0);
    ck_assert_int_eq(gruvi_file_mkdir(in_folder("sub"), 0700), 0);
    ck_assert_int_eq(gruvi_file_mkdir(in_folder("sub"), 0700), UV_EEXIST);
    ck_assert_int_eq(gruvi_file_stat(in_folder("sub"), &st), 0);
    ck_assert_uint_eq(st.st_mode, S_IFDIR | 0700);
    ck_assert_int_eq(gruvi_file_rmdir(folder), UV_ENOTEMPTY);
    ck_assert_int_eq(gruvi_file_rmdir(in_folder("sub")), 0);
    remove_folder();
}

/* --- what waits -------------------------------------------------------------
 */

struct fifo {
    gruvi_file_t *file;
    gruvi_fiber_t *fiber;
    ssize_t n;
    int next, writer;
    char c;
};

static int
read_fifo(void *arg)
{
    struct fifo *fifo = arg;

    fifo->n = gruvi_file_read(fifo->file, &fifo->c, 1);
    fifo->next = gruvi_sleep(0.001);
    return 0;
}

/* A fiber reads it, in a thread of the pool. */
static void
open_fifo(struct fifo *fifo)
{
    gruvi_pool_stats_t stats;

    memset(fifo, 0, sizeof *fifo);
    fifo->n = 12345;
    make_folder();
    ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
    ck_assert_int_eq(gruvi_file_open(&fifo->file, in_folder("fifo"), O_RDWR, 0),
                     0);
    fifo->writer = open(in_folder("fifo"), O_WRONLY | O_CLOEXEC);
    fifo->fiber = spawn(read_fifo, fifo);
    do {
        turns(1);
        gruvi_pool_stats(gruvi_get_io_pool(), &stats);
    } while (stats.busy == 0);
}

static void
close_fifo(struct fifo *fifo)
{
    close(fifo->writer);
    ck_assert_int_eq(finish(fifo->fiber), 0);
    end_file(fifo->file, "fifo");
    remove_folder();
}

/* SIGPIPE would end this process. */
HUB_TEST(test_writing_to_a_pipe_without_a_reader_fails)
{
    gruvi_file_t *file;
    int ends[2];

    signal(SIGPIPE, SIG_DFL);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(gruvi_file_from_fd(&file, ends[1]), 0);
    ck_assert_int_eq(gruvi_file_write(file, "x", 1), 0);
    close(ends[0]);
    for (int n = 0; n < 2; n++)
        ck_assert_int_eq(gruvi_file_write(file, "x", 1), UV_EPIPE);
    ck_assert_int_eq(gruvi_file_close(file), 0);
}

HUB_TEST(test_others_run_while_a_thread_reads)
{
    struct fifo fifo;

    open_fifo(&fifo);
    turns(10);
    ck_assert_int_eq(fifo.n, 12345);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fifo.fiber), "IO pool");
    ck_assert_int_eq(write(fifo.writer, "x", 1), 1);
    wait_until(fifo.n != 12345);
    ck_assert_int_eq(fifo.n, 1);
    ck_assert_int_eq(fifo.c, 'x');
    close_fifo(&fifo);
}

HUB_TEST(test_a_cancel_waits_for_a_read_that_has_begun)
{
    struct fifo fifo;

    open_fifo(&fifo);
    gruvi_fiber_cancel(fifo.fiber, NULL);
    turns(10);
    ck_assert_int_eq(fifo.n, 12345);
    ck_assert_int_eq(write(fifo.writer, "x", 1), 1);
    wait_until(fifo.next != 0);
    ck_assert_int_eq(fifo.n, 1);
    ck_assert_int_eq(fifo.next, UV_ECANCELED);
    close_fifo(&fifo);
}

HUB_TEST(test_a_file_in_use_is_not_closed)
{
    struct fifo fifo;

    open_fifo(&fifo);
    ck_assert_int_eq(gruvi_file_close(fifo.file), UV_EBUSY);
    ck_assert_int_eq(gruvi_file_detach(fifo.file), UV_EBUSY);
    ck_assert_int_eq(write(fifo.writer, "x", 1), 1);
    close_fifo(&fifo);
}

static int
close_though_cancelled(void *arg)
{
    GRUVI_WITH_SWITCH_BACK (sb, 0.001) {
        uint64_t until = uv_hrtime() + 2000000;

        while (uv_hrtime() < until)
            ;
        turns(1);
        ck_assert_int_eq(gruvi_file_close(arg), 0);
        record("closed");
        ck_assert_int_eq(gruvi_sleep(60) + gruvi_sleep(60),
                         UV_ECANCELED + UV_ETIMEDOUT);
    }
    return 0;
}

HUB_TEST(test_nothing_keeps_a_file_from_being_closed)
{
    gruvi_fiber_t *fiber;
    gruvi_file_t *file;

    ck_assert_int_eq(gruvi_file_open(&file, "/dev/null", O_RDONLY, 0), 0);
    fiber = spawn(close_though_cancelled, file);
    turns(1);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_str_eq(recorded(), "closed");
}

HUB_TEST(test_a_file_outlives_its_hub)
{
    gruvi_file_t *file;
    char c;

    ck_assert_int_eq(gruvi_file_open(&file, "/dev/zero", O_RDONLY, 0), 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(gruvi_file_read(file, &c, 1), UV_ESHUTDOWN);
    ck_assert_int_eq(gruvi_file_close(file), 0);
}

/* --- threads, descriptors ---------------------------------------------------
 */

static void
read_without_a_hub(void *arg)
{
    gruvi_file_t *zero;
    char c = 'x';

    ck_assert(reads(arg, 0, "shared"));
    ck_assert_int_eq(gruvi_file_open(&zero, "/dev/zero", O_RDONLY, 0), 0);
    ck_assert_int_eq(gruvi_file_read(zero, &c, 1), 1);
    ck_assert_int_eq(c, 0);
    ck_assert_int_eq(gruvi_file_close(zero), 0);
}

HUB_TEST(test_threads_without_a_hub_may_use_files)
{
    gruvi_file_t *file;

    make_folder();
    file = new_file("file");
    ck_assert_int_eq(gruvi_file_write(file, "shared", 6), 0);
    in_thread(read_without_a_hub, file);
    end_file(file, "file");
    remove_folder();
}

HUB_TEST(test_without_descriptors_nothing_is_opened)
{
    struct rlimit limit, none;
    gruvi_file_t *file, *other;

    ck_assert_int_eq(gruvi_file_open(&other, "/dev/null", O_RDONLY, 0), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(gruvi_file_open(&file, "/dev/null", O_RDONLY, 0),
                     UV_EMFILE);
    ck_assert_ptr_null(file);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(gruvi_file_close(other), 0);
}

int
main(void)
{
    Suite *suite = suite_create("file");
    TCase *tc = tcase_create("files");

    tcase_add_test(tc, test_what_is_written_is_read);
    tcase_add_test(tc, test_much_is_written_and_read_too);
    tcase_add_test(tc, test_flags_and_modes_are_those_of_open);
    tcase_add_test(tc, test_errors_are_those_of_the_system);
    tcase_add_test(tc, test_a_file_gives_its_descriptor_back);
    tcase_add_test(tc, test_bad_arguments_are_refused);
    tcase_add_test(tc, test_stat_says_what_a_file_is);
    tcase_add_test(tc, test_names_are_changed_made_and_removed);
    suite_add_tcase(suite, tc);
    tc = tcase_create("waiting");
    tcase_add_test(tc, test_writing_to_a_pipe_without_a_reader_fails);
    tcase_add_test(tc, test_others_run_while_a_thread_reads);
    tcase_add_test(tc, test_a_cancel_waits_for_a_read_that_has_begun);
    tcase_add_test(tc, test_a_file_in_use_is_not_closed);
    tcase_add_test(tc, test_nothing_keeps_a_file_from_being_closed);
    tcase_add_test(tc, test_a_file_outlives_its_hub);
    tcase_add_test(tc, test_threads_without_a_hub_may_use_files);
    tcase_add_test(tc, test_without_descriptors_nothing_is_opened);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
