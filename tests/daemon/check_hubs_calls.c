/* SPDX-License-Identifier: MIT */
/* Calls of the leader into another hub, and a hub that does not answer. */
#include "daemon/config_fixture.h"
#include "daemon/small_gruvid.h"
#include "support/suite.h"

static int
count_call(void *arg)
{
    __atomic_add_fetch((int *)arg, 1, __ATOMIC_RELAXED);
    return 7;
}

SMALL_GRUVID_TEST(test_a_call_into_a_hub_that_does_not_answer_is_withdrawn)
{
    static int calls;
    struct gruvid__hub *second = &hubs.at[1];

    calls = 0;
    leader.serving = true;
    keep_second_hub();
    ck_assert_int_eq(gruvid__hub_call(second, count_call, &calls, 0),
                     UV_ETIMEDOUT);
    ck_assert(!leader.abandoned);
    expect_logged("hub 2 does not answer");
    ck_assert(!was_logged("hub 2 answers again"));
    let_second_hub_go();
    ck_assert_int_eq(gruvid__hub_call(second, count_call, &calls, 0), 7);
    ck_assert_int_eq(calls, 1);
    expect_logged("hub 2 answers again");
}

static int
call_often(void *arg)
{
    for (int n = 0; n < 50; n++)
        if (gruvid__hub_call(&hubs.at[1], count_call, arg, 0) != 7)
            return UV_EIO;
    return 0;
}

SMALL_GRUVID_TEST(test_calls_of_several_fibers_wait_for_each_other)
{
    gruvi_fiber_t *fibers[4];
    int calls = 0;

    for (int i = 0; i < 4; i++)
        fibers[i] = gruvi_spawn(call_often, &calls);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(gruvi_fiber_join(fibers[i], PATIENCE), 0);
        ck_assert_int_eq(gruvi_fiber_status(fibers[i]), 0);
        gruvi_fiber_unref(fibers[i]);
    }
    ck_assert_int_eq(calls, 200);
}

int
main(void)
{
    Suite *suite = suite_create("hubs_calls");
    TCase *tc = tcase_create("calls");

    tcase_add_checked_fixture(tc, open_folder, close_folder);
    tcase_set_timeout(tc, PATIENCE);
    tcase_add_test(tc,
                   test_a_call_into_a_hub_that_does_not_answer_is_withdrawn);
    tcase_add_test(tc, test_calls_of_several_fibers_wait_for_each_other);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
