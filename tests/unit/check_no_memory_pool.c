/* SPDX-License-Identifier: MIT */
/*
 * Futures, waits and pools without memory, by the sweep of failing.h.  All in
 * one thread, so a pool of fibers stands for both kinds.
 */
#include "unit/failing.h"

static int ran;

static int
count(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ran++;
    return 0;
}

static void
note_done(gruvi_future_t *f, void *arg)
{
    (void)f;
    (void)arg;
    ran++;
}

static int
use_future(gruvi_hub_t *hub)
{
    gruvi_future_t *f = gruvi_future_new();
    int err;

    (void)hub;
    if (f == NULL)
        return gruvi_last_error();
    ran = 0;
    err = gruvi_future_add_done_callback(f, note_done, NULL);
    ck_assert_int_eq(gruvi_future_set_result(f, NULL), 0);
    turns(2);
    ck_assert_int_eq(ran, err == 0);
    gruvi_future_unref(f);
    return err;
}

/* One more than fit on the stack. */
static int
wait_for_many(gruvi_hub_t *hub)
{
    static gruvi_event_t events[65];
    gruvi_waitable_t *objects[65];
    int n, err;

    (void)hub;
    for (n = 0; n < 65; n++)
        objects[n] = gruvi_event_waitable(&events[n]);
    err = gruvi_wait(objects, 65, 1, 0.0001, NULL);
    for (n = 0; n < 65; n++)
        gruvi_event_destroy(&events[n]);
    return err;
}

static int
make_thread_pool(gruvi_hub_t *hub)
{
    gruvi_pool_t *pool = gruvi_thread_pool_new(NULL);

    (void)hub;
    if (pool == NULL)
        return gruvi_last_error();
    gruvi_pool_unref(pool);
    return 0;
}

static int
end_pool(gruvi_pool_t *pool, int err)
{
    ck_assert_int_eq(gruvi_pool_close(pool), 0);
    gruvi_pool_unref(pool);
    return err;
}

static int
submit(gruvi_hub_t *hub)
{
    gruvi_pool_t *pool = gruvi_fiber_pool_new(NULL);
    gruvi_future_t *f;
    int err;

    (void)hub;
    if (pool == NULL)
        return gruvi_last_error();
    ran = 0;
    f = gruvi_pool_submit(pool, count, NULL);
    if (f == NULL)
        return end_pool(pool, gruvi_last_error());
    err = gruvi_future_result(f, NULL, GRUVI_FOREVER);
    gruvi_future_unref(f);
    ck_assert_int_eq(ran, err == 0);
    return end_pool(pool, err);
}

/* With one worker, so that the second cannot fail unnoticed. */
static int
map(gruvi_hub_t *hub)
{
    gruvi_pool_options_t options = {.max_size = 1};
    gruvi_pool_t *pool = gruvi_fiber_pool_new(&options);
    void *args[8] = {NULL};
    int err;

    (void)hub;
    if (pool == NULL)
        return gruvi_last_error();
    ran = 0;
    err = gruvi_pool_map(pool, count, args, NULL, 8, GRUVI_FOREVER);
    ck_assert_int_eq(ran, err == 0 ? 8 : 0);
    return end_pool(pool, err);
}

static const operation_fn operations[] = {use_future, wait_for_many,
                                          make_thread_pool, submit, map};

THREAD_TEST(test_each_operation_survives_each_allocation_that_fails)
{
    ck_assert_int_gt(sweep_operation(operations[i]), 0);
}

/* The call owns arg from the start: it is released. */
static int released;

static void
release(void *arg, void *result)
{
    ck_assert_ptr_eq(arg, &released);
    ck_assert_ptr_null(result);
    released++;
}

HUB_TEST(test_a_call_that_finds_no_memory_releases)
{
    int err;

    released = ran = 0;
    count_allocations();
    fail_allocation(1, true);
    err = gruvi_blocking_abandon(count, &released, release, NULL);
    stop_failing();
    ck_assert_int_eq(err, UV_ENOMEM);
    ck_assert_int_eq(released, 1);
    ck_assert_int_eq(ran, 0);
}

static int
wait_for_a_few(void *arg)
{
    gruvi_event_t events[64] = {GRUVI_EVENT_INIT};
    gruvi_waitable_t *objects[64];
    int n;

    for (n = 0; n < 64; n++)
        objects[n] = gruvi_event_waitable(&events[n]);
    ck_assert_int_eq(gruvi_wait(objects, 64, 1, 0, NULL), 0);
    ck_assert_int_eq(gruvi_event_wait(&events[0], 0), UV_ETIMEDOUT);
    return gruvi_future_result(arg, NULL, GRUVI_FOREVER);
}

HUB_TEST(test_waiting_takes_no_memory)
{
    gruvi_future_t *f = gruvi_future_new();
    gruvi_fiber_t *fiber = spawn(wait_for_a_few, f);

    count_allocations();
    fail_allocation(1, true);
    turns(3);
    ck_assert_int_eq(gruvi_future_set_result(f, NULL), 0);
    ck_assert_int_eq(gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    ck_assert_int_eq(stop_failing(), 0);
    ck_assert_int_eq(gruvi_fiber_status(fiber), 0);
    gruvi_fiber_unref(fiber);
    gruvi_future_unref(f);
}

int
main(void)
{
    Suite *suite = suite_create("no_memory_pool");
    TCase *tc = tcase_create("operations");

    failing_begin();
    tcase_add_loop_test(tc,
                        test_each_operation_survives_each_allocation_that_fails,
                        0, sizeof operations / sizeof *operations);
    tcase_add_test(tc, test_a_call_that_finds_no_memory_releases);
    tcase_add_test(tc, test_waiting_takes_no_memory);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
