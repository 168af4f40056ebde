/* SPDX-License-Identifier: MIT */
/* Closing a libuv handle and waiting for it, whatever is pending meanwhile. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/harness.h"

/* A closer closes a handle on its stack, and wipes it as soon as it may. */
struct closer {
    gruvi_hub_t *hub;
    gruvi_fiber_t *fiber;
    int kind, result, next;
    char message[64];
};

static void
open_handle(gruvi_hub_t *hub, uv_async_t *handle, void *data)
{
    ck_assert_int_eq(uv_async_init(gruvi_hub_loop(hub), handle, NULL), 0);
    handle->data = data;
}

static int
close_and_wipe(void *arg)
{
    struct closer *closer = arg;
    uv_async_t handle;

    open_handle(closer->hub, &handle, closer);
    record("closing");
    closer->result = gruvi_uv_close((uv_handle_t *)&handle);
    ck_assert_ptr_eq(handle.data, closer);
    memset(&handle, 0xaa, sizeof handle);
    record("closed");
    closer->next = gruvi_sleep(GRUVI_FOREVER);
    snprintf(closer->message, sizeof closer->message, "%s",
             gruvi_error_message());
    return 0;
}

static void
begin(struct closer *closer, gruvi_hub_t *hub, gruvi_fiber_fn fn)
{
    memset(closer, 0, sizeof *closer);
    closer->hub = hub;
    closer->result = 1;
    closer->fiber = spawn(fn, closer);
    while (strcmp(recorded(), "closing") != 0)
        turns(1);
    ck_assert_str_eq(gruvi_fiber_waiting_for(closer->fiber), "close");
}

static void
end(struct closer *closer, int next)
{
    wait_until(closer->result != 1);
    ck_assert_int_eq(closer->result, 0);
    /* The loop would use what was wiped. */
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
    ck_assert_int_eq(finish(closer->fiber), 0);
    ck_assert_int_eq(closer->next, next);
}

HUB_TEST(test_a_handle_is_closed_when_it_returns)
{
    uv_async_t handle;

    open_handle(hub, &handle, hub);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&handle), 0);
    ck_assert(uv_is_closing((uv_handle_t *)&handle));
    ck_assert_ptr_eq(handle.data, hub);
    memset(&handle, 0xaa, sizeof handle);
    turns(3);
}

HUB_TEST(test_a_cancel_stays_pending)
{
    struct closer closer;

    begin(&closer, hub, close_and_wipe);
    gruvi_fiber_cancel(closer.fiber, "now");
    end(&closer, UV_ECANCELED);
    ck_assert_str_eq(closer.message, "now");
}

static void
throw_into(void *arg)
{
    struct closer *closer = arg;

    ck_assert_int_eq(gruvi_fiber_throw(closer->fiber, UV_EPIPE, "pop"), 0);
}

HUB_TEST(test_a_throw_stays_pending)
{
    struct closer closer;

    begin(&closer, hub, close_and_wipe);
    ck_assert_int_eq(gruvi_hub_run_callback(hub, throw_into, &closer), 0);
    end(&closer, UV_EPIPE);
    ck_assert_str_eq(closer.message, "pop");
}

static int
close_in_deadline(void *arg)
{
    int err = -1;

    GRUVI_WITH_SWITCH_BACK (sb, 0) {
        err = close_and_wipe(arg);
        ck_assert(gruvi_switch_back_timed_out(&sb));
    }
    return err;
}

HUB_TEST(test_a_deadline_stays_pending)
{
    struct closer closer;

    begin(&closer, hub, close_in_deadline);
    end(&closer, UV_ETIMEDOUT);
}

static int
be_cancelled_and_close(void *arg)
{
    gruvi_fiber_cancel(gruvi_current_fiber(), "before");
    return close_and_wipe(arg);
}

HUB_TEST(test_what_is_pending_before_stays_so)
{
    struct closer closer;

    begin(&closer, hub, be_cancelled_and_close);
    end(&closer, UV_ECANCELED);
}

/* A deadline that has been noticed is not delivered by it either. */
static int
let_deadline_pass_and_close(void *arg)
{
    int err = -1;

    GRUVI_WITH_SWITCH_BACK (sb, 0.0001) {
        GRUVI_SHIELD {
            ck_assert_int_eq(gruvi_sleep(0.001), 0);
        }
        err = close_and_wipe(arg);
    }
    return err;
}

HUB_TEST(test_a_deadline_that_has_passed_stays_pending)
{
    struct closer closer;

    begin(&closer, hub, let_deadline_pass_and_close);
    end(&closer, UV_ETIMEDOUT);
}

HUB_TEST(test_the_hub_may_close_meanwhile)
{
    struct closer closer;

    begin(&closer, hub, close_and_wipe);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(closer.result, 0);
    ck_assert_int_eq(closer.next, UV_ECANCELED);
    gruvi_fiber_unref(closer.fiber);
    ck_assert_int_eq(logged("left"), 0);
}

static int
close_when_cancelled(void *arg)
{
    struct closer *closer = arg;
    uv_async_t handle;

    open_handle(closer->hub, &handle, NULL);
    record("closing");
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ECANCELED);
    closer->result = gruvi_uv_close((uv_handle_t *)&handle);
    memset(&handle, 0xaa, sizeof handle);
    return 0;
}

HUB_TEST(test_handles_are_closed_while_the_hub_closes)
{
    struct closer closer = {.hub = hub, .result = 1};

    gruvi_fiber_unref(spawn(close_when_cancelled, &closer));
    turns(1);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(closer.result, 0);
    ck_assert_int_eq(logged("left"), 0);
}

HUB_TEST(test_a_handle_that_is_left_is_closed_by_the_hub_and_logged)
{
    static uv_async_t left, closing;

    open_handle(hub, &left, NULL);
    open_handle(hub, &closing, NULL);
    uv_close((uv_handle_t *)&closing, NULL);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(logged("async handle"), 1);
    ck_assert_int_eq(logged("warning"), 1);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&left), UV_ESHUTDOWN);
}

static void
note_closed(uv_handle_t *handle)
{
    *(bool *)handle->data = true;
}

/* The handle is the loop's until the callback: a sleep alone does not say that
 * the loop has run, as its time may be over before the first turn. */
HUB_TEST(test_a_handle_that_is_being_closed_is_refused)
{
    bool closed = false;
    uv_async_t handle;

    open_handle(hub, &handle, &closed);
    uv_close((uv_handle_t *)&handle, note_closed);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&handle), UV_EALREADY);
    wait_until(closed);
}

static int
close_again(void *arg)
{
    return gruvi_uv_close(arg);
}

HUB_TEST(test_two_fibers_do_not_close_one_handle)
{
    uv_async_t handle;
    gruvi_fiber_t *a, *b;

    open_handle(hub, &handle, NULL);
    a = spawn(close_again, &handle);
    b = spawn(close_again, &handle);
    ck_assert_int_eq(finish(a), 0);
    ck_assert_int_eq(finish(b), UV_EALREADY);
}

static void
close_others_handle(void *arg)
{
    ck_assert_int_eq(gruvi_uv_close(arg), UV_EPERM);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_the_handle_of_another_hub_is_refused)
{
    uv_async_t handle;

    open_handle(hub, &handle, NULL);
    in_thread(close_others_handle, &handle);
    ck_assert(!uv_is_closing((uv_handle_t *)&handle));
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&handle), 0);
}

static int
close_own(void *arg)
{
    struct closer *closer = arg;
    uv_async_t handle;

    open_handle(closer->hub, &handle, closer);
    closer->result = gruvi_uv_close((uv_handle_t *)&handle);
    ck_assert_ptr_eq(handle.data, closer);
    memset(&handle, 0xaa, sizeof handle);
    return 0;
}

/* They find their fibers by the handle, in whatever order libuv has. */
HUB_TEST(test_many_close_at_once)
{
    static struct closer closers[500];
    int n;

    for (n = 0; n < 500; n++) {
        closers[n] = (struct closer){.hub = hub, .result = 1};
        closers[n].fiber = spawn(close_own, &closers[n]);
    }
    turns(1);
    for (n = 0; n < 500; n += 3)
        gruvi_fiber_cancel(closers[n].fiber, NULL);
    for (n = 0; n < 500; n++) {
        ck_assert_int_eq(finish(closers[n].fiber), 0);
        ck_assert_int_eq(closers[n].result, 0);
    }
}

/* --- every kind of handle ---------------------------------------------------
 */

union any_handle {
    uv_handle_t handle;
    uv_timer_t timer;
    uv_idle_t idle;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_async_t async;
    uv_signal_t signal;
    uv_tcp_t tcp;
    uv_udp_t udp;
    uv_pipe_t pipe;
    uv_poll_t poll;
    uv_fs_event_t fs_event;
    uv_fs_poll_t fs_poll;
};

static int fds[2];

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)stream;
    (void)n;
    (void)buf;
}

static void
on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    (void)handle;
    (void)size;
    *buf = uv_buf_init(NULL, 0);
}

static void
on_idle(uv_idle_t *handle)
{
    (void)handle;
}

static void
on_change(uv_fs_event_t *handle, const char *name, int events, int status)
{
    (void)handle;
    (void)name;
    (void)events;
    (void)status;
}

static void
on_poll(uv_fs_poll_t *handle, int status, const uv_stat_t *before,
        const uv_stat_t *now)
{
    (void)handle;
    (void)status;
    (void)before;
    (void)now;
}

/* All but those that are nothing before they are started, are. */
static int
start(uv_loop_t *loop, int kind, union any_handle *any)
{
    switch (kind) {
    case 0:
        uv_timer_init(loop, &any->timer);
        return uv_timer_start(&any->timer, gruvi_on_timer, 100000, 0);
    case 1:
        uv_idle_init(loop, &any->idle);
        return uv_idle_start(&any->idle, on_idle);
    case 2:
        uv_prepare_init(loop, &any->prepare);
        return 0;
    case 3:
        uv_check_init(loop, &any->check);
        return 0;
    case 4:
        uv_signal_init(loop, &any->signal);
        return uv_signal_start(&any->signal, gruvi_on_signal, SIGUSR2);
    case 5:
        return uv_tcp_init_ex(loop, &any->tcp, AF_INET);
    case 6:
        return uv_udp_init_ex(loop, &any->udp, AF_INET);
    case 7:
        uv_pipe_init(loop, &any->pipe, 0);
        uv_pipe_open(&any->pipe, dup(fds[0]));
        return uv_read_start((uv_stream_t *)&any->pipe, on_alloc, on_read);
    case 8:
        return uv_poll_init(loop, &any->poll, fds[0]);
    case 9:
        uv_fs_event_init(loop, &any->fs_event);
        return uv_fs_event_start(&any->fs_event, on_change, "/", 0);
    default:
        uv_fs_poll_init(loop, &any->fs_poll);
        return uv_fs_poll_start(&any->fs_poll, on_poll, "/", 100000);
    }
}

static int
close_any(void *arg)
{
    struct closer *closer = arg;
    union any_handle any;

    memset(&any, 0, sizeof any);
    ck_assert_int_eq(start(gruvi_hub_loop(closer->hub), closer->kind, &any), 0);
    record("closing");
    closer->result = gruvi_uv_close(&any.handle);
    memset(&any, 0xaa, sizeof any);
    closer->next = gruvi_sleep(0.001);
    return 0;
}

HUB_TEST(test_every_kind_of_handle_may_lie_on_a_fibers_stack)
{
    struct closer closer = {.hub = hub, .kind = i, .result = 1};

    ck_assert_int_eq(pipe(fds), 0);
    closer.fiber = spawn(close_any, &closer);
    while (strcmp(recorded(), "closing") != 0)
        turns(1);
    gruvi_fiber_cancel(closer.fiber, NULL);
    end(&closer, UV_ECANCELED);
    close(fds[0]);
    close(fds[1]);
}

int
main(void)
{
    Suite *suite = suite_create("uv_close");
    TCase *tc = tcase_create("pending");

    tcase_add_test(tc, test_a_handle_is_closed_when_it_returns);
    tcase_add_test(tc, test_a_cancel_stays_pending);
    tcase_add_test(tc, test_a_throw_stays_pending);
    tcase_add_test(tc, test_a_deadline_stays_pending);
    tcase_add_test(tc, test_what_is_pending_before_stays_so);
    tcase_add_test(tc, test_a_deadline_that_has_passed_stays_pending);
    suite_add_tcase(suite, tc);
    tc = tcase_create("hubs");
    tcase_add_test(tc, test_the_hub_may_close_meanwhile);
    tcase_add_test(tc, test_handles_are_closed_while_the_hub_closes);
    tcase_add_test(tc,
                   test_a_handle_that_is_left_is_closed_by_the_hub_and_logged);
    tcase_add_test(tc, test_the_handle_of_another_hub_is_refused);
    suite_add_tcase(suite, tc);
    tc = tcase_create("handles");
    tcase_add_test(tc, test_a_handle_that_is_being_closed_is_refused);
    tcase_add_test(tc, test_two_fibers_do_not_close_one_handle);
    tcase_add_test(tc, test_many_close_at_once);
    tcase_add_loop_test(tc, test_every_kind_of_handle_may_lie_on_a_fibers_stack,
                        0, 11);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
