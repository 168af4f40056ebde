/* SPDX-License-Identifier: MIT */
/* Accepting, also where descriptors run out. */
#include "unit/net.h"

#include <stdio.h>

#include "support/valgrind.h"
#include "unit/calls.h"

#define SHORT 0.002

/* An accept in a fiber. */
struct acceptor {
    gruvi_listener_t *listener;
    gruvi_stream_t *stream;
    gruvi_fiber_t *fiber;
    double timeout;
    int result;
};

static int
run_acceptor(void *arg)
{
    struct acceptor *a = arg;

    a->result = gruvi_accept(a->listener, &a->stream, a->timeout);
    return 0;
}

static void
begin_accept(struct acceptor *a, gruvi_listener_t *listener, double timeout)
{
    *a = (struct acceptor){.listener = listener, .timeout = timeout};
    a->fiber = spawn(run_acceptor, a);
    turns(1);
    ck_assert_str_eq(gruvi_fiber_waiting_for(a->fiber), "accept");
}

static int
end_accept(struct acceptor *a)
{
    finish(a->fiber);
    if (a->result == 0)
        gruvi_stream_close(a->stream);
    else
        ck_assert_ptr_null(a->stream);
    return a->result;
}

HUB_TEST(test_an_accept_waits_for_a_connection)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);
    struct acceptor a;
    int fd;

    begin_accept(&a, listener, GRUVI_FOREVER);
    fd = net_connect(address);
    ck_assert_int_eq(end_accept(&a), 0);
    close(fd);
    gruvi_listener_close(listener);
}

HUB_TEST(test_connections_are_accepted_in_their_order)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);
    gruvi_stream_t *stream;
    int fds[10];
    char c;

    for (int n = 0; n < 10; n++) {
        fds[n] = net_connect(address);
        c = (char)('a' + n);
        ck_assert_int_eq(write(fds[n], &c, 1), 1);
    }
    for (int n = 0; n < 10; n++) {
        ck_assert_int_eq(gruvi_accept(listener, &stream, 0), 0);
        ck_assert_int_eq(gruvi_stream_read(stream, &c, 1), 1);
        ck_assert_int_eq(c, 'a' + n);
        gruvi_stream_close(stream);
        close(fds[n]);
    }
    gruvi_listener_close(listener);
}

HUB_TEST(test_a_timeout_of_zero_takes_what_is_there)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);
    gruvi_stream_t *stream;

    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(gruvi_accept(listener, &stream, 0), UV_ETIMEDOUT);
        ck_assert_ptr_null(stream);
        int fd = net_connect(address);
        ck_assert_int_eq(gruvi_accept(listener, &stream, 0), 0);
        gruvi_stream_close(stream);
        close(fd);
    }
    gruvi_listener_close(listener);
}

HUB_TEST(test_a_second_accept_is_refused)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);
    gruvi_stream_t *stream;
    struct acceptor a;

    begin_accept(&a, listener, GRUVI_FOREVER);
    ck_assert_int_eq(gruvi_accept(listener, &stream, GRUVI_FOREVER), UV_EBUSY);
    ck_assert_ptr_null(stream);
    int fd = net_connect(address);
    ck_assert_int_eq(end_accept(&a), 0);
    close(fd);
    gruvi_listener_close(listener);
}

HUB_TEST(test_a_close_wakes_whoever_accepts)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);
    struct acceptor a;

    begin_accept(&a, listener, GRUVI_FOREVER);
    gruvi_listener_close(listener);
    ck_assert_int_eq(end_accept(&a), UV_ECONNABORTED);
}

HUB_TEST(test_arguments_are_checked)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);
    gruvi_stream_t *stream = (void *)&stream;

    ck_assert_int_eq(gruvi_accept(listener, NULL, 0), UV_EINVAL);
    ck_assert_int_eq(gruvi_accept(listener, &stream, __builtin_nan("")),
                     UV_EINVAL);
    ck_assert_ptr_null(stream);
    gruvi_listener_close(listener);
}

/* --- connections that are none ---------------------------------------------
 */

HUB_TEST(test_connections_that_ended_in_the_queue_are_passed_over)
{
    static const int errors[] = {ECONNABORTED, EPROTO,      EINTR,
                                 ENETDOWN,     ENETUNREACH, EHOSTDOWN,
                                 EHOSTUNREACH, ENONET,      ENOPROTOOPT};
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    gruvi_stream_t *stream;

    for (size_t n = 0; n < sizeof errors / sizeof *errors; n++) {
        int fd = net_connect(address);

        fail_calls(CALL_ACCEPT, errors[n], 100);
        ck_assert_int_eq(gruvi_accept(listener, &stream, GRUVI_FOREVER), 0);
        gruvi_stream_close(stream);
        close(fd);
    }
    ck_assert_int_eq(logged("connections wait"), 0);
    gruvi_listener_close(listener);
}

HUB_TEST(test_a_connection_that_was_reset_in_the_queue_harms_nobody)
{
    char address[GRUVI_ADDRESS_SIZE], c;
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    struct ends ends = {.peer = net_connect(address)};
    int fd = net_connect(address);

    peer_resets(&ends);
    ck_assert_int_eq(write(fd, "x", 1), 1);
    do {
        gruvi_stream_close(ends.stream);
        ck_assert_int_eq(gruvi_accept(listener, &ends.stream, GRUVI_FOREVER),
                         0);
    } while (gruvi_stream_read(ends.stream, &c, 1) != 1);
    close_ends(&ends);
    close(fd);
    gruvi_listener_close(listener);
}

HUB_TEST(test_other_errors_are_returned)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    gruvi_stream_t *stream;

    fail_calls(CALL_ACCEPT, EPERM, 1);
    ck_assert_int_eq(gruvi_accept(listener, &stream, GRUVI_FOREVER), UV_EPERM);
    ck_assert_ptr_null(stream);
    ck_assert_int_eq(gruvi_accept(listener, &stream, 0), UV_ETIMEDOUT);
    gruvi_listener_close(listener);
}

/* --- calls that never wait -------------------------------------------------
 */

#define QUEUED 150

struct queue {
    gruvi_listener_t *listener;
    gruvi_stream_t *streams[QUEUED];
    int n;
};

static int
accept_all(void *arg)
{
    struct queue *q = arg;
    int err = 0;

    while (q->n < QUEUED && err == 0) {
        err = gruvi_accept(q->listener, &q->streams[q->n], GRUVI_FOREVER);
        if (err == 0)
            q->n++;
    }
    return err;
}

/* The others run after 63 and after 127; a cancel then loses no connection. */
HUB_TEST(test_accepts_that_never_wait_let_others_run)
{
    char address[GRUVI_ADDRESS_SIZE];
    struct queue q = {.listener = net_listen(NET_UNIX, address)};
    gruvi_fiber_t *fiber;
    int fds[QUEUED];

    for (int n = 0; n < QUEUED; n++)
        fds[n] = net_connect(address);
    fiber = spawn(accept_all, &q);
    turns(1);
    ck_assert_int_ge(q.n, 32);
    ck_assert_int_le(q.n, 64);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_int_lt(q.n, QUEUED);
    ck_assert_int_eq(accept_all(&q), 0);
    for (int n = 0; n < QUEUED; n++) {
        gruvi_stream_close(q.streams[n]);
        close(fds[n]);
    }
    gruvi_listener_close(q.listener);
}

/* --- without descriptors ---------------------------------------------------
 */

/* Valgrind plays EMFILE after it has accepted, and then drops what it got. */
static bool
plays_shortage(void)
{
    if (RUNNING_ON_VALGRIND) {
        printf("skipped: accept() without descriptors is not real here\n");
        return true;
    }
    return false;
}

/* A listener with a connection in its queue that cannot be accepted. */
struct shortage {
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;
    struct ends other; /* one that could be closed */
    struct acceptor a;
    int fd;
};

static void
begin_shortage(struct shortage *s, double timeout)
{
    open_ends(&s->other, NET_UNIX);
    s->listener = net_listen(NET_TCP, s->address);
    s->fd = net_connect(s->address);
    net_spare(0);
    begin_accept(&s->a, s->listener, timeout);
}

static void
end_shortage(struct shortage *s)
{
    close(s->fd);
    close_ends(&s->other);
    gruvi_listener_close(s->listener);
}

HUB_TEST(test_without_descriptors_an_accept_waits_and_says_so_once)
{
    struct shortage s;

    if (plays_shortage())
        return;
    begin_shortage(&s, GRUVI_FOREVER);
    wait_until(logged(s.address) == 1);
    memset(calls, 0, sizeof calls);
    while (calls[CALL_ACCEPT] < 2)
        ck_assert_int_eq(gruvi_sleep(0.1), 0);
    ck_assert_uint_le(calls[CALL_ACCEPT], 10);
    ck_assert_uint_le(calls[CALL_EPOLL_WAIT], 100);
    ck_assert_int_eq(logged(s.address), 1);
    ck_assert_str_eq(gruvi_fiber_waiting_for(s.a.fiber), "accept");
    net_spare_all();
    ck_assert_int_eq(end_accept(&s.a), 0);
    ck_assert_int_eq(logged(s.address), 2);
    ck_assert_int_eq(logged("accepts connections again"), 1);
    end_shortage(&s);
}

HUB_TEST(test_a_stream_that_is_closed_makes_room_at_once)
{
    struct shortage s;

    if (plays_shortage())
        return;
    begin_shortage(&s, GRUVI_FOREVER);
    wait_until(logged(s.address) == 1);
    memset(calls, 0, sizeof calls);
    gruvi_stream_close(s.other.stream);
    s.other.stream = NULL;
    turns(2);
    ck_assert(!gruvi_fiber_alive(s.a.fiber));
    ck_assert_uint_eq(calls[CALL_ACCEPT], 1);
    net_spare_all();
    ck_assert_int_eq(end_accept(&s.a), 0);
    end_shortage(&s);
}

HUB_TEST(test_all_that_lack_descriptors_are_told)
{
    char addresses[3][GRUVI_ADDRESS_SIZE];
    struct acceptor acceptors[3];
    int fds[3];

    for (int n = 0; n < 3; n++) {
        acceptors[n].listener = net_listen(NET_TCP, addresses[n]);
        fds[n] = net_connect(addresses[n]);
    }
    if (plays_shortage())
        goto end;
    net_spare(0);
    for (int n = 0; n < 3; n++)
        begin_accept(&acceptors[n], acceptors[n].listener, GRUVI_FOREVER);
    wait_until(logged("connections wait") == 3);
    net_spare_all();
    for (int n = 0; n < 3; n++)
        ck_assert_int_eq(end_accept(&acceptors[n]), 0);
end:
    for (int n = 0; n < 3; n++) {
        gruvi_listener_close(acceptors[n].listener);
        close(fds[n]);
    }
}

/* Without descriptors the kernel does not even look into the queue. */
HUB_TEST(test_without_connections_nobody_misses_descriptors)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    gruvi_stream_t *stream;
    struct acceptor a;

    net_spare(0);
    begin_accept(&a, listener, GRUVI_FOREVER);
    ck_assert_int_eq(gruvi_sleep(0.02), 0);
    gruvi_fiber_cancel(a.fiber, NULL);
    ck_assert_int_eq(end_accept(&a), UV_ECANCELED);
    ck_assert_int_eq(gruvi_accept(listener, &stream, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(logged(address), 0);
    net_spare_all();
    gruvi_listener_close(listener);
}

HUB_TEST(test_a_wait_for_descriptors_can_be_ended)
{
    struct shortage s;

    if (plays_shortage())
        return;
    begin_shortage(&s, i == 0 ? 0.05 : GRUVI_FOREVER);
    wait_until(logged(s.address) == 1);
    if (i == 0) {
        ck_assert_int_eq(end_accept(&s.a), UV_ETIMEDOUT);
    } else if (i == 1) {
        gruvi_fiber_cancel(s.a.fiber, NULL);
        ck_assert_int_eq(end_accept(&s.a), UV_ECANCELED);
    } else {
        gruvi_listener_close(s.listener);
        s.listener = NULL;
        ck_assert_int_eq(end_accept(&s.a), UV_ECONNABORTED);
    }
    net_spare_all();
    if (s.listener != NULL) {
        ck_assert_int_eq(gruvi_accept(s.listener, &s.a.stream, 0), 0);
        gruvi_stream_close(s.a.stream);
    }
    end_shortage(&s);
}

HUB_TEST(test_other_shortages_are_waited_for_as_well)
{
    static const int errors[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    gruvi_stream_t *stream;
    int fd = net_connect(address);

    fail_calls(CALL_ACCEPT, errors[i], 2);
    ck_assert_int_eq(gruvi_accept(listener, &stream, GRUVI_FOREVER), 0);
    ck_assert_int_eq(logged(address), 2);
    gruvi_stream_close(stream);
    close(fd);
    gruvi_listener_close(listener);
}

static TCase *
plain(void)
{
    TCase *tc = tcase_create("accept");

    tcase_add_loop_test(tc, test_an_accept_waits_for_a_connection, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_connections_are_accepted_in_their_order, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_timeout_of_zero_takes_what_is_there, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_second_accept_is_refused, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_a_close_wakes_whoever_accepts, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_arguments_are_checked, 0, NET_KINDS);
    tcase_add_test(tc,
                   test_connections_that_ended_in_the_queue_are_passed_over);
    tcase_add_test(tc,
                   test_a_connection_that_was_reset_in_the_queue_harms_nobody);
    tcase_add_test(tc, test_other_errors_are_returned);
    tcase_add_test(tc, test_accepts_that_never_wait_let_others_run);
    return tc;
}

static TCase *
shortages(void)
{
    TCase *tc = tcase_create("shortage");

    tcase_add_test(tc,
                   test_without_descriptors_an_accept_waits_and_says_so_once);
    tcase_add_test(tc, test_a_stream_that_is_closed_makes_room_at_once);
    tcase_add_test(tc, test_all_that_lack_descriptors_are_told);
    tcase_add_test(tc, test_without_connections_nobody_misses_descriptors);
    tcase_add_loop_test(tc, test_a_wait_for_descriptors_can_be_ended, 0, 3);
    tcase_add_loop_test(tc, test_other_shortages_are_waited_for_as_well, 0, 4);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("accept");

    suite_add_tcase(suite, plain());
    suite_add_tcase(suite, shortages());
    return run_suite(suite);
}
