/* SPDX-License-Identifier: MIT */
/*
 * What programs see of pools, with each kind: 0 is a pool of threads, 1 of
 * fibers.  Work waits for events, which both can.
 */
#include <limits.h>
#include <sched.h>
#include <string.h>

#include "pool/pool.h"
#include "unit/pools.h"

/* Work that can be held up. */
struct job {
    gruvi_event_t begun, go;
    int ran; /* atomic */
};

static int
run_job(void *arg, void **result)
{
    struct job *job = arg;

    __atomic_add_fetch(&job->ran, 1, __ATOMIC_RELAXED);
    *result = job;
    gruvi_event_set(&job->begun);
    return gruvi_event_wait(&job->go, GRUVI_FOREVER);
}

static gruvi_future_t *
begin_job(gruvi_pool_t *pool, struct job *job)
{
    gruvi_future_t *f;

    memset(job, 0, sizeof *job);
    f = submit(pool, run_job, job);
    ck_assert_int_eq(gruvi_event_wait(&job->begun, GRUVI_FOREVER), 0);
    return f;
}

static int
refuse(void *arg, void **result)
{
    *result = arg;
    return UV_ENOTCONN;
}

static int
count(void *arg, void **result)
{
    (void)result;
    __atomic_add_fetch((int *)arg, 1, __ATOMIC_RELAXED);
    return 0;
}

/* --- submitting ---------------------------------------------------------- */

HUB_TEST(test_a_future_has_what_the_work_returned)
{
    gruvi_pool_t *pool = new_pool(i, 2, 0);
    gruvi_future_t *f;
    struct job job;
    void *value;

    f = begin_job(pool, &job);
    ck_assert(gruvi_future_running(f));
    ck_assert_int_eq(gruvi_future_status(f), UV_EBUSY);
    ck_assert_int_eq(gruvi_future_set_result(f, NULL), UV_EPERM);
    gruvi_event_set(&job.go);
    ck_assert_int_eq(gruvi_future_result(f, &value, GRUVI_FOREVER), 0);
    ck_assert_ptr_eq(value, &job);
    ck_assert(!gruvi_future_running(f));
    ck_assert_int_eq(gruvi_future_cancel(f), UV_EALREADY);
    gruvi_future_unref(f);
    f = submit(pool, refuse, pool);
    ck_assert_int_eq(gruvi_future_result(f, &value, GRUVI_FOREVER),
                     UV_ENOTCONN);
    ck_assert_ptr_null(value);
    gruvi_future_unref(f);
    end_pool(pool);
}

HUB_TEST(test_work_that_waits_in_the_queue_can_be_cancelled)
{
    gruvi_pool_t *pool = new_pool(i, 1, 0);
    struct job first, second = {.ran = 0};
    gruvi_future_t *f = begin_job(pool, &first);
    gruvi_future_t *other = submit(pool, run_job, &second);

    ck_assert(!gruvi_future_running(other));
    ck_assert_int_eq(gruvi_future_cancel(other), 0);
    ck_assert(gruvi_future_cancelled(other));
    ck_assert_int_eq(gruvi_future_cancel(other), UV_EALREADY);
    gruvi_event_set(&first.go);
    ck_assert_int_eq(finish_future(f), 0);
    ck_assert_int_eq(finish_future(other), UV_ECANCELED);
    ck_assert_int_eq(second.ran, 0);
    end_pool(pool);
}

HUB_TEST(test_whoever_submits_may_let_go_at_once)
{
    gruvi_pool_t *pool = new_pool(i, 3, 0);
    int n = 0;

    for (int k = 0; k < 50; k++)
        gruvi_future_unref(submit(pool, count, &n));
    ck_assert_int_eq(gruvi_pool_join(pool), 0);
    ck_assert_int_eq(n, 50);
    end_pool(pool);
}

HUB_TEST(test_bad_arguments_are_refused)
{
    gruvi_pool_options_t options = {.max_size = 1, .min_size = 2};
    gruvi_pool_t *pool,
        *(*make)(const gruvi_pool_options_t *options) =
            i == 0 ? gruvi_thread_pool_new : gruvi_fiber_pool_new;

    ck_assert_ptr_null(make(&options));
    ck_assert_int_eq(gruvi_last_error(), UV_EINVAL);
    options = (gruvi_pool_options_t){.max_size = 1025};
    ck_assert_ptr_null(make(&options));
    options = (gruvi_pool_options_t){.reserved[3] = &options};
    ck_assert_ptr_null(make(&options));
    options = (gruvi_pool_options_t){.min_size = 1024};
    pool = make(&options);
    ck_assert_ptr_nonnull(pool);
    end_pool(pool);
    pool = make(NULL);
    ck_assert_ptr_nonnull(pool);
    ck_assert_str_eq(pool->workers.name, "pool");
    ck_assert_ptr_null(gruvi_pool_submit(pool, NULL, NULL));
    ck_assert_int_eq(gruvi_last_error(), UV_EINVAL);
    ck_assert_ptr_null(gruvi_pool_submit(NULL, refuse, NULL));
    ck_assert_int_eq(gruvi_pool_join(NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_pool_close(NULL), UV_EINVAL);
    gruvi_pool_unref(NULL);
    end_pool(pool);
}

/* --- joining and closing ----------------------------------------------------
 */

struct joining {
    gruvi_pool_t *pool;
    int result;
};

static int
join_it(void *arg)
{
    struct joining *joining = arg;

    joining->result = gruvi_pool_join(joining->pool);
    return 0;
}

HUB_TEST(test_join_waits_until_nothing_is_left)
{
    struct joining joining = {.pool = new_pool(i, 1, 0), .result = 1};
    struct job first, second = {.ran = 0};
    gruvi_future_t *f, *other;
    gruvi_fiber_t *fiber;

    ck_assert_int_eq(gruvi_pool_join(joining.pool), 0);
    f = begin_job(joining.pool, &first);
    other = submit(joining.pool, run_job, &second);
    fiber = spawn(join_it, &joining);
    turns(2);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "pool");
    gruvi_event_set(&first.go);
    ck_assert_int_eq(finish_future(f), 0);
    turns(2);
    ck_assert_int_eq(joining.result, 1);
    gruvi_event_set(&second.go);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(joining.result, 0);
    ck_assert(gruvi_future_done(other));
    gruvi_future_unref(other);
    end_pool(joining.pool);
}

HUB_TEST(test_a_cancel_ends_a_join)
{
    struct joining joining = {.pool = new_pool(i, 1, 0), .result = 1};
    struct job job;
    gruvi_future_t *f = begin_job(joining.pool, &job);
    gruvi_fiber_t *fiber = spawn(join_it, &joining);

    turns(2);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(joining.result, UV_ECANCELED);
    gruvi_event_set(&job.go);
    ck_assert_int_eq(finish_future(f), 0);
    end_pool(joining.pool);
}

static int
join_from_inside(void *arg, void **result)
{
    (void)result;
    ck_assert_int_eq(gruvi_pool_join(arg), UV_EINVAL);
    ck_assert_int_eq(gruvi_pool_close(arg), UV_EINVAL);
    return 0;
}

HUB_TEST(test_a_worker_cannot_join_its_own_pool)
{
    gruvi_pool_t *pool = new_pool(i, 1, 0);

    ck_assert_int_eq(finish_future(submit(pool, join_from_inside, pool)), 0);
    end_pool(pool);
}

HUB_TEST(test_a_closed_pool_does_what_it_has_and_takes_no_more)
{
    gruvi_pool_t *pool = new_pool(i, 2, 2);
    gruvi_pool_stats_t stats;
    int n = 0;

    for (int k = 0; k < 50; k++)
        gruvi_future_unref(submit(pool, count, &n));
    ck_assert_int_eq(gruvi_pool_close(pool), 0);
    ck_assert_int_eq(n, 50);
    ck_assert_ptr_null(gruvi_pool_submit(pool, count, &n));
    ck_assert_int_eq(gruvi_last_error(), UV_ESHUTDOWN);
    gruvi_pool_stats(pool, &stats);
    ck_assert_uint_eq(stats.size, 0);
    ck_assert_uint_eq(stats.done, 50);
    ck_assert_int_eq(gruvi_pool_close(pool), 0);
    gruvi_pool_unref(pool);
}

static int
close_it(void *arg)
{
    struct joining *joining = arg;

    joining->result = gruvi_pool_close(joining->pool);
    return 0;
}

HUB_TEST(test_a_close_that_was_interrupted_can_be_waited_for_again)
{
    struct joining closing = {.pool = new_pool(i, 1, 0), .result = 1};
    struct job job;
    gruvi_future_t *f = begin_job(closing.pool, &job);
    gruvi_fiber_t *fiber = spawn(close_it, &closing);

    turns(2);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(closing.result, UV_ECANCELED);
    ck_assert_ptr_null(gruvi_pool_submit(closing.pool, run_job, &job));
    gruvi_event_set(&job.go);
    end_pool(closing.pool);
    ck_assert_int_eq(finish_future(f), 0);
}

HUB_TEST(test_the_last_reference_closes_it_without_waiting)
{
    gruvi_pool_t *pool = new_pool(i, 1, 1);
    struct job first, second = {.ran = 0};
    gruvi_future_t *f = begin_job(pool, &first);
    gruvi_future_t *other = submit(pool, run_job, &second);

    ck_assert_ptr_eq(gruvi_pool_ref(pool), pool);
    gruvi_pool_unref(pool);
    gruvi_pool_unref(pool);
    ck_assert(!gruvi_future_done(f));
    gruvi_event_set(&first.go);
    gruvi_event_set(&second.go);
    ck_assert_int_eq(finish_future(f), 0);
    ck_assert_int_eq(finish_future(other), 0);
    wait_until(fibers_of(hub) == 0);
}

HUB_TEST(test_the_pools_of_the_process_cannot_be_closed)
{
    gruvi_pool_t *pool = i == 0 ? gruvi_get_cpu_pool() : gruvi_get_io_pool();
    int n = 0;

    ck_assert_int_eq(gruvi_pool_close(pool), UV_EPERM);
    gruvi_pool_ref(pool);
    gruvi_pool_unref(pool);
    gruvi_pool_unref(pool);
    ck_assert_int_eq(finish_future(submit(pool, count, &n)), 0);
    ck_assert_int_eq(gruvi_pool_join(pool), 0);
    ck_assert_int_eq(n, 1);
}

/* --- workers ----------------------------------------------------------------
 */

static unsigned
size_of(gruvi_pool_t *pool)
{
    gruvi_pool_stats_t stats;

    gruvi_pool_stats(pool, &stats);
    return stats.size;
}

HUB_TEST(test_workers_that_are_idle_end_but_for_the_smallest_number)
{
    gruvi_pool_t *pool = new_pool(i, 4, 1);
    struct job jobs[4];
    gruvi_future_t *f[4];

    pool->workers.idle_timeout = 0.002;
    for (int round = 0; round < 2; round++) {
        for (int n = 0; n < 4; n++)
            f[n] = begin_job(pool, &jobs[n]);
        ck_assert_uint_eq(size_of(pool), 4);
        for (int n = 0; n < 4; n++) {
            gruvi_event_set(&jobs[n].go);
            ck_assert_int_eq(finish_future(f[n]), 0);
        }
        wait_until(size_of(pool) == 1);
        ck_assert_int_eq(gruvi_sleep(0.006), 0);
        ck_assert_uint_eq(size_of(pool), 1);
    }
    end_pool(pool);
}

/* --- figures ----------------------------------------------------------------
 */

static uint64_t
sum(const gruvi_pool_stats_t *stats)
{
    uint64_t total = 0;

    for (int n = 0; n < GRUVI_POOL_WAIT_BUCKETS; n++)
        total += stats->wait[n];
    return total;
}

HUB_TEST(test_its_figures_tell_what_it_does)
{
    gruvi_pool_t *pool = new_pool(i, 2, 0);
    struct job first, second, third = {.ran = 0};
    gruvi_future_t *f[3];
    gruvi_pool_stats_t stats;

    gruvi_pool_stats(pool, &stats);
    ck_assert_uint_eq(stats.size, 0);
    f[0] = begin_job(pool, &first);
    f[1] = begin_job(pool, &second);
    f[2] = submit(pool, run_job, &third);
    gruvi_pool_stats(pool, &stats);
    ck_assert_uint_eq(stats.size, 2);
    ck_assert_uint_eq(stats.busy, 2);
    ck_assert_uint_eq(stats.queued, 1);
    ck_assert_uint_eq(stats.done, 0);
    ck_assert_uint_eq(sum(&stats), 2);
    ck_assert_int_eq(gruvi_sleep(0.003), 0);
    gruvi_event_set(&first.go);
    gruvi_event_set(&second.go);
    gruvi_event_set(&third.go);
    for (int n = 0; n < 3; n++)
        ck_assert_int_eq(finish_future(f[n]), 0);
    ck_assert_int_eq(gruvi_pool_join(pool), 0);
    gruvi_pool_stats(pool, &stats);
    ck_assert_uint_eq(stats.busy, 0);
    ck_assert_uint_eq(stats.queued, 0);
    ck_assert_uint_eq(stats.done, 3);
    ck_assert_uint_eq(sum(&stats), 3);
    for (int n = 0; n < 12; n++)
        stats.wait[n] = 0; /* up to 2 ms */
    ck_assert_uint_ge(sum(&stats), 1);
    end_pool(pool);
}

int
main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tc = tcase_create("both kinds");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_a_future_has_what_the_work_returned, 0, 2);
    tcase_add_loop_test(tc, test_work_that_waits_in_the_queue_can_be_cancelled,
                        0, 2);
    tcase_add_loop_test(tc, test_whoever_submits_may_let_go_at_once, 0, 2);
    tcase_add_loop_test(tc, test_bad_arguments_are_refused, 0, 2);
    tcase_add_loop_test(tc, test_join_waits_until_nothing_is_left, 0, 2);
    tcase_add_loop_test(tc, test_a_cancel_ends_a_join, 0, 2);
    tcase_add_loop_test(tc, test_a_worker_cannot_join_its_own_pool, 0, 2);
    tcase_add_loop_test(
        tc, test_a_closed_pool_does_what_it_has_and_takes_no_more, 0, 2);
    tcase_add_loop_test(
        tc, test_a_close_that_was_interrupted_can_be_waited_for_again, 0, 2);
    tcase_add_loop_test(tc, test_the_last_reference_closes_it_without_waiting,
                        0, 2);
    tcase_add_loop_test(tc, test_the_pools_of_the_process_cannot_be_closed, 0,
                        2);
    tcase_add_loop_test(
        tc, test_workers_that_are_idle_end_but_for_the_smallest_number, 0, 2);
    tcase_add_loop_test(tc, test_its_figures_tell_what_it_does, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
