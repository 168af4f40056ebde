/* SPDX-License-Identifier: MIT */
/* The callbacks that lead from a libuv handle or request to a switch back. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/harness.h"

static uv_loop_t *
loop_of(gruvi_hub_t *hub)
{
    return gruvi_hub_loop(hub);
}

/* What a switch back is handed over; errors of libuv itself fail the test. */
#define AWAIT(data_of, start)                                                  \
    __extension__({                                                            \
        void *handed_ = &handed_;                                              \
        GRUVI_WITH_SWITCH_BACK (sb_, 20) {                                     \
            (data_of)->data = &sb_;                                            \
            ck_assert_int_eq((start), 0);                                      \
            ck_assert_int_eq(gruvi_hub_switch(gruvi_get_hub(), &handed_), 0);  \
            ck_assert(!gruvi_switch_back_active(&sb_));                        \
        }                                                                      \
        (intptr_t) handed_;                                                    \
    })

HUB_TEST(test_a_timer_hands_over_0)
{
    uv_timer_t timer;

    uv_timer_init(loop_of(hub), &timer);
    ck_assert_int_eq(
        AWAIT(&timer, uv_timer_start(&timer, gruvi_on_timer, 1, 0)), 0);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&timer), 0);
}

static int
start_and_raise(uv_signal_t *sig)
{
    int err = uv_signal_start(sig, gruvi_on_signal, SIGUSR2);

    return err < 0 ? err : kill(getpid(), SIGUSR2);
}

HUB_TEST(test_a_signal_hands_over_its_number)
{
    uv_signal_t sig;

    uv_signal_init(loop_of(hub), &sig);
    ck_assert_int_eq(AWAIT(&sig, start_and_raise(&sig)), SIGUSR2);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&sig), 0);
}

HUB_TEST(test_a_file_operation_hands_over_its_result)
{
    uv_fs_t req;
    intptr_t fd;

    fd = AWAIT(&req, uv_fs_open(loop_of(hub), &req, "/dev/null", O_RDONLY, 0,
                                gruvi_on_fs));
    ck_assert_int_gt(fd, 2);
    uv_fs_req_cleanup(&req);
    ck_assert_int_eq(
        AWAIT(&req, uv_fs_close(loop_of(hub), &req, (int)fd, gruvi_on_fs)), 0);
    uv_fs_req_cleanup(&req);
    ck_assert_int_eq(AWAIT(&req, uv_fs_open(loop_of(hub), &req, "/none/such", 0,
                                            0, gruvi_on_fs)),
                     UV_ENOENT);
    uv_fs_req_cleanup(&req);
}

HUB_TEST(test_a_lookup_hands_over_0_and_leaves_the_addresses)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST,
                             .ai_socktype = SOCK_STREAM};
    uv_getaddrinfo_t req;

    ck_assert_int_eq(
        AWAIT(&req, uv_getaddrinfo(loop_of(hub), &req, gruvi_on_getaddrinfo,
                                   "127.0.0.1", "7", &hints)),
        0);
    ck_assert_ptr_nonnull(req.addrinfo);
    ck_assert_int_eq(req.addrinfo->ai_family, AF_INET);
    uv_freeaddrinfo(req.addrinfo);
    ck_assert_int_eq(
        AWAIT(&req, uv_getaddrinfo(loop_of(hub), &req, gruvi_on_getaddrinfo,
                                   "no number", "7", &hints)),
        UV_EAI_NONAME);
    ck_assert_ptr_null(req.addrinfo);
}

static void
do_work(uv_work_t *req)
{
    (void)req;
    record("worked");
}

HUB_TEST(test_work_hands_over_0)
{
    uv_work_t req;

    ck_assert_int_eq(
        AWAIT(&req, uv_queue_work(loop_of(hub), &req, do_work, gruvi_on_work)),
        0);
    ck_assert_str_eq(recorded(), "worked");
}

/* --- streams ---------------------------------------------------------------
 */

static void
on_connection(uv_stream_t *server, int status)
{
    uv_tcp_t *client = server->data;

    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(uv_accept(server, (uv_stream_t *)client), 0);
    record("accepted");
}

struct pair {
    uv_tcp_t server, near, far;
    struct sockaddr_in address;
};

static void
listen_on_loopback(gruvi_hub_t *hub, struct pair *pair)
{
    int size = sizeof pair->address;

    uv_tcp_init(loop_of(hub), &pair->server);
    uv_tcp_init(loop_of(hub), &pair->near);
    uv_tcp_init(loop_of(hub), &pair->far);
    pair->server.data = &pair->far;
    uv_ip4_addr("127.0.0.1", 0, &pair->address);
    uv_tcp_bind(&pair->server, (struct sockaddr *)&pair->address, 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&pair->server, 1, on_connection),
                     0);
    uv_tcp_getsockname(&pair->server, (struct sockaddr *)&pair->address, &size);
}

static void
connect_pair(gruvi_hub_t *hub, struct pair *pair)
{
    uv_connect_t req;

    listen_on_loopback(hub, pair);
    ck_assert_int_eq(
        AWAIT(&req, uv_tcp_connect(&req, &pair->near,
                                   (struct sockaddr *)&pair->address,
                                   gruvi_on_connect)),
        0);
    wait_until(strcmp(recorded(), "accepted") == 0);
}

static void
close_pair(struct pair *pair)
{
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&pair->near), 0);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&pair->far), 0);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&pair->server), 0);
}

HUB_TEST(test_connect_write_and_shutdown_hand_over_their_status)
{
    uv_buf_t buf = uv_buf_init("hello", 5);
    uv_shutdown_t shut;
    struct pair pair;
    uv_write_t req;
    uv_stream_t *near = (uv_stream_t *)&pair.near;

    connect_pair(hub, &pair);
    ck_assert_int_eq(AWAIT(&req, uv_write(&req, near, &buf, 1, gruvi_on_write)),
                     0);
    ck_assert_int_eq(AWAIT(&shut, uv_shutdown(&shut, near, gruvi_on_shutdown)),
                     0);
    close_pair(&pair);
}

HUB_TEST(test_a_refused_connection_hands_over_why)
{
    uv_connect_t req;
    struct pair pair;

    listen_on_loopback(hub, &pair);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&pair.server), 0);
    ck_assert_int_eq(
        AWAIT(&req,
              uv_tcp_connect(&req, &pair.near, (struct sockaddr *)&pair.address,
                             gruvi_on_connect)),
        UV_ECONNREFUSED);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&pair.near), 0);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&pair.far), 0);
}

/* A write that does not fit waits; closing the stream ends it before. */
HUB_TEST(test_closing_a_stream_ends_its_requests_first)
{
    static char bytes[8 << 20];
    uv_buf_t buf = uv_buf_init(bytes, sizeof bytes);
    gruvi_switch_back_t sb;
    struct pair pair;
    uv_write_t req;
    void *value = NULL;

    connect_pair(hub, &pair);
    gruvi_switch_back_init(&sb, 20);
    req.data = &sb;
    ck_assert_int_eq(
        uv_write(&req, (uv_stream_t *)&pair.near, &buf, 1, gruvi_on_write), 0);
    close_pair(&pair);
    ck_assert(!gruvi_switch_back_active(&sb));
    ck_assert_int_eq(gruvi_hub_switch(hub, &value), 0);
    ck_assert_int_eq((intptr_t)value, UV_ECANCELED);
    gruvi_switch_back_exit(&sb);
}

/* --- too late ----------------------------------------------------------------
 */

static uv_sem_t let_go;

static void
wait_for_main(uv_work_t *req)
{
    (void)req;
    uv_sem_wait(&let_go);
}

/* The wait is over when the work is done: it finds a switch back that has
 * ended, and the next wait is left alone. */
HUB_TEST(test_a_callback_that_comes_late_does_nothing)
{
    gruvi_switch_back_t sb;
    uv_work_t req = {.data = &sb};
    uv_timer_t timer;

    ck_assert_int_eq(uv_sem_init(&let_go, 0), 0);
    uv_timer_init(loop_of(hub), &timer);
    gruvi_switch_back_init(&sb, 0.001);
    ck_assert_int_eq(
        uv_queue_work(loop_of(hub), &req, wait_for_main, gruvi_on_work), 0);
    ck_assert_int_eq(gruvi_hub_switch(hub, NULL), UV_ETIMEDOUT);
    gruvi_switch_back_exit(&sb);
    uv_sem_post(&let_go);
    ck_assert_int_eq(
        AWAIT(&timer, uv_timer_start(&timer, gruvi_on_timer, 20, 0)), 0);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&timer), 0);
    wait_until(loop_of(hub)->active_reqs.count == 0);
    uv_sem_destroy(&let_go);
}

/* The first call counts; a repeating timer goes on calling, also when the
 * switch back has ended. */
HUB_TEST(test_a_handle_that_calls_again_is_heard_once)
{
    gruvi_switch_back_t sb;
    uv_timer_t timer;

    uv_timer_init(loop_of(hub), &timer);
    timer.data = &sb;
    gruvi_switch_back_init(&sb, 0.5);
    ck_assert_int_eq(uv_timer_start(&timer, gruvi_on_timer, 1, 1), 0);
    ck_assert_int_eq(gruvi_hub_switch(hub, NULL), 0);
    ck_assert_int_eq(gruvi_hub_switch(hub, NULL), UV_ETIMEDOUT);
    gruvi_switch_back_exit(&sb);
    ck_assert_int_eq(gruvi_sleep(0.005), 0);
    ck_assert_int_eq(gruvi_uv_close((uv_handle_t *)&timer), 0);
}

static void
close_handle(void *handle)
{
    ck_assert_int_eq(gruvi_uv_close(handle), 0);
    record("closed");
}

static int
wait_for_signal(void *arg)
{
    gruvi_hub_t *hub = arg;
    uv_signal_t sig;
    int err = 0;

    uv_signal_init(loop_of(hub), &sig);
    GRUVI_WITH_SWITCH_BACK (sb, 20) {
        sig.data = &sb;
        ck_assert_int_eq(gruvi_switch_back_add_cleanup(&sb, close_handle, &sig),
                         0);
        uv_signal_start(&sig, gruvi_on_signal, SIGUSR2);
        err = gruvi_hub_switch(hub, NULL);
        break;
    }
    memset(&sig, 0xaa, sizeof sig);
    return err;
}

/* The example of the manual, in a fiber that is cancelled. */
HUB_TEST(test_a_cleanup_may_close_the_handle)
{
    gruvi_fiber_t *fiber = spawn(wait_for_signal, hub);

    turns(2);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_str_eq(recorded(), "closed");
}

int
main(void)
{
    Suite *suite = suite_create("switch_back_callbacks");
    TCase *tc = tcase_create("what they hand over");

    tcase_add_test(tc, test_a_timer_hands_over_0);
    tcase_add_test(tc, test_a_signal_hands_over_its_number);
    tcase_add_test(tc, test_a_file_operation_hands_over_its_result);
    tcase_add_test(tc, test_a_lookup_hands_over_0_and_leaves_the_addresses);
    tcase_add_test(tc, test_work_hands_over_0);
    tcase_add_test(tc, test_connect_write_and_shutdown_hand_over_their_status);
    tcase_add_test(tc, test_a_refused_connection_hands_over_why);
    tcase_add_test(tc, test_closing_a_stream_ends_its_requests_first);
    suite_add_tcase(suite, tc);
    tc = tcase_create("too late");
    tcase_add_test(tc, test_a_callback_that_comes_late_does_nothing);
    tcase_add_test(tc, test_a_handle_that_calls_again_is_heard_once);
    tcase_add_test(tc, test_a_cleanup_may_close_the_handle);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
