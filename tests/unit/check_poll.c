/* SPDX-License-Identifier: MIT */
/* The poller: many watches on one descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/harness.h"

#define R  UV_READABLE
#define W  UV_WRITABLE
#define RW (UV_READABLE | UV_WRITABLE)

/* A watch that writes down its name when it is called, and may do more. */
struct spy {
    const char *name;
    gruvi_watch_t *watch;
    int calls, events;
    void (*then)(struct spy *spy);
    struct spy *other;
    int fd;
};

static gruvi_poller_t *poller;
static int ends[2]; /* a pair of sockets */

static void
on_spy(int fd, int events, void *arg)
{
    struct spy *spy = arg;

    ck_assert_int_eq(fd, spy->fd);
    spy->calls++;
    spy->events = events;
    if (spy->calls == 1)
        record("%s", spy->name);
    if (spy->then != NULL)
        spy->then(spy);
}

static void
watch(struct spy *spy, const char *name, int fd, int events)
{
    memset(spy, 0, sizeof *spy);
    spy->name = name;
    spy->fd = fd;
    spy->watch = gruvi_poll_add(poller, fd, events, on_spy, spy);
    ck_assert_ptr_nonnull(spy->watch);
}

static void
unwatch(struct spy *spy)
{
    ck_assert_int_eq(gruvi_poll_remove(poller, spy->watch), 0);
    spy->watch = NULL;
}

static void
update(struct spy *spy, int events)
{
    ck_assert_int_eq(gruvi_poll_update(poller, spy->watch, events), 0);
}

static void
put(int fd)
{
    ck_assert_int_eq(write(fd, "x", 1), 1);
}

static void
get(int fd)
{
    char byte;

    ck_assert_int_eq(read(fd, &byte, 1), 1);
}

static void
open_ends(gruvi_hub_t *hub)
{
    poller = gruvi_hub_poll(hub);
    ck_assert_ptr_nonnull(poller);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void
close_ends(void)
{
    close(ends[0]);
    close(ends[1]);
}

/* --- one watch --------------------------------------------------------------
 */

HUB_TEST(test_a_watch_is_called_until_the_descriptor_is_not_ready)
{
    struct spy spy;

    open_ends(hub);
    watch(&spy, "r", ends[0], R);
    turns(3);
    ck_assert_int_eq(spy.calls, 0);
    put(ends[1]);
    wait_until(spy.calls >= 3);
    ck_assert_int_eq(spy.events, R);
    get(ends[0]);
    spy.calls = 0;
    turns(3);
    ck_assert_int_eq(spy.calls, 0);
    unwatch(&spy);
    put(ends[1]);
    turns(3);
    ck_assert_int_eq(spy.calls, 0);
    close_ends();
}

HUB_TEST(test_a_watch_pauses_and_goes_on)
{
    struct spy spy;

    open_ends(hub);
    watch(&spy, "r", ends[0], 0);
    ck_assert_int_ne(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    put(ends[1]);
    turns(3);
    ck_assert_int_eq(spy.calls, 0);
    update(&spy, W);
    wait_until(spy.calls > 0);
    ck_assert_int_eq(spy.events, W);
    update(&spy, RW);
    update(&spy, RW);
    wait_until(spy.events == RW);
    update(&spy, 0);
    spy.calls = 0;
    turns(3);
    ck_assert_int_eq(spy.calls, 0);
    unwatch(&spy);
    close_ends();
}

HUB_TEST(test_the_end_of_the_stream_is_readable)
{
    struct spy spy;

    open_ends(hub);
    watch(&spy, "r", ends[0], R);
    close(ends[1]);
    wait_until(spy.calls > 2);
    ck_assert_int_eq(spy.events, R);
    unwatch(&spy);
    close(ends[0]);
}

/* A pipe that nobody reads has nothing but an error. */
HUB_TEST(test_an_error_counts_as_what_was_asked_for_again_and_again)
{
    struct spy spy, other;
    int fds[2];

    poller = gruvi_hub_poll(hub);
    ck_assert_int_eq(pipe(fds), 0);
    close(fds[0]);
    watch(&spy, "w", fds[1], W);
    wait_until(spy.calls > 2);
    ck_assert_int_eq(spy.events, W);
    watch(&other, "o", fds[1], W);
    wait_until(other.calls > 2);
    ck_assert_int_eq(gruvi_wait_fd(fds[1], W, GRUVI_FOREVER), W);
    unwatch(&spy);
    unwatch(&other);
    close(fds[1]);
}

/* --- several on one descriptor ----------------------------------------------
 */

HUB_TEST(test_each_watch_gets_what_it_asked_for)
{
    struct spy r, w, rw, none;

    open_ends(hub);
    watch(&r, "r", ends[0], R);
    watch(&w, "w", ends[0], W);
    watch(&rw, "rw", ends[0], RW);
    watch(&none, "none", ends[0], 0);
    wait_until(w.calls > 1 && rw.calls > 1);
    ck_assert_int_eq(w.events, W);
    ck_assert_int_eq(rw.events, W);
    ck_assert_int_eq(r.calls, 0);
    put(ends[1]);
    wait_until(r.calls > 1 && rw.events == RW);
    ck_assert_int_eq(r.events, R);
    ck_assert_int_eq(w.events, W);
    ck_assert_int_eq(none.calls, 0);
    unwatch(&w);
    unwatch(&rw);
    update(&r, 0);
    update(&none, R);
    r.calls = 0;
    wait_until(none.calls > 1);
    ck_assert_int_eq(r.calls, 0);
    unwatch(&none);
    unwatch(&r);
    close_ends();
}

HUB_TEST(test_a_watch_may_remove_itself)
{
    struct spy a, b;

    open_ends(hub);
    watch(&a, "a", ends[0], R);
    watch(&b, "b", ends[0], R);
    a.then = b.then = unwatch;
    put(ends[1]);
    wait_until(a.calls > 0 && b.calls > 0);
    turns(3);
    ck_assert_int_eq(a.calls, 1);
    ck_assert_int_eq(b.calls, 1);
    close_ends();
}

static void
remove_other(struct spy *spy)
{
    if (spy->other->watch == NULL)
        return;
    ck_assert_int_eq(gruvi_poll_remove(poller, spy->other->watch), 0);
    /* Until the callbacks are through, the handle is known to be gone. */
    ck_assert_int_eq(gruvi_poll_remove(poller, spy->other->watch), UV_ENOENT);
    ck_assert_int_eq(gruvi_poll_update(poller, spy->other->watch, R),
                     UV_ENOENT);
    spy->other->watch = NULL;
}

static void
pause_other(struct spy *spy)
{
    update(spy->other, 0);
}

/* Whichever is called first: the other one is not called any more. */
HUB_TEST(test_a_watch_that_was_removed_or_paused_is_not_called)
{
    struct spy a, b;

    open_ends(hub);
    watch(&a, "a", ends[0], R);
    watch(&b, "b", ends[0], R);
    a.then = b.then = i == 0 ? remove_other : pause_other;
    a.other = &b;
    b.other = &a;
    put(ends[1]);
    wait_until(a.calls + b.calls > 2);
    ck_assert(a.calls == 0 || b.calls == 0);
    if (a.watch != NULL)
        unwatch(&a);
    if (b.watch != NULL)
        unwatch(&b);
    close_ends();
}

static void
replace_all(struct spy *spy)
{
    struct spy *other = spy->other;

    spy->then = NULL;
    unwatch(spy);
    unwatch(other);
    watch(other, "new", spy->fd, R);
    put(ends[1]);
}

/* The last watch goes, and a new one comes, in one callback. */
HUB_TEST(test_a_watch_may_replace_all_of_its_descriptor)
{
    struct spy a, b;

    open_ends(hub);
    watch(&a, "a", ends[0], R);
    watch(&b, "b", ends[0], 0);
    a.then = replace_all;
    a.other = &b;
    put(ends[1]);
    wait_until(b.calls > 0);
    ck_assert_int_eq(a.calls, 1);
    ck_assert_str_eq(recorded(), "a new");
    unwatch(&b);
    close_ends();
}

static int added;

static void
add_another(struct spy *spy)
{
    spy->then = NULL;
    watch(spy->other, "added", spy->fd, R);
    added = spy->other->calls;
}

HUB_TEST(test_a_watch_that_is_added_meanwhile_is_called_in_the_next_round)
{
    struct spy a, b;

    open_ends(hub);
    watch(&a, "a", ends[0], R);
    a.then = add_another;
    a.other = &b;
    put(ends[1]);
    wait_until(strcmp(recorded(), "a added") == 0);
    ck_assert_int_eq(added, 0);
    unwatch(&a);
    unwatch(&b);
    close_ends();
}

static void
close_descriptor(struct spy *spy)
{
    unwatch(spy);
    close(spy->fd);
    ck_assert_int_eq(dup2(spy->other->fd, spy->fd), spy->fd);
    watch(spy, "again", spy->fd, W);
}

/* Another file has the number at once; the old one's events do not reach it. */
HUB_TEST(test_a_number_may_be_reused_in_a_callback)
{
    struct spy a, b;
    int fds[2];

    open_ends(hub);
    ck_assert_int_eq(pipe(fds), 0);
    watch(&a, "a", ends[0], R);
    a.then = close_descriptor;
    a.other = &b;
    b.fd = fds[1];
    put(ends[1]);
    wait_until(strcmp(recorded(), "a again") == 0);
    ck_assert_int_eq(a.events, W);
    unwatch(&a);
    close(fds[0]);
    close(fds[1]);
    close_ends();
}

/* --- arguments ------------------------------------------------------------
 */

static void
refused(int fd, int events, gruvi_poll_fn fn, int err)
{
    gruvi_watch_t *none = gruvi_poll_add(poller, fd, events, fn, NULL);

    ck_assert_ptr_null(none);
    ck_assert_int_eq(gruvi_last_error(), err);
}

HUB_TEST(test_what_cannot_be_watched_is_refused)
{
    struct spy spy;
    int file, closed;

    open_ends(hub);
    refused(-1, R, on_spy, UV_EBADF);
    closed = dup(0);
    close(closed);
    refused(closed, R, on_spy, UV_EBADF);
    refused(1000000, R, on_spy, UV_EBADF);
    refused(ends[0], 4, on_spy, UV_EINVAL);
    refused(ends[0], -1, on_spy, UV_EINVAL);
    refused(ends[0], R, NULL, UV_EINVAL);
    file = open("/dev/null", O_RDWR);
    refused(file, R, on_spy, UV_EPERM);
    refused(file, 0, on_spy, UV_EPERM);
    close(file);
    ck_assert_int_eq(gruvi_poll_remove(poller, NULL), UV_ENOENT);
    ck_assert_int_eq(gruvi_poll_update(poller, NULL, R), UV_ENOENT);
    watch(&spy, "r", ends[0], 0);
    ck_assert_int_eq(gruvi_poll_update(poller, spy.watch, 4), UV_EINVAL);
    ck_assert_int_eq(gruvi_poll_update(NULL, spy.watch, R), UV_ENOENT);
    unwatch(&spy);
    close_ends();
}

HUB_TEST(test_a_descriptor_that_a_handle_has_is_refused)
{
    uv_poll_t handle;

    open_ends(hub);
    ck_assert_int_eq(uv_poll_init(gruvi_hub_loop(hub), &handle, ends[0]), 0);
    uv_poll_start(&handle, R, (uv_poll_cb)abort);
    refused(ends[0], R, on_spy, UV_EEXIST);
    ck_assert_int_eq(gruvi_wait_fd(ends[0], R, 1), UV_EEXIST);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&handle), 0);
    close_ends();
}

static void
watch_in_thread(void *arg)
{
    struct spy *spy = arg;

    refused(ends[0], R, on_spy, UV_EPERM);
    ck_assert_int_lt(gruvi_poll_update(poller, spy->watch, W), 0);
    ck_assert_int_lt(gruvi_poll_remove(poller, spy->watch), 0);
}

HUB_TEST(test_another_thread_is_refused)
{
    struct spy spy;

    open_ends(hub);
    watch(&spy, "r", ends[0], 0);
    in_thread(watch_in_thread, &spy);
    turns(2);
    ck_assert_int_eq(spy.calls, 0);
    unwatch(&spy);
    close_ends();
}

HUB_TEST(test_descriptors_may_have_high_numbers)
{
    struct spy spy;
    int high;

    open_ends(hub);
    high = fcntl(ends[0], F_DUPFD, 700);
    ck_assert_int_ge(high, 700);
    watch(&spy, "r", high, R);
    put(ends[1]);
    wait_until(spy.calls > 0);
    unwatch(&spy);
    close(high);
    close_ends();
}

HUB_TEST(test_a_hub_that_closes_ends_watches_that_are_left)
{
    struct spy a, b, c;

    open_ends(hub);
    watch(&a, "a", ends[0], R);
    watch(&b, "b", ends[0], W);
    watch(&c, "c", ends[1], 0);
    wait_until(b.calls > 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(logged("watches"), 2);
    poller = gruvi_hub_poll(hub);
    refused(ends[0], R, on_spy, UV_ESHUTDOWN);
    ck_assert_int_eq(gruvi_wait_fd(ends[0], R, 0), UV_ESHUTDOWN);
    close_ends();
}

static TCase *
watches_case(void)
{
    TCase *tc = tcase_create("watches");

    tcase_add_test(tc,
                   test_a_watch_is_called_until_the_descriptor_is_not_ready);
    tcase_add_test(tc, test_a_watch_pauses_and_goes_on);
    tcase_add_test(tc, test_the_end_of_the_stream_is_readable);
    tcase_add_test(tc,
                   test_an_error_counts_as_what_was_asked_for_again_and_again);
    tcase_add_test(tc, test_each_watch_gets_what_it_asked_for);
    tcase_add_test(tc, test_a_watch_may_remove_itself);
    tcase_add_loop_test(
        tc, test_a_watch_that_was_removed_or_paused_is_not_called, 0, 2);
    tcase_add_test(tc, test_a_watch_may_replace_all_of_its_descriptor);
    tcase_add_test(
        tc, test_a_watch_that_is_added_meanwhile_is_called_in_the_next_round);
    tcase_add_test(tc, test_a_number_may_be_reused_in_a_callback);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("poll");
    TCase *tc = tcase_create("arguments");

    signal(SIGPIPE, SIG_IGN);
    suite_add_tcase(suite, watches_case());
    tcase_add_test(tc, test_what_cannot_be_watched_is_refused);
    tcase_add_test(tc, test_a_descriptor_that_a_handle_has_is_refused);
    tcase_add_test(tc, test_another_thread_is_refused);
    tcase_add_test(tc, test_descriptors_may_have_high_numbers);
    tcase_add_test(tc, test_a_hub_that_closes_ends_watches_that_are_left);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
