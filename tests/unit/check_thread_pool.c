/* SPDX-License-Identifier: MIT */
/*
 * How the threads of a pool come and go.  Which work they run is in
 * check_workers.c, and the two pools of the process in check_shared_pools.c.
 *
 * pthread_create() and calloc() are wrapped by the linker, so that they fail
 * when told to.
 */
#include <errno.h>

#include "unit/pool_jobs.h"

static int creations_that_fail; /* atomic */
static int allocations_that_fail;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*fn)(void *), void *arg);
void *__real_calloc(size_t n, size_t size);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*fn)(void *), void *arg);
void *__wrap_calloc(size_t n, size_t size);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                      void *(*fn)(void *), void *arg)
{
    if (__atomic_load_n(&creations_that_fail, __ATOMIC_RELAXED) > 0) {
        __atomic_sub_fetch(&creations_that_fail, 1, __ATOMIC_RELAXED);
        return EAGAIN;
    }
    return __real_pthread_create(thread, attr, fn, arg);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    if (allocations_that_fail > 0) {
        allocations_that_fail--;
        return NULL;
    }
    return __real_calloc(n, size);
}

/* --- idle threads ------------------------------------------------------- */

THREAD_TEST(test_threads_have_the_lowest_number_that_is_free)
{
    struct gruvi__thread_pool pool;
    struct job jobs[3];

    init_pool(&pool, 3);
    pool.pool.workers.idle_timeout = 0.001;
    begin_job(&pool, &jobs[0], NULL);
    begin_job(&pool, &jobs[1], NULL);
    begin_job(&pool, &jobs[2], NULL);
    ck_assert_str_eq(jobs[0].thread, "test-1");
    ck_assert_str_eq(jobs[1].thread, "test-2");
    ck_assert_str_eq(jobs[2].thread, "test-3");
    end_job(&jobs[1]);
    wait_for_size(&pool, 2);
    begin_job(&pool, &jobs[1], NULL);
    ck_assert_str_eq(jobs[1].thread, "test-2");
    for (int n = 0; n < 3; n++)
        end_job(&jobs[n]);
    gruvi__thread_pool_close(&pool);
}

THREAD_TEST(test_threads_without_work_end_and_come_back)
{
    struct gruvi__thread_pool pool;
    struct job jobs[3];

    init_pool(&pool, 3);
    pool.pool.workers.idle_timeout = 0.001;
    for (int round = 0; round < 10; round++) {
        for (int n = 0; n < 3; n++)
            begin_job(&pool, &jobs[n], NULL);
        for (int n = 0; n < 3; n++)
            end_job(&jobs[n]);
        wait_for_size(&pool, 0);
    }
    gruvi__thread_pool_close(&pool);
}

/* --- no threads ----------------------------------------------------------- */

THREAD_TEST(test_without_a_single_thread_work_is_refused)
{
    struct gruvi__thread_pool pool;
    struct job job;

    init_pool(&pool, 4);
    init_job(&job, NULL);
    creations_that_fail = 1;
    ck_assert_int_eq(gruvi__workers_add(&pool.pool.workers, &job.work, NULL),
                     UV_EAGAIN);
    allocations_that_fail = 1;
    ck_assert_int_eq(gruvi__workers_add(&pool.pool.workers, &job.work, NULL),
                     UV_ENOMEM);
    ck_assert(!pool.started);
    ck_assert_uint_eq(size_of(&pool), 0);
    begin_job(&pool, &job, NULL);
    ck_assert_str_eq(job.thread, "test-1");
    end_job(&job);
    gruvi__thread_pool_close(&pool);
}

THREAD_TEST(test_with_one_thread_work_goes_on_and_the_log_says_so_once)
{
    struct gruvi__thread_pool pool;
    struct job busy, queued[3];

    init_pool(&pool, 4);
    begin_job(&pool, &busy, NULL);
    creations_that_fail = 1000;
    for (int n = 0; n < 3; n++) {
        init_job(&queued[n], NULL);
        gruvi_event_set(&queued[n].go);
        add_job(&pool, &queued[n]);
    }
    ck_assert_int_eq(logged("test: no thread beside the 1"), 1);
    end_job(&busy);
    for (int n = 0; n < 3; n++)
        end_job(&queued[n]);
    __atomic_store_n(&creations_that_fail, 0, __ATOMIC_RELAXED);
    ck_assert_int_eq(logged("test: no thread"), 1);
    gruvi__thread_pool_close(&pool);
}

/* --- the end -------------------------------------------------------------- */

THREAD_TEST(test_closing_ends_idle_threads_and_refuses_work)
{
    struct gruvi__thread_pool pool;
    struct job jobs[3];

    init_pool(&pool, 3);
    for (int n = 0; n < 3; n++)
        begin_job(&pool, &jobs[n], NULL);
    for (int n = 0; n < 3; n++)
        end_job(&jobs[n]);
    gruvi__thread_pool_close(&pool);
    ck_assert_uint_eq(size_of(&pool), 0);
    init_job(&jobs[0], NULL);
    ck_assert_int_eq(
        gruvi__workers_add(&pool.pool.workers, &jobs[0].work, NULL),
        UV_ESHUTDOWN);
    gruvi__thread_pool_close(&pool);
}

THREAD_TEST(test_closing_waits_for_no_work)
{
    static struct gruvi__thread_pool pool;
    static struct job busy, idle;

    init_pool(&pool, 2);
    begin_job(&pool, &busy, NULL);
    begin_job(&pool, &idle, NULL);
    end_job(&idle);
    gruvi__thread_pool_close(&pool);
    ck_assert_uint_eq(size_of(&pool), 1);
    end_job(&busy);
    wait_for_size(&pool, 0);
}

static int
close_own_pool(void *arg, void **result)
{
    struct job *job = arg;

    gruvi__thread_pool_close(gruvi__list_entry(
        job->work.workers, struct gruvi__thread_pool, pool.workers));
    *result = job;
    job->ran = 1;
    return 0;
}

THREAD_TEST(test_work_may_end_the_process_and_so_close_its_own_pool)
{
    static struct gruvi__thread_pool pool;
    static struct job job, idle;

    init_pool(&pool, 2);
    begin_job(&pool, &idle, NULL);
    init_job(&job, NULL);
    job.work.fn = close_own_pool;
    add_job(&pool, &job);
    await(&job.done);
    ck_assert_int_eq(job.ran, 1);
    end_job(&idle);
    wait_for_size(&pool, 0);
}

int
main(void)
{
    Suite *suite = suite_create("thread_pool");
    TCase *tc = tcase_create("thread_pool");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_threads_have_the_lowest_number_that_is_free);
    tcase_add_test(tc, test_threads_without_work_end_and_come_back);
    tcase_add_test(tc, test_without_a_single_thread_work_is_refused);
    tcase_add_test(tc,
                   test_with_one_thread_work_goes_on_and_the_log_says_so_once);
    tcase_add_test(tc, test_closing_ends_idle_threads_and_refuses_work);
    tcase_add_test(tc, test_closing_waits_for_no_work);
    tcase_add_test(tc, test_work_may_end_the_process_and_so_close_its_own_pool);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
