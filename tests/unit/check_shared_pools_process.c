/* SPDX-License-Identifier: MIT */
/*
 * The pools of the process when it begins, forks and ends.  Each test is in a
 * child, which begins with pools that have not started.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/jobs.h"

static void
run_one(int (*pool)(gruvi_work_fn fn, void *arg, void **result))
{
    struct job job;

    init_job(&job);
    job.pool = pool;
    gruvi_event_set(&job.go);
    call_job(&job);
    ck_assert_int_eq(job.err, 0);
    ck_assert_int_eq(job.ran, 1);
}

static void
give_parties(void *arg)
{
    (void)arg;
    give_party(gruvi_blocking, 20);
    give_party(gruvi_compute, (int)uv_available_parallelism());
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

START_TEST(test_by_default_there_are_20_threads_for_io_and_one_a_core)
{
    ck_assert_int_eq(in_child(give_parties, NULL, NULL, 0), 0);
}
END_TEST

static void
size_twice(void *arg)
{
    (void)arg;
    ck_assert_int_eq(gruvi_set_pool_sizes(1, 1024), 0);
    ck_assert_int_eq(gruvi_set_pool_sizes(5, 7), 0);
    ck_assert_int_eq(gruvi_set_pool_sizes(1025, 1), UV_EINVAL);
    give_party(gruvi_compute, 5);
    ck_assert_int_eq(gruvi_set_pool_sizes(6, 7), 0);
    give_party(gruvi_compute, 6);
    give_party(gruvi_blocking, 7);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

START_TEST(test_the_last_sizes_count)
{
    ck_assert_int_eq(in_child(size_twice, NULL, NULL, 0), 0);
}
END_TEST

static void
size_back(void *arg)
{
    ck_assert_int_eq(gruvi_set_pool_sizes(1, 1), 0);
    ck_assert_int_eq(gruvi_set_pool_sizes(0, 0), 0);
    give_parties(arg);
}

START_TEST(test_a_size_of_zero_is_the_default)
{
    ck_assert_int_eq(in_child(size_back, NULL, NULL, 0), 0);
}
END_TEST

/* --- the end -------------------------------------------------------------- */

static void
exit_with_idle_threads(void *arg)
{
    (void)arg;
    for (int n = 0; n < 10; n++) {
        run_one(gruvi_blocking);
        run_one(gruvi_compute);
    }
    exit(42);
}

START_TEST(test_a_process_with_idle_threads_ends)
{
    int status = in_child(exit_with_idle_threads, NULL, NULL, 0);

    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 42);
}
END_TEST

static void
call_for_ever(void *arg)
{
    call_job(arg);
}

static void
exit_with_busy_thread(void *arg)
{
    static struct job job;

    (void)arg;
    init_job(&job);
    begin_thread(call_for_ever, &job);
    gruvi_event_wait(&job.begun, GRUVI_FOREVER);
    exit(42);
}

START_TEST(test_a_process_with_work_that_never_ends_ends)
{
    int status = in_child(exit_with_busy_thread, NULL, NULL, 0);

    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 42);
}
END_TEST

static int
exit_in_work(void *arg, void **result)
{
    (void)arg;
    (void)result;
    exit(42);
}

static void
call_for_exit(void *arg)
{
    (void)arg;
    run_one(gruvi_blocking);
    gruvi_blocking(exit_in_work, NULL, NULL);
}

START_TEST(test_work_may_end_the_process)
{
    int status = in_child(call_for_exit, NULL, NULL, 0);

    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 42);
}
END_TEST

/* --- fork ----------------------------------------------------------------- */

/* TSan does not support a thread that is begun after such a fork. */
#ifndef HAVE_TSAN
/* Has fn run in another child, and wait for it. */
static void
fork_and_run(void (*fn)(void))
{
    pid_t pid = fork();
    int status;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        fn();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

static void
begin_anew(void)
{
    ck_assert_int_eq(gruvi_set_pool_sizes(2, 2), 0);
    run_one(gruvi_blocking);
    run_one(gruvi_compute);
}

static void
fork_with_threads(void *arg)
{
    struct job job;
    pthread_t thread;

    (void)arg;
    run_one(gruvi_compute);
    init_job(&job);
    thread = begin_thread(call_for_ever, &job);
    gruvi_event_wait(&job.begun, GRUVI_FOREVER);
    fork_and_run(begin_anew);
    gruvi_event_set(&job.go);
    end_thread(thread);
    run_one(gruvi_blocking);
}

START_TEST(test_after_a_fork_the_child_has_pools_of_its_own)
{
    ck_assert_int_eq(in_child(fork_with_threads, NULL, NULL, 0), 0);
}
END_TEST

static void
run_both(void)
{
    run_one(gruvi_blocking);
    run_one(gruvi_compute);
}

static int
fork_in_work(void *arg, void **result)
{
    (void)result;
    *(int *)arg = 1;
    fork_and_run(run_both);
    return 0;
}

static void
call_for_fork(void *arg)
{
    int ran = 0;

    (void)arg;
    ck_assert_int_eq(gruvi_blocking(fork_in_work, &ran, NULL), 0);
    ck_assert_int_eq(ran, 1);
    run_both();
}

START_TEST(test_work_may_fork_and_its_child_call_for_work)
{
    ck_assert_int_eq(in_child(call_for_fork, NULL, NULL, 0), 0);
}
END_TEST
#endif

int
main(void)
{
    Suite *suite = suite_create("shared_pools_process");
    TCase *tc = tcase_create("pools_process");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc,
                   test_by_default_there_are_20_threads_for_io_and_one_a_core);
    tcase_add_test(tc, test_the_last_sizes_count);
    tcase_add_test(tc, test_a_size_of_zero_is_the_default);
    tcase_add_test(tc, test_a_process_with_idle_threads_ends);
    tcase_add_test(tc, test_a_process_with_work_that_never_ends_ends);
    tcase_add_test(tc, test_work_may_end_the_process);
#ifndef HAVE_TSAN
    tcase_add_test(tc, test_after_a_fork_the_child_has_pools_of_its_own);
    tcase_add_test(tc, test_work_may_fork_and_its_child_call_for_work);
#endif
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
