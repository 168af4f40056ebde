/* SPDX-License-Identifier: MIT */
#include "unit/pools.h"

gruvi_pool_t *
new_pool(int kind, unsigned max, unsigned min)
{
    gruvi_pool_options_t options = {
        .max_size = max, .min_size = min, .name = "test"};
    gruvi_pool_t *pool = kind == 0 ? gruvi_thread_pool_new(&options)
                                   : gruvi_fiber_pool_new(&options);

    ck_assert_ptr_nonnull(pool);
    return pool;
}

void
end_pool(gruvi_pool_t *pool)
{
    ck_assert_int_eq(gruvi_pool_close(pool), 0);
    gruvi_pool_unref(pool);
}

gruvi_future_t *
submit(gruvi_pool_t *pool, gruvi_work_fn fn, void *arg)
{
    gruvi_future_t *f = gruvi_pool_submit(pool, fn, arg);

    ck_assert_ptr_nonnull(f);
    return f;
}

int
finish_future(gruvi_future_t *f)
{
    int err = gruvi_future_result(f, NULL, GRUVI_FOREVER);

    gruvi_future_unref(f);
    return err;
}

int
do_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}
