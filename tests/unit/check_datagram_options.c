/* SPDX-License-Identifier: MIT */
/* Where datagram sockets are, what may be asked of them, and groups. */
#include "unit/datagrams.h"

#include <fcntl.h>
#include <netinet/in.h>

#include "unit/net.h"

#define GROUP "239.255.77.7"

static void
check_bind(const char *address, const gruvi_udp_options_t *options, int err)
{
    gruvi_udp_t *udp = (void *)&udp;

    ck_assert_int_eq(gruvi_udp_bind(&udp, address, options), err);
    ck_assert_int_eq(udp != NULL, err == 0);
    gruvi_udp_close(udp);
}

static void
check_connect(const char *address, const gruvi_udp_options_t *options, int err)
{
    gruvi_udp_t *udp = (void *)&udp;

    ck_assert_int_eq(gruvi_udp_connect(&udp, address, options, GRUVI_FOREVER),
                     err);
    ck_assert_int_eq(udp != NULL, err == 0);
    gruvi_udp_close(udp);
}

static int
option(const gruvi_udp_t *udp, int level, int name)
{
    socklen_t length = sizeof(int);
    int value = -1;

    ck_assert_int_eq(
        getsockopt(gruvi_udp_fd(udp), level, name, &value, &length), 0);
    return value;
}

/* --- addresses --------------------------------------------------------------
 */

HUB_TEST(test_an_address_is_text_and_text_an_address)
{
    static const char *const good[] = {"udp://127.0.0.1:53", "udp://0.0.0.0:0",
                                       "udp://[::1]:65535",
                                       "udp://[fe80::1%1]:5353"};
    gruvi_sockaddr_t a, b = {.length = 0};
    char text[GRUVI_ADDRESS_SIZE];

    for (size_t n = 0; n < sizeof good / sizeof *good; n++) {
        ck_assert_int_eq(gruvi_sockaddr_parse(&a, good[n]), 0);
        ck_assert_int_eq(gruvi_sockaddr_format(&a, text, sizeof text), 0);
        ck_assert_str_eq(text, good[n]);
        ck_assert(!gruvi_sockaddr_equal(&a, &b));
        ck_assert_int_eq(gruvi_sockaddr_parse(&b, text), 0);
        ck_assert(gruvi_sockaddr_equal(&a, &b));
        ck_assert_int_eq(gruvi_sockaddr_format(&a, text, strlen(good[n])),
                         UV_ENOBUFS);
        ck_assert_str_eq(text, "");
    }
    ck_assert_int_eq(gruvi_sockaddr_parse(&a, "udp://localhost:1"), UV_EINVAL);
    ck_assert_uint_eq(a.length, 0);
    ck_assert_int_eq(gruvi_sockaddr_format(&a, text, sizeof text), UV_EINVAL);
    ck_assert_int_eq(gruvi_sockaddr_parse(&a, "tcp://127.0.0.1:1"), UV_ENOTSUP);
    ck_assert_int_eq(gruvi_sockaddr_parse(&a, NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_sockaddr_parse(&b, "udp://127.0.0.1:1"), 0);
    ck_assert(!gruvi_sockaddr_equal(&a, &b));
    ck_assert_int_eq(gruvi_sockaddr_parse(&a, "udp://127.0.0.1:2"), 0);
    ck_assert(!gruvi_sockaddr_equal(&a, &b));
}

HUB_TEST(test_what_is_no_address_is_refused)
{
    static const char *const bad[] = {"", "udp://", "udp://127.0.0.1",
                                      "udp://127.0.0.1:65536", "127.0.0.1:1"};
    char text[400] = "udp://";

    for (size_t n = 0; n < sizeof bad / sizeof *bad; n++) {
        check_bind(bad[n], NULL, UV_EINVAL);
        check_connect(bad[n], NULL, UV_EINVAL);
    }
    check_bind(NULL, NULL, UV_EINVAL);
    memset(text + 6, 'a', sizeof text - 7);
    check_bind(text, NULL, UV_EINVAL);
    check_bind("tcp://127.0.0.1:1", NULL, UV_ENOTSUP);
    check_connect("unix:@x", NULL, UV_ENOTSUP);
    check_bind("udp://192.0.2.1:0", NULL, UV_EADDRNOTAVAIL);
    ck_assert_int_eq(gruvi_udp_bind(NULL, "udp://127.0.0.1:0", NULL),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi_udp_connect(NULL, "udp://127.0.0.1:0", NULL, 1),
                     UV_EINVAL);
}

HUB_TEST(test_names_are_looked_up)
{
    struct post post;
    gruvi_udp_t *udp;
    char text[GRUVI_ADDRESS_SIZE];

    open_post(&post);
    snprintf(text, sizeof text, "udp://many.test%s",
             strrchr(post.address, ':'));
    ck_assert_int_eq(gruvi_udp_connect(&udp, text, NULL, 60), 0);
    ck_assert_int_eq(gruvi_udp_send(udp, "x", 1, NULL, 1), 0);
    ck_assert_int_eq(gruvi_udp_recv(post.udp, text, 1, NULL, GRUVI_FOREVER), 1);
    gruvi_udp_close(udp);
    /* The first that is free. */
    snprintf(text, sizeof text, "udp://many.test%s",
             strrchr(post.address, ':'));
    ck_assert_int_eq(gruvi_udp_bind(&udp, text, NULL), 0);
    ck_assert_int_eq(gruvi_udp_address(udp, text, sizeof text), 0);
    ck_assert_ptr_nonnull(strstr(text, "127.0.0.2"));
    gruvi_udp_close(udp);
    check_bind("udp://none.test:1", NULL, UV_EAI_NONAME);
    hold_lookups();
    ck_assert_int_eq(gruvi_udp_connect(&udp, "udp://slow.test:1", NULL, 0.002),
                     UV_ETIMEDOUT);
    release_lookups();
    close_post(&post);
}

HUB_TEST(test_a_way_is_looked_for)
{
    gruvi_udp_t *udp;

    fail_calls(CALL_CONNECT, ENETUNREACH, 1);
    ck_assert_int_eq(gruvi_udp_connect(&udp, "udp://many.test:1", NULL, 60), 0);
    gruvi_udp_close(udp);
    fail_calls(CALL_CONNECT, ENETUNREACH, 3);
    check_connect("udp://many.test:1", NULL, UV_ENETUNREACH);
    fail_calls(CALL_CONNECT, EINTR, 2);
    check_connect("udp://127.0.0.1:1", NULL, 0);
}

/* --- options ----------------------------------------------------------------
 */

HUB_TEST(test_options_are_set)
{
    gruvi_udp_options_t options = {
        .broadcast = true, .receive_buffer = 20000, .send_buffer = 30000};
    gruvi_sockaddr_t to;
    gruvi_udp_t *udp;

    ck_assert_int_eq(gruvi_udp_bind(&udp, "udp://127.0.0.1:0", &options), 0);
    ck_assert_int_eq(option(udp, SOL_SOCKET, SO_BROADCAST), 1);
    ck_assert_int_eq(option(udp, SOL_SOCKET, SO_RCVBUF), 40000);
    ck_assert_int_eq(option(udp, SOL_SOCKET, SO_SNDBUF), 60000);
    gruvi_udp_close(udp);
    ck_assert_int_eq(gruvi_udp_bind(&udp, "udp://127.0.0.1:0", NULL), 0);
    ck_assert_int_eq(gruvi_sockaddr_parse(&to, "udp://255.255.255.255:9"), 0);
    ck_assert_int_eq(gruvi_udp_send(udp, "x", 1, &to, 1), UV_EACCES);
    gruvi_udp_close(udp);
}

HUB_TEST(test_options_are_checked)
{
    gruvi_udp_options_t options = {.reserved = {&options}};
    gruvi_udp_options_t big = {.receive_buffer = 3000000000};
    gruvi_udp_options_t local = {.local = "udp://127.0.0.1:0"};

    check_bind("udp://127.0.0.1:0", &options, UV_EINVAL);
    check_connect("udp://127.0.0.1:1", &options, UV_EINVAL);
    check_bind("udp://127.0.0.1:0", &big, UV_EINVAL);
    check_bind("udp://127.0.0.1:0", &local, UV_EINVAL);
    check_connect("udp://127.0.0.1:1", &local, 0);
    local.local = "udp://[::1]:0";
    check_connect("udp://127.0.0.1:1", &local, UV_EAFNOSUPPORT);
    local.local = "udp://localhost:0";
    check_connect("udp://127.0.0.1:1", &local, UV_EINVAL);
    local.local = "tcp://127.0.0.1:0";
    check_connect("udp://127.0.0.1:1", &local, UV_EINVAL);
}

HUB_TEST(test_it_sends_from_where_it_is_told_to)
{
    gruvi_udp_options_t options = {.local = "udp://127.0.0.55:0"};
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_udp_t *udp;

    ck_assert_int_eq(gruvi_udp_connect(&udp, "udp://127.0.0.1:9", &options, 1),
                     0);
    ck_assert_int_eq(gruvi_udp_address(udp, address, sizeof address), 0);
    ck_assert_ptr_eq(strstr(address, "udp://127.0.0.55:"), address);
    gruvi_udp_close(udp);
}

HUB_TEST(test_a_port_is_shared_only_if_all_want_to)
{
    gruvi_udp_options_t options = {.reuse_port = i == 0,
                                   .reuse_address = i != 0};
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_udp_t *udp;

    ck_assert_int_eq(gruvi_udp_bind(&udp, "udp://127.0.0.1:0", &options), 0);
    ck_assert_int_eq(gruvi_udp_address(udp, address, sizeof address), 0);
    check_bind(address, NULL, UV_EADDRINUSE);
    check_bind(address, &options, 0);
    gruvi_udp_close(udp);
}

HUB_TEST(test_ip6_means_ip4_only_if_asked)
{
    gruvi_udp_options_t options = {.dual_stack = i == 0};
    char address[GRUVI_ADDRESS_SIZE], text[GRUVI_ADDRESS_SIZE], buf[4];
    gruvi_sockaddr_t from, near_at;
    gruvi_udp_t *udp, *near;
    int err = gruvi_udp_bind(&udp, "udp://[::]:0", &options);

    if (err == UV_EAFNOSUPPORT) {
        printf("skipped: there is no IPv6 here\n");
        return;
    }
    ck_assert_int_eq(err, 0);
    ck_assert_int_eq(gruvi_udp_address(udp, address, sizeof address), 0);
    snprintf(text, sizeof text, "udp://127.0.0.1%s", strrchr(address, ':'));
    ck_assert_int_eq(gruvi_udp_connect(&near, text, NULL, 60), 0);
    ck_assert_int_eq(gruvi_udp_send(near, "x", 1, NULL, 1), 0);
    if (i == 0) {
        ck_assert_int_eq(gruvi_udp_recv(udp, buf, 4, &from, GRUVI_FOREVER), 1);
        ck_assert_int_eq(gruvi_udp_send(udp, "y", 1, &from, 1), 0);
        ck_assert_int_eq(gruvi_udp_recv(near, buf, 4, &near_at, GRUVI_FOREVER),
                         1);
    } else {
        ck_assert_int_eq(gruvi_udp_recv(near, buf, 4, NULL, GRUVI_FOREVER),
                         UV_ECONNREFUSED);
    }
    gruvi_udp_close(near);
    gruvi_udp_close(udp);
}

HUB_TEST(test_a_descriptor_has_the_right_flags)
{
    struct post post;

    open_post(&post);
    ck_assert_int_ne(fcntl(gruvi_udp_fd(post.udp), F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_ne(fcntl(gruvi_udp_fd(post.udp), F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(gruvi_udp_address(post.udp, post.address, 5), UV_ENOBUFS);
    ck_assert_str_eq(post.address, "");
    close_post(&post);
}

HUB_TEST(test_without_descriptors_there_is_none)
{
    net_spare(0);
    check_bind("udp://127.0.0.1:0", NULL, UV_EMFILE);
    check_connect("udp://127.0.0.1:1", NULL, UV_EMFILE);
    net_spare_all();
    check_bind("udp://127.0.0.1:0", NULL, 0);
}

/* --- groups -----------------------------------------------------------------
 */

/* By way of loopback, which serves groups as well. */
HUB_TEST(test_a_group_is_entered_and_left)
{
    gruvi_udp_options_t options = {.reuse_address = true};
    char address[GRUVI_ADDRESS_SIZE], text[GRUVI_ADDRESS_SIZE], buf[4];
    gruvi_udp_t *in, *out;
    gruvi_sockaddr_t to;

    ck_assert_int_eq(gruvi_udp_bind(&in, "udp://0.0.0.0:0", &options), 0);
    ck_assert_int_eq(gruvi_udp_address(in, address, sizeof address), 0);
    snprintf(text, sizeof text, "udp://" GROUP "%s", strrchr(address, ':'));
    ck_assert_int_eq(gruvi_sockaddr_parse(&to, text), 0);
    ck_assert_int_eq(gruvi_udp_join(in, GROUP, i == 0 ? "lo" : "1"), 0);
    ck_assert_int_eq(gruvi_udp_join(in, GROUP, "lo"), UV_EADDRINUSE);
    ck_assert_int_eq(gruvi_udp_bind(&out, "udp://127.0.0.1:0", NULL), 0);
    ck_assert_int_eq(gruvi_udp_set_multicast_interface(out, "lo"), 0);
    ck_assert_int_eq(gruvi_udp_set_multicast_ttl(out, 0), 0);
    ck_assert_int_eq(gruvi_udp_send(out, "x", 1, &to, 1), 0);
    ck_assert_int_eq(gruvi_udp_recv(in, buf, 4, NULL, GRUVI_FOREVER), 1);
    /* Loopback itself brings back what it sends, whatever this says. */
    ck_assert_int_eq(gruvi_udp_set_multicast_loop(out, false), 0);
    ck_assert_int_eq(option(out, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
    ck_assert_int_eq(option(out, IPPROTO_IP, IP_MULTICAST_TTL), 0);
    ck_assert_int_eq(gruvi_udp_leave(in, GROUP, "lo"), 0);
    ck_assert_int_eq(gruvi_udp_leave(in, GROUP, "lo"), UV_EADDRNOTAVAIL);
    gruvi_udp_close(in);
    gruvi_udp_close(out);
}

HUB_TEST(test_a_group_of_ip6_is_entered_and_left)
{
    gruvi_udp_t *udp;
    int err = gruvi_udp_bind(&udp, "udp://[::]:0", NULL);

    if (err == UV_EAFNOSUPPORT) {
        printf("skipped: there is no IPv6 here\n");
        return;
    }
    ck_assert_int_eq(err, 0);
    err = gruvi_udp_join(udp, "ff01::77", "lo");
    if (err == 0)
        ck_assert_int_eq(gruvi_udp_leave(udp, "ff01::77", "lo"), 0);
    else
        ck_assert_int_eq(err, UV_ENODEV); /* loopback without IPv6 */
    ck_assert_int_eq(gruvi_udp_join(udp, GROUP, "lo"), UV_EINVAL);
    ck_assert_int_eq(gruvi_udp_set_multicast_ttl(udp, 3), 0);
    ck_assert_int_eq(option(udp, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 3);
    ck_assert_int_eq(gruvi_udp_set_multicast_loop(udp, false), 0);
    ck_assert_int_eq(option(udp, IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 0);
    ck_assert_int_eq(gruvi_udp_set_multicast_interface(udp, "lo"), 0);
    ck_assert_int_eq(option(udp, IPPROTO_IPV6, IPV6_MULTICAST_IF), 1);
    gruvi_udp_close(udp);
}

/* What cannot be looked up need not be missing. */
HUB_TEST(test_names_of_interfaces_take_a_descriptor)
{
    struct post post;
    gruvi_sockaddr_t at;

    open_post(&post);
    net_spare(0);
    ck_assert_int_eq(gruvi_udp_join(post.udp, GROUP, "lo"), UV_EMFILE);
    ck_assert_int_eq(gruvi_udp_set_multicast_interface(post.udp, "lo"),
                     UV_EMFILE);
    ck_assert_int_eq(gruvi_sockaddr_parse(&at, "udp://[fe80::1%lo]:1"),
                     UV_EMFILE);
    check_connect("udp://[fe80::1%lo]:1", NULL, UV_EMFILE);
    ck_assert_int_eq(gruvi_udp_join(post.udp, GROUP, "1"), 0);
    net_spare_all();
    ck_assert_int_eq(gruvi_sockaddr_parse(&at, "udp://[fe80::1%lo]:1"), 0);
    ck_assert_int_eq(gruvi_sockaddr_parse(&at, "udp://[fe80::1%nope]:1"),
                     UV_EINVAL);
    close_post(&post);
}

HUB_TEST(test_what_is_no_group_is_refused)
{
    struct post post;

    open_post(&post);
    ck_assert_int_eq(gruvi_udp_join(post.udp, "127.0.0.1", "lo"), UV_EINVAL);
    ck_assert_int_eq(gruvi_udp_join(post.udp, "ff01::77", "lo"), UV_EINVAL);
    ck_assert_int_eq(gruvi_udp_join(post.udp, "all", NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_udp_join(post.udp, GROUP, "no-such-if"), UV_ENODEV);
    ck_assert_int_eq(gruvi_udp_join(post.udp, GROUP, "1x"), UV_EINVAL);
    ck_assert_int_eq(gruvi_udp_leave(post.udp, GROUP, "no-such-if"), UV_ENODEV);
    ck_assert_int_eq(gruvi_udp_set_multicast_ttl(post.udp, 256), UV_EINVAL);
    ck_assert_int_eq(gruvi_udp_set_multicast_ttl(post.udp, -1), UV_EINVAL);
    ck_assert_int_eq(gruvi_udp_set_multicast_interface(post.udp, "nope"),
                     UV_ENODEV);
    close_post(&post);
}

int
main(void)
{
    Suite *suite = suite_create("datagram_options");
    TCase *tc = tcase_create("options");

    tcase_add_test(tc, test_an_address_is_text_and_text_an_address);
    tcase_add_test(tc, test_what_is_no_address_is_refused);
    tcase_add_test(tc, test_names_are_looked_up);
    tcase_add_test(tc, test_a_way_is_looked_for);
    tcase_add_test(tc, test_options_are_set);
    tcase_add_test(tc, test_options_are_checked);
    tcase_add_test(tc, test_it_sends_from_where_it_is_told_to);
    tcase_add_loop_test(tc, test_a_port_is_shared_only_if_all_want_to, 0, 2);
    tcase_add_loop_test(tc, test_ip6_means_ip4_only_if_asked, 0, 2);
    tcase_add_test(tc, test_a_descriptor_has_the_right_flags);
    tcase_add_loop_test(tc, test_a_group_is_entered_and_left, 0, 2);
    tcase_add_test(tc, test_a_group_of_ip6_is_entered_and_left);
    tcase_add_test(tc, test_names_of_interfaces_take_a_descriptor);
    tcase_add_test(tc, test_what_is_no_group_is_refused);
    tcase_add_test(tc, test_without_descriptors_there_is_none);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
