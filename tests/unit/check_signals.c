/* SPDX-License-Identifier: MIT */
/*
 * How signals reach hubs: nothing is lost, whatever else comes, is blocked, or
 * listens.  What fibers see of it otherwise is in check_signal.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/processes.h"

#define MANY 5000 /* more than libuv's pipe holds notes */

static void
raise_often(int signum)
{
    for (int n = 0; n < MANY; n++)
        raise(signum);
}

static gruvi_signal_t *
listen_for(int a, int b)
{
    const int signums[2] = {a, b};
    gruvi_signal_t *watcher;

    ck_assert_int_eq(gruvi_signal_open(&watcher, signums, b == 0 ? 1 : 2), 0);
    return watcher;
}

/* --- bursts ----------------------------------------------------------------
 */

static int
count_usr2(void *arg)
{
    ck_assert_int_eq(gruvi_signal_wait(SIGUSR2, GRUVI_FOREVER), 0);
    ++*(int *)arg;
    return 0;
}

HUB_TEST(test_one_signal_wakes_any_number_of_fibers)
{
    size_t handles = handles_of(hub);
    gruvi_group_t group;
    int woken = 0;

    gruvi_group_init(&group, NULL);
    for (int n = 0; n < MANY; n++)
        gruvi_fiber_unref(gruvi_group_spawn(&group, count_usr2, &woken));
    turns(2);
    ck_assert_uint_eq(handles_of(hub), handles + 1);
    raise(SIGUSR2);
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    ck_assert_int_eq(woken, MANY);
}

HUB_TEST(test_a_burst_of_one_signal_hides_no_other)
{
    gruvi_signal_t *watcher = listen_for(SIGRTMIN, SIGTERM);

    raise_often(SIGRTMIN);
    raise(SIGTERM);
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGTERM);
    ck_assert_int_eq(gruvi_signal_next(watcher, 0), SIGRTMIN);
    ck_assert_int_eq(gruvi_signal_next(watcher, 0), UV_ETIMEDOUT);
    gruvi_signal_close(watcher);
}

HUB_TEST(test_a_burst_of_signals_hides_no_end_of_a_process)
{
    gruvi_signal_t *watcher = listen_for(SIGRTMIN, 0);
    gruvi_process_t *p = begin_script("exec sleep 1000", GRUVI_STDIO_NULL);
    siginfo_t info;

    raise_often(SIGRTMIN);
    ck_assert_int_eq(gruvi_process_kill(p, SIGKILL), 0);
    ck_assert_int_eq(
        waitid(P_PID, (id_t)gruvi_process_pid(p), &info, WEXITED | WNOWAIT), 0);
    ends_with(p, 0, SIGKILL);
    gruvi_process_close(p);
    gruvi_signal_close(watcher);
}

struct other_hub {
    uv_barrier_t listens, raised;
};

static void
listen_in_a_hub(void *arg)
{
    struct other_hub *other = arg;
    gruvi_signal_t *watcher = listen_for(SIGUSR1, SIGTERM);

    uv_barrier_wait(&other->listens);
    uv_barrier_wait(&other->raised); /* until then the hub stands still */
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGUSR1);
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGTERM);
    gruvi_signal_close(watcher);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_nor_where_one_hub_looks_and_others_do_not)
{
    gruvi_signal_t *watcher = listen_for(SIGUSR1, SIGTERM);
    struct other_hub other;
    pthread_t threads[2];

    uv_barrier_init(&other.listens, 3);
    uv_barrier_init(&other.raised, 3);
    for (int t = 0; t < 2; t++)
        threads[t] = begin_thread(listen_in_a_hub, &other);
    uv_barrier_wait(&other.listens);
    for (int n = 0; n < MANY; n++) {
        raise(SIGUSR1);
        ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGUSR1);
    }
    raise(SIGTERM);
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGTERM);
    uv_barrier_wait(&other.raised);
    for (int t = 0; t < 2; t++)
        end_thread(threads[t]);
    gruvi_signal_close(watcher);
    uv_barrier_destroy(&other.listens);
    uv_barrier_destroy(&other.raised);
}

static void
interrupt_after_a_burst(void *arg)
{
    gruvi_hub_t *hub;
    gruvi_signal_t *watcher;

    (void)arg;
    signal(SIGINT, SIG_DFL);
    hub = gruvi_get_hub();
    watcher = listen_for(SIGRTMIN, 0);
    raise_often(SIGRTMIN);
    raise(SIGINT);
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_EINTR);
    gruvi_signal_close(watcher);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
}

START_TEST(test_nor_an_interrupt)
{
    ck_assert_int_eq(in_child(interrupt_after_a_burst, NULL, NULL, 0), 0);
}
END_TEST

/* Hubs come and go while signals come to a hub that stays. */
static void
listen_and_close(void *arg)
{
    for (int k = 0; k < 50; k++) {
        gruvi_signal_t *watcher = listen_for(SIGUSR1, 0);

        gruvi_signal_close(watcher);
    }
    (void)arg;
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_hubs_may_end_while_signals_come)
{
    gruvi_signal_t *watcher = listen_for(SIGUSR1, 0);
    pthread_t thread;

    for (int k = 0; k < 20; k++) {
        thread = begin_thread(listen_and_close, NULL);
        for (int n = 0; n < 100; n++)
            raise(SIGUSR1);
        end_thread(thread);
        ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGUSR1);
    }
    gruvi_signal_close(watcher);
}

/* --- masks ------------------------------------------------------------------
 */

static bool
is_blocked(int signum)
{
    sigset_t set;

    pthread_sigmask(SIG_SETMASK, NULL, &set);
    return sigismember(&set, signum);
}

static void
block(int signum)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signum);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int
wait_for_hup(void *arg)
{
    (void)arg;
    return gruvi_signal_wait(SIGHUP, GRUVI_FOREVER);
}

/* Each fiber has a stack of its own, and all have the thread's mask. */
HUB_TEST(test_a_signal_that_was_blocked_is_heard)
{
    gruvi_fiber_t *fiber;
    gruvi_signal_t *watcher;

    block(SIGHUP);
    fiber = spawn(wait_for_hup, NULL);
    turns(2);
    ck_assert(!is_blocked(SIGHUP));
    watcher = listen_for(SIGHUP, SIGTERM);
    raise(SIGHUP);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert(!is_blocked(SIGHUP));
    ck_assert_int_eq(gruvi_signal_next(watcher, 0), SIGHUP);
    gruvi_signal_close(watcher);
    ck_assert(is_blocked(SIGHUP));
    ck_assert(!is_blocked(SIGTERM));
}

HUB_TEST(test_a_process_ends_though_sigchld_is_blocked)
{
    gruvi_process_t *p;

    block(SIGCHLD);
    p = begin_script("exit 5", GRUVI_STDIO_NULL);
    ends_with(p, 5, 0);
    gruvi_process_close(p);
    ck_assert(is_blocked(SIGCHLD));
}

static void
block_sigint(void *arg)
{
    gruvi_hub_t *hub;

    (void)arg;
    signal(SIGINT, SIG_DFL);
    block(SIGINT); /* a thread waits for it with sigwait(), say */
    hub = gruvi_get_hub();
    ck_assert(is_blocked(SIGINT));
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
}

START_TEST(test_a_hub_alone_leaves_sigint_blocked)
{
    ck_assert_int_eq(in_child(block_sigint, NULL, NULL, 0), 0);
}
END_TEST

/* --- fork -------------------------------------------------------------------
 */

static void
fork_with_a_watcher(void *arg)
{
    gruvi_hub_t *hub = gruvi_get_hub();
    gruvi_signal_t *watcher = listen_for(SIGHUP, 0);
    pid_t pid;
    int status;

    (void)arg;
    pid = fork();
    if (pid == 0) {
        raise(SIGHUP);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGHUP);
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
    ck_assert_int_eq(gruvi_signal_next(watcher, 0), UV_ETIMEDOUT);
    gruvi_signal_close(watcher);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
}

START_TEST(test_in_a_forked_child_signals_do_what_they_did_before)
{
    ck_assert_int_eq(in_child(fork_with_a_watcher, NULL, NULL, 0), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("signals");
    TCase *tc = tcase_create("bursts");

    tcase_add_test(tc, test_one_signal_wakes_any_number_of_fibers);
    tcase_add_test(tc, test_a_burst_of_one_signal_hides_no_other);
    tcase_add_test(tc, test_a_burst_of_signals_hides_no_end_of_a_process);
    tcase_add_test(tc, test_nor_where_one_hub_looks_and_others_do_not);
    tcase_add_test(tc, test_nor_an_interrupt);
    tcase_add_test(tc, test_hubs_may_end_while_signals_come);
    suite_add_tcase(suite, tc);
    tc = tcase_create("masks");
    tcase_add_test(tc, test_a_signal_that_was_blocked_is_heard);
    tcase_add_test(tc, test_a_process_ends_though_sigchld_is_blocked);
    tcase_add_test(tc, test_a_hub_alone_leaves_sigint_blocked);
    suite_add_tcase(suite, tc);
    tc = tcase_create("fork");
    tcase_add_test(tc, test_in_a_forked_child_signals_do_what_they_did_before);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
