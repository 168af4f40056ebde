/* SPDX-License-Identifier: MIT */
/* What a fiber says of itself: here, that a buffer lies below its stack. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/fiber.h"
#include "support/valgrind.h"
#include "unit/net.h"

#define WHY "the buffer lies below the fiber's stack"

/* In the guard of the current fiber, as a frame that is too large has it. */
static char *
in_guard(void)
{
    return gruvi_current_fiber()->stack.low - 2000;
}

static int
read_file(void *arg)
{
    gruvi_file_t *file;

    (void)arg;
    ck_assert_int_eq(gruvi_file_open(&file, "/dev/zero", O_RDWR, 0), 0);
    ck_assert_int_eq(gruvi_file_read(file, in_guard(), 1000), UV_EFAULT);
    ck_assert_str_eq(gruvi_error_message(), WHY);
    gruvi_file_close(file);
    return 0;
}

/* 0: read; 1: write; 2: writev. */
static int
use_stream(void *way)
{
    uv_buf_t bufs[2] = {{.base = (char *)"x", .len = 1},
                        {.base = in_guard(), .len = 1000}};
    struct ends ends;
    ssize_t n;

    open_ends(&ends, 0);
    peer_says(&ends, "hello");
    if (*(int *)way == 0)
        n = gruvi_stream_read(ends.stream, in_guard(), 1000);
    else if (*(int *)way == 1)
        n = gruvi_stream_write(ends.stream, in_guard(), 1000);
    else
        n = gruvi_stream_writev(ends.stream, bufs + 1, 1);
    ck_assert_int_eq(n, UV_EFAULT);
    ck_assert_str_eq(gruvi_error_message(), WHY);
    close_ends(&ends);
    return 0;
}

static int
use_datagrams(void *arg)
{
    gruvi_udp_t *udp;

    (void)arg;
    ck_assert_int_eq(
        gruvi_udp_connect(&udp, "udp://127.0.0.1:9", NULL, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_udp_send(udp, in_guard(), 1000, NULL, 10),
                     UV_EFAULT);
    ck_assert_str_eq(gruvi_error_message(), WHY);
    gruvi_udp_close(udp);
    return 0;
}

static void
run(gruvi_fiber_fn fn, void *arg)
{
    gruvi_fiber_t *fiber = gruvi_spawn(fn, arg);

    ck_assert_int_eq(gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_fiber_status(fiber), 0);
    gruvi_fiber_unref(fiber);
    ck_assert_int_eq(logged("lies below its stack of 128 KiB"), 1);
}

HUB_TEST(test_a_file_says_that_its_buffer_lies_below_the_stack)
{
    run(read_file, NULL);
}

HUB_TEST(test_so_does_a_stream)
{
    run(use_stream, &i);
}

HUB_TEST(test_so_does_a_datagram)
{
    run(use_datagrams, NULL);
}

/* Somebody else's address that faults is no matter of the stack. */
static int
read_elsewhere(void *arg)
{
    gruvi_file_t *file;

    (void)arg;
    ck_assert_int_eq(gruvi_file_open(&file, "/dev/zero", O_RDWR, 0), 0);
    ck_assert_int_eq(gruvi_file_read(file, (void *)16, 1000), UV_EFAULT);
    ck_assert_str_eq(gruvi_error_message(), "");
    gruvi_file_close(file);
    return 0;
}

HUB_TEST(test_another_fault_says_nothing_of_the_stack)
{
    if (RUNNING_ON_VALGRIND) {
        printf("skipped: Valgrind reports the address itself\n");
        return;
    }
    gruvi_fiber_t *fiber = gruvi_spawn(read_elsewhere, NULL);

    ck_assert_int_eq(gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    gruvi_fiber_unref(fiber);
    ck_assert_int_eq(logged("below its stack"), 0);
}

int
main(void)
{
    Suite *suite = suite_create("fiber_info");
    TCase *tc = tcase_create("fiber_info");

    tcase_add_test(tc, test_a_file_says_that_its_buffer_lies_below_the_stack);
    tcase_add_loop_test(tc, test_so_does_a_stream, 0, 3);
    tcase_add_test(tc, test_so_does_a_datagram);
    tcase_add_test(tc, test_another_fault_says_nothing_of_the_stack);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
