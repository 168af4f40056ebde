/* SPDX-License-Identifier: MIT */
/*
 * Another process that has a socket of ours as its standard input makes it
 * blocking, for us too.  No call may keep the hub because of that.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "unit/datagrams.h"
#include "unit/net.h"

#define BRIEF 0.001 /* seconds */

static void
make_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    ck_assert_int_eq(fcntl(fd, F_SETFL, flags & ~O_NONBLOCK), 0);
}

static bool
is_blocking(int fd)
{
    return !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* What a child does, after the first wait: libuv makes a descriptor
 * non-blocking when it is first watched. */
static void
share(gruvi_stream_t *s)
{
    char c;

    gruvi_stream_set_timeout(s, BRIEF);
    ck_assert_int_eq(gruvi_stream_read(s, &c, 1), UV_ETIMEDOUT);
    make_blocking(gruvi_stream_fd(s));
}

HUB_TEST(test_reads_wait_in_the_hub)
{
    struct ends ends;
    char buf[8192], *data;

    open_ends(&ends, i);
    share(ends.stream);
    for (int way = 0; way < READS; way++)
        ck_assert_int_eq(read_by(way, ends.stream, buf, 10), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_stream_read_exact(ends.stream, buf, sizeof buf),
                     UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_stream_take(ends.stream, &data), UV_ETIMEDOUT);
    peer_says(&ends, "hello");
    hears(ends.stream, "hello");
    ck_assert(is_blocking(gruvi_stream_fd(ends.stream)));
    close_ends(&ends);
}

/* The first kinds are written by gruvi_stream_write(). */
HUB_TEST(test_writes_wait_in_the_hub)
{
    struct ends ends;
    char *big = calloc(1, BIG_WRITE);
    uv_buf_t bufs[2] = {uv_buf_init(big, 10), uv_buf_init(big, BIG_WRITE)};
    int err;

    open_ends(&ends, i % NET_KINDS);
    shrink(&ends);
    share(ends.stream);
    if (i < NET_KINDS)
        err = gruvi_stream_write(ends.stream, big, BIG_WRITE);
    else
        err = gruvi_stream_writev(ends.stream, bufs, 2);
    ck_assert_int_eq(err, UV_ETIMEDOUT);
    ck_assert(is_blocking(gruvi_stream_fd(ends.stream)));
    free(big);
    close_ends(&ends);
}

static gruvi_file_t *
big_file(void)
{
    char path[] = "/tmp/gruvi-shared-XXXXXX";
    gruvi_file_t *file;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    unlink(path);
    ck_assert_int_eq(ftruncate(fd, BIG_WRITE), 0);
    ck_assert_int_eq(gruvi_file_from_fd(&file, fd), 0);
    return file;
}

HUB_TEST(test_a_file_that_is_sent_waits_in_the_hub)
{
    gruvi_file_t *file = big_file();
    struct ends ends;

    open_ends(&ends, i);
    shrink(&ends);
    share(ends.stream);
    ck_assert_int_eq(gruvi_stream_sendfile(ends.stream, file, 0, -1),
                     UV_ETIMEDOUT);
    ck_assert(is_blocking(gruvi_stream_fd(ends.stream)));
    ck_assert_int_gt(peer_drains(&ends), 0);
    ck_assert_int_eq(gruvi_file_close(file), 0);
    close_ends(&ends);
}

/* Nothing is lost or sent twice. */
HUB_TEST(test_a_file_arrives_over_a_blocking_socket)
{
    gruvi_file_t *file = big_file();
    struct ends ends;

    open_ends(&ends, i);
    share(ends.stream);
    gruvi_stream_set_timeout(ends.stream, GRUVI_FOREVER);
    ck_assert_int_eq(gruvi_stream_sendfile(ends.stream, file, 5, 50000), 50000);
    ck_assert_uint_eq(peer_drains(&ends), 50000);
    ck_assert_int_eq(gruvi_file_close(file), 0);
    close_ends(&ends);
}

HUB_TEST(test_datagrams_wait_in_the_hub)
{
    char buf[16] = "";
    gruvi_datagram_t datagram = {.data = buf, .size = sizeof buf};
    gruvi_udp_t *udp;
    gruvi_sockaddr_t at;
    int peer;

    udp = bind_udp("udp://127.0.0.1:0", &at);
    ck_assert_int_eq(gruvi_udp_recv(udp, buf, 1, NULL, BRIEF), UV_ETIMEDOUT);
    make_blocking(gruvi_udp_fd(udp));
    ck_assert_int_eq(gruvi_udp_recv(udp, buf, 1, NULL, BRIEF), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_udp_recv_many(udp, &datagram, 1, BRIEF),
                     UV_ETIMEDOUT);
    peer = fill_udp(udp);
    make_blocking(gruvi_udp_fd(udp));
    ck_assert_int_eq(gruvi_udp_send(udp, buf, 1, NULL, BRIEF), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_udp_send_many(udp, &datagram, 1, BRIEF),
                     UV_ETIMEDOUT);
    close(peer);
    gruvi_udp_close(udp);
}

/* --- accepting --------------------------------------------------------------
 */

static void
accepts(gruvi_listener_t *listener, const char *address)
{
    int peer = net_connect(address);
    gruvi_stream_t *s;

    ck_assert_int_eq(gruvi_accept(listener, &s, 60), 0);
    gruvi_stream_close(s);
    close(peer);
    ck_assert_int_eq(gruvi_accept(listener, &s, BRIEF), UV_ETIMEDOUT);
}

HUB_TEST(test_accept_waits_in_the_hub)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);

    accepts(listener, address);
    make_blocking(gruvi_listener_fd(listener));
    accepts(listener, address);
    gruvi_listener_close(listener);
}

HUB_TEST(test_accept_from_an_inherited_socket_waits_in_the_hub)
{
    char address[GRUVI_ADDRESS_SIZE], name[32];
    gruvi_listener_t *owner = net_listen(i, address), *listener;
    int fd = gruvi_listener_fd(owner);

    snprintf(name, sizeof name, "fd:%d", fd);
    ck_assert_int_eq(gruvi_listen(&listener, name, NULL), 0);
    accepts(listener, address);
    make_blocking(fd);
    accepts(listener, address);
    gruvi_listener_close(listener);
    gruvi_listener_close(owner);
}

/* It is made blocking while the accepting fiber waits. */
HUB_TEST(test_a_server_whose_socket_becomes_blocking_can_be_ended)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);
    gruvi_stream_t *s;
    int peer;

    ck_assert_int_eq(gruvi_accept(listener, &s, BRIEF), UV_ETIMEDOUT);
    for (int k = 0; k < 3; k++) {
        make_blocking(gruvi_listener_fd(listener));
        peer = net_connect(address);
        ck_assert_int_eq(gruvi_accept(listener, &s, 60), 0);
        gruvi_stream_close(s);
        close(peer);
    }
    make_blocking(gruvi_listener_fd(listener));
    ck_assert_int_eq(gruvi_accept(listener, &s, BRIEF), UV_ETIMEDOUT);
    gruvi_listener_close(listener);
}

/* --- the caller's own calls -------------------------------------------------
 */

static int
write_blocking(void *arg)
{
    int *ends = arg;

    make_blocking(ends[0]);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    return 0;
}

/* So that a read after it, up to EAGAIN, does not keep the hub. */
HUB_TEST(test_what_was_waited_for_is_nonblocking)
{
    gruvi_fiber_t *fiber;
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    fiber = spawn(write_blocking, ends);
    ck_assert_int_eq(gruvi_wait_fd(ends[0], UV_READABLE, 60), UV_READABLE);
    ck_assert(!is_blocking(ends[0]));
    make_blocking(ends[0]);
    ck_assert_int_eq(gruvi_wait_fd(ends[0], UV_READABLE, 0), UV_READABLE);
    ck_assert(!is_blocking(ends[0]));
    finish(fiber);
    close(ends[0]);
    close(ends[1]);
}

int
main(void)
{
    Suite *suite = suite_create("socket_shared");
    TCase *tc = tcase_create("shared");

    tcase_add_loop_test(tc, test_reads_wait_in_the_hub, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_writes_wait_in_the_hub, 0, 2 * NET_KINDS);
    tcase_add_loop_test(tc, test_a_file_that_is_sent_waits_in_the_hub, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_a_file_arrives_over_a_blocking_socket, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_datagrams_wait_in_the_hub);
    tcase_add_loop_test(tc, test_accept_waits_in_the_hub, 0, NET_KINDS);
    tcase_add_loop_test(tc,
                        test_accept_from_an_inherited_socket_waits_in_the_hub,
                        0, NET_KINDS);
    tcase_add_loop_test(
        tc, test_a_server_whose_socket_becomes_blocking_can_be_ended, 0,
        NET_KINDS);
    tcase_add_test(tc, test_what_was_waited_for_is_nonblocking);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
