/* SPDX-License-Identifier: MIT */
/* What gruvid does to its own process, and what it says where it cannot. */
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uv.h>

#include "os/process.h"
#include "support/suite.h"

#define SOMEBODY 4711 /* a user without a name */

static char why[200];

static int
become(const char *user)
{
    why[0] = '\0';
    return gruvid__process_become(user, why, sizeof why);
}

static const char *
own_name(void)
{
    const struct passwd *entry = getpwuid(getuid());

    ck_assert_ptr_nonnull(entry);
    return entry->pw_name;
}

/* --- users ------------------------------------------------------------------
 */

START_TEST(test_no_user_and_its_own_change_nothing)
{
    uid_t uid = geteuid();

    ck_assert_int_eq(become(""), 0);
    ck_assert_int_eq(become(own_name()), 0);
    ck_assert_str_eq(why, "");
    ck_assert_uint_eq(geteuid(), uid);
}
END_TEST

START_TEST(test_a_user_that_is_not_there_is_named)
{
    ck_assert_int_eq(become("nobody-has-this-name"), UV_ENOENT);
    ck_assert_str_eq(why,
                     "cannot find user nobody-has-this-name: no such entry");
}
END_TEST

START_TEST(test_only_root_becomes_another_user)
{
    ck_assert_int_eq(seteuid(SOMEBODY), 0);
    ck_assert_int_eq(become("daemon"), UV_EPERM);
    ck_assert_str_eq(why,
                     "cannot become user daemon: gruvid was not started by "
                     "root");
    ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* 0: it is that user, with the groups of that user alone, and stays it. */
static int
be_daemon(void)
{
    const struct passwd *entry = getpwnam("daemon");
    gid_t groups[64];
    uid_t uid;
    int n;

    if (entry == NULL)
        return __LINE__;
    uid = entry->pw_uid;
    if (setgroups(1, &(gid_t){SOMEBODY}) < 0 || become("daemon") < 0)
        return __LINE__;
    if (getuid() != uid || geteuid() != uid || seteuid(0) == 0 ||
        setgid(0) == 0)
        return __LINE__;
    n = getgroups(64, groups);
    for (int i = 0; i < n; i++)
        if (groups[i] == 0 || groups[i] == SOMEBODY)
            return __LINE__;
    return prctl(PR_GET_DUMPABLE) == 1 ? 0 : __LINE__;
}

static int
in_child(int (*run)(void))
{
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(run());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(test_root_becomes_a_user_for_good_and_may_leave_a_core)
{
    ck_assert_int_eq(in_child(be_daemon), 0);
}
END_TEST

/* --- the rest ---------------------------------------------------------------
 */

static int
open_stdio(void)
{
    int fd;

    close(STDIN_FILENO);
    close(STDERR_FILENO);
    gruvid__process_open_stdio();
    if (fcntl(STDIN_FILENO, F_GETFD) < 0 || fcntl(STDERR_FILENO, F_GETFD) < 0)
        return __LINE__;
    fd = open("/dev/null", O_RDONLY);
    close(fd);
    gruvid__process_open_stdio(); /* nothing was closed: nothing is left open */
    return open("/dev/null", O_RDONLY) == fd ? 0 : __LINE__;
}

START_TEST(test_what_is_closed_of_0_to_2_is_opened)
{
    ck_assert_int_eq(in_child(open_stdio), 0);
}
END_TEST

static int
raise_limit(void)
{
    struct rlimit limit = {.rlim_cur = 20, .rlim_max = 40};

    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return __LINE__;
    gruvid__process_raise_limits();
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur != 40 ||
        limit.rlim_max != 40)
        return __LINE__;
    gruvid__process_raise_limits(); /* there is nothing to raise */
    return 0;
}

START_TEST(test_the_limit_of_descriptors_is_what_the_hard_one_allows)
{
    ck_assert_int_eq(in_child(raise_limit), 0);
}
END_TEST

static int
mask_signals(void)
{
    sigset_t set;

    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    gruvid__process_unblock_signals();
    sigprocmask(SIG_SETMASK, NULL, &set);
    for (int i = 1; i < NSIG; i++)
        if (sigismember(&set, i) == 1)
            return __LINE__;
    gruvid__process_hold_signals();
    sigprocmask(SIG_SETMASK, NULL, &set);
    return sigismember(&set, SIGHUP) == 1 && sigismember(&set, SIGUSR1) == 1 &&
                   sigismember(&set, SIGUSR2) == 1 &&
                   sigismember(&set, SIGTERM) == 0
               ? 0
               : __LINE__;
}

START_TEST(test_signals_are_let_in_but_for_those_that_are_held)
{
    ck_assert_int_eq(in_child(mask_signals), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("os_process");
    TCase *tc = tcase_create("os_process");

    tcase_add_test(tc, test_no_user_and_its_own_change_nothing);
    tcase_add_test(tc, test_a_user_that_is_not_there_is_named);
    if (geteuid() == 0) {
        tcase_add_test(tc, test_only_root_becomes_another_user);
        tcase_add_test(tc,
                       test_root_becomes_a_user_for_good_and_may_leave_a_core);
    }
    tcase_add_test(tc, test_what_is_closed_of_0_to_2_is_opened);
    tcase_add_test(tc,
                   test_the_limit_of_descriptors_is_what_the_hard_one_allows);
    tcase_add_test(tc, test_signals_are_let_in_but_for_those_that_are_held);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
