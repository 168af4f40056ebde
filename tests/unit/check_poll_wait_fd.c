/* SPDX-License-Identifier: MIT */
/* Waiting for a descriptor, as libraries do that have their own. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/harness.h"

#define R  UV_READABLE
#define W  UV_WRITABLE
#define RW (UV_READABLE | UV_WRITABLE)

static int ends[2]; /* a pair of sockets */

static void
open_ends(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void
close_ends(void)
{
    close(ends[0]);
    close(ends[1]);
}

static void
put(int fd)
{
    ck_assert_int_eq(write(fd, "x", 1), 1);
}

/* By poll, and by the event loop. */
static const double timeouts[] = {0, 10, GRUVI_FOREVER};

HUB_TEST(test_the_events_that_came_are_returned)
{
    double timeout = timeouts[i];

    open_ends();
    ck_assert_int_eq(gruvi_wait_fd(ends[0], W, timeout), W);
    ck_assert_int_eq(gruvi_wait_fd(ends[0], RW, timeout), W);
    put(ends[1]);
    ck_assert_int_eq(gruvi_wait_fd(ends[0], R, timeout), R);
    ck_assert_int_eq(gruvi_wait_fd(ends[0], RW, timeout), RW);
    close(ends[1]);
    ck_assert_int_eq(gruvi_wait_fd(ends[0], R, timeout), R);
    close(ends[0]);
}

HUB_TEST(test_an_error_is_what_was_asked_for)
{
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    close(fds[0]);
    ck_assert_int_eq(gruvi_wait_fd(fds[1], W, timeouts[i]), W);
    ck_assert_int_eq(gruvi_wait_fd(fds[1], RW, timeouts[i]), RW);
    close(fds[1]);
}

HUB_TEST(test_what_cannot_be_waited_for_is_refused)
{
    int closed;

    open_ends();
    closed = dup(0);
    close(closed);
    ck_assert_int_eq(gruvi_wait_fd(-1, R, timeouts[i]), UV_EBADF);
    ck_assert_int_eq(gruvi_wait_fd(closed, R, timeouts[i]), UV_EBADF);
    ck_assert_int_eq(gruvi_wait_fd(ends[0], 0, timeouts[i]), UV_EINVAL);
    ck_assert_int_eq(gruvi_wait_fd(ends[0], 4, timeouts[i]), UV_EINVAL);
    ck_assert_int_eq(gruvi_wait_fd(ends[0], R | 8, timeouts[i]), UV_EINVAL);
    close_ends();
}

HUB_TEST(test_no_registration_is_left_behind)
{
    size_t handles = handles_of(hub);
    int n, number;

    for (n = 0; n < 100; n++) {
        open_ends();
        if (n == 0)
            number = ends[0];
        ck_assert_int_eq(ends[0], number);
        if (n % 2 == 0)
            put(ends[1]);
        ck_assert_int_eq(gruvi_wait_fd(ends[0], R, n % 2 == 0 ? 10 : 0.0001),
                         n % 2 == 0 ? R : UV_ETIMEDOUT);
        ck_assert_uint_eq(handles_of(hub), handles);
        close_ends();
    }
}

static int
wait_readable(void *arg)
{
    int events = gruvi_wait_fd(*(int *)arg, R, GRUVI_FOREVER);

    record("r");
    return events;
}

static int
wait_writable(void *arg)
{
    int events = gruvi_wait_fd(*(int *)arg, W, GRUVI_FOREVER);

    record("w");
    return events;
}

static int
wait_for_both(void *arg)
{
    return gruvi_wait_fd(*(int *)arg, RW, GRUVI_FOREVER);
}

HUB_TEST(test_fibers_wait_for_one_descriptor_side_by_side)
{
    gruvi_fiber_t *r, *r2, *w, *rw;

    open_ends();
    r = spawn(wait_readable, &ends[0]);
    r2 = spawn(wait_readable, &ends[0]);
    w = spawn(wait_writable, &ends[0]);
    rw = spawn(wait_for_both, &ends[0]);
    ck_assert_int_eq(finish(w), W);
    ck_assert_int_eq(finish(rw), W);
    turns(2);
    ck_assert_str_eq(recorded(), "w");
    ck_assert_str_eq(gruvi_fiber_waiting_for(r), "descriptor");
    put(ends[1]);
    ck_assert_int_eq(finish(r), R);
    ck_assert_int_eq(finish(r2), R);
    close_ends();
}

HUB_TEST(test_a_cancel_of_one_leaves_the_others_waiting)
{
    gruvi_fiber_t *a, *b;

    open_ends();
    a = spawn(wait_readable, &ends[0]);
    b = spawn(wait_readable, &ends[0]);
    turns(2);
    gruvi_fiber_cancel(a, NULL);
    ck_assert_int_eq(finish(a), UV_ECANCELED);
    turns(2);
    ck_assert(gruvi_fiber_alive(b));
    put(ends[1]);
    ck_assert_int_eq(finish(b), R);
    close_ends();
}

static int sockets[64];

static int
answer(void *arg)
{
    int fd = *(int *)arg;
    char byte;

    ck_assert_int_eq(gruvi_wait_fd(fd, R, GRUVI_FOREVER), R);
    ck_assert_int_eq(read(fd, &byte, 1), 1);
    ck_assert_int_eq(gruvi_wait_fd(fd, W, GRUVI_FOREVER), W);
    put(fd);
    return 0;
}

HUB_TEST(test_many_fibers_wait_for_many_descriptors)
{
    gruvi_fiber_t *fibers[32];
    int n;

    for (n = 0; n < 32; n++) {
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, &sockets[2 * n]),
                         0);
        fibers[n] = spawn(answer, &sockets[2 * n]);
    }
    turns(2);
    for (n = 31; n >= 0; n--)
        put(sockets[2 * n + 1]);
    for (n = 0; n < 32; n++) {
        ck_assert_int_eq(finish(fibers[n]), 0);
        ck_assert_int_eq(gruvi_wait_fd(sockets[2 * n + 1], R, 0), R);
        close(sockets[2 * n]);
        close(sockets[2 * n + 1]);
    }
}

/* ---- descriptors that are closed meanwhile ---- */

static int waited_for; /* the descriptor */

static int
wait_for_it(void *arg)
{
    (void)arg;
    return gruvi_wait_fd(waited_for, R, 10);
}

/* In the turn in which the fiber began to wait, before the loop has run. */
static int
close_it(void *arg)
{
    close(waited_for);
    if (arg != NULL)
        ck_assert_int_eq(open(arg, O_RDONLY), waited_for);
    return 0;
}

static int
status_after(gruvi_fiber_fn next, void *arg)
{
    gruvi_fiber_t *waiter = gruvi_spawn(wait_for_it, NULL);
    gruvi_fiber_t *closer = gruvi_spawn(next, arg);
    int status;

    gruvi_fiber_join(closer, GRUVI_FOREVER);
    gruvi_fiber_join(waiter, GRUVI_FOREVER);
    status = gruvi_fiber_status(waiter);
    gruvi_fiber_unref(closer);
    gruvi_fiber_unref(waiter);
    return status;
}

HUB_TEST(test_closed_before_the_loop_has_seen_it_is_an_error)
{
    open_ends();
    waited_for = ends[0];
    ck_assert_int_eq(status_after(close_it, NULL), UV_EBADF);
    close(ends[1]);
}

/* epoll takes no file. */
HUB_TEST(test_its_number_given_to_a_file_is_an_error)
{
    static char path[] = "/proc/self/exe";

    open_ends();
    waited_for = ends[0];
    ck_assert_int_eq(status_after(close_it, path), UV_EPERM);
    close_ends();
}

/* Another fiber has a new descriptor of the number while one waits for the
 * old one. */
HUB_TEST(test_a_new_descriptor_of_a_number_that_is_waited_for_is_seen)
{
    gruvi_fiber_t *stale;
    int other[2];

    open_ends();
    waited_for = ends[0];
    stale = gruvi_spawn(wait_for_it, NULL);
    ck_assert_int_eq(gruvi_sleep(0.001), 0); /* the loop has it */
    close(ends[0]);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
    ck_assert_int_eq(other[0], waited_for);
    put(other[1]);
    ck_assert_int_eq(gruvi_wait_fd(other[0], R, 10), R);
    gruvi_fiber_cancel(stale, NULL);
    gruvi_fiber_join(stale, GRUVI_FOREVER);
    gruvi_fiber_unref(stale);
    close(ends[1]);
    close(other[0]);
    close(other[1]);
}

int
main(void)
{
    Suite *suite = suite_create("poll_wait_fd");
    TCase *tc = tcase_create("wait_fd");
    int n = sizeof timeouts / sizeof *timeouts;

    tcase_add_loop_test(tc, test_the_events_that_came_are_returned, 0, n);
    tcase_add_loop_test(tc, test_an_error_is_what_was_asked_for, 0, n);
    tcase_add_loop_test(tc, test_what_cannot_be_waited_for_is_refused, 0, n);
    tcase_add_test(tc, test_no_registration_is_left_behind);
    tcase_add_test(tc, test_fibers_wait_for_one_descriptor_side_by_side);
    tcase_add_test(tc, test_a_cancel_of_one_leaves_the_others_waiting);
    tcase_add_test(tc, test_many_fibers_wait_for_many_descriptors);
    tcase_add_test(tc, test_closed_before_the_loop_has_seen_it_is_an_error);
    tcase_add_test(tc, test_its_number_given_to_a_file_is_an_error);
    tcase_add_test(
        tc, test_a_new_descriptor_of_a_number_that_is_waited_for_is_seen);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
