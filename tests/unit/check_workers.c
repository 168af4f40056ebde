/* SPDX-License-Identifier: MIT */
/*
 * How workers come to the queue, and which work they run, in a pool of threads.
 */
#include "unit/pool_jobs.h"

/* --- order and number ----------------------------------------------------- */

THREAD_TEST(test_work_is_begun_in_the_order_in_which_it_came)
{
    static const char *const names[] = {"b", "c", "d", "e", "f"};
    struct gruvi__thread_pool pool;
    struct job first, jobs[5];

    init_pool(&pool, 1);
    begin_job(&pool, &first, "a");
    for (int n = 0; n < 5; n++) {
        init_job(&jobs[n], names[n]);
        gruvi_event_set(&jobs[n].go);
        add_job(&pool, &jobs[n]);
    }
    end_job(&first);
    for (int n = 0; n < 5; n++)
        end_job(&jobs[n]);
    ck_assert_str_eq(recorded(), "a b c d e f");
    gruvi__thread_pool_close(&pool);
}

THREAD_TEST(test_threads_are_made_when_there_is_work_and_never_too_many)
{
    struct gruvi__thread_pool pool;
    struct job jobs[4], late;

    init_pool(&pool, 4);
    ck_assert_uint_eq(size_of(&pool), 0);
    for (unsigned n = 0; n < 4; n++) {
        begin_job(&pool, &jobs[n], NULL);
        ck_assert_uint_eq(size_of(&pool), n + 1);
    }
    init_job(&late, NULL);
    add_job(&pool, &late);
    ck_assert_uint_eq(size_of(&pool), 4);
    end_job(&jobs[2]);
    await(&late.begun);
    ck_assert_str_eq(late.thread, jobs[2].thread);
    end_job(&late);
    end_job(&jobs[0]);
    end_job(&jobs[1]);
    end_job(&jobs[3]);
    gruvi__thread_pool_close(&pool);
}

THREAD_TEST(test_a_burst_gets_a_thread_each)
{
    struct gruvi__thread_pool pool;
    struct job jobs[4];

    init_pool(&pool, 4);
    for (int n = 0; n < 4; n++) {
        init_job(&jobs[n], NULL);
        add_job(&pool, &jobs[n]);
    }
    for (int n = 0; n < 4; n++)
        await(&jobs[n].begun);
    ck_assert_uint_eq(size_of(&pool), 4);
    for (int n = 0; n < 4; n++)
        end_job(&jobs[n]);
    gruvi__thread_pool_close(&pool);
}

THREAD_TEST(test_idle_threads_get_a_burst_too)
{
    struct gruvi__thread_pool pool;
    struct job jobs[4];

    init_pool(&pool, 4);
    for (int round = 0; round < 50; round++) {
        for (int n = 0; n < 4; n++) {
            init_job(&jobs[n], NULL);
            add_job(&pool, &jobs[n]);
        }
        for (int n = 0; n < 4; n++)
            await(&jobs[n].begun);
        for (int n = 0; n < 4; n++)
            end_job(&jobs[n]);
        ck_assert_uint_eq(size_of(&pool), 4);
    }
    gruvi__thread_pool_close(&pool);
}

/* --- withdrawing ---------------------------------------------------------- */

THREAD_TEST(test_work_that_is_withdrawn_never_runs)
{
    struct gruvi__thread_pool pool;
    struct job busy, queued, last;

    init_pool(&pool, 1);
    begin_job(&pool, &busy, NULL);
    init_job(&queued, NULL);
    init_job(&last, NULL);
    add_job(&pool, &queued);
    add_job(&pool, &last);
    ck_assert(gruvi__work_withdraw(&queued.work));
    ck_assert(!gruvi__work_withdraw(&queued.work));
    end_job(&busy);
    end_job(&last);
    ck_assert_int_eq(queued.ran, 0);
    ck_assert(!gruvi_event_is_set(&queued.done));
    gruvi__thread_pool_close(&pool);
}

THREAD_TEST(test_work_that_was_begun_is_not_withdrawn)
{
    struct gruvi__thread_pool pool;
    struct job job;

    init_pool(&pool, 1);
    begin_job(&pool, &job, NULL);
    ck_assert(!gruvi__work_withdraw(&job.work));
    end_job(&job);
    ck_assert(!gruvi__work_withdraw(&job.work));
    gruvi__thread_pool_close(&pool);
}

/* --- many ----------------------------------------------------------------- */

#define BURST 2000

struct burst {
    struct gruvi__thread_pool *pool;
    struct job jobs[BURST];
    int withdrawn;
};

/* Some are withdrawn at once: then they have not run and will not. */
static void
add_burst(void *arg)
{
    struct burst *burst = arg;
    struct job *job;

    for (int n = 0; n < BURST; n++) {
        job = &burst->jobs[n];
        init_job(job, NULL);
        gruvi_event_set(&job->go);
        add_job(burst->pool, job);
        if (n % 3 == 0 && gruvi__work_withdraw(&job->work)) {
            burst->withdrawn++;
            ck_assert_int_eq(job->ran, 0);
            gruvi_event_set(&job->done);
        }
    }
    for (int n = 0; n < BURST; n++)
        await(&burst->jobs[n].done);
}

THREAD_TEST(test_a_burst_from_many_threads_is_run_once_each)
{
    static struct burst bursts[3];
    struct gruvi__thread_pool pool;
    pthread_t threads[3];

    init_pool(&pool, 4);
    for (int n = 0; n < 3; n++) {
        bursts[n].pool = &pool;
        bursts[n].withdrawn = 0;
        threads[n] = begin_thread(add_burst, &bursts[n]);
    }
    for (int n = 0; n < 3; n++) {
        int ran = 0;

        end_thread(threads[n]);
        for (int k = 0; k < BURST; k++) {
            ck_assert_int_le(bursts[n].jobs[k].ran, 1);
            ran += bursts[n].jobs[k].ran;
        }
        ck_assert_int_eq(ran + bursts[n].withdrawn, BURST);
    }
    ck_assert_uint_le(size_of(&pool), 4);
    gruvi__thread_pool_close(&pool);
}

THREAD_TEST(test_threads_that_end_leave_no_work_behind)
{
    static struct burst burst;
    struct gruvi__thread_pool pool;

    init_pool(&pool, 4);
    pool.pool.workers.idle_timeout = 1e-6;
    burst.pool = &pool;
    for (int round = 0; round < 3; round++)
        add_burst(&burst);
    wait_for_size(&pool, 0);
    gruvi__thread_pool_close(&pool);
}

int
main(void)
{
    Suite *suite = suite_create("workers");
    TCase *tc = tcase_create("workers");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_work_is_begun_in_the_order_in_which_it_came);
    tcase_add_test(tc,
                   test_threads_are_made_when_there_is_work_and_never_too_many);
    tcase_add_test(tc, test_a_burst_gets_a_thread_each);
    tcase_add_test(tc, test_idle_threads_get_a_burst_too);
    tcase_add_test(tc, test_work_that_is_withdrawn_never_runs);
    tcase_add_test(tc, test_work_that_was_begun_is_not_withdrawn);
    tcase_add_test(tc, test_a_burst_from_many_threads_is_run_once_each);
    tcase_add_test(tc, test_threads_that_end_leave_no_work_behind);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
