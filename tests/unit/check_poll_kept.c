/* SPDX-License-Identifier: MIT */
/* Handles that the poller keeps for the next socket with their number. */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/harness.h"

#include "core/poll.h"

static int ends[2]; /* a pair of sockets */

static void
close_ends(void)
{
    close(ends[0]);
    close(ends[1]);
}

static void
on_ready(int fd, int events, void *arg)
{
    (void)fd;
    (void)events;
    ++*(int *)arg;
}

static void
refused(int fd, int err)
{
    ck_assert_ptr_null(gruvi_poll_add(gruvi_hub_poll(gruvi_get_hub()), fd,
                                      UV_READABLE, on_ready, NULL));
    ck_assert_int_eq(gruvi_last_error(), err);
}

static void
count_handle(uv_handle_t *handle, void *arg)
{
    int *handles = arg;

    *handles += !uv_is_closing(handle);
}

static int
handles(void)
{
    int n = 0;

    uv_walk(gruvi_hub_loop(gruvi_get_hub()), count_handle, &n);
    return n;
}

/* What keeps a handle for the number ends[0], which is free afterwards. */
static void
leave_a_handle(void)
{
    gruvi_poller_t *poller = gruvi_hub_poll(gruvi_get_hub());
    int before = handles();
    gruvi_watch_t *watch;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends),
                     0);
    watch =
        gruvi__poll_add_socket(poller, ends[0], UV_READABLE, on_ready, NULL);
    ck_assert_ptr_nonnull(watch);
    ck_assert_int_eq(gruvi_poll_remove(poller, watch), 0);
    ck_assert_int_eq(handles(), before + 1);
    close(ends[0]);
}

static void
on_handle(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    ++*(int *)handle->data;
}

/* It gets the number of a socket that had been watched, and nothing that we do
 * meanwhile makes it deaf. */
HUB_TEST(test_a_handle_of_somebody_else_gets_a_number_that_was_left)
{
    uv_poll_t handle;
    int calls = 0;

    leave_a_handle();
    ends[0] = dup2(ends[1], ends[0]);
    ck_assert_int_eq(uv_poll_init(gruvi_hub_loop(hub), &handle, ends[0]), 0);
    handle.data = &calls;
    uv_poll_start(&handle, UV_WRITABLE, on_handle);
    wait_until(calls > 0);
    refused(ends[0], UV_EEXIST);
    refused(ends[0], UV_EEXIST);
    calls = 0;
    wait_until(calls > 0);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&handle), 0);
    close_ends();
}

HUB_TEST(test_a_file_with_a_number_that_was_left_is_refused)
{
    int file;

    leave_a_handle();
    file = open("/dev/null", O_RDONLY);
    ck_assert_int_eq(file, ends[0]);
    refused(file, UV_EPERM);
    refused(file, UV_EPERM);
    close_ends();
}

HUB_TEST(test_any_watch_may_have_a_number_that_was_left)
{
    gruvi_poller_t *poller = gruvi_hub_poll(hub);
    gruvi_watch_t *watch;
    int before = handles(), calls = 0, number;

    leave_a_handle();
    number = ends[0];
    close(ends[1]);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert_int_eq(ends[0], number);
    watch = gruvi_poll_add(poller, ends[0], UV_READABLE, on_ready, &calls);
    ck_assert_ptr_nonnull(watch);
    ck_assert_int_ne(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    wait_until(calls > 0);
    ck_assert_int_eq(gruvi_poll_remove(poller, watch), 0);
    ck_assert_int_eq(handles(), before);
    close_ends();
}

HUB_TEST(test_so_many_handles_are_kept)
{
    enum { N = 400, MOST = 256 };
    gruvi_watch_t *watches[N];
    gruvi_poller_t *poller = gruvi_hub_poll(hub);
    int before = handles(), fds[N];

    for (int n = 0; n < N; n++) {
        fds[n] = eventfd(0, EFD_NONBLOCK);
        watches[n] =
            gruvi__poll_add_socket(poller, fds[n], UV_READABLE, on_ready, NULL);
        ck_assert_ptr_nonnull(watches[n]);
    }
    ck_assert_int_eq(handles(), before + N);
    for (int n = 0; n < N; n++)
        ck_assert_int_eq(gruvi_poll_remove(poller, watches[n]), 0);
    ck_assert_int_eq(handles(), before + MOST);
    for (int n = 0; n < N; n++) { /* they count as used, and are left again */
        watches[n] =
            gruvi__poll_add_socket(poller, fds[n], UV_READABLE, on_ready, NULL);
        ck_assert_ptr_nonnull(watches[n]);
    }
    ck_assert_int_eq(handles(), before + N);
    for (int n = 0; n < N; n++) {
        ck_assert_int_eq(gruvi_poll_remove(poller, watches[n]), 0);
        close(fds[n]);
    }
    ck_assert_int_eq(handles(), before + MOST);
}

int
main(void)
{
    Suite *suite = suite_create("poll_kept");
    TCase *tc = tcase_create("kept");

    tcase_add_test(tc,
                   test_a_handle_of_somebody_else_gets_a_number_that_was_left);
    tcase_add_test(tc, test_a_file_with_a_number_that_was_left_is_refused);
    tcase_add_test(tc, test_any_watch_may_have_a_number_that_was_left);
    tcase_add_test(tc, test_so_many_handles_are_kept);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
