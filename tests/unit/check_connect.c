/* SPDX-License-Identifier: MIT */
/* Connecting, and looking up names for it. */
#include "unit/net.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/calls.h"

#define SHORT 0.002

/* A connect in a fiber. */
struct connector {
    char address[GRUVI_ADDRESS_SIZE];
    double timeout, deadline; /* seconds */
    gruvi_stream_t *stream;
    gruvi_fiber_t *fiber;
    int result;
};

static int
run_connector(void *arg)
{
    struct connector *c = arg;

    c->result = gruvi_connect(&c->stream, c->address, NULL, c->timeout);
    return 0;
}

/* It waits for what when this returns, unless its timeout has passed. */
static void
begin_connect(struct connector *c, const char *address, double timeout,
              const char *what)
{
    memset(c, 0, sizeof *c);
    snprintf(c->address, sizeof c->address, "%s", address);
    c->timeout = timeout;
    c->fiber = spawn(run_connector, c);
    turns(1);
    if (timeout < 0)
        ck_assert_str_eq(gruvi_fiber_waiting_for(c->fiber), what);
}

static int
end_connect(struct connector *c)
{
    finish(c->fiber);
    if (c->result == 0)
        gruvi_stream_close(c->stream);
    else
        ck_assert_ptr_null(c->stream);
    return c->result;
}

/* Connecting fails, with nothing left behind. */
static void
check_refused(const char *address, int err)
{
    gruvi_stream_t *stream = (void *)&stream;

    ck_assert_int_eq(gruvi_connect(&stream, address, NULL, GRUVI_FOREVER), err);
    ck_assert_ptr_null(stream);
}

/* What is written at one end is read at the other. */
static void
check_connected(gruvi_stream_t *a, gruvi_stream_t *b)
{
    ck_assert_int_eq(gruvi_stream_write(a, "ping", 4), 0);
    hears(b, "ping");
    ck_assert_int_eq(gruvi_stream_write(b, "pong", 4), 0);
    hears(a, "pong");
}

static void
check_connect(const char *address, gruvi_listener_t *listener, double timeout)
{
    gruvi_stream_t *a, *b;

    ck_assert_int_eq(gruvi_connect(&a, address, NULL, timeout), 0);
    ck_assert_int_eq(gruvi_accept(listener, &b, GRUVI_FOREVER), 0);
    check_connected(a, b);
    gruvi_stream_close(a);
    gruvi_stream_close(b);
}

/* --- addresses --------------------------------------------------------------
 */

HUB_TEST(test_a_listener_is_connected_to)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);

    check_connect(address, listener, GRUVI_FOREVER);
    gruvi_listener_close(listener);
}

HUB_TEST(test_a_socket_with_a_file_is_connected_to)
{
    char address[GRUVI_ADDRESS_SIZE], peer[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;
    gruvi_stream_t *stream;

    snprintf(address, sizeof address, "unix:%s/sock", net_folder());
    check_refused(address, UV_ENOENT);
    ck_assert_int_eq(gruvi_listen(&listener, address, NULL), 0);
    check_connect(address, listener, GRUVI_FOREVER);
    ck_assert_int_eq(gruvi_connect(&stream, address, NULL, 0), 0);
    ck_assert_int_eq(gruvi_stream_peer(stream, peer, sizeof peer), 0);
    ck_assert_str_eq(peer, address);
    gruvi_stream_close(stream);
    gruvi_listener_close(listener);
    check_refused(address, UV_ENOENT);
    net_folder_end();
}

HUB_TEST(test_ip6_is_connected_to)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;
    int err = gruvi_listen(&listener, "tcp://[::1]:0", NULL);

    if (err == UV_EADDRNOTAVAIL || err == UV_EAFNOSUPPORT) {
        printf("skipped: there is no IPv6 here\n");
        return;
    }
    ck_assert_int_eq(err, 0);
    ck_assert_int_eq(gruvi_listener_address(listener, address, sizeof address),
                     0);
    check_connect(address, listener, GRUVI_FOREVER);
    gruvi_listener_close(listener);
}

HUB_TEST(test_a_port_without_a_listener_refuses)
{
    char address[GRUVI_ADDRESS_SIZE];
    int reserved = net_reserve(address);

    if (i == NET_UNIX)
        gruvi_listener_close(net_listen(i, address));
    check_refused(address, UV_ECONNREFUSED);
    close(reserved);
}

HUB_TEST(test_what_cannot_be_connected_to_is_an_error)
{
    gruvi_connect_options_t options = {.reserved = {&options, NULL, NULL}};
    gruvi_stream_t *stream;

    check_refused("tcp://127.0.0.1", UV_EINVAL);
    check_refused(NULL, UV_EINVAL);
#ifndef HAVE_OPENSSL
    check_refused("tls://127.0.0.1:443", UV_ENOTSUP);
    ck_assert_str_eq(gruvi_error_message(),
                     "libgruvi was built without OpenSSL");
#endif
    check_refused("tcp://none.test:80", UV_EAI_NONAME);
    ck_assert_int_eq(gruvi_connect(NULL, "tcp://127.0.0.1:1", NULL, 0),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi_connect(&stream, "tcp://127.0.0.1:1", &options, 0),
                     UV_EINVAL);
    ck_assert_int_eq(
        gruvi_connect(&stream, "tcp://127.0.0.1:1", NULL, __builtin_nan("")),
        UV_EINVAL);
    ck_assert_ptr_null(stream);
}

HUB_TEST(test_connecting_without_descriptors_fails)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);

    net_spare(0);
    check_refused(address, UV_EMFILE);
    net_spare_all();
    check_connect(address, listener, GRUVI_FOREVER);
    gruvi_listener_close(listener);
}

HUB_TEST(test_nagles_algorithm_is_off_unless_asked_for)
{
    gruvi_connect_options_t options = {.delay = i == 1};
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    socklen_t len = sizeof(int);
    gruvi_stream_t *stream;
    int on = -1;

    ck_assert_int_eq(gruvi_connect(&stream, address, &options, 60), 0);
    ck_assert_int_eq(getsockopt(gruvi_stream_fd(stream), IPPROTO_TCP,
                                TCP_NODELAY, &on, &len),
                     0);
    ck_assert_int_eq(on != 0, i == 0);
    gruvi_stream_close(stream);
    gruvi_listener_close(listener);
}

/* The port is given to the socket itself, as a busy machine may do. */
HUB_TEST(test_nobody_meets_himself)
{
    char address[GRUVI_ADDRESS_SIZE];

    gruvi_listener_close(net_listen(NET_TCP, address));
    bind_next_connect_to_its_target();
    check_refused(address, UV_ECONNREFUSED);
}

/* --- names ------------------------------------------------------------------
 */

HUB_TEST(test_the_addresses_of_a_name_are_tried_in_turn)
{
    char address[GRUVI_ADDRESS_SIZE], text[GRUVI_ADDRESS_SIZE];
    int reserved = net_reserve(address);
    gruvi_listener_t *listener;

    snprintf(text, sizeof text, "tcp://127.0.0.3%s", strrchr(address, ':'));
    ck_assert_int_eq(gruvi_listen(&listener, text, NULL), 0);
    snprintf(text, sizeof text, "tcp://many.test%s", strrchr(address, ':'));
    memset(calls, 0, sizeof calls);
    check_connect(text, listener, GRUVI_FOREVER);
    ck_assert_uint_ge(calls[CALL_SOCKET], 3);
    gruvi_listener_close(listener);
    check_refused(text, UV_ECONNREFUSED);
    close(reserved);
}

HUB_TEST(test_a_lookup_does_not_block_the_hub)
{
    char address[GRUVI_ADDRESS_SIZE], text[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    struct connector c;

    snprintf(text, sizeof text, "tcp://slow.test%s", strrchr(address, ':'));
    hold_lookups();
    begin_connect(&c, text, GRUVI_FOREVER, "resolve");
    wait_until(held_lookups() == 1);
    release_lookups();
    ck_assert_int_eq(end_connect(&c), 0);
    gruvi_listener_close(listener);
}

HUB_TEST(test_a_lookup_can_be_ended)
{
    struct connector c;

    hold_lookups();
    begin_connect(&c, "tcp://slow.test:1", i == 0 ? SHORT : GRUVI_FOREVER,
                  "resolve");
    if (i != 0) {
        wait_until(held_lookups() == 1);
        gruvi_fiber_cancel(c.fiber, NULL);
    }
    ck_assert_int_eq(end_connect(&c), i == 0 ? UV_ETIMEDOUT : UV_ECANCELED);
    release_lookups();
    wait_until(held_lookups() == 0);
}

/* It does not wait for the look-up. */
HUB_TEST(test_the_hub_may_close_during_a_lookup)
{
    struct connector c;

    hold_lookups();
    begin_connect(&c, "tcp://slow.test:1", GRUVI_FOREVER, "resolve");
    wait_until(held_lookups() == 1);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(c.result, UV_ECANCELED);
    gruvi_fiber_unref(c.fiber);
    ck_assert_int_eq(held_lookups(), 1);
    release_lookups();
}

/* --- waiting ----------------------------------------------------------------
 */

HUB_TEST(test_connecting_can_be_ended)
{
    struct connector c;
    struct full f;

    open_full(&f, net_address(i % NET_KINDS));
    begin_connect(&c, f.address, i < NET_KINDS ? SHORT : GRUVI_FOREVER,
                  "connect");
    if (i >= NET_KINDS)
        gruvi_fiber_cancel(c.fiber, NULL);
    ck_assert_int_eq(end_connect(&c),
                     i < NET_KINDS ? UV_ETIMEDOUT : UV_ECANCELED);
    close_full(&f);
}

static int
connect_within_deadline(void *arg)
{
    struct connector *c = arg;

    GRUVI_WITH_SWITCH_BACK (sb, c->deadline) {
        run_connector(c);
        ck_assert(gruvi_switch_back_timed_out(&sb));
    }
    return 0;
}

/* A deadline is for all of it: no other address is tried after it.  It is set
 * again where the name was not looked up within it. */
HUB_TEST(test_a_deadline_ends_connecting_for_good)
{
    struct connector c = {.timeout = i == 0 ? GRUVI_FOREVER : 60,
                          .deadline = 10 * SHORT};
    struct full f;

    open_full(&f, net_address(NET_TCP));
    snprintf(c.address, sizeof c.address, "tcp://many.test%s",
             strrchr(f.address, ':'));
    forget_connects();
    do {
        c.fiber = spawn(connect_within_deadline, &c);
        ck_assert_int_eq(end_connect(&c), UV_ETIMEDOUT);
        c.deadline *= 2;
    } while (*connects() == '\0');
    ck_assert_str_eq(connects(), "127.0.0.1");
    close_full(&f);
}

/* One that does not answer does not take the time of those behind it. */
HUB_TEST(test_an_address_that_does_not_answer_is_given_up)
{
    char text[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;
    struct full f;

    open_full(&f, net_address(NET_TCP));
    snprintf(text, sizeof text, "tcp://127.0.0.2%s", strrchr(f.address, ':'));
    ck_assert_int_eq(gruvi_listen(&listener, text, NULL), 0);
    snprintf(text, sizeof text, "tcp://many.test%s", strrchr(f.address, ':'));
    check_connect(text, listener, 1.5);
    gruvi_listener_close(listener);
    close_full(&f);
}

/* A Unix socket has no readiness to wait for then. */
HUB_TEST(test_a_full_queue_is_waited_for)
{
    struct connector c;
    struct full f;
    int fd;

    open_full(&f, net_address(NET_UNIX));
    begin_connect(&c, f.address, GRUVI_FOREVER, "connect");
    ck_assert_int_eq(gruvi_sleep(5 * SHORT), 0);
    ck_assert(gruvi_fiber_alive(c.fiber));
    fd = accept(f.listener, NULL, NULL);
    ck_assert_int_eq(end_connect(&c), 0);
    close(fd);
    close_full(&f);
}

/* --- calls that never wait -------------------------------------------------
 */

struct eager {
    gruvi_listener_t *listener;
    char address[GRUVI_ADDRESS_SIZE];
    int n;
};

static int
connect_eagerly(struct eager *e)
{
    gruvi_stream_t *client, *server;
    int err;

    while ((err = gruvi_connect(&client, e->address, NULL, 60)) == 0) {
        e->n++;
        GRUVI_SHIELD {
            err = gruvi_accept(e->listener, &server, GRUVI_FOREVER);
        }
        ck_assert_int_eq(err, 0);
        gruvi_stream_close(client);
        gruvi_stream_close(server);
    }
    return err;
}

/* And nobody is left in the queue whose connect has failed. */
HUB_TEST(test_connects_that_never_wait_meet_a_deadline)
{
    struct eager e = {.n = 0};
    gruvi_stream_t *stream;

    e.listener = net_listen(NET_UNIX, e.address);
    GRUVI_WITH_SWITCH_BACK (sb, SHORT) {
        ck_assert_int_eq(connect_eagerly(&e), UV_ETIMEDOUT);
    }
    ck_assert_int_gt(e.n, 0);
    ck_assert_int_eq(gruvi_accept(e.listener, &stream, 0), UV_ETIMEDOUT);
    gruvi_listener_close(e.listener);
}

int
main(void)
{
    Suite *suite = suite_create("connect");
    TCase *tc = tcase_create("connect");

    tcase_add_loop_test(tc, test_a_listener_is_connected_to, 0, NET_KINDS);
    tcase_add_test(tc, test_a_socket_with_a_file_is_connected_to);
    tcase_add_test(tc, test_ip6_is_connected_to);
    tcase_add_loop_test(tc, test_a_port_without_a_listener_refuses, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_what_cannot_be_connected_to_is_an_error);
    tcase_add_loop_test(tc, test_connecting_without_descriptors_fails, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_nagles_algorithm_is_off_unless_asked_for, 0,
                        2);
    tcase_add_test(tc, test_nobody_meets_himself);
    tcase_add_test(tc, test_the_addresses_of_a_name_are_tried_in_turn);
    tcase_add_test(tc, test_a_lookup_does_not_block_the_hub);
    tcase_add_loop_test(tc, test_a_lookup_can_be_ended, 0, 2);
    tcase_add_test(tc, test_the_hub_may_close_during_a_lookup);
    tcase_add_loop_test(tc, test_connecting_can_be_ended, 0, 2 * NET_KINDS);
    tcase_add_loop_test(tc, test_a_deadline_ends_connecting_for_good, 0, 2);
    tcase_add_test(tc, test_an_address_that_does_not_answer_is_given_up);
    tcase_add_test(tc, test_a_full_queue_is_waited_for);
    tcase_add_test(tc, test_connects_that_never_wait_meet_a_deadline);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
