/* SPDX-License-Identifier: MIT */
/* Processes: how they begin and end.  How they talk is in check_process_io. */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/net.h"
#include "unit/processes.h"

/* --- how they end -----------------------------------------------------------
 */

HUB_TEST(test_the_exit_status_is_told)
{
    gruvi_process_t *p = begin_script("exit 7", GRUVI_STDIO_NULL);

    ends_with(p, 7, 0);
    ends_with(p, 7, 0); /* as often as one likes */
    ck_assert_int_eq(gruvi_process_wait(p, NULL, NULL, 0), 0);
    gruvi_process_close(p);
    p = begin_script("exit 0", GRUVI_STDIO_NULL);
    ends_with(p, 0, 0);
    gruvi_process_close(p);
}

HUB_TEST(test_the_signal_that_ended_it_is_told)
{
    gruvi_process_t *p = begin_script("kill -KILL $$", GRUVI_STDIO_NULL);

    ends_with(p, 0, SIGKILL);
    gruvi_process_close(p);
}

static int
wait_for_it(void *arg)
{
    int64_t status;
    int err = gruvi_process_wait(arg, &status, NULL, GRUVI_FOREVER);

    record("%s %d", gruvi_err_name(err), (int)status);
    return 0;
}

HUB_TEST(test_many_may_wait_for_one)
{
    gruvi_process_t *p = begin_script("read x; exit 3", GRUVI_STDIO_PIPE);
    gruvi_fiber_t *a = spawn(wait_for_it, p), *b = spawn(wait_for_it, p);

    turns(2);
    ck_assert_str_eq(gruvi_fiber_waiting_for(a), "process");
    ck_assert_int_eq(gruvi_process_wait(p, NULL, NULL, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_process_wait(p, NULL, NULL, 0.001), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_stream_write(gruvi_process_stream(p, 0), "x\n", 2),
                     0);
    finish(a);
    finish(b);
    ck_assert_str_eq(recorded(), "OK 3 OK 3");
    gruvi_process_close(p);
}

HUB_TEST(test_processes_are_objects_to_wait_for)
{
    gruvi_process_t *p[2];
    gruvi_waitable_t *objects[2];
    bool done[2];

    for (int k = 0; k < 2; k++) {
        p[k] = begin_script("read x", GRUVI_STDIO_PIPE);
        objects[k] = gruvi_process_waitable(p[k]);
    }
    ck_assert_int_eq(gruvi_wait(objects, 2, 1, 0.001, done), 0);
    ck_assert_int_eq(gruvi_process_kill(p[1], SIGTERM), 0);
    ck_assert_int_eq(gruvi_wait(objects, 2, 1, GRUVI_FOREVER, done), 1);
    ck_assert(!done[0] && done[1]);
    ck_assert_int_eq(gruvi_stream_shutdown(gruvi_process_stream(p[0], 0)), 0);
    ck_assert_int_eq(gruvi_wait(objects, 2, 0, GRUVI_FOREVER, done), 2);
    ends_with(p[0], 1, 0);
    ends_with(p[1], 0, SIGTERM);
    gruvi_process_close(p[0]);
    gruvi_process_close(p[1]);
    ck_assert_ptr_null(gruvi_process_waitable(NULL));
}

/* --- killing, and leaving alone ---------------------------------------------
 */

HUB_TEST(test_a_signal_is_sent_until_it_has_ended)
{
    gruvi_process_t *p = begin_script("read x", GRUVI_STDIO_PIPE);

    ck_assert_int_gt(gruvi_process_pid(p), 0);
    ck_assert_int_eq(gruvi_process_kill(p, 0), 0);
    ck_assert_int_eq(gruvi_process_kill(p, 12345), UV_EINVAL);
    ck_assert_int_eq(gruvi_process_kill_group(p, 0), UV_EINVAL);
    ck_assert_int_eq(gruvi_process_kill(p, SIGKILL), 0);
    ends_with(p, 0, SIGKILL);
    ck_assert_int_eq(gruvi_process_kill(p, SIGKILL), UV_ESRCH);
    ck_assert_int_eq(gruvi_process_kill(p, 0), UV_ESRCH);
    gruvi_process_close(p);
}

/* What it has started holds its output open as long as it lives. */
HUB_TEST(test_a_group_is_killed_with_all_that_it_started)
{
    gruvi_process_options_t options =
        script("sleep 1000 & echo; wait", GRUVI_STDIO_PIPE);
    gruvi_process_t *p;
    char line[32] = "";

    options.flags = GRUVI_PROCESS_SESSION;
    p = begin_process(&options);
    ck_assert_int_gt(gruvi_stream_read_line(gruvi_process_stream(p, 1), line,
                                            sizeof line - 1),
                     0);
    ck_assert_int_eq(getpgid(gruvi_process_pid(p)), gruvi_process_pid(p));
    ck_assert_int_eq(getsid(gruvi_process_pid(p)), gruvi_process_pid(p));
    ck_assert_int_eq(gruvi_process_kill_group(p, SIGKILL), 0);
    ends_with(p, 0, SIGKILL);
    says(p, 1, "");
    ck_assert_int_eq(gruvi_process_kill(p, SIGKILL), UV_ESRCH);
    gruvi_process_close(p);
}

/* The number of what the leader has left behind. */
static pid_t
read_pid(gruvi_process_t *p)
{
    char line[32] = "";

    ck_assert_int_gt(gruvi_stream_read_line(gruvi_process_stream(p, 1), line,
                                            sizeof line - 1),
                     0);
    return (pid_t)strtol(line, NULL, 10);
}

/* It holds the output open, until it is killed. */
HUB_TEST(test_a_group_is_reached_when_its_leader_has_ended)
{
    gruvi_process_options_t options =
        script("sleep 1000 & echo $!", GRUVI_STDIO_PIPE);
    gruvi_process_t *p;
    pid_t pid, left;

    options.flags = GRUVI_PROCESS_SESSION;
    p = begin_process(&options);
    pid = gruvi_process_pid(p);
    left = read_pid(p);
    ends_with(p, 0, 0);
    ck_assert_int_eq(getpgid(left), pid);
    ck_assert(is_there(pid)); /* its number is nobody else's */
    ck_assert(gruvi_process_owns(pid));
    ck_assert_int_eq(gruvi_process_kill_group(p, SIGKILL), 0);
    says(p, 1, "");
    gruvi_process_close(p);
    ck_assert(!is_there(pid));
    ck_assert(!gruvi_process_owns(pid));
}

HUB_TEST(test_a_leader_that_was_let_go_is_reaped_when_it_ends)
{
    gruvi_process_options_t options = script("cat", GRUVI_STDIO_PIPE);
    gruvi_process_t *p;
    pid_t pid;

    options.flags = GRUVI_PROCESS_SESSION;
    p = begin_process(&options);
    pid = gruvi_process_pid(p);
    gruvi_process_close(p);
    wait_until(!is_there(pid));
}

HUB_TEST(test_one_that_was_let_go_is_reaped_when_it_ends)
{
    gruvi_process_t *p = begin_script("cat", GRUVI_STDIO_PIPE);
    pid_t pid = gruvi_process_pid(p);

    ck_assert(is_there(pid));
    gruvi_process_close(p); /* it reads the end of its input */
    wait_until(!is_there(pid));
    gruvi_process_close(NULL);
}

HUB_TEST(test_closing_wakes_those_who_wait)
{
    gruvi_process_t *p = begin_script("cat", GRUVI_STDIO_PIPE);
    pid_t pid = gruvi_process_pid(p);
    gruvi_fiber_t *a = spawn(wait_for_it, p), *b = spawn(wait_for_it, p);

    turns(2);
    gruvi_process_close(p);
    finish(a);
    finish(b);
    ck_assert_str_eq(recorded(), "ECONNABORTED 0 ECONNABORTED 0");
    wait_until(!is_there(pid));
}

static void
leave_a_leader_behind(void *arg)
{
    gruvi_process_options_t options = script("exit 3", GRUVI_STDIO_NULL);
    gruvi_process_t *p;

    options.flags = GRUVI_PROCESS_SESSION;
    p = begin_process(&options);
    ends_with(p, 3, 0);
    *(pid_t *)arg = gruvi_process_pid(p);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    ck_assert_int_eq(gruvi_process_kill_group(p, 0), UV_ESRCH);
    gruvi_process_close(p);
}

HUB_TEST(test_a_leader_is_reaped_with_its_hub)
{
    pid_t pid;

    in_thread(leave_a_leader_behind, &pid);
    ck_assert(!is_there(pid));
}

static void
leave_one_behind(void *arg)
{
    pid_t *pid = arg;
    gruvi_process_t *p = begin_script("sleep 1000", GRUVI_STDIO_NULL);
    gruvi_fiber_t *fiber = spawn(wait_for_it, p);

    *pid = gruvi_process_pid(p);
    turns(2);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    gruvi_fiber_unref(fiber);
    ck_assert_str_eq(recorded(), "ECANCELED 0");
    ck_assert_int_eq(gruvi_process_wait(p, NULL, NULL, 0), UV_ESHUTDOWN);
    ck_assert_int_eq(gruvi_process_kill(p, 0), UV_ESRCH);
    gruvi_process_close(p);
    ck_assert_int_eq(logged("left on its loop"), 0);
}

HUB_TEST(test_one_whose_hub_was_closed_is_reaped_with_the_next)
{
    gruvi_process_t *p;
    pid_t pid;

    in_thread(leave_one_behind, &pid);
    ck_assert(is_there(pid));
    kill(pid, SIGKILL);
    while (is_there(pid)) {
        p = begin_script("true", GRUVI_STDIO_NULL);
        ends_with(p, 0, 0);
        gruvi_process_close(p);
    }
}

/* --- SIGCHLD is the program's ------------------------------------------------
 */

static void
note_child(int signum)
{
    (void)signum;
}

HUB_TEST(test_the_action_of_sigchld_is_left_alone)
{
    gruvi_process_t *p;
    struct sigaction action;

    signal(SIGCHLD, note_child);
    p = begin_script("read x", GRUVI_STDIO_PIPE);
    ck_assert_int_eq(sigaction(SIGCHLD, NULL, &action), 0);
    ck_assert(action.sa_handler == note_child);
    ck_assert_int_eq(gruvi_process_kill(p, SIGKILL), 0);
    ends_with(p, 0, SIGKILL);
    gruvi_process_close(p);
    ck_assert_int_eq(sigaction(SIGCHLD, NULL, &action), 0);
    ck_assert(action.sa_handler == note_child);
    signal(SIGCHLD, SIG_DFL);
}

/* The kernel reaps it, then. */
HUB_TEST(test_one_whose_status_was_taken_away_ends_too)
{
    gruvi_process_t *p = begin_script("read x", GRUVI_STDIO_PIPE);

    signal(SIGCHLD, SIG_IGN);
    ck_assert_int_eq(gruvi_process_kill(p, SIGKILL), 0);
    ends_with(p, GRUVI_PROCESS_UNKNOWN, 0);
    gruvi_process_close(p);
    signal(SIGCHLD, SIG_DFL);
}

/* --- without pidfd_open(2) ---------------------------------------------------
 */

/* As an old kernel, or a sandbox. */
static void
forbid_pidfd(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};

    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void
spawn_without_pidfd(void *arg)
{
    gruvi_process_t *p;
    pid_t pid;

    (void)arg;
    forbid_pidfd();
    p = begin_script("exit 6", GRUVI_STDIO_NULL);
    ends_with(p, 6, 0);
    gruvi_process_close(p);
    p = begin_script("cat", GRUVI_STDIO_PIPE);
    pid = gruvi_process_pid(p);
    gruvi_process_close(p);
    wait_until(!is_there(pid));
    p = begin_script("exec sleep 1000", GRUVI_STDIO_NULL);
    pid = gruvi_process_pid(p);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    gruvi_process_close(p);
    kill(pid, SIGKILL);
}

START_TEST(test_without_its_descriptor_a_process_is_looked_for)
{
    ck_assert_int_eq(in_child(spawn_without_pidfd, NULL, NULL, 0), 0);
}
END_TEST

#define ROUNDS 20

static void
spawn_and_wait(void *arg)
{
    char text[32];
    gruvi_process_t *p;

    for (int k = 0; k < ROUNDS; k++) {
        snprintf(text, sizeof text, "exit %d", *(int *)arg + k);
        p = begin_script(text, k % 2 ? GRUVI_STDIO_PIPE : GRUVI_STDIO_NULL);
        ends_with(p, *(int *)arg + k, 0);
        gruvi_process_close(p);
    }
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

START_TEST(test_each_hub_reaps_its_own)
{
    int begin[3] = {0, 50, 100};
    pthread_t threads[3];

    for (int t = 0; t < 3; t++)
        threads[t] = begin_thread(spawn_and_wait, &begin[t]);
    for (int t = 0; t < 3; t++)
        end_thread(threads[t]);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* --- what is refused --------------------------------------------------------
 */

static void
fails_with(gruvi_process_options_t *options, int wanted)
{
    gruvi_process_t *p = (void *)&options;
    int err = gruvi_process_spawn(&p, options);

    ck_assert_msg(err == wanted, "%s", gruvi_err_name(err));
    ck_assert_ptr_null(p);
}

/* They leave no handle and no descriptor, which the harness sees, and no
 * zombie. */
HUB_TEST(test_what_cannot_be_run_is_told_by_spawn)
{
    gruvi_process_options_t options = script("true", GRUVI_STDIO_PIPE);

    options.file = "/none/such";
    fails_with(&options, UV_ENOENT);
    options.file = "no-program-of-this-name";
    fails_with(&options, UV_ENOENT);
    options.file = "/";
    fails_with(&options, UV_EACCES);
    options.file = "/bin/sh";
    options.cwd = "/none/such";
    fails_with(&options, UV_ENOENT);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}

HUB_TEST(test_bad_options_are_refused)
{
    gruvi_process_options_t good = script("true", GRUVI_STDIO_PIPE), bad;
    static char *none[] = {NULL};
    gruvi_process_t *p;

    fails_with(NULL, UV_EINVAL);
    ck_assert_int_eq(gruvi_process_spawn(NULL, &good), UV_EINVAL);
    bad = good;
    bad.args = NULL;
    fails_with(&bad, UV_EINVAL);
    bad.args = none;
    fails_with(&bad, UV_EINVAL);
    bad = good;
    bad.flags = 8;
    fails_with(&bad, UV_EINVAL);
    for (int k = 0; k < 4; k++) {
        bad = good;
        bad.reserved[k] = &bad;
        fails_with(&bad, UV_EINVAL);
    }
    bad = good;
    bad.stdio[2].kind = 99;
    fails_with(&bad, UV_EINVAL);
    bad = good;
    bad.stdio[1].kind = GRUVI_STDIO_STDOUT;
    fails_with(&bad, UV_EINVAL);
    bad.stdio[1].kind = GRUVI_STDIO_FD;
    bad.stdio[1].fd = -1;
    fails_with(&bad, UV_EBADF);
    bad.stdio[1].fd = 1 << 20;
    fails_with(&bad, UV_EBADF);
    ck_assert_int_eq(gruvi_process_wait(NULL, NULL, NULL, 0), UV_EINVAL);
    ck_assert_int_eq(gruvi_process_kill(NULL, 0), UV_EINVAL);
    p = begin_process(&good);
    ck_assert_int_eq(gruvi_process_wait(p, NULL, NULL, NAN), UV_EINVAL);
    ends_with(p, 0, 0);
    gruvi_process_close(p);
}

static void
use_elsewhere(void *arg)
{
    ck_assert_int_eq(gruvi_process_wait(arg, NULL, NULL, 0), UV_EPERM);
    ck_assert_int_eq(gruvi_process_kill(arg, 0), UV_EPERM);
    ck_assert_int_eq(gruvi_process_kill_group(arg, 0), UV_EPERM);
    ck_assert_int_eq(gruvi_process_communicate(arg, NULL, 0, NULL, NULL, 0),
                     UV_EPERM);
    catch_assertions();
    gruvi_process_close(arg);
    ck_assert_int_eq(assertions(), 1);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_a_process_belongs_to_its_thread)
{
    gruvi_process_t *p = begin_script("true", GRUVI_STDIO_NULL);

    in_thread(use_elsewhere, p);
    ends_with(p, 0, 0);
    gruvi_process_close(p);
}

HUB_TEST(test_without_descriptors_nothing_is_spawned)
{
    gruvi_process_options_t options = script("true", GRUVI_STDIO_PIPE);
    gruvi_process_t *p;
    int spare = 0, err;

    do {
        ck_assert_int_lt(spare, 30);
        net_spare(spare++);
        err = gruvi_process_spawn(&p, &options);
        net_spare_all();
        ck_assert(err == 0 || (err == UV_EMFILE && p == NULL));
    } while (err < 0);
    ck_assert_int_gt(spare, 6); /* three pairs, at least */
    ends_with(p, 0, 0);
    gruvi_process_close(p);
}

int
main(void)
{
    Suite *suite = suite_create("process");
    TCase *tc = tcase_create("ending");

    tcase_add_test(tc, test_the_exit_status_is_told);
    tcase_add_test(tc, test_the_signal_that_ended_it_is_told);
    tcase_add_test(tc, test_many_may_wait_for_one);
    tcase_add_test(tc, test_processes_are_objects_to_wait_for);
    tcase_add_test(tc, test_a_signal_is_sent_until_it_has_ended);
    tcase_add_test(tc, test_a_group_is_killed_with_all_that_it_started);
    tcase_add_test(tc, test_a_group_is_reached_when_its_leader_has_ended);
    tcase_add_test(tc, test_a_leader_that_was_let_go_is_reaped_when_it_ends);
    tcase_add_test(tc, test_a_leader_is_reaped_with_its_hub);
    tcase_add_test(tc, test_the_action_of_sigchld_is_left_alone);
    tcase_add_test(tc, test_one_whose_status_was_taken_away_ends_too);
    tcase_add_test(tc, test_without_its_descriptor_a_process_is_looked_for);
    tcase_add_test(tc, test_one_that_was_let_go_is_reaped_when_it_ends);
    tcase_add_test(tc, test_closing_wakes_those_who_wait);
    tcase_add_test(tc, test_one_whose_hub_was_closed_is_reaped_with_the_next);
    tcase_add_test(tc, test_each_hub_reaps_its_own);
    suite_add_tcase(suite, tc);
    tc = tcase_create("refused");
    tcase_add_test(tc, test_what_cannot_be_run_is_told_by_spawn);
    tcase_add_test(tc, test_bad_options_are_refused);
    tcase_add_test(tc, test_a_process_belongs_to_its_thread);
    tcase_add_test(tc, test_without_descriptors_nothing_is_spawned);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
