/* SPDX-License-Identifier: MIT */
/* Pools of threads, 0, and of fibers, 1, that many hubs and threads use. */
#include "core/thread.h"
#include "unit/pools.h"

struct stress {
    gruvi_pool_t *pool;
    int begun, ended, cancelled; /* atomic */
};

static int
work_a_little(void *arg, void **result)
{
    struct stress *s = arg;

    (void)result;
    __atomic_add_fetch(&s->begun, 1, __ATOMIC_RELAXED);
    return 0;
}

static void
submit_many(struct stress *s)
{
    gruvi_future_t *f[20];
    int err;

    for (int round = 0; round < 25; round++) {
        for (int n = 0; n < 20; n++)
            f[n] = submit(s->pool, work_a_little, s);
        for (int n = 0; n < 20; n += 3)
            gruvi_future_cancel(f[n]);
        for (int n = 0; n < 20; n++) {
            err = finish_future(f[n]);
            ck_assert(err == 0 || err == UV_ECANCELED);
            __atomic_add_fetch(err == 0 ? &s->ended : &s->cancelled, 1,
                               __ATOMIC_RELAXED);
        }
    }
}

static void
submit_in_thread(void *arg)
{
    submit_many(arg);
    ck_assert_ptr_null(gruvi__self.hub);
}

static int
submit_in_fiber(void *arg)
{
    submit_many(arg);
    return 0;
}

static void
submit_in_hub(void *arg)
{
    gruvi_fiber_t *fibers[3];

    for (int n = 0; n < 3; n++)
        fibers[n] = spawn(submit_in_fiber, arg);
    for (int n = 0; n < 3; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_all_work_of_many_runs_once_or_is_cancelled)
{
    struct stress s = {.pool = new_pool(i, 3, 0)};
    pthread_t threads[4];
    int total = 500 * (3 + 2 * 3 + 2);

    gruvi_fiber_t *fibers[3];

    for (int n = 0; n < 4; n++)
        threads[n] = begin_thread(n % 2 ? submit_in_hub : submit_in_thread, &s);
    for (int n = 0; n < 3; n++)
        fibers[n] = spawn(submit_in_fiber, &s);
    for (int n = 0; n < 3; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    wait_until(__atomic_load_n(&s.ended, __ATOMIC_RELAXED) +
                   __atomic_load_n(&s.cancelled, __ATOMIC_RELAXED) ==
               total);
    for (int n = 0; n < 4; n++)
        end_thread(threads[n]);
    end_pool(s.pool);
    ck_assert_int_eq(s.begun, s.ended);
}

int
main(void)
{
    Suite *suite = suite_create("pool_threads");
    TCase *tc = tcase_create("both kinds");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_all_work_of_many_runs_once_or_is_cancelled, 0,
                        2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
