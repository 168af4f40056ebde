/* SPDX-License-Identifier: MIT */
/*
 * A pool of threads: how they come and go, and which work they run.  The two
 * pools of the process are in check_shared_pools.c.
 *
 * pthread_create() and calloc() are wrapped by the linker, so that they fail
 * when told to.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pool/thread_pool.h"
#include "unit/harness.h"

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

/* --- work ----------------------------------------------------------------- */

/* Work that can be held up, and waited for. */
struct job {
    struct gruvi__work work;
    gruvi_event_t begun, go, done;
    const char *name;
    int ran; /* atomic */
    char thread[16];
};

static int
run_job(void *arg, void **result)
{
    struct job *job = arg;

    __atomic_add_fetch(&job->ran, 1, __ATOMIC_RELAXED);
    pthread_getname_np(pthread_self(), job->thread, sizeof job->thread);
    if (job->name != NULL)
        record("%s", job->name);
    *result = job;
    gruvi_event_set(&job->begun);
    return gruvi_event_wait(&job->go, GRUVI_FOREVER);
}

static void
job_done(struct gruvi__work *work)
{
    gruvi_event_set(&gruvi__list_entry(work, struct job, work)->done);
}

static void
init_job(struct job *job, const char *name)
{
    memset(job, 0, sizeof *job);
    job->name = name;
    job->work =
        (struct gruvi__work){.fn = run_job, .arg = job, .done = job_done};
}

static void
add(struct gruvi__thread_pool *pool, struct job *job)
{
    ck_assert_int_eq(gruvi__thread_pool_add(pool, &job->work, NULL), 0);
}

static void
await(gruvi_event_t *event)
{
    ck_assert_int_eq(gruvi_event_wait(event, GRUVI_FOREVER), 0);
}

/* Add a job, and wait until a thread has it. */
static void
begin_job(struct gruvi__thread_pool *pool, struct job *job, const char *name)
{
    init_job(job, name);
    add(pool, job);
    await(&job->begun);
}

static void
end_job(struct job *job)
{
    gruvi_event_set(&job->go);
    await(&job->done);
    ck_assert_int_eq(job->ran, 1);
    ck_assert_int_eq(job->work.status, 0);
    ck_assert_ptr_eq(job->work.result, job);
}

/* How many threads a pool has; they come and go on their own. */
static unsigned
size_of(struct gruvi__thread_pool *pool)
{
    unsigned size;

    pthread_mutex_lock(&pool->lock);
    size = pool->size;
    pthread_mutex_unlock(&pool->lock);
    return size;
}

static void
wait_for_size(struct gruvi__thread_pool *pool, unsigned size)
{
    while (size_of(pool) != size)
        usleep(500);
}

/* --- order and number ----------------------------------------------------- */

THREAD_TEST(test_work_is_begun_in_the_order_in_which_it_came)
{
    static const char *const names[] = {"b", "c", "d", "e", "f"};
    struct gruvi__thread_pool pool;
    struct job first, jobs[5];

    gruvi__thread_pool_init(&pool, "test", 1);
    begin_job(&pool, &first, "a");
    for (int n = 0; n < 5; n++) {
        init_job(&jobs[n], names[n]);
        gruvi_event_set(&jobs[n].go);
        add(&pool, &jobs[n]);
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

    gruvi__thread_pool_init(&pool, "test", 4);
    ck_assert_uint_eq(size_of(&pool), 0);
    for (unsigned n = 0; n < 4; n++) {
        begin_job(&pool, &jobs[n], NULL);
        ck_assert_uint_eq(size_of(&pool), n + 1);
    }
    init_job(&late, NULL);
    add(&pool, &late);
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

    gruvi__thread_pool_init(&pool, "test", 4);
    for (int n = 0; n < 4; n++) {
        init_job(&jobs[n], NULL);
        add(&pool, &jobs[n]);
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

    gruvi__thread_pool_init(&pool, "test", 4);
    for (int round = 0; round < 50; round++) {
        for (int n = 0; n < 4; n++) {
            init_job(&jobs[n], NULL);
            add(&pool, &jobs[n]);
        }
        for (int n = 0; n < 4; n++)
            await(&jobs[n].begun);
        for (int n = 0; n < 4; n++)
            end_job(&jobs[n]);
        ck_assert_uint_eq(size_of(&pool), 4);
    }
    gruvi__thread_pool_close(&pool);
}

THREAD_TEST(test_threads_have_the_lowest_number_that_is_free)
{
    struct gruvi__thread_pool pool;
    struct job jobs[3];

    gruvi__thread_pool_init(&pool, "test", 3);
    pool.idle_timeout = 0.001;
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

    gruvi__thread_pool_init(&pool, "test", 3);
    pool.idle_timeout = 0.001;
    for (int round = 0; round < 10; round++) {
        for (int n = 0; n < 3; n++)
            begin_job(&pool, &jobs[n], NULL);
        for (int n = 0; n < 3; n++)
            end_job(&jobs[n]);
        wait_for_size(&pool, 0);
    }
    gruvi__thread_pool_close(&pool);
}

/* --- withdrawing ---------------------------------------------------------- */

THREAD_TEST(test_work_that_is_withdrawn_never_runs)
{
    struct gruvi__thread_pool pool;
    struct job busy, queued, last;

    gruvi__thread_pool_init(&pool, "test", 1);
    begin_job(&pool, &busy, NULL);
    init_job(&queued, NULL);
    init_job(&last, NULL);
    add(&pool, &queued);
    add(&pool, &last);
    ck_assert(gruvi__thread_pool_withdraw(&queued.work));
    ck_assert(!gruvi__thread_pool_withdraw(&queued.work));
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

    gruvi__thread_pool_init(&pool, "test", 1);
    begin_job(&pool, &job, NULL);
    ck_assert(!gruvi__thread_pool_withdraw(&job.work));
    end_job(&job);
    ck_assert(!gruvi__thread_pool_withdraw(&job.work));
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
        add(burst->pool, job);
        if (n % 3 == 0 && gruvi__thread_pool_withdraw(&job->work)) {
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

    gruvi__thread_pool_init(&pool, "test", 4);
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

    gruvi__thread_pool_init(&pool, "test", 4);
    pool.idle_timeout = 1e-6;
    burst.pool = &pool;
    for (int round = 0; round < 3; round++)
        add_burst(&burst);
    wait_for_size(&pool, 0);
    gruvi__thread_pool_close(&pool);
}

/* --- no threads ----------------------------------------------------------- */

THREAD_TEST(test_without_a_single_thread_work_is_refused)
{
    struct gruvi__thread_pool pool;
    struct job job;

    gruvi__thread_pool_init(&pool, "test", 4);
    init_job(&job, NULL);
    creations_that_fail = 1;
    ck_assert_int_eq(gruvi__thread_pool_add(&pool, &job.work, NULL), UV_EAGAIN);
    allocations_that_fail = 1;
    ck_assert_int_eq(gruvi__thread_pool_add(&pool, &job.work, NULL), UV_ENOMEM);
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

    gruvi__thread_pool_init(&pool, "test", 4);
    begin_job(&pool, &busy, NULL);
    creations_that_fail = 1000;
    for (int n = 0; n < 3; n++) {
        init_job(&queued[n], NULL);
        gruvi_event_set(&queued[n].go);
        add(&pool, &queued[n]);
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

    gruvi__thread_pool_init(&pool, "test", 3);
    for (int n = 0; n < 3; n++)
        begin_job(&pool, &jobs[n], NULL);
    for (int n = 0; n < 3; n++)
        end_job(&jobs[n]);
    gruvi__thread_pool_close(&pool);
    ck_assert_uint_eq(size_of(&pool), 0);
    init_job(&jobs[0], NULL);
    ck_assert_int_eq(gruvi__thread_pool_add(&pool, &jobs[0].work, NULL),
                     UV_ESHUTDOWN);
    gruvi__thread_pool_close(&pool);
}

THREAD_TEST(test_closing_waits_for_no_work)
{
    static struct gruvi__thread_pool pool;
    static struct job busy, idle;

    gruvi__thread_pool_init(&pool, "test", 2);
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

    gruvi__thread_pool_close(job->work.pool);
    *result = job;
    job->ran = 1;
    return 0;
}

THREAD_TEST(test_work_may_end_the_process_and_so_close_its_own_pool)
{
    static struct gruvi__thread_pool pool;
    static struct job job, idle;

    gruvi__thread_pool_init(&pool, "test", 2);
    begin_job(&pool, &idle, NULL);
    init_job(&job, NULL);
    job.work.fn = close_own_pool;
    add(&pool, &job);
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
    tcase_add_test(tc, test_work_is_begun_in_the_order_in_which_it_came);
    tcase_add_test(tc,
                   test_threads_are_made_when_there_is_work_and_never_too_many);
    tcase_add_test(tc, test_a_burst_gets_a_thread_each);
    tcase_add_test(tc, test_idle_threads_get_a_burst_too);
    tcase_add_test(tc, test_threads_have_the_lowest_number_that_is_free);
    tcase_add_test(tc, test_threads_without_work_end_and_come_back);
    tcase_add_test(tc, test_work_that_is_withdrawn_never_runs);
    tcase_add_test(tc, test_work_that_was_begun_is_not_withdrawn);
    tcase_add_test(tc, test_a_burst_from_many_threads_is_run_once_each);
    tcase_add_test(tc, test_threads_that_end_leave_no_work_behind);
    tcase_add_test(tc, test_without_a_single_thread_work_is_refused);
    tcase_add_test(tc,
                   test_with_one_thread_work_goes_on_and_the_log_says_so_once);
    tcase_add_test(tc, test_closing_ends_idle_threads_and_refuses_work);
    tcase_add_test(tc, test_closing_waits_for_no_work);
    tcase_add_test(tc, test_work_may_end_the_process_and_so_close_its_own_pool);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
