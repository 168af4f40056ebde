/* SPDX-License-Identifier: MIT */
/*
 * gruvi_blocking() and gruvi_compute(): the two pools of the process.  How they
 * are interrupted is in check_shared_pools_interrupted.c, how they fare when
 * the process forks or ends in check_shared_pools_process.c, and how the
 * threads of a pool come and go in check_thread_pool.c.
 */
#include <signal.h>
#include <string.h>

#include "core/thread.h"
#include "pool/pool.h"
#include "unit/jobs.h"

/* --- sizes ---------------------------------------------------------------- */

THREAD_TEST(test_sizes_over_1024_change_nothing)
{
    small_pools();
    ck_assert_int_eq(gruvi_set_pool_sizes(1025, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_set_pool_sizes(1, 1025), UV_EINVAL);
    ck_assert_uint_eq(gruvi__io_threads(), IO_THREADS);
}

HUB_TEST(test_a_pool_that_grows_begins_work_that_waits)
{
    static struct full full;
    static struct job more[2];
    gruvi_fiber_t *fibers[2];

    small_pools();
    fill(&full);
    for (int n = 0; n < 2; n++) {
        init_job(&more[n]);
        fibers[n] = spawn(call_job, &more[n]);
    }
    gruvi_sleep(0);
    ck_assert_int_eq(gruvi_set_pool_sizes(CPU_THREADS, IO_THREADS + 2), 0);
    for (int n = 0; n < 2; n++) {
        ck_assert_int_eq(gruvi_event_wait(&more[n].begun, GRUVI_FOREVER), 0);
        gruvi_event_set(&more[n].go);
        ck_assert_int_eq(finish(fibers[n]), 0);
    }
    drain(&full);
}

static unsigned
count_threads(gruvi_pool_t *pool)
{
    gruvi_pool_stats_t stats;

    gruvi_pool_stats(pool, &stats);
    return stats.size;
}

/* Idle threads end at once, and busy ones when they have no more work. */
HUB_TEST(test_a_pool_that_shrinks_loses_threads_without_work)
{
    static struct full full;

    small_pools();
    fill(&full);
    ck_assert_int_eq(gruvi_set_pool_sizes(CPU_THREADS, 1), 0);
    ck_assert_uint_ge(count_threads(gruvi_get_io_pool()), IO_THREADS);
    drain(&full);
    while (count_threads(gruvi_get_io_pool()) > 1)
        ck_assert_int_eq(gruvi_sleep(0.001), 0);
    give_party(gruvi_blocking, 1);
    small_pools();
    give_party(gruvi_blocking, IO_THREADS);
    ck_assert_int_eq(gruvi_set_pool_sizes(CPU_THREADS, 2), 0);
    while (count_threads(gruvi_get_io_pool()) > 2)
        ck_assert_int_eq(gruvi_sleep(0.001), 0);
    small_pools();
}

HUB_TEST(test_each_pool_has_as_many_threads_as_it_was_given_and_no_more)
{
    small_pools();
    give_party(gruvi_blocking, IO_THREADS);
    give_party(gruvi_compute, CPU_THREADS);
}

/* --- results -------------------------------------------------------------- */

HUB_TEST(test_the_works_status_and_result_are_returned)
{
    struct job job;

    small_pools();
    for (int n = 0; n < 2; n++) {
        init_job(&job);
        job.pool = n ? gruvi_compute : gruvi_blocking;
        gruvi_event_set(&job.go);
        ck_assert_int_eq(finish(spawn(call_job, &job)), 0);
        ck_assert_int_eq(job.err, 0);
        ck_assert_ptr_eq(job.result, &job);
        ck_assert_int_eq(job.pool(run_job, &job, NULL), 0);
        ck_assert_int_eq(job.ran, 2);
    }
}

HUB_TEST(test_an_error_of_the_work_is_returned_without_a_result)
{
    struct job job;

    small_pools();
    init_job(&job);
    job.status = UV_EIO;
    gruvi_event_set(&job.go);
    call_job(&job);
    ck_assert_int_eq(job.err, UV_EIO);
    ck_assert_ptr_null(job.result);
    ck_assert_int_eq(job.ran, 1);
}

HUB_TEST(test_without_a_function_nothing_is_run)
{
    void *result = hub;

    ck_assert_int_eq(gruvi_blocking(NULL, NULL, &result), UV_EINVAL);
    ck_assert_ptr_null(result);
    ck_assert_int_eq(gruvi_compute(NULL, NULL, NULL), UV_EINVAL);
}

/* --- threads -------------------------------------------------------------- */

HUB_TEST(test_threads_have_names)
{
    struct job job;

    small_pools();
    init_job(&job);
    gruvi_event_set(&job.go);
    call_job(&job);
    ck_assert_int_eq(strncmp(job.thread, "gruvi-io-", 9), 0);
    job.pool = gruvi_compute;
    call_job(&job);
    ck_assert_int_eq(strncmp(job.thread, "gruvi-cpu-", 10), 0);
}

static int
note_mask(void *arg, void **result)
{
    (void)result;
    pthread_sigmask(SIG_SETMASK, NULL, arg);
    return 0;
}

/* What work starts inherits it.  Those of a thread's own faults have to come
 * through, or the kernel kills. */
HUB_TEST(test_threads_block_what_their_maker_blocks)
{
    gruvi_pool_options_t options = {.max_size = 1};
    gruvi_pool_t *pool = gruvi_thread_pool_new(&options);
    sigset_t mine, there, after;
    void *args[] = {&there};

    ck_assert_ptr_nonnull(pool);
    sigemptyset(&mine);
    sigaddset(&mine, SIGUSR1);
    sigaddset(&mine, SIGSEGV);
    pthread_sigmask(SIG_SETMASK, &mine, NULL);
    ck_assert_int_eq(
        gruvi_pool_map(pool, note_mask, args, NULL, 1, GRUVI_FOREVER), 0);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    ck_assert_int_eq(gruvi_pool_close(pool), 0);
    gruvi_pool_unref(pool);
    for (int signum = 1; signum <= SIGRTMAX; signum++) {
        if (signum >= 32 && signum < SIGRTMIN)
            continue; /* the C library's */
        ck_assert_int_eq(sigismember(&there, signum), signum == SIGUSR1);
        ck_assert_int_eq(sigismember(&after, signum),
                         sigismember(&mine, signum));
    }
}

static int
count_to_three(void *arg)
{
    for (int n = 0; n < 3; n++) {
        ++*(int *)arg;
        ck_assert_int_eq(gruvi_sleep(0.0001), 0);
    }
    return 0;
}

HUB_TEST(test_the_hub_serves_others_meanwhile)
{
    gruvi_fiber_t *fiber;
    struct job job;
    int n = 0;

    small_pools();
    init_job(&job);
    fiber = begin_job(&job);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "IO pool");
    ck_assert_int_eq(finish(spawn(count_to_three, &n)), 0);
    ck_assert_int_eq(n, 3);
    ck_assert(gruvi_fiber_alive(fiber));
    gruvi_event_set(&job.go);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(job.err, 0);
}

THREAD_TEST(test_a_plain_thread_calls_too_and_gets_no_hub)
{
    struct job job;

    small_pools();
    init_job(&job);
    job.status = 7;
    gruvi_event_set(&job.go);
    call_job(&job);
    ck_assert_int_eq(job.err, 7);
    ck_assert_ptr_eq(job.result, &job);
    ck_assert_int_eq(strncmp(job.thread, "gruvi-io-", 9), 0);
    ck_assert_ptr_null(gruvi__self.hub);
}

static int
add_one(void *arg, void **result)
{
    __atomic_add_fetch((int *)arg, 1, __ATOMIC_RELAXED);
    *result = arg;
    return 0;
}

static int
add_fifty(void *arg)
{
    void *result;

    for (int n = 0; n < 50; n++) {
        ck_assert_int_eq(gruvi_blocking(add_one, arg, &result), 0);
        ck_assert_ptr_eq(result, arg);
    }
    return 0;
}

static void
add_in_hub(void *arg)
{
    gruvi_fiber_t *fibers[8];

    for (int n = 0; n < 8; n++)
        fibers[n] = spawn(add_fifty, arg);
    for (int n = 0; n < 8; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

static void
add_in_thread(void *arg)
{
    for (int n = 0; n < 8; n++)
        add_fifty(arg);
}

THREAD_TEST(test_hubs_and_plain_threads_share_the_pools)
{
    pthread_t threads[4];
    int sum = 0;

    small_pools();
    for (int n = 0; n < 4; n++)
        threads[n] = begin_thread(n % 2 ? add_in_hub : add_in_thread, &sum);
    for (int n = 0; n < 4; n++)
        end_thread(threads[n]);
    ck_assert_int_eq(sum, 4 * 8 * 50);
}

/* --- work that calls for work --------------------------------------------- */

struct nest {
    int depth;
    char threads[4][16];
};

static int
nest(void *arg, void **result)
{
    struct nest *nest_ = arg;
    int depth = nest_->depth++, err;
    void *inner = NULL;

    pthread_getname_np(pthread_self(), nest_->threads[depth], 16);
    *result = arg;
    if (nest_->depth == 4)
        return 0;
    err = (depth % 2 ? gruvi_compute : gruvi_blocking)(nest, arg, &inner);
    ck_assert_ptr_eq(inner, arg);
    return err;
}

static int
nest_in_cpu(void *arg)
{
    struct nest state = {.depth = 0};
    void *result;

    (void)arg;
    ck_assert_int_eq(gruvi_compute(nest, &state, &result), 0);
    ck_assert_ptr_eq(result, &state);
    ck_assert_int_eq(state.depth, 4);
    ck_assert_int_eq(strncmp(state.threads[0], "gruvi-cpu-", 10), 0);
    ck_assert_int_eq(strncmp(state.threads[1], "gruvi-io-", 9), 0);
    /* Both pools wait for it by now, so it goes on where it is. */
    ck_assert_str_eq(state.threads[2], state.threads[1]);
    ck_assert_str_eq(state.threads[3], state.threads[1]);
    return 0;
}

HUB_TEST(test_work_that_calls_for_work_waits_for_no_pool_that_waits_for_it)
{
    gruvi_fiber_t *fibers[20];

    small_pools();
    for (int n = 0; n < 20; n++)
        fibers[n] = spawn(nest_in_cpu, NULL);
    for (int n = 0; n < 20; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
}

static int
fail_inside(void *arg, void **result)
{
    *result = arg;
    return UV_EIO;
}

static int
call_failing(void *arg, void **result)
{
    void *inner = arg;
    int err = gruvi_blocking(fail_inside, arg, &inner);

    (void)result;
    ck_assert_ptr_null(inner);
    return err;
}

HUB_TEST(test_an_error_comes_back_from_work_inside_work)
{
    small_pools();
    ck_assert_int_eq(gruvi_blocking(call_failing, hub, NULL), UV_EIO);
}

int
main(void)
{
    Suite *suite = suite_create("shared_pools");
    TCase *tc = tcase_create("pools");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_sizes_over_1024_change_nothing);
    tcase_add_test(tc, test_a_pool_that_grows_begins_work_that_waits);
    tcase_add_test(tc, test_a_pool_that_shrinks_loses_threads_without_work);
    tcase_add_test(
        tc, test_each_pool_has_as_many_threads_as_it_was_given_and_no_more);
    tcase_add_test(tc, test_the_works_status_and_result_are_returned);
    tcase_add_test(tc, test_an_error_of_the_work_is_returned_without_a_result);
    tcase_add_test(tc, test_without_a_function_nothing_is_run);
    tcase_add_test(tc, test_threads_have_names);
    tcase_add_test(tc, test_threads_block_what_their_maker_blocks);
    tcase_add_test(tc, test_the_hub_serves_others_meanwhile);
    tcase_add_test(tc, test_a_plain_thread_calls_too_and_gets_no_hub);
    tcase_add_test(tc, test_hubs_and_plain_threads_share_the_pools);
    tcase_add_test(
        tc, test_work_that_calls_for_work_waits_for_no_pool_that_waits_for_it);
    tcase_add_test(tc, test_an_error_comes_back_from_work_inside_work);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
