/* SPDX-License-Identifier: MIT */
/* Signals without memory: as check_memory.c. */
#include <signal.h>

#include "unit/failing.h"

static int
wait_for_signals(gruvi_hub_t *hub)
{
    static const int signums[] = {SIGHUP, SIGUSR1};
    gruvi_signal_t *watcher = (void *)&watcher;
    int err;

    (void)hub;
    err = gruvi_signal_open(&watcher, signums, 2);
    if (err < 0) {
        ck_assert_ptr_null(watcher);
        return err;
    }
    raise(SIGUSR1);
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGUSR1);
    err = gruvi_signal_wait(SIGUSR1, 0.001);
    gruvi_signal_close(watcher);
    ck_assert_int_eq(gruvi_sleep(0), 0); /* the handles go */
    return err == UV_ETIMEDOUT ? 0 : err;
}

static const operation_fn operations[] = {wait_for_signals};

THREAD_TEST(test_each_operation_survives_each_allocation_that_fails)
{
    ck_assert_int_gt(sweep_operation(operations[i]), 0);
}

int
main(void)
{
    Suite *suite = suite_create("memory of the system's things");
    TCase *tc = tcase_create("operations");

    failing_begin();
    tcase_add_loop_test(tc,
                        test_each_operation_survives_each_allocation_that_fails,
                        0, sizeof operations / sizeof *operations);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
