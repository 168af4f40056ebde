/* SPDX-License-Identifier: MIT */
/* Fiber-local data. */
#include "unit/harness.h"

HUB_TEST(test_a_value_is_read_back)
{
    gruvi_local_t local;
    void *value = &local;

    gruvi_local_init(&local, NULL);
    ck_assert_int_eq(gruvi_local_get(&local, &value), UV_ENOENT);
    ck_assert_ptr_null(value);
    ck_assert_int_eq(gruvi_local_set(&local, &local), 0);
    ck_assert_int_eq(gruvi_local_get(&local, &value), 0);
    ck_assert_ptr_eq(value, &local);
    gruvi_local_destroy(&local);
}

int
main(void)
{
    Suite *suite = suite_create("local");
    TCase *tc = tcase_create("local");

    tcase_add_test(tc, test_a_value_is_read_back);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
