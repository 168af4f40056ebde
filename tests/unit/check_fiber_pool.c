/* SPDX-License-Identifier: MIT */
/* What is so of pools of fibers only: cancels, their hub, and its threads. */
#include <string.h>

#include "core/thread.h"
#include "pool/pool.h"
#include "unit/pools.h"

static gruvi_pool_t *
new_fiber_pool(unsigned max)
{
    gruvi_pool_options_t options = {.max_size = max, .name = "elevenbytes+"};
    gruvi_pool_t *pool = gruvi_fiber_pool_new(&options);

    ck_assert_ptr_nonnull(pool);
    return pool;
}

/* --- what work is --------------------------------------------------------- */

static gruvi_local_t local = GRUVI_LOCAL_INIT(NULL);

static int
look_round(void *arg, void **result)
{
    void *value;

    (void)arg;
    (void)result;
    record("%s", gruvi_fiber_name(gruvi_current_fiber()));
    ck_assert(!gruvi_fiber_cancelled(gruvi_current_fiber()));
    ck_assert_int_eq(gruvi_local_get(&local, &value), UV_ENOENT);
    ck_assert_int_eq(gruvi_local_set(&local, &local), 0);
    return gruvi_sleep(0);
}

HUB_TEST(test_workers_are_named_and_numbered_and_work_finds_them_clean)
{
    gruvi_pool_t *pool = new_fiber_pool(2);
    gruvi_future_t *f[4];

    for (int n = 0; n < 4; n++)
        f[n] = submit(pool, look_round, NULL);
    for (int n = 0; n < 4; n++)
        ck_assert_int_eq(finish_future(f[n]), 0);
    ck_assert_str_eq(recorded(), "elevenbytes-1 elevenbytes-2 "
                                 "elevenbytes-1 elevenbytes-2");
    end_pool(pool);
}

static int
submit_in_group(void *arg)
{
    gruvi_future_unref(submit(arg, look_round, NULL));
    return gruvi_sleep(0);
}

HUB_TEST(test_workers_belong_to_no_group)
{
    gruvi_pool_t *pool = new_fiber_pool(1);
    gruvi_group_t group;
    gruvi_fiber_t *fiber;

    ck_assert_int_eq(gruvi_group_init(&group, "g"), 0);
    fiber = gruvi_group_spawn(&group, submit_in_group, pool);
    turns(1);
    ck_assert_uint_eq(gruvi_group_size(&group), 1);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(gruvi_group_join(&group, 0), 0);
    gruvi_group_destroy(&group);
    ck_assert_int_eq(gruvi_pool_join(pool), 0);
    end_pool(pool);
}

/* --- cancelling -------------------------------------------------------------
 */

static int
wait_for_ever(void *arg, void **result)
{
    (void)result;
    if (arg != NULL)
        gruvi_event_set(arg);
    return gruvi_sleep(GRUVI_FOREVER);
}

static int
ignore_cancel(void *arg, void **result)
{
    *result = arg;
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ECANCELED);
    return gruvi_sleep(0);
}

HUB_TEST(test_a_cancel_ends_the_wait_of_work_that_runs)
{
    gruvi_pool_t *pool = new_fiber_pool(2);
    gruvi_future_t *f = submit(pool, wait_for_ever, NULL);
    gruvi_future_t *other = submit(pool, ignore_cancel, pool);
    void *value;

    turns(3);
    ck_assert(gruvi_future_running(f) && gruvi_future_running(other));
    ck_assert_int_eq(gruvi_future_cancel(f), 0);
    ck_assert_int_eq(gruvi_future_cancel(other), 0);
    ck_assert(!gruvi_future_done(f));
    ck_assert_int_eq(finish_future(f), UV_ECANCELED);
    ck_assert_int_eq(gruvi_future_result(other, &value, GRUVI_FOREVER), 0);
    ck_assert_ptr_eq(value, pool);
    ck_assert_int_eq(gruvi_future_cancel(other), UV_EALREADY);
    gruvi_future_unref(other);
    end_pool(pool);
}

static int
cancel_itself(void *arg, void **result)
{
    gruvi_future_t **f = arg;

    (void)result;
    ck_assert_int_eq(gruvi_future_cancel(*f), 0);
    return 0;
}

HUB_TEST(test_a_cancel_that_came_too_late_does_not_reach_the_next_work)
{
    gruvi_pool_t *pool = new_fiber_pool(1);
    gruvi_future_t *f = submit(pool, cancel_itself, &f);
    gruvi_future_t *other = submit(pool, look_round, NULL);

    ck_assert_int_eq(gruvi_future_result(f, NULL, GRUVI_FOREVER), 0);
    ck_assert_int_eq(finish_future(other), 0);
    gruvi_future_unref(f);
    end_pool(pool);
}

struct task {
    gruvi_pool_t *pool;
    int done; /* atomic */
};

static void
submit_and_cancel(void *arg)
{
    struct task *task = arg;
    gruvi_event_t begun = GRUVI_EVENT_INIT;
    gruvi_future_t *f;

    for (int n = 0; n < 200; n++) {
        gruvi_event_clear(&begun);
        f = submit(task->pool, wait_for_ever, &begun);
        ck_assert_int_eq(gruvi_event_wait(&begun, GRUVI_FOREVER), 0);
        ck_assert_int_eq(gruvi_future_cancel(f), 0);
        ck_assert_int_eq(finish_future(f), UV_ECANCELED);
    }
    ck_assert_ptr_null(gruvi__self.hub);
    __atomic_store_n(&task->done, 1, __ATOMIC_RELEASE);
}

HUB_TEST(test_other_threads_submit_and_cancel)
{
    struct task task = {.pool = new_fiber_pool(2)};
    pthread_t thread = begin_thread(submit_and_cancel, &task);

    wait_until(__atomic_load_n(&task.done, __ATOMIC_ACQUIRE));
    end_thread(thread);
    end_pool(task.pool);
}

/* --- its hub ----------------------------------------------------------------
 */

struct closing {
    gruvi_pool_t *pool;
    gruvi_future_t *running, *queued;
    bool started;
};

static void
close_hub(void *arg)
{
    struct closing *c = arg;

    c->pool = new_fiber_pool(1);
    c->running = submit(c->pool, wait_for_ever, NULL);
    c->queued = submit(c->pool, wait_for_ever, NULL);
    if (c->started)
        turns(3);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    ck_assert_ptr_null(gruvi_fiber_pool_new(NULL));
    ck_assert_int_eq(gruvi_last_error(), UV_ESHUTDOWN);
    ck_assert_int_eq(gruvi_future_status(c->running), UV_ECANCELED);
    ck_assert_int_eq(gruvi_future_status(c->queued), UV_ECANCELED);
    ck_assert_ptr_null(gruvi_pool_submit(c->pool, wait_for_ever, NULL));
    ck_assert_int_eq(gruvi_last_error(), UV_ESHUTDOWN);
}

THREAD_TEST(test_a_hub_that_closes_ends_its_pools)
{
    struct closing c = {.started = i != 0};

    in_thread(close_hub, &c);
    ck_assert_int_eq(gruvi_pool_join(c.pool), 0);
    ck_assert_int_eq(gruvi_pool_close(c.pool), 0);
    gruvi_future_unref(c.running);
    gruvi_future_unref(c.queued);
    gruvi_pool_unref(c.pool);
}

/*
 * Others submit to it while its hub closes: each future is done in the end.
 *
 *   other thread               hub
 *   add: posts visit
 *                              closes: the queue is emptied
 *   submits: UV_ESHUTDOWN      visit finds nothing
 */
struct late {
    gruvi_pool_t *pool; /* atomic */
    int submitted;      /* atomic */
};

static void
submit_until_closed(void *arg)
{
    struct late *late = arg;
    gruvi_future_t *f;
    int err;

    while (__atomic_load_n(&late->pool, __ATOMIC_ACQUIRE) == NULL)
        uv_sleep(0);
    while ((f = gruvi_pool_submit(late->pool, do_nothing, NULL)) != NULL) {
        __atomic_add_fetch(&late->submitted, 1, __ATOMIC_RELEASE);
        err = finish_future(f);
        ck_assert(err == 0 || err == UV_ECANCELED || err == UV_ESHUTDOWN);
    }
    ck_assert_int_eq(gruvi_last_error(), UV_ESHUTDOWN);
}

static void
close_late(void *arg)
{
    struct late *late = arg;

    __atomic_store_n(&late->pool, new_fiber_pool(2), __ATOMIC_RELEASE);
    wait_until(__atomic_load_n(&late->submitted, __ATOMIC_ACQUIRE) > 3);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

THREAD_TEST(test_submitting_races_with_a_hub_that_closes)
{
    struct late late;
    pthread_t threads[2];

    for (int round = 0; round < 40; round++) {
        late = (struct late){.pool = NULL};
        for (int n = 0; n < 2; n++)
            threads[n] = begin_thread(submit_until_closed, &late);
        in_thread(close_late, &late);
        for (int n = 0; n < 2; n++)
            end_thread(threads[n]);
        gruvi_pool_unref(late.pool);
    }
}

/* --- no more fibers
 * ----------------------------------------------------------- */

static void
submit_in_vain(void *arg)
{
    struct task *task = arg;

    ck_assert_int_eq(finish_future(submit(task->pool, do_nothing, NULL)),
                     UV_EAGAIN);
    __atomic_store_n(&task->done, 1, __ATOMIC_RELEASE);
}

HUB_TEST(test_work_fails_where_there_can_be_no_worker)
{
    struct task task = {.pool = new_fiber_pool(2)};
    gruvi_fiber_t *fiber;
    pthread_t thread;

    fiber = gruvi_fiber_new(submit_in_group, NULL, NULL);
    gruvi_hub_set_max_fibers(hub, 1);
    ck_assert_ptr_null(gruvi_pool_submit(task.pool, do_nothing, NULL));
    ck_assert_int_eq(gruvi_last_error(), UV_EAGAIN);
    thread = begin_thread(submit_in_vain, &task);
    wait_until(__atomic_load_n(&task.done, __ATOMIC_ACQUIRE));
    end_thread(thread);
    gruvi_hub_set_max_fibers(hub, 0);
    gruvi_fiber_unref(fiber);
    ck_assert_int_eq(finish_future(submit(task.pool, do_nothing, NULL)), 0);
    end_pool(task.pool);
}

static void
submit_before_close(void *arg)
{
    struct task *task = arg;
    gruvi_future_t *f = submit(task->pool, do_nothing, NULL);

    __atomic_store_n(&task->done, 1, __ATOMIC_RELEASE);
    ck_assert_int_eq(finish_future(f), UV_EAGAIN);
}

/*
 *   other thread               hub
 *   submits: a worker is asked for
 *                              closes: waits for the work
 *                              visit: no worker can be started, the work fails
 *                              the pool is closed
 */
HUB_TEST(test_closing_ends_where_there_can_be_no_worker)
{
    struct task task = {.pool = new_fiber_pool(2)};
    gruvi_fiber_t *fiber = gruvi_fiber_new(submit_in_group, NULL, NULL);
    pthread_t thread;

    gruvi_hub_set_max_fibers(hub, 1);
    thread = begin_thread(submit_before_close, &task);
    while (!__atomic_load_n(&task.done, __ATOMIC_ACQUIRE))
        uv_sleep(0); /* the hub does not turn */
    end_pool(task.pool);
    end_thread(thread);
    gruvi_fiber_unref(fiber);
}

int
main(void)
{
    Suite *suite = suite_create("fiber_pool");
    TCase *tc = tcase_create("fiber_pool");

    tcase_set_timeout(tc, 60);
    tcase_add_test(
        tc, test_workers_are_named_and_numbered_and_work_finds_them_clean);
    tcase_add_test(tc, test_workers_belong_to_no_group);
    tcase_add_test(tc, test_a_cancel_ends_the_wait_of_work_that_runs);
    tcase_add_test(
        tc, test_a_cancel_that_came_too_late_does_not_reach_the_next_work);
    tcase_add_test(tc, test_other_threads_submit_and_cancel);
    tcase_add_loop_test(tc, test_a_hub_that_closes_ends_its_pools, 0, 2);
    tcase_add_test(tc, test_submitting_races_with_a_hub_that_closes);
    tcase_add_test(tc, test_work_fails_where_there_can_be_no_worker);
    tcase_add_test(tc, test_closing_ends_where_there_can_be_no_worker);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
