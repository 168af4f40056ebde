/* SPDX-License-Identifier: MIT */
/* Listening: on TCP, and on Unix sockets without a file. */
#include "unit/net.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>

#include "support/port.h"
#include "unit/calls.h"

static void
check_address(gruvi_listener_t *listener, const char *expected)
{
    char text[GRUVI_ADDRESS_SIZE];

    ck_assert_int_eq(gruvi_listener_address(listener, text, sizeof text), 0);
    ck_assert_str_eq(text, expected);
}

/* Somebody connects and is accepted. */
static void
check_alive(gruvi_listener_t *listener)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_stream_t *stream;
    int fd;

    ck_assert_int_eq(gruvi_listener_address(listener, address, sizeof address),
                     0);
    fd = net_connect(address);
    ck_assert_int_eq(gruvi_accept(listener, &stream, GRUVI_FOREVER), 0);
    gruvi_stream_close(stream);
    close(fd);
}

static bool
has_ip6(void)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6,
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (void *)&at, sizeof at) == 0;

    if (fd >= 0)
        close(fd);
    if (!has)
        printf("skipped: there is no IPv6 here\n");
    return has;
}

HUB_TEST(test_a_listener_tells_the_port_it_got)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);

    ck_assert_int_eq(strncmp(address, "tcp://127.0.0.1:", 16), 0);
    ck_assert_str_ne(address + 16, "0");
    ck_assert_int_eq(gruvi_listener_address(listener, address, strlen(address)),
                     UV_ENOBUFS);
    ck_assert_str_eq(address, "");
    check_alive(listener);
    gruvi_listener_close(listener);
}

HUB_TEST(test_an_address_that_is_taken_is_refused)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);

    listen_fails(address, NULL, UV_EADDRINUSE);
    check_alive(listener);
    gruvi_listener_close(listener);
    ck_assert_int_eq(gruvi_listen(&listener, address, NULL), 0);
    check_address(listener, address);
    gruvi_listener_close(listener);
}

/* Its connections have ended on our side first, and linger in TIME_WAIT. */
HUB_TEST(test_a_port_may_be_listened_on_again_at_once)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);

    check_alive(listener);
    gruvi_listener_close(listener);
    ck_assert_int_eq(gruvi_listen(&listener, address, NULL), 0);
    check_alive(listener);
    gruvi_listener_close(listener);
}

HUB_TEST(test_ip6_is_listened_on)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;

    if (!has_ip6())
        return;
    ck_assert_int_eq(gruvi_listen(&listener, "tcp://[::1]:0", NULL), 0);
    ck_assert_int_eq(gruvi_listener_address(listener, address, sizeof address),
                     0);
    ck_assert_int_eq(strncmp(address, "tcp://[::1]:", 12), 0);
    check_alive(listener);
    gruvi_listener_close(listener);
}

HUB_TEST(test_all_addresses_of_ip6_are_none_of_ip4)
{
    int port, reserved = reserve_port(&port);
    gruvi_listener_t *six = NULL, *four = NULL;
    char address[GRUVI_ADDRESS_SIZE];

    if (has_ip6()) {
        snprintf(address, sizeof address, "tcp://[::]:%d", port);
        ck_assert_int_eq(gruvi_listen(&six, address, NULL), 0);
        snprintf(address, sizeof address, "tcp://0.0.0.0:%d", port);
        ck_assert_int_eq(gruvi_listen(&four, address, NULL), 0);
    }
    gruvi_listener_close(six);
    gruvi_listener_close(four);
    close(reserved);
}

HUB_TEST(test_the_first_address_of_a_name_that_is_free_is_taken)
{
    char address[GRUVI_ADDRESS_SIZE], text[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *first = net_listen(NET_TCP, address), *second;

    snprintf(text, sizeof text, "tcp://many.test%s", strrchr(address, ':'));
    ck_assert_int_eq(gruvi_listen(&second, text, NULL), 0);
    snprintf(text, sizeof text, "tcp://127.0.0.2%s", strrchr(address, ':'));
    check_address(second, text);
    check_alive(second);
    gruvi_listener_close(first);
    gruvi_listener_close(second);
}

HUB_TEST(test_localhost_is_listened_on)
{
    gruvi_listener_t *listener;

    ck_assert_int_eq(gruvi_listen(&listener, "tcp://localhost:0", NULL), 0);
    check_alive(listener);
    gruvi_listener_close(listener);
}

static int
listen_slowly(void *arg)
{
    return gruvi_listen(arg, "tcp://slow.test:0", NULL);
}

HUB_TEST(test_a_lookup_does_not_block_the_hub)
{
    gruvi_listener_t *listener;
    gruvi_fiber_t *fiber;

    hold_lookups();
    fiber = spawn(listen_slowly, &listener);
    wait_until(held_lookups() == 1);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "resolve");
    release_lookups();
    ck_assert_int_eq(finish(fiber), 0);
    check_alive(listener);
    gruvi_listener_close(listener);
}

/* The thread that looks it up goes on, and its result is thrown away. */
HUB_TEST(test_a_lookup_can_be_cancelled)
{
    gruvi_listener_t *listener;
    gruvi_fiber_t *fiber;

    hold_lookups();
    fiber = spawn(listen_slowly, &listener);
    wait_until(held_lookups() == 1);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_ptr_null(listener);
    ck_assert_int_eq(held_lookups(), 1);
    release_lookups();
    wait_until(held_lookups() == 0);
}

HUB_TEST(test_what_cannot_be_listened_on_is_an_error)
{
    listen_fails("tcp://192.0.2.1:0", NULL, UV_EADDRNOTAVAIL);
    listen_fails("tcp://none.test:0", NULL, UV_EAI_NONAME);
    listen_fails("tcp://127.0.0.1", NULL, UV_EINVAL);
    listen_fails(NULL, NULL, UV_EINVAL);
#ifndef HAVE_OPENSSL
    listen_fails("tls://127.0.0.1:0", NULL, UV_ENOTSUP);
    ck_assert_str_eq(gruvi_error_message(),
                     "libgruvi was built without OpenSSL");
#endif
    listen_fails("udp://127.0.0.1:0", NULL, UV_ENOTSUP);
    ck_assert_int_eq(gruvi_listen(NULL, "tcp://127.0.0.1:0", NULL), UV_EINVAL);
}

HUB_TEST(test_options_are_checked)
{
    gruvi_listen_options_t backlog = {.backlog = -1}, mode = {.mode = 01000};
    gruvi_listen_options_t reserved = {.backlog = 1};

    listen_fails("tcp://127.0.0.1:0", &backlog, UV_EINVAL);
    listen_fails("tcp://127.0.0.1:0", &mode, UV_EINVAL);
    for (int n = 0; n < 4; n++) {
        reserved.reserved[n] = &reserved;
        listen_fails("tcp://127.0.0.1:0", &reserved, UV_EINVAL);
        reserved.reserved[n] = NULL;
    }
    gruvi_listener_t *listener;
    ck_assert_int_eq(gruvi_listen(&listener, "tcp://127.0.0.1:0", &reserved),
                     0);
    gruvi_listener_close(listener);
}

HUB_TEST(test_a_listener_is_not_inherited_by_programs)
{
    int before = dup(0), flags;
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;

    /* The next descriptor is the listener's. */
    close(before);
    listener = net_listen(i, address);
    flags = fcntl(before, F_GETFD);
    ck_assert_int_eq(flags, FD_CLOEXEC);
    ck_assert(fcntl(before, F_GETFL) & O_NONBLOCK);
    gruvi_listener_close(listener);
}

HUB_TEST(test_listening_without_descriptors_fails)
{
    char address[GRUVI_ADDRESS_SIZE];

    strcpy(address, net_address(i));
    net_spare(0);
    listen_fails(address, NULL, UV_EMFILE);
    net_spare_all();
}

HUB_TEST(test_listening_where_no_switch_is_allowed_fails)
{
    catch_assertions();
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        listen_fails("tcp://127.0.0.1:0", NULL, UV_EPERM);
    }
    ck_assert_int_eq(assertions(), 1);
}

/* A listener that was left is closed by nobody, but the hub may go. */
HUB_TEST(test_a_listener_may_be_closed_after_its_hub)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);
    gruvi_stream_t *stream;

    check_alive(listener);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(gruvi_accept(listener, &stream, 0), UV_ESHUTDOWN);
    gruvi_listener_close(listener);
}

int
main(void)
{
    Suite *suite = suite_create("listener");
    TCase *tc = tcase_create("listen");

    tcase_add_test(tc, test_a_listener_tells_the_port_it_got);
    tcase_add_loop_test(tc, test_an_address_that_is_taken_is_refused, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_a_port_may_be_listened_on_again_at_once);
    tcase_add_test(tc, test_ip6_is_listened_on);
    tcase_add_test(tc, test_all_addresses_of_ip6_are_none_of_ip4);
    tcase_add_test(tc, test_the_first_address_of_a_name_that_is_free_is_taken);
    tcase_add_test(tc, test_localhost_is_listened_on);
    tcase_add_test(tc, test_a_lookup_does_not_block_the_hub);
    tcase_add_test(tc, test_a_lookup_can_be_cancelled);
    tcase_add_test(tc, test_what_cannot_be_listened_on_is_an_error);
    tcase_add_test(tc, test_options_are_checked);
    tcase_add_loop_test(tc, test_a_listener_is_not_inherited_by_programs, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_listening_without_descriptors_fails, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_listening_where_no_switch_is_allowed_fails);
    tcase_add_loop_test(tc, test_a_listener_may_be_closed_after_its_hub, 0,
                        NET_KINDS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
