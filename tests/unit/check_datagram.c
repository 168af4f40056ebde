/* SPDX-License-Identifier: MIT */
/* Datagrams, one a call. */
#include "unit/datagrams.h"

#define SHORT 0.002

/* --- there and back ---------------------------------------------------------
 */

HUB_TEST(test_a_datagram_is_received_and_answered)
{
    gruvi_sockaddr_t from;
    struct post post;
    char buf[64], text[GRUVI_ADDRESS_SIZE];

    open_post(&post);
    peer_sends(&post, "ping");
    ck_assert_int_eq(
        gruvi_udp_recv(post.udp, buf, sizeof buf, &from, GRUVI_FOREVER), 4);
    ck_assert_mem_eq(buf, "ping", 4);
    ck_assert(gruvi_sockaddr_equal(&from, &post.peer_at));
    ck_assert_int_eq(gruvi_sockaddr_format(&from, text, sizeof text), 0);
    ck_assert_ptr_eq(strstr(text, "udp://127.0.0.1:"), text);
    ck_assert_int_eq(gruvi_udp_send(post.udp, "pong", 4, &from, GRUVI_FOREVER),
                     0);
    peer_gets(&post, "pong");
    close_post(&post);
}

HUB_TEST(test_a_receive_waits_for_a_datagram)
{
    struct post post;
    struct caller c;

    open_post(&post);
    begin_recv(&c, post.udp, GRUVI_FOREVER);
    peer_sends(&post, "late");
    ck_assert_int_eq(end_call(&c), 4);
    ck_assert_mem_eq(c.buf, "late", 4);
    close_post(&post);
}

/* Each is one, also where there is nothing in it. */
HUB_TEST(test_datagrams_stay_apart)
{
    struct post post;

    open_post(&post);
    peer_sends(&post, "one");
    peer_sends(&post, "");
    peer_sends(&post, "three");
    hears_datagram(&post, "one");
    hears_datagram(&post, "");
    hears_datagram(&post, "three");
    ck_assert_int_eq(gruvi_udp_send(post.udp, NULL, 0, &post.peer_at, 1), 0);
    peer_gets(&post, "");
    close_post(&post);
}

HUB_TEST(test_one_that_was_cut_is_told)
{
    gruvi_sockaddr_t from = {.length = 0};
    struct post post;
    char buf[4] = {[3] = '.'};

    open_post(&post);
    peer_sends(&post, "too long");
    peer_sends(&post, "next");
    ck_assert_int_eq(gruvi_udp_recv(post.udp, buf, 3, &from, GRUVI_FOREVER),
                     UV_EMSGSIZE);
    ck_assert_mem_eq(buf, "too.", 4);
    ck_assert(gruvi_sockaddr_equal(&from, &post.peer_at));
    ck_assert_int_eq(gruvi_udp_recv(post.udp, buf, 4, NULL, GRUVI_FOREVER), 4);
    ck_assert_mem_eq(buf, "next", 4);
    close_post(&post);
}

HUB_TEST(test_one_that_is_too_long_is_refused)
{
    static const char zeros[70000];
    struct post post;

    open_post(&post);
    ck_assert_int_eq(
        gruvi_udp_send(post.udp, zeros, sizeof zeros, &post.peer_at, 1),
        UV_EMSGSIZE);
    ck_assert_int_eq(gruvi_udp_send(post.udp, "x", 1, NULL, 1),
                     UV_EDESTADDRREQ);
    ck_assert_int_eq(gruvi_udp_send(post.udp, "x", 1, &post.peer_at, 1), 0);
    peer_gets(&post, "x");
    close_post(&post);
}

HUB_TEST(test_a_connected_socket_hears_its_peer_alone)
{
    struct post post, other;
    gruvi_sockaddr_t near_at, from;
    gruvi_udp_t *near;
    char buf[64], address[GRUVI_ADDRESS_SIZE];

    open_post(&post);
    open_post(&other);
    ck_assert_int_eq(gruvi_udp_connect(&near, post.address, NULL, 60), 0);
    ck_assert_int_eq(gruvi_udp_address(near, address, sizeof address), 0);
    ck_assert_int_eq(gruvi_sockaddr_parse(&near_at, address), 0);
    ck_assert_int_eq(gruvi_udp_send(near, "a", 1, NULL, 1), 0);
    ck_assert_int_eq(
        gruvi_udp_recv(post.udp, buf, sizeof buf, &from, GRUVI_FOREVER), 1);
    ck_assert(gruvi_sockaddr_equal(&from, &near_at));
    ck_assert_int_eq(gruvi_udp_send(other.udp, "no", 2, &near_at, 1), 0);
    ck_assert_int_eq(gruvi_udp_send(post.udp, "yes", 3, &near_at, 1), 0);
    ck_assert_int_eq(
        gruvi_udp_recv(near, buf, sizeof buf, &from, GRUVI_FOREVER), 3);
    ck_assert(gruvi_sockaddr_equal(&from, &post.at));
    ck_assert_int_eq(gruvi_udp_recv(near, buf, sizeof buf, &from, 0),
                     UV_ETIMEDOUT);
    ck_assert_uint_eq(from.length, 0);
    gruvi_udp_close(near);
    close_post(&post);
    close_post(&other);
}

/* --- failures ---------------------------------------------------------------
 */

static gruvi_udp_t *
connect_to_nobody(void)
{
    struct post post;
    gruvi_udp_t *udp;

    open_post(&post);
    close_post(&post);
    ck_assert_int_eq(gruvi_udp_connect(&udp, post.address, NULL, 60), 0);
    return udp;
}

/* Told once, and the socket goes on. */
HUB_TEST(test_a_refusal_is_told)
{
    gruvi_udp_t *udp = connect_to_nobody();
    struct caller c;
    char buf[4];

    begin_recv(&c, udp, GRUVI_FOREVER);
    ck_assert_int_eq(gruvi_udp_send(udp, "x", 1, NULL, 1), 0);
    ck_assert_int_eq(end_call(&c), UV_ECONNREFUSED);
    ck_assert_int_eq(gruvi_udp_recv(udp, buf, sizeof buf, NULL, 0),
                     UV_ETIMEDOUT);
    begin_recv(&c, udp, GRUVI_FOREVER);
    ck_assert_int_eq(gruvi_udp_send(udp, "x", 1, NULL, 1), 0);
    ck_assert_int_eq(end_call(&c), UV_ECONNREFUSED);
    ck_assert_int_eq(gruvi_udp_send(udp, "x", 1, NULL, 1), 0);
    ck_assert_int_eq(gruvi_udp_send(udp, "x", 1, NULL, 1), UV_ECONNREFUSED);
    gruvi_udp_close(udp);
}

/* A server that is not connected does not hear of it. */
HUB_TEST(test_an_unconnected_socket_goes_on_after_a_refusal)
{
    struct post post;

    open_post(&post);
    close(post.peer);
    post.peer = -1;
    ck_assert_int_eq(gruvi_udp_send(post.udp, "x", 1, &post.peer_at, 1), 0);
    ck_assert_int_eq(gruvi_udp_send(post.udp, "x", 1, &post.peer_at, 1), 0);
    ck_assert_int_eq(gruvi_udp_recv(post.udp, post.address, 1, NULL, 0),
                     UV_ETIMEDOUT);
    gruvi_udp_close(post.udp);
}

HUB_TEST(test_what_the_kernel_says_is_returned)
{
    static const int errors[] = {ENOBUFS, ENOMEM, ENETUNREACH, ECONNRESET};
    struct post post;
    char c;

    open_post(&post);
    fail_calls(CALL_SENDTO, errors[i], 1);
    ck_assert_int_eq(gruvi_udp_send(post.udp, "a", 1, &post.peer_at, 1),
                     -errors[i]);
    fail_calls(CALL_RECVFROM, errors[i], 1);
    ck_assert_int_eq(gruvi_udp_recv(post.udp, &c, 1, NULL, 1), -errors[i]);
    ck_assert_int_eq(gruvi_udp_send(post.udp, "b", 1, &post.peer_at, 1), 0);
    peer_gets(&post, "b");
    close_post(&post);
}

HUB_TEST(test_an_interrupted_call_goes_on)
{
    struct post post;

    open_post(&post);
    fail_calls(CALL_SENDTO, EINTR, 3);
    ck_assert_int_eq(gruvi_udp_send(post.udp, "a", 1, &post.peer_at, 1), 0);
    peer_gets(&post, "a");
    peer_sends(&post, "b");
    fail_calls(CALL_RECVFROM, EINTR, 3);
    hears_datagram(&post, "b");
    close_post(&post);
}

/* --- waiting ----------------------------------------------------------------
 */

HUB_TEST(test_a_timeout_loses_nothing)
{
    struct post post;
    char c;

    open_post(&post);
    ck_assert_int_eq(gruvi_udp_recv(post.udp, &c, 1, NULL, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_udp_recv(post.udp, &c, 1, NULL, SHORT),
                     UV_ETIMEDOUT);
    peer_sends(&post, "x");
    hears_datagram(&post, "x");
    peer_sends(&post, "y");
    ck_assert_int_eq(gruvi_udp_recv(post.udp, &c, 1, NULL, 0), 1);
    ck_assert_int_eq(gruvi_udp_recv(post.udp, &c, 1, NULL, __builtin_nan("")),
                     UV_EINVAL);
    close_post(&post);
}

HUB_TEST(test_a_send_waits_for_room)
{
    gruvi_udp_t *udp = connect_to_nobody();
    int peer = fill_udp(udp);
    struct caller c;

    begin_send(&c, udp, SHORT);
    ck_assert_int_eq(end_call(&c), UV_ETIMEDOUT);
    begin_send(&c, udp, GRUVI_FOREVER);
    empty_peer(peer);
    ck_assert_int_eq(end_call(&c), 0);
    gruvi_udp_close(udp);
    close(peer);
}

/* One receives, one sends; a second of either is refused. */
HUB_TEST(test_two_directions_and_one_call_in_each)
{
    gruvi_udp_t *udp = connect_to_nobody();
    int peer = fill_udp(udp);
    struct caller in, out;
    char c;

    begin_recv(&in, udp, GRUVI_FOREVER);
    begin_send(&out, udp, GRUVI_FOREVER);
    ck_assert_int_eq(gruvi_udp_recv(udp, &c, 1, NULL, 0), UV_EBUSY);
    ck_assert_int_eq(gruvi_udp_send(udp, &c, 1, NULL, 0), UV_EBUSY);
    ck_assert_int_eq(gruvi_udp_recv_many(udp, NULL, 0, 0), UV_EBUSY);
    ck_assert_int_eq(send(peer, "in", 2, 0), 2);
    ck_assert_int_eq(end_call(&in), 2);
    empty_peer(peer);
    ck_assert_int_eq(end_call(&out), 0);
    gruvi_udp_close(udp);
    close(peer);
}

HUB_TEST(test_a_close_wakes_whoever_waits)
{
    gruvi_udp_t *udp = connect_to_nobody();
    int peer = fill_udp(udp);
    struct caller in, out;

    begin_recv(&in, udp, GRUVI_FOREVER);
    begin_send(&out, udp, GRUVI_FOREVER);
    gruvi_udp_close(udp);
    ck_assert_int_eq(end_call(&in), UV_ECONNABORTED);
    ck_assert_int_eq(end_call(&out), UV_ECONNABORTED);
    gruvi_udp_close(NULL);
    close(peer);
}

HUB_TEST(test_the_hub_may_close_around_it)
{
    struct post post;
    struct caller c;

    open_post(&post);
    begin_recv(&c, post.udp, GRUVI_FOREVER);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(c.result, UV_ECANCELED);
    gruvi_fiber_unref(c.fiber);
    close_post(&post);
}

static void
use_from_another_thread(void *arg)
{
    struct post *post = arg;
    char c;

    ck_assert_int_eq(gruvi_udp_recv(post->udp, &c, 1, NULL, 0), UV_EPERM);
    ck_assert_int_eq(gruvi_udp_send(post->udp, "x", 1, &post->peer_at, 0),
                     UV_EPERM);
    gruvi_udp_close(post->udp);
    ck_assert_int_eq(assertions(), 1);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_another_thread_may_not_use_it)
{
    struct post post;

    open_post(&post);
    catch_assertions();
    in_thread(use_from_another_thread, &post);
    peer_sends(&post, "x");
    hears_datagram(&post, "x");
    close_post(&post);
}

/* --- what it costs ----------------------------------------------------------
 */

static int
echo(void *arg)
{
    struct post *post = arg;
    gruvi_sockaddr_t from;
    char buf[64];
    ssize_t n;

    while ((n = gruvi_udp_recv(post->udp, buf, sizeof buf, &from,
                               GRUVI_FOREVER)) > 0)
        ck_assert_int_eq(
            gruvi_udp_send(post->udp, buf, (size_t)n, &from, GRUVI_FOREVER), 0);
    return (int)n;
}

static void
say_and_hear(struct post *post)
{
    char buf[64];

    peer_sends(post, "hello");
    while (read(post->peer, buf, sizeof buf) < 0) {
        ck_assert_int_eq(errno, EAGAIN);
        turns(1);
    }
    ck_assert_mem_eq(buf, "hello", 5);
}

/* One that comes, one that does not come yet, one that is sent; the descriptor
 * stays registered. */
HUB_TEST(test_a_message_costs_no_epoll_ctl)
{
    const unsigned messages = 1000;
    gruvi_fiber_t *fiber;
    struct post post;

    open_post(&post);
    fiber = spawn(echo, &post);
    say_and_hear(&post);
    let_hub_poll();
    memset(calls, 0, sizeof calls);
    for (unsigned n = 0; n < messages; n++)
        say_and_hear(&post);
    ck_assert_uint_le(calls[CALL_RECVFROM], 2 * messages + 1);
    ck_assert_uint_eq(calls[CALL_SENDTO], messages);
    ck_assert_uint_eq(calls[CALL_EPOLL_CTL], 0);
    peer_sends(&post, "");
    ck_assert_int_eq(finish(fiber), 0);
    close_post(&post);
}

HUB_TEST(test_what_nobody_receives_does_not_keep_the_loop_busy)
{
    struct post post;
    struct caller c;

    open_post(&post);
    begin_recv(&c, post.udp, GRUVI_FOREVER);
    peer_sends(&post, "x");
    ck_assert_int_eq(end_call(&c), 1);
    peer_sends(&post, "y");
    memset(calls, 0, sizeof calls);
    ck_assert_int_eq(gruvi_sleep(0.02), 0);
    ck_assert_uint_le(calls[CALL_EPOLL_WAIT], 20);
    ck_assert_uint_le(calls[CALL_EPOLL_CTL], 1);
    hears_datagram(&post, "y");
    close_post(&post);
}

HUB_TEST(test_calls_that_never_wait_let_others_run)
{
    struct post post;
    int n = 0;
    char c;

    open_post(&post);
    GRUVI_WITH_SWITCH_BACK (sb, SHORT) {
        while (gruvi_udp_send(post.udp, "x", 1, &post.at, 1) == 0 &&
               gruvi_udp_recv(post.udp, &c, 1, NULL, 1) == 1)
            n++;
        ck_assert(gruvi_switch_back_timed_out(&sb));
    }
    ck_assert_int_gt(n, 0);
    close_post(&post);
}

static TCase *
waits(void)
{
    TCase *tc = tcase_create("waiting");

    tcase_add_test(tc, test_a_timeout_loses_nothing);
    tcase_add_test(tc, test_a_send_waits_for_room);
    tcase_add_test(tc, test_two_directions_and_one_call_in_each);
    tcase_add_test(tc, test_a_close_wakes_whoever_waits);
    tcase_add_test(tc, test_the_hub_may_close_around_it);
    tcase_add_test(tc, test_another_thread_may_not_use_it);
    tcase_add_test(tc, test_a_message_costs_no_epoll_ctl);
    tcase_add_test(tc, test_what_nobody_receives_does_not_keep_the_loop_busy);
    tcase_add_test(tc, test_calls_that_never_wait_let_others_run);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("datagram");
    TCase *tc = tcase_create("datagrams");

    tcase_add_test(tc, test_a_datagram_is_received_and_answered);
    tcase_add_test(tc, test_a_receive_waits_for_a_datagram);
    tcase_add_test(tc, test_datagrams_stay_apart);
    tcase_add_test(tc, test_one_that_was_cut_is_told);
    tcase_add_test(tc, test_one_that_is_too_long_is_refused);
    tcase_add_test(tc, test_a_connected_socket_hears_its_peer_alone);
    tcase_add_test(tc, test_a_refusal_is_told);
    tcase_add_test(tc, test_an_unconnected_socket_goes_on_after_a_refusal);
    tcase_add_loop_test(tc, test_what_the_kernel_says_is_returned, 0, 4);
    tcase_add_test(tc, test_an_interrupted_call_goes_on);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, waits());
    return run_suite(suite);
}
