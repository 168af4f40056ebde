/* SPDX-License-Identifier: MIT */
/*
 * System calls on files that are interrupted, do less than they were asked
 * for, or fail half-way.  The program is linked with WRAP_FILES.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/harness.h"

/* For the next calls on files, wherever: all atomic. */
static int interrupts; /* so many of them are */
static int most;       /* bytes that one moves; 0: no limit */
static int fail_after; /* so many calls the error comes; 0: never */
static int fail_with;

int __real_open(const char *path, int flags, mode_t mode);
int __real_close(int fd);
ssize_t __real_read(int fd, void *buf, size_t len);
ssize_t __real_pread(int fd, void *buf, size_t len, off_t offset);
ssize_t __real_write(int fd, const void *buf, size_t len);
ssize_t __real_pwrite(int fd, const void *buf, size_t len, off_t offset);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_ftruncate(int fd, off_t size);

int __wrap_open(const char *path, int flags, mode_t mode);
int __wrap_close(int fd);
ssize_t __wrap_read(int fd, void *buf, size_t len);
ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t offset);
ssize_t __wrap_write(int fd, const void *buf, size_t len);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t len, off_t offset);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_ftruncate(int fd, off_t size);

/* Of the file under test only: the hub has its own descriptors. */
static int victim = -1; /* atomic */

static int
get(const int *value)
{
    return __atomic_load_n(value, __ATOMIC_SEQ_CST);
}

static void
set(int *value, int to)
{
    __atomic_store_n(value, to, __ATOMIC_SEQ_CST);
}

static bool
goes_wrong(int fd)
{
    if (fd >= 0 && fd != get(&victim))
        return false;
    if (get(&interrupts) > 0) {
        __atomic_fetch_sub(&interrupts, 1, __ATOMIC_SEQ_CST);
        errno = EINTR;
        return true;
    }
    if (get(&fail_after) == 0 ||
        __atomic_sub_fetch(&fail_after, 1, __ATOMIC_SEQ_CST) > 0)
        return false;
    errno = get(&fail_with);
    return true;
}

static size_t
cut(int fd, size_t len)
{
    size_t limit = (size_t)get(&most);

    return fd == get(&victim) && limit > 0 && len > limit ? limit : len;
}

int
__wrap_open(const char *path, int flags, mode_t mode)
{
    if (strstr(path, "gruvi-faults") != NULL && goes_wrong(-1))
        return -1;
    return __real_open(path, flags, mode);
}

int
__wrap_close(int fd)
{
    bool wrong = goes_wrong(fd);
    int err = errno;

    if (!wrong)
        return __real_close(fd);
    __real_close(fd); /* an error or not, it is closed */
    errno = err;
    return -1;
}

ssize_t
__wrap_read(int fd, void *buf, size_t len)
{
    return goes_wrong(fd) ? -1 : __real_read(fd, buf, cut(fd, len));
}

ssize_t
__wrap_pread(int fd, void *buf, size_t len, off_t offset)
{
    return goes_wrong(fd) ? -1 : __real_pread(fd, buf, cut(fd, len), offset);
}

ssize_t
__wrap_write(int fd, const void *buf, size_t len)
{
    return goes_wrong(fd) ? -1 : __real_write(fd, buf, cut(fd, len));
}

ssize_t
__wrap_pwrite(int fd, const void *buf, size_t len, off_t offset)
{
    return goes_wrong(fd) ? -1 : __real_pwrite(fd, buf, cut(fd, len), offset);
}

int
__wrap_fsync(int fd)
{
    return goes_wrong(fd) ? -1 : __real_fsync(fd);
}

int
__wrap_fdatasync(int fd)
{
    return goes_wrong(fd) ? -1 : __real_fdatasync(fd);
}

int
__wrap_ftruncate(int fd, off_t size)
{
    return goes_wrong(fd) ? -1 : __real_ftruncate(fd, size);
}

static char path[] = "/tmp/gruvi-faults-XXXXXX";

static gruvi_file_t *
open_victim(void)
{
    gruvi_file_t *file;

    strcpy(path + sizeof path - 7, "XXXXXX");
    close(mkstemp(path));
    ck_assert_int_eq(gruvi_file_open(&file, path, O_RDWR, 0), 0);
    set(&victim, gruvi_file_fd(file));
    return file;
}

static void
close_victim(gruvi_file_t *file, int status)
{
    ck_assert_int_eq(gruvi_file_close(file), status);
    ck_assert_int_eq(get(&interrupts), 0);
    set(&victim, -1);
    set(&most, 0);
    unlink(path);
}

HUB_TEST(test_what_is_interrupted_goes_on)
{
    gruvi_file_t *file, *other;
    char buf[8];

    file = open_victim();
    set(&interrupts, 3);
    ck_assert_int_eq(gruvi_file_write(file, "hello", 5), 0);
    set(&interrupts, 3);
    ck_assert_int_eq(gruvi_file_pwrite(file, "J", 1, 0), 0);
    set(&interrupts, 3);
    ck_assert_int_eq(gruvi_file_pread(file, buf, 8, 0), 5);
    ck_assert_int_eq(memcmp(buf, "Jello", 5), 0);
    set(&interrupts, 3);
    ck_assert_int_eq(gruvi_file_read(file, buf, 8), 0);
    set(&interrupts, 3);
    ck_assert_int_eq(gruvi_file_fsync(file), 0);
    set(&interrupts, 3);
    ck_assert_int_eq(gruvi_file_fdatasync(file), 0);
    set(&interrupts, 3);
    ck_assert_int_eq(gruvi_file_ftruncate(file, 0), 0);
    set(&interrupts, 3);
    ck_assert_int_eq(gruvi_file_open(&other, path, O_RDONLY, 0), 0);
    ck_assert_int_eq(get(&interrupts), 0);
    ck_assert_int_eq(gruvi_file_close(other), 0);
    set(&interrupts, 1); /* but this is over then, and not to be repeated */
    close_victim(file, 0);
}

HUB_TEST(test_short_writes_go_on_and_short_reads_are_returned)
{
    char text[] = "abcdefghijklmnopqrstuvwxyz", buf[32];
    gruvi_file_t *file = open_victim();

    set(&most, 5);
    ck_assert_int_eq(gruvi_file_write(file, text, 26), 0);
    ck_assert_int_eq(gruvi_file_pwrite(file, text, 26, 13), 0);
    ck_assert_int_eq(gruvi_file_pread(file, buf, 26, 0), 5);
    set(&most, 0);
    ck_assert_int_eq(gruvi_file_pread(file, buf, 32, 13), 26);
    ck_assert_int_eq(memcmp(buf, text, 26), 0);
    ck_assert_int_eq(gruvi_file_pread(file, buf, 13, 0), 13);
    ck_assert_int_eq(memcmp(buf, text, 13), 0);
    close_victim(file, 0);
}

HUB_TEST(test_a_write_that_fails_half_way_says_so)
{
    gruvi_file_t *file = open_victim();
    uv_stat_t st;

    set(&most, 2);
    set(&fail_with, ENOSPC);
    set(&fail_after, 3);
    ck_assert_int_eq(gruvi_file_write(file, "abcdefgh", 8), UV_ENOSPC);
    ck_assert_int_eq(gruvi_file_fstat(file, &st), 0);
    ck_assert_uint_eq(st.st_size, 4);
    close_victim(file, 0);
}

/* The descriptor is gone all the same: the harness counts them. */
HUB_TEST(test_closing_tells_what_was_not_stored)
{
    gruvi_file_t *file = open_victim();

    set(&fail_with, EDQUOT);
    set(&fail_after, 1);
    close_victim(file, -EDQUOT);
}

int
main(void)
{
    Suite *suite = suite_create("file faults");
    TCase *tc = tcase_create("faults");

    tcase_add_test(tc, test_what_is_interrupted_goes_on);
    tcase_add_test(tc, test_short_writes_go_on_and_short_reads_are_returned);
    tcase_add_test(tc, test_a_write_that_fails_half_way_says_so);
    tcase_add_test(tc, test_closing_tells_what_was_not_stored);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
