/* SPDX-License-Identifier: MIT */
/* Sockets that several listeners have: fd:N, and SO_REUSEPORT. */
#include "unit/net.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static gruvi_listener_t *
listen_on_fd(int fd)
{
    gruvi_listener_t *listener;
    char text[32];

    snprintf(text, sizeof text, "fd:%d", fd);
    ck_assert_int_eq(gruvi_listen(&listener, text, NULL), 0);
    return listener;
}

static void
check_accepts(gruvi_listener_t *listener, const char *address)
{
    gruvi_stream_t *stream;
    int fd = net_connect(address);

    ck_assert_int_eq(gruvi_accept(listener, &stream, GRUVI_FOREVER), 0);
    gruvi_stream_close(stream);
    close(fd);
}

/* --- fd:N ---------------------------------------------------------------- */

HUB_TEST(test_a_shared_socket_outlives_who_has_made_it)
{
    char address[GRUVI_ADDRESS_SIZE], same[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *first = net_listen(i, address), *second;

    second = listen_on_fd(gruvi_listener_fd(first));
    ck_assert_int_ne(gruvi_listener_fd(second), gruvi_listener_fd(first));
    ck_assert_int_eq(gruvi_listener_address(second, same, sizeof same), 0);
    ck_assert_str_eq(same, address);
    check_accepts(first, address);
    check_accepts(second, address);
    gruvi_listener_close(first);
    check_accepts(second, address);
    gruvi_listener_close(second);
}

/* The file goes with the one that has made it, and with no other. */
HUB_TEST(test_the_file_belongs_to_who_has_made_it)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *first, *second;

    snprintf(address, sizeof address, "unix:%s/socket", net_folder());
    ck_assert_int_eq(gruvi_listen(&first, address, NULL), 0);
    second = listen_on_fd(gruvi_listener_fd(first));
    gruvi_listener_close(second);
    ck_assert_int_eq(access(address + 5, F_OK), 0);
    check_accepts(first, address);
    gruvi_listener_close(first);
    ck_assert_int_lt(access(address + 5, F_OK), 0);
    net_folder_end();
}

/* A socket as a service manager hands it over: blocking, and inherited. */
static int
make_inherited(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (void *)&at, sizeof at), 0);
    return fd;
}

HUB_TEST(test_an_inherited_socket_is_made_ours)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener;
    int fd = make_inherited();

    ck_assert_int_eq(listen(fd, 8), 0);
    listener = listen_on_fd(fd);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(fcntl(gruvi_listener_fd(listener), F_GETFD), FD_CLOEXEC);
    ck_assert(fcntl(gruvi_listener_fd(listener), F_GETFL) & O_NONBLOCK);
    ck_assert_int_eq(gruvi_listener_address(listener, address, sizeof address),
                     0);
    check_accepts(listener, address);
    gruvi_listener_close(listener);
    /* It is still the caller's. */
    ck_assert_int_eq(close(fd), 0);
}

HUB_TEST(test_what_is_no_listening_socket_is_refused)
{
    int fd = make_inherited(), udp = socket(AF_INET, SOCK_DGRAM, 0);
    int null = open("/dev/null", O_RDONLY);
    char text[32];

    snprintf(text, sizeof text, "fd:%d", fd);
    listen_fails(text, NULL, UV_EINVAL);
    close(fd);
    listen_fails(text, NULL, UV_EBADF);
    snprintf(text, sizeof text, "fd:%d", udp);
    listen_fails(text, NULL, UV_EINVAL);
    snprintf(text, sizeof text, "fd:%d", null);
    listen_fails(text, NULL, UV_ENOTSOCK);
    close(udp);
    close(null);
    listen_fails("fd:", NULL, UV_EINVAL);
    listen_fails("fd:-1", NULL, UV_EINVAL);
    listen_fails("fd: 3", NULL, UV_EINVAL);
    listen_fails("fd:3x", NULL, UV_EINVAL);
    listen_fails("fd:2147483648", NULL, UV_EINVAL);
    listen_fails("fd:99999999999999999999", NULL, UV_EINVAL);
}

HUB_TEST(test_sharing_without_descriptors_fails)
{
    char address[GRUVI_ADDRESS_SIZE], text[32];
    gruvi_listener_t *listener = net_listen(i, address);

    snprintf(text, sizeof text, "fd:%d", gruvi_listener_fd(listener));
    net_spare(0);
    listen_fails(text, NULL, UV_EMFILE);
    net_spare_all();
    gruvi_listener_close(listener);
}

/* --- two hubs ------------------------------------------------------------ */

struct other {
    gruvi_event_t ready, end;
    const char *address; /* to listen on */
    bool reuse_port;
    bool accepted; /* atomic */
};

/* Takes one, so that the rest is the first hub's. */
static int
accept_one(void *arg)
{
    gruvi_listen_options_t options = {0};
    struct other *other = arg;
    gruvi_listener_t *listener;
    gruvi_stream_t *stream;

    options.reuse_port = other->reuse_port;
    ck_assert_int_eq(gruvi_listen(&listener, other->address, &options), 0);
    gruvi_event_set(&other->ready);
    if (gruvi_accept(listener, &stream, GRUVI_FOREVER) == 0) {
        __atomic_store_n(&other->accepted, true, __ATOMIC_RELAXED);
        gruvi_stream_close(stream);
        gruvi_sleep(GRUVI_FOREVER);
    }
    gruvi_listener_close(listener);
    return 0;
}

static void *
run_other(void *arg)
{
    struct other *other = arg;
    gruvi_fiber_t *fiber = gruvi_spawn(accept_one, other);

    gruvi_event_wait(&other->end, GRUVI_FOREVER);
    gruvi_fiber_cancel(fiber, NULL);
    gruvi_fiber_join(fiber, GRUVI_FOREVER);
    gruvi_fiber_unref(fiber);
    gruvi_hub_close(gruvi_get_hub());
    return NULL;
}

/* Connect until both hubs have accepted something. */
static void
check_both_accept(gruvi_listener_t *listener, const char *address,
                  const char *others, bool reuse_port)
{
    struct other other = {.address = others, .reuse_port = reuse_port};
    unsigned tries = 0;
    bool own = false;
    gruvi_stream_t *stream;
    pthread_t thread;

    gruvi_event_init(&other.ready);
    gruvi_event_init(&other.end);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_other, &other), 0);
    ck_assert_int_eq(gruvi_event_wait(&other.ready, GRUVI_FOREVER), 0);
    while (!own || !__atomic_load_n(&other.accepted, __ATOMIC_RELAXED)) {
        int fd = net_connect(address);

        ck_assert_uint_lt(++tries, 100000);
        if (!own && gruvi_accept(listener, &stream, 0.001) == 0) {
            gruvi_stream_close(stream);
            own = true;
        }
        close(fd);
    }
    gruvi_event_set(&other.end);
    pthread_join(thread, NULL);
    gruvi_event_destroy(&other.ready);
    gruvi_event_destroy(&other.end);
}

HUB_TEST(test_two_hubs_accept_from_one_socket)
{
    char address[GRUVI_ADDRESS_SIZE], text[32];
    gruvi_listener_t *listener = net_listen(i, address);

    snprintf(text, sizeof text, "fd:%d", gruvi_listener_fd(listener));
    check_both_accept(listener, address, text, false);
    gruvi_listener_close(listener);
}

/* The first one is bound as if it were alone, so that a port that is taken is
 * found out; only then are others let in. */
HUB_TEST(test_two_hubs_listen_on_one_port)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    int on = 1;

    ck_assert_int_eq(setsockopt(gruvi_listener_fd(listener), SOL_SOCKET,
                                SO_REUSEPORT, &on, sizeof on),
                     0);
    listen_fails(address, NULL, UV_EADDRINUSE);
    check_both_accept(listener, address, address, true);
    gruvi_listener_close(listener);
}

HUB_TEST(test_a_port_is_shared_with_nobody_who_does_not_share_it)
{
    gruvi_listen_options_t share = {.reuse_port = true};
    gruvi_listener_t *first, *second;
    char address[GRUVI_ADDRESS_SIZE];

    first = net_listen(NET_TCP, address);
    listen_fails(address, &share, UV_EADDRINUSE);
    gruvi_listener_close(first);
    ck_assert_int_eq(gruvi_listen(&first, address, &share), 0);
    listen_fails(address, NULL, UV_EADDRINUSE);
    ck_assert_int_eq(gruvi_listen(&second, address, &share), 0);
    gruvi_listener_close(first);
    check_accepts(second, address);
    gruvi_listener_close(second);
}

int
main(void)
{
    Suite *suite = suite_create("listener_share");
    TCase *tc = tcase_create("share");

    tcase_add_loop_test(tc, test_a_shared_socket_outlives_who_has_made_it, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_the_file_belongs_to_who_has_made_it);
    tcase_add_test(tc, test_an_inherited_socket_is_made_ours);
    tcase_add_test(tc, test_what_is_no_listening_socket_is_refused);
    tcase_add_loop_test(tc, test_sharing_without_descriptors_fails, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_two_hubs_accept_from_one_socket, 0, NET_KINDS);
    tcase_add_test(tc, test_two_hubs_listen_on_one_port);
    tcase_add_test(tc, test_a_port_is_shared_with_nobody_who_does_not_share_it);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
