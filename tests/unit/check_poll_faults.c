/* SPDX-License-Identifier: MIT */
/* The poller, where the kernel has no room for another descriptor. */
#include "unit/net.h"

#include <unistd.h>

#include "unit/calls.h"

static int n_calls;

static void
on_pipe(int fd, int events, void *arg)
{
    (void)fd;
    (void)events;
    n_calls++;
    if (arg != NULL)
        gruvi_poll_remove(gruvi_hub_poll(gruvi_get_hub()),
                          *(gruvi_watch_t **)arg);
}

static const int errors[] = {ENOMEM, ENOSPC};

/* It hears of the error, and later of what comes. */
HUB_TEST(test_a_watch_is_tried_again)
{
    gruvi_poller_t *poller = gruvi_hub_poll(gruvi_get_hub());
    gruvi_watch_t *watch;
    int ends[2];

    n_calls = 0;
    ck_assert_int_eq(pipe(ends), 0);
    watch = gruvi_poll_add(poller, ends[0], UV_READABLE, on_pipe, NULL);
    ck_assert_ptr_nonnull(watch);
    for (int n = 1; n <= 3; n++) {
        fail_calls(CALL_WATCH, errors[i], 1);
        wait_until(n_calls == n);
    }
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    wait_until(n_calls > 3);
    ck_assert_int_eq(gruvi_poll_remove(poller, watch), 0);
    close(ends[0]);
    close(ends[1]);
}

/* Nothing is left to try when the watch has gone. */
HUB_TEST(test_a_watch_may_go_when_it_hears_of_it)
{
    gruvi_poller_t *poller = gruvi_hub_poll(gruvi_get_hub());
    gruvi_watch_t *watch;
    int ends[2];

    n_calls = 0;
    ck_assert_int_eq(pipe(ends), 0);
    watch = gruvi_poll_add(poller, ends[1], UV_WRITABLE, on_pipe, &watch);
    fail_calls(CALL_WATCH, errors[i], 1);
    wait_until(n_calls == 1);
    close(ends[0]);
    close(ends[1]);
    ck_assert_int_eq(gruvi_sleep(0.2), 0);
    ck_assert_int_eq(n_calls, 1);
}

/* A fiber is told. */
HUB_TEST(test_a_wait_returns_the_error)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    fail_calls(CALL_WATCH, errors[i], 1);
    ck_assert_int_eq(gruvi_wait_fd(ends[1], UV_WRITABLE, GRUVI_FOREVER),
                     -errors[i]);
    ck_assert_int_eq(gruvi_wait_fd(ends[1], UV_WRITABLE, GRUVI_FOREVER),
                     UV_WRITABLE);
    close(ends[0]);
    close(ends[1]);
}

int
main(void)
{
    Suite *suite = suite_create("poll_faults");
    TCase *tc = tcase_create("faults");

    tcase_add_loop_test(tc, test_a_watch_is_tried_again, 0, 2);
    tcase_add_loop_test(tc, test_a_watch_may_go_when_it_hears_of_it, 0, 2);
    tcase_add_loop_test(tc, test_a_wait_returns_the_error, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
