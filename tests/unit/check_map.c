/* SPDX-License-Identifier: MIT */
/*
 * The same work for many arguments: 0 in a pool of threads, 1 in one of
 * fibers.  What is on the caller's stack is freed as soon as a map returns.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/thread.h"
#include "unit/pools.h"

#define N 20

/* What is mapped over, and how it went. */
struct job {
    int status;
    bool waits;          /* until it is let go */
    gruvi_event_t *gate; /* what it waits for */
    int begun, ended;    /* atomic */
};

struct jobs {
    struct job job[N];
    void *args[N], *results[N];
    gruvi_event_t gate;
};

static void
init_jobs(struct jobs *jobs)
{
    memset(jobs, 0, sizeof *jobs);
    for (int n = 0; n < N; n++) {
        jobs->args[n] = &jobs->job[n];
        jobs->results[n] = jobs;
        jobs->job[n].gate = &jobs->gate;
    }
}

static int
run_job(void *arg, void **result)
{
    struct job *job = arg;
    int err = 0;

    __atomic_add_fetch(&job->begun, 1, __ATOMIC_RELAXED);
    *result = job;
    if (job->waits)
        err = gruvi_event_wait(job->gate, GRUVI_FOREVER);
    __atomic_add_fetch(&job->ended, 1, __ATOMIC_RELAXED);
    return job->status < 0 ? job->status : err;
}

static int
map(gruvi_pool_t *pool, struct jobs *jobs, double timeout)
{
    return gruvi_pool_map(pool, run_job, jobs->args, jobs->results, N, timeout);
}

static int
begun(struct jobs *jobs)
{
    int total = 0, one;

    for (int n = 0; n < N; n++) {
        one = __atomic_load_n(&jobs->job[n].begun, __ATOMIC_RELAXED);
        ck_assert_int_le(one, 1);
        total += one;
    }
    return total;
}

/* Those that ran and did not fail have a result. */
static void
check_results(struct jobs *jobs)
{
    for (int n = 0; n < N; n++) {
        ck_assert_int_eq(jobs->job[n].begun, jobs->job[n].ended);
        ck_assert_ptr_eq(jobs->results[n],
                         jobs->job[n].begun && jobs->job[n].status == 0
                             ? &jobs->job[n]
                             : NULL);
    }
}

HUB_TEST(test_results_are_in_the_order_of_the_arguments)
{
    gruvi_pool_t *pool = new_pool(i, 3, 0);
    struct jobs jobs;

    init_jobs(&jobs);
    ck_assert_int_eq(map(pool, &jobs, GRUVI_FOREVER), 0);
    ck_assert_int_eq(begun(&jobs), N);
    check_results(&jobs);
    init_jobs(&jobs);
    ck_assert_int_eq(gruvi_pool_map(pool, run_job, jobs.args, NULL, N, 60), 0);
    ck_assert_int_eq(begun(&jobs), N);
    end_pool(pool);
}

HUB_TEST(test_bad_arguments_are_refused)
{
    gruvi_pool_t *pool = new_pool(i, 1, 0);
    struct jobs jobs;

    init_jobs(&jobs);
    ck_assert_int_eq(map(pool, &jobs, NAN), UV_EINVAL);
    ck_assert_ptr_null(jobs.results[0]);
    ck_assert_int_eq(map(NULL, &jobs, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_pool_map(pool, NULL, jobs.args, NULL, N, 1),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi_pool_map(pool, run_job, NULL, NULL, N, 1),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi_pool_map(pool, run_job, NULL, NULL, 0, 1), 0);
    ck_assert_int_eq(map(pool, &jobs, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(begun(&jobs), 0);
    end_pool(pool);
    ck_assert_ptr_nonnull(pool = new_pool(i, 1, 0));
    ck_assert_int_eq(gruvi_pool_close(pool), 0);
    ck_assert_int_eq(map(pool, &jobs, 1), UV_ESHUTDOWN);
    gruvi_pool_unref(pool);
}

HUB_TEST(test_the_first_failure_withdraws_what_has_not_begun)
{
    gruvi_pool_t *pool = new_pool(i, 1, 0);
    struct jobs jobs;

    init_jobs(&jobs);
    jobs.job[3].status = UV_ENOTCONN;
    jobs.job[4].status = UV_EIO;
    ck_assert_int_eq(map(pool, &jobs, GRUVI_FOREVER), UV_ENOTCONN);
    ck_assert_int_ge(begun(&jobs), 4);
    check_results(&jobs);
    end_pool(pool);
}

/* --- interrupted -------------------------------------------------------------
 */

struct mapping {
    gruvi_pool_t *pool;
    struct jobs jobs;
    double timeout;
    int result, next;
};

static int
map_in_fiber(void *arg)
{
    struct mapping *m = arg;

    m->result = map(m->pool, &m->jobs, m->timeout);
    m->next = gruvi_sleep(0.001);
    return 0;
}

/* Two of the first workers are held up in their work. */
static gruvi_fiber_t *
begin_mapping(struct mapping *m, int kind)
{
    gruvi_fiber_t *fiber;

    m->pool = new_pool(kind, 2, 0);
    m->result = m->next = 1;
    init_jobs(&m->jobs);
    m->jobs.job[0].waits = m->jobs.job[1].waits = true;
    fiber = spawn(map_in_fiber, m);
    wait_until(begun(&m->jobs) == 2);
    return fiber;
}

/* A pool of fibers cancels what has begun, one of threads waits for it. */
static void
end_mapping(struct mapping *m, gruvi_fiber_t *fiber, int kind)
{
    if (kind == 0) {
        turns(3);
        ck_assert_int_eq(m->result, 1);
        gruvi_event_set(&m->jobs.gate);
    }
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(begun(&m->jobs), 2);
    for (int n = 0; n < N; n++)
        ck_assert_ptr_eq(m->jobs.results[n],
                         n < 2 && kind == 0 ? &m->jobs.job[n] : NULL);
    end_pool(m->pool);
}

HUB_TEST(test_a_cancel_withdraws_the_rest_and_waits_for_what_has_begun)
{
    struct mapping m = {.timeout = GRUVI_FOREVER};
    gruvi_fiber_t *fiber = begin_mapping(&m, i);

    gruvi_fiber_cancel(fiber, NULL);
    end_mapping(&m, fiber, i);
    ck_assert_int_eq(m.result, UV_ECANCELED);
    ck_assert_int_eq(m.next, 0);
}

/* By then two at most have begun. */
HUB_TEST(test_a_timeout_withdraws_the_rest_and_waits_for_what_has_begun)
{
    struct mapping m = {
        .pool = new_pool(i, 2, 0), .timeout = 0.002, .result = 1};
    gruvi_fiber_t *fiber;

    init_jobs(&m.jobs);
    for (int n = 0; n < N; n++)
        m.jobs.job[n].waits = true;
    fiber = spawn(map_in_fiber, &m);
    turns(2);
    ck_assert_int_eq(gruvi_sleep(0.01), 0);
    gruvi_event_set(&m.jobs.gate);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(m.result, UV_ETIMEDOUT);
    ck_assert_int_eq(m.next, 0);
    ck_assert_int_le(begun(&m.jobs), 2);
    if (i == 0)
        check_results(&m.jobs);
    end_pool(m.pool);
}

/* Where all has begun there is nothing to withdraw: the results are had. */
HUB_TEST(test_a_cancel_stays_pending_where_nothing_is_withdrawn)
{
    struct mapping m = {.timeout = GRUVI_FOREVER, .result = 1};
    gruvi_fiber_t *fiber;

    m.pool = new_pool(0, N, 0);
    init_jobs(&m.jobs);
    for (int n = 0; n < N; n++)
        m.jobs.job[n].waits = true;
    fiber = spawn(map_in_fiber, &m);
    wait_until(begun(&m.jobs) == N);
    gruvi_fiber_cancel(fiber, NULL);
    turns(3);
    ck_assert_int_eq(m.result, 1);
    gruvi_event_set(&m.jobs.gate);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(m.result, 0);
    ck_assert_int_eq(m.next, UV_ECANCELED);
    check_results(&m.jobs);
    end_pool(m.pool);
}

static void
map_in_thread(void *arg)
{
    struct mapping *m = arg;

    m->result = map(m->pool, &m->jobs, 0.005);
    ck_assert_ptr_null(gruvi__self.hub);
}

/* The only worker is busy: nothing begins. */
HUB_TEST(test_a_plain_thread_times_out_too)
{
    struct mapping m = {.pool = new_pool(i, 1, 0)};
    gruvi_event_t gate = GRUVI_EVENT_INIT;
    struct job busy = {.waits = true, .gate = &gate};
    gruvi_future_t *f = gruvi_pool_submit(m.pool, run_job, &busy);

    ck_assert_ptr_nonnull(f);
    wait_until(gruvi_future_running(f));
    init_jobs(&m.jobs);
    in_thread(map_in_thread, &m);
    ck_assert_int_eq(m.result, UV_ETIMEDOUT);
    ck_assert_int_eq(begun(&m.jobs), 0);
    check_results(&m.jobs);
    gruvi_event_set(&gate);
    ck_assert_int_eq(gruvi_future_result(f, NULL, GRUVI_FOREVER), 0);
    gruvi_future_unref(f);
    end_pool(m.pool);
}

/* --- inside
 * -------------------------------------------------------------------- */

static int
map_from_inside(void *arg, void **result)
{
    struct mapping *m = arg;

    (void)result;
    init_jobs(&m->jobs);
    m->jobs.job[N - 1].status = m->next;
    return map(m->pool, &m->jobs, m->timeout);
}

HUB_TEST(test_a_worker_that_maps_into_its_own_pool_does_it_itself)
{
    struct mapping m = {.pool = new_pool(i, 1, 0), .timeout = 60};
    void *arg = &m;

    ck_assert_int_eq(
        gruvi_pool_map(m.pool, map_from_inside, &arg, NULL, 1, GRUVI_FOREVER),
        0);
    ck_assert_int_eq(begun(&m.jobs), N);
    check_results(&m.jobs);
    m.next = UV_EIO;
    ck_assert_int_eq(
        gruvi_pool_map(m.pool, map_from_inside, &arg, NULL, 1, GRUVI_FOREVER),
        UV_EIO);
    m.timeout = 0;
    ck_assert_int_eq(
        gruvi_pool_map(m.pool, map_from_inside, &arg, NULL, 1, GRUVI_FOREVER),
        UV_ETIMEDOUT);
    ck_assert_int_eq(begun(&m.jobs), 0);
    end_pool(m.pool);
}

/* --- many at once ----------------------------------------------------------
 */

struct stress {
    gruvi_pool_t *pool;
    int left, done, interrupted; /* atomic */
};

static int
map_again_and_again(void *arg)
{
    struct stress *s = arg;
    unsigned seed = (unsigned)(uintptr_t)&s;
    struct jobs jobs;
    int err;

    for (int round = 0; round < 40; round++) {
        init_jobs(&jobs);
        err = map(s->pool, &jobs, rand_r(&seed) % 2 ? GRUVI_FOREVER : 1e-4);
        check_results(&jobs);
        if (err == 0) {
            ck_assert_int_eq(begun(&jobs), N);
            __atomic_add_fetch(&s->done, 1, __ATOMIC_RELAXED);
        } else {
            ck_assert(err == UV_ETIMEDOUT || err == UV_ECANCELED);
            __atomic_add_fetch(&s->interrupted, 1, __ATOMIC_RELAXED);
        }
    }
    __atomic_sub_fetch(&s->left, 1, __ATOMIC_RELEASE);
    return 0;
}

static void
map_in_plain_thread(void *arg)
{
    map_again_and_again(arg);
}

static void
map_in_hub(void *arg)
{
    gruvi_fiber_t *fibers[4];

    for (int n = 0; n < 4; n++)
        fibers[n] = spawn(map_again_and_again, arg);
    for (int n = 0; n < 4; n++) {
        turns(3);
        gruvi_fiber_cancel(fibers[n], NULL);
    }
    for (int n = 0; n < 4; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_maps_of_many_run_all_or_say_so)
{
    struct stress s = {.pool = new_pool(i, 3, 0), .left = 2 + 2 * 4};
    pthread_t threads[4];

    for (int n = 0; n < 4; n++)
        threads[n] = begin_thread(n % 2 ? map_in_hub : map_in_plain_thread, &s);
    wait_until(__atomic_load_n(&s.left, __ATOMIC_ACQUIRE) == 0);
    for (int n = 0; n < 4; n++)
        end_thread(threads[n]);
    ck_assert_int_eq(s.done + s.interrupted, 40 * (2 + 2 * 4));
    end_pool(s.pool);
}

int
main(void)
{
    Suite *suite = suite_create("map");
    TCase *tc = tcase_create("both kinds");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_results_are_in_the_order_of_the_arguments, 0,
                        2);
    tcase_add_loop_test(tc, test_bad_arguments_are_refused, 0, 2);
    tcase_add_loop_test(tc, test_the_first_failure_withdraws_what_has_not_begun,
                        0, 2);
    tcase_add_loop_test(
        tc, test_a_cancel_withdraws_the_rest_and_waits_for_what_has_begun, 0,
        2);
    tcase_add_loop_test(
        tc, test_a_timeout_withdraws_the_rest_and_waits_for_what_has_begun, 0,
        2);
    tcase_add_test(tc, test_a_cancel_stays_pending_where_nothing_is_withdrawn);
    tcase_add_loop_test(tc, test_a_plain_thread_times_out_too, 0, 2);
    tcase_add_loop_test(
        tc, test_a_worker_that_maps_into_its_own_pool_does_it_itself, 0, 2);
    tcase_add_loop_test(tc, test_maps_of_many_run_all_or_say_so, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
