/* SPDX-License-Identifier: MIT */
/* What may be asked for when connecting and listening. */
#include "unit/net.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>

#include "io/connection/listener.h"
#include "unit/calls.h"

/* Both ends of a connection of TCP that was made with options. */
struct line {
    gruvi_listener_t *listener;
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_stream_t *near, *far;
};

static void
open_line(struct line *line, const gruvi_listen_options_t *listening,
          const gruvi_connect_options_t *connecting)
{
    ck_assert_int_eq(
        gruvi_listen(&line->listener, "tcp://127.0.0.1:0", listening), 0);
    ck_assert_int_eq(gruvi_listener_address(line->listener, line->address,
                                            sizeof line->address),
                     0);
    ck_assert_int_eq(
        gruvi_connect(&line->near, line->address, connecting, GRUVI_FOREVER),
        0);
    ck_assert_int_eq(gruvi_accept(line->listener, &line->far, GRUVI_FOREVER),
                     0);
}

static void
close_line(struct line *line)
{
    gruvi_stream_close(line->near);
    gruvi_stream_close(line->far);
    gruvi_listener_close(line->listener);
}

static int
option(const gruvi_stream_t *s, int level, int name)
{
    socklen_t length = sizeof(int);
    int value = -1;

    ck_assert_int_eq(
        getsockopt(gruvi_stream_fd(s), level, name, &value, &length), 0);
    return value;
}

static void
check_refused(const char *address, const gruvi_connect_options_t *options,
              int err)
{
    gruvi_stream_t *stream = (void *)&stream;

    ck_assert_int_eq(gruvi_connect(&stream, address, options, GRUVI_FOREVER),
                     err);
    ck_assert_ptr_null(stream);
}

HUB_TEST(test_a_connection_keeps_itself_alive_if_asked)
{
    gruvi_keepalive_t keepalive = {.idle = 40, .interval = 7, .count = 3};
    gruvi_listen_options_t listening = {.keepalive = &keepalive};
    gruvi_connect_options_t connecting = {.keepalive = &keepalive};
    gruvi_stream_t *asked, *other;
    struct line line;

    open_line(&line, i == 0 ? &listening : NULL, i == 0 ? NULL : &connecting);
    asked = i == 0 ? line.far : line.near;
    other = i == 0 ? line.near : line.far;
    ck_assert_int_eq(option(asked, SOL_SOCKET, SO_KEEPALIVE), 1);
    ck_assert_int_eq(option(asked, IPPROTO_TCP, TCP_KEEPIDLE), 40);
    ck_assert_int_eq(option(asked, IPPROTO_TCP, TCP_KEEPINTVL), 7);
    ck_assert_int_eq(option(asked, IPPROTO_TCP, TCP_KEEPCNT), 3);
    ck_assert_int_eq(option(other, SOL_SOCKET, SO_KEEPALIVE), 0);
    close_line(&line);
}

HUB_TEST(test_zeros_are_the_systems_own)
{
    gruvi_keepalive_t keepalive = {.idle = 0};
    gruvi_connect_options_t connecting = {.keepalive = &keepalive};
    struct line line;

    open_line(&line, NULL, &connecting);
    ck_assert_int_eq(option(line.near, SOL_SOCKET, SO_KEEPALIVE), 1);
    ck_assert_int_eq(option(line.near, IPPROTO_TCP, TCP_KEEPIDLE),
                     option(line.far, IPPROTO_TCP, TCP_KEEPIDLE));
    close_line(&line);
}

HUB_TEST(test_numbers_that_the_system_refuses_are_refused)
{
    static const gruvi_keepalive_t bad[] = {
        {.idle = 1000000}, {.interval = 4000000000}, {.count = 1000}};
    gruvi_listen_options_t listening = {.keepalive = &bad[i]};
    gruvi_connect_options_t connecting = {.keepalive = &bad[i]};
    gruvi_listener_t *listener = (void *)&listener;

    check_refused("tcp://127.0.0.1:1", &connecting, UV_EINVAL);
    check_refused("tcp://many.test:1", &connecting, UV_EINVAL);
    ck_assert_int_eq(gruvi_listen(&listener, "tcp://127.0.0.1:0", &listening),
                     UV_EINVAL);
    ck_assert_ptr_null(listener);
}

HUB_TEST(test_nagles_algorithm_is_off_unless_asked_for)
{
    gruvi_listen_options_t listening = {.delay = i != 0};
    gruvi_connect_options_t connecting = {.delay = i != 0};
    struct line line;

    open_line(&line, &listening, &connecting);
    ck_assert_int_eq(option(line.near, IPPROTO_TCP, TCP_NODELAY) != 0, i == 0);
    ck_assert_int_eq(option(line.far, IPPROTO_TCP, TCP_NODELAY) != 0, i == 0);
    close_line(&line);
}

HUB_TEST(test_a_connection_begins_where_it_is_told_to)
{
    gruvi_connect_options_t options = {.local = "tcp://127.0.0.77:0"};
    char peer[GRUVI_ADDRESS_SIZE];
    struct line line;

    open_line(&line, NULL, &options);
    ck_assert_int_eq(gruvi_stream_peer(line.far, peer, sizeof peer), 0);
    ck_assert_ptr_eq(strstr(peer, "tcp://127.0.0.77:"), peer);
    close_line(&line);
}

/* The port of a listener that is gone is free. */
HUB_TEST(test_a_connection_begins_at_a_port_of_its_own)
{
    char peer[GRUVI_ADDRESS_SIZE], local[GRUVI_ADDRESS_SIZE];
    gruvi_connect_options_t options = {.local = local};
    struct line line;

    gruvi_listener_close(net_listen(NET_TCP, local));
    for (int n = 0; n < 2; n++) {
        open_line(&line, NULL, &options);
        ck_assert_int_eq(gruvi_stream_peer(line.far, peer, sizeof peer), 0);
        ck_assert_str_eq(peer, local);
        close_line(&line);
    }
}

HUB_TEST(test_only_addresses_of_its_family_are_tried)
{
    gruvi_connect_options_t options = {.local = "tcp://127.0.0.1:0"};
    char address[GRUVI_ADDRESS_SIZE];
    int reserved = net_reserve(address);

    memmove(address + strlen("tcp://mixed.test"), strrchr(address, ':'),
            strlen(strrchr(address, ':')) + 1);
    memcpy(address, "tcp://mixed.test", strlen("tcp://mixed.test"));
    forget_connects();
    check_refused(address, &options, UV_ECONNREFUSED);
    ck_assert_str_eq(connects(), "127.0.0.1 127.0.0.2");
    options.local = "tcp://[::1]:0";
    check_refused("tcp://127.0.0.1:1", &options, UV_EAFNOSUPPORT);
    check_refused("tcp://many.test:1", &options, UV_EAFNOSUPPORT);
    close(reserved);
}

HUB_TEST(test_what_is_no_place_to_begin_is_refused)
{
    static const char *const bad[] = {"tcp://localhost:0", "unix:@x",
                                      "127.0.0.1", "tcp://127.0.0.1", ""};
    gruvi_connect_options_t options = {.local = "tcp://192.0.2.1:0"};
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);

    check_refused(address, &options, UV_EADDRNOTAVAIL);
    options.local = address; /* somebody listens there */
    check_refused(address, &options, UV_EADDRINUSE);
    for (size_t n = 0; n < sizeof bad / sizeof *bad; n++) {
        options.local = bad[n];
        check_refused(address, &options, UV_EINVAL);
    }
    options.local = "tcp://127.0.0.1:0";
    check_refused("unix:@nobody", &options, UV_EINVAL);
    gruvi_listener_close(listener);
}

/* IPv6, and IPv4 through it only where that is asked for. */
HUB_TEST(test_a_listener_of_ip6_serves_ip4_if_asked)
{
    gruvi_listen_options_t options = {.dual_stack = i == 0};
    char address[GRUVI_ADDRESS_SIZE], text[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;
    gruvi_stream_t *near, *far;
    int reserved = net_reserve(text), err;

    snprintf(address, sizeof address, "tcp://[::]%s", strrchr(text, ':'));
    err = gruvi_listen(&listener, address, &options);
    if (err == UV_EAFNOSUPPORT) {
        printf("skipped: there is no IPv6 here\n");
        close(reserved);
        return;
    }
    ck_assert_int_eq(err, 0);
    if (i == 0) {
        ck_assert_int_eq(gruvi_connect(&near, text, NULL, GRUVI_FOREVER), 0);
        ck_assert_int_eq(gruvi_accept(listener, &far, GRUVI_FOREVER), 0);
        gruvi_stream_close(near);
        gruvi_stream_close(far);
    } else {
        check_refused(text, NULL, UV_ECONNREFUSED);
    }
    gruvi_listener_close(listener);
    close(reserved);
}

/* The length of the queue is what was asked for: SYNs beyond it are dropped. */
HUB_TEST(test_a_queue_has_its_length)
{
    gruvi_listen_options_t options = {.backlog = 5};
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;
    struct tcp_info info;
    socklen_t length = sizeof info;

    ck_assert_int_eq(
        gruvi_listen(&listener, "tcp://127.0.0.1:0", i == 0 ? &options : NULL),
        0);
    ck_assert_int_eq(gruvi_listener_address(listener, address, sizeof address),
                     0);
    /* Of a listener, sacked is the length of its queue. */
    ck_assert_int_eq(
        getsockopt(listener->socket.fd, IPPROTO_TCP, TCP_INFO, &info, &length),
        0);
    if (i == 0)
        ck_assert_uint_eq(info.tcpi_sacked, 5);
    else
        ck_assert_uint_gt(info.tcpi_sacked, 5);
    gruvi_listener_close(listener);
}

int
main(void)
{
    Suite *suite = suite_create("stream_options");
    TCase *tc = tcase_create("options");

    tcase_add_loop_test(tc, test_a_connection_keeps_itself_alive_if_asked, 0,
                        2);
    tcase_add_test(tc, test_zeros_are_the_systems_own);
    tcase_add_loop_test(tc, test_numbers_that_the_system_refuses_are_refused, 0,
                        3);
    tcase_add_loop_test(tc, test_nagles_algorithm_is_off_unless_asked_for, 0,
                        2);
    tcase_add_test(tc, test_a_connection_begins_where_it_is_told_to);
    tcase_add_test(tc, test_a_connection_begins_at_a_port_of_its_own);
    tcase_add_test(tc, test_only_addresses_of_its_family_are_tried);
    tcase_add_test(tc, test_what_is_no_place_to_begin_is_refused);
    tcase_add_loop_test(tc, test_a_listener_of_ip6_serves_ip4_if_asked, 0, 2);
    tcase_add_loop_test(tc, test_a_queue_has_its_length, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
