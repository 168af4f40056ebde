/* SPDX-License-Identifier: MIT */
/* Which files root believes, and what gruvid says of the others. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <uv.h>

#include "os/owner.h"
#include "support/folder.h"
#include "support/suite.h"

#define SOMEBODY 4711 /* a user who is neither root nor has started this */
#define GROUP    4712

static char dir[64], why[1000];

static void
make_file(const char *path)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path, 0644), 0);
}

/* --- calls that fail ------------------------------------------------------ */

/* Which of them fails, from 1 on, and whether that came; 0: none. */
static unsigned fail_at;

static bool
fails(void)
{
    if (fail_at == 0 || --fail_at > 0)
        return false;
    errno = ENOMEM;
    return true;
}

/* In front of libc's. */
#define CALL(type, name, params, args, failed)                                 \
    type name params                                                           \
    {                                                                          \
        static __typeof__(&name) real;                                         \
                                                                               \
        if (real == NULL)                                                      \
            real = (__typeof__(real))dlsym(RTLD_NEXT, #name);                  \
        return fails() ? failed : real args;                                   \
    }

CALL(char *, getcwd, (char *buf, size_t n), (buf, n), NULL)
CALL(int, lstat, (const char *path, struct stat *st), (path, st), -1)
CALL(int, stat, (const char *path, struct stat *st), (path, st), -1)
CALL(int, statfs, (const char *path, struct statfs *st), (path, st), -1)
CALL(ssize_t, readlink, (const char *path, char *buf, size_t n), (path, buf, n),
     -1)
CALL(ssize_t, getxattr,
     (const char *path, const char *name, void *value, size_t n),
     (path, name, value, n), -1)

/* --- files ---------------------------------------------------------------- */

/* dir/folder/file, and the tests are where dir is. */
static void
set_up(void)
{
    unsetenv("SUDO_UID");
    strcpy(dir, "/tmp/gruvid-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(chdir(dir), 0);
    ck_assert_int_eq(mkdir("folder", 0755), 0);
    make_file("folder/file");
}

static void
tear_down(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    remove_folder(dir);
}

static void
good(const char *path)
{
    ck_assert_msg(gruvid__owner_check(path, why, sizeof why) == 0, "%s", why);
}

static void __attribute__((format(printf, 2, 3)))
bad(const char *path, const char *format, ...)
{
    char expected[300];
    va_list args;

    va_start(args, format);
    vsnprintf(expected, sizeof expected, format, args);
    va_end(args);
    ck_assert_int_eq(gruvid__owner_check(path, why, sizeof why), UV_EPERM);
    ck_assert_msg(strstr(why, expected) != NULL, "%s\nnot: %s", why, expected);
    ck_assert_msg(strstr(why, "--trust-files") != NULL, "%s", why);
}

START_TEST(test_what_is_roots_is_good)
{
    good("folder/file");
    good("./folder/../folder//file");
    good("folder");
    good("/");
    good("/dev/null");
}
END_TEST

START_TEST(test_what_is_not_there_is_left_to_open)
{
    good("nowhere");
    good("folder/file/below");
    good("nowhere/file");
}
END_TEST

/* Whatever it is that cannot be known: a good file is not taken without it.
 * Returns how many calls it takes. */
static unsigned
bad_without_any_call(const char *path)
{
    unsigned n = 0;

    for (;;) {
        int err;

        fail_at = ++n;
        err = gruvid__owner_check(path, why, sizeof why);
        if (fail_at > 0)
            break;
        ck_assert_msg(err == UV_EPERM, "%s: without call %u it is good", path,
                      n);
        ck_assert_msg(strstr(why, "cannot be looked at") != NULL &&
                          strstr(why, "Cannot allocate memory") != NULL,
                      "%s", why);
    }
    fail_at = 0;
    good(path);
    return n - 1;
}

START_TEST(test_what_cannot_be_looked_at_is_bad)
{
    char open_file[40];
    int fd;

    ck_assert_int_eq(chmod("folder/file", 0664), 0);
    /* This folder; /, tmp, its folder, two parts; a list of access. */
    ck_assert_uint_eq(bad_without_any_call("folder/file"), 7);
    ck_assert_int_eq(symlink("folder/file", "link"), 0);
    /* The link, its file system and text. */
    ck_assert_uint_eq(bad_without_any_call("link"), 10);
    fd = open("folder/file", O_RDONLY | O_CLOEXEC);
    snprintf(open_file, sizeof open_file, "/proc/self/fd/%d", fd);
    ck_assert_uint_ge(bad_without_any_call(open_file), 6);
    close(fd);
}
END_TEST

START_TEST(test_a_path_that_is_too_long_is_bad)
{
    char path[PATH_MAX];

    memset(path, '/', sizeof path - 1);
    strcpy(path + sizeof path - sizeof "folder/file", "folder/file");
    bad(path, "File name too long");
}
END_TEST

START_TEST(test_a_file_of_another_user_is_bad)
{
    ck_assert_int_eq(chown("folder/file", SOMEBODY, 0), 0);
    bad("folder/file",
        "the file %s/folder/file belongs to uid 4711, and gruvid runs as root: "
        "\"chown root %s/folder/file\"",
        dir, dir);
}
END_TEST

START_TEST(test_a_folder_of_another_user_is_bad)
{
    ck_assert_int_eq(chown("folder", SOMEBODY, 0), 0);
    bad("folder/file", "the folder %s/folder belongs to uid 4711", dir);
    ck_assert_int_eq(chmod("folder", 01755), 0);
    bad("folder/file", "the folder %s/folder belongs to uid 4711", dir);
}
END_TEST

START_TEST(test_what_others_may_write_is_bad)
{
    ck_assert_int_eq(chmod("folder/file", 0646), 0);
    bad("folder/file", "the file %s/folder/file may be written by everybody",
        dir);
    ck_assert_int_eq(chmod("folder/file", 0644), 0);
    ck_assert_int_eq(chmod("folder", 0757), 0);
    bad("folder/file", "\"chmod o-w %s/folder\"", dir);
}
END_TEST

START_TEST(test_what_a_group_may_write_is_bad_but_for_roots)
{
    ck_assert_int_eq(chmod("folder/file", 0664), 0);
    good("folder/file");
    ck_assert_int_eq(chown("folder/file", 0, GROUP), 0);
    bad("folder/file", "\"chmod g-w %s/folder/file\"", dir);
    ck_assert_int_eq(chmod("folder/file", 0644), 0);
    good("folder/file");
    ck_assert_int_eq(chown("folder", 0, GROUP), 0);
    ck_assert_int_eq(chmod("folder", 0775), 0);
    bad("folder/file", "the folder %s/folder may be written by group 4712",
        dir);
}
END_TEST

START_TEST(test_a_sticky_folder_is_good)
{
    ck_assert_int_eq(chmod("folder", 01777), 0);
    good("folder/file");
    ck_assert_int_eq(chown("folder", 0, GROUP), 0);
    ck_assert_int_eq(chmod("folder", 01775), 0);
    good("folder/file");
    ck_assert_int_eq(chmod("folder/file", 0666), 0);
    bad("folder/file", "may be written by everybody");
}
END_TEST

START_TEST(test_a_link_leads_where_the_kernel_goes)
{
    char target[100];

    ck_assert_int_eq(symlink("folder/file", "link"), 0);
    ck_assert_int_eq(symlink("../link", "folder/link"), 0);
    good("folder/link");
    snprintf(target, sizeof target, "%s/folder", dir);
    ck_assert_int_eq(symlink(target, "there"), 0);
    good("there/link");
    good("there/../link");
    ck_assert_int_eq(chmod("folder", 0757), 0);
    bad("link", "the folder %s/folder may be written", dir);
    bad("there/file", "the folder %s/folder may be written", dir);
    ck_assert_int_eq(symlink("loop", "loop"), 0);
    good("loop");
}
END_TEST

START_TEST(test_a_link_of_another_user_is_bad_in_a_sticky_folder)
{
    ck_assert_int_eq(mkdir("sticky", 0755), 0);
    ck_assert_int_eq(chmod("sticky", 01777), 0);
    ck_assert_int_eq(symlink("../folder/file", "sticky/link"), 0);
    good("sticky/link");
    ck_assert_int_eq(lchown("sticky/link", SOMEBODY, 0), 0);
    bad("sticky/link", "the link %s/sticky/link belongs to uid 4711", dir);
    ck_assert_int_eq(chmod("sticky", 0755), 0);
    good("sticky/link");
}
END_TEST

START_TEST(test_who_has_called_sudo_has_started_gruvid)
{
    ck_assert_int_eq(chown("folder", SOMEBODY, 0), 0);
    ck_assert_int_eq(chown("folder/file", SOMEBODY, 0), 0);
    setenv("SUDO_UID", "4711", 1);
    good("folder/file");
    setenv("SUDO_UID", "4710", 1);
    bad("folder/file", "belongs to uid 4711");
    setenv("SUDO_UID", "4711x", 1);
    bad("folder/file", "belongs to uid 4711");
}
END_TEST

START_TEST(test_a_pipe_that_was_handed_over_is_good)
{
    char path[40];
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", fds[0]);
    good(path);
    ck_assert_int_eq(chmod("folder/file", 0666), 0);
    ck_assert_int_eq(dup2(fileno(fopen("folder/file", "r")), fds[0]), fds[0]);
    bad(path, "may be written by everybody");
}
END_TEST

START_TEST(test_a_user_who_is_not_root_believes_what_there_is)
{
    ck_assert_int_eq(chmod(dir, 0755), 0);
    ck_assert_int_eq(chmod("folder/file", 0666), 0);
    ck_assert_int_eq(seteuid(SOMEBODY), 0);
    good("folder/file");
    ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* In a child: it is for good. */
START_TEST(test_trusted_files_are_not_looked_at)
{
    pid_t child;
    int status;

    ck_assert_int_eq(chmod("folder/file", 0666), 0);
    child = fork();
    if (child == 0) {
        gruvid__owner_trust();
        _exit(gruvid__owner_check("folder/file", why, sizeof why) != 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("os_owner");
    TCase *tc = tcase_create("os_owner");

    suite_add_tcase(suite, tc);
    if (geteuid() != 0) {
        printf("skipped: only root gives files away\n");
        return run_suite(suite);
    }
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, test_what_is_roots_is_good);
    tcase_add_test(tc, test_what_is_not_there_is_left_to_open);
    tcase_add_test(tc, test_what_cannot_be_looked_at_is_bad);
    tcase_add_test(tc, test_a_path_that_is_too_long_is_bad);
    tcase_add_test(tc, test_a_file_of_another_user_is_bad);
    tcase_add_test(tc, test_a_folder_of_another_user_is_bad);
    tcase_add_test(tc, test_what_others_may_write_is_bad);
    tcase_add_test(tc, test_what_a_group_may_write_is_bad_but_for_roots);
    tcase_add_test(tc, test_a_sticky_folder_is_good);
    tcase_add_test(tc, test_a_link_leads_where_the_kernel_goes);
    tcase_add_test(tc, test_a_link_of_another_user_is_bad_in_a_sticky_folder);
    tcase_add_test(tc, test_who_has_called_sudo_has_started_gruvid);
    tcase_add_test(tc, test_a_pipe_that_was_handed_over_is_good);
    tcase_add_test(tc, test_a_user_who_is_not_root_believes_what_there_is);
    tcase_add_test(tc, test_trusted_files_are_not_looked_at);
    return run_suite(suite);
}
