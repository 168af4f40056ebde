/* SPDX-License-Identifier: MIT */
/* Datagrams, several a call. */
#include "unit/datagrams.h"

#define MANY 100 /* more than one system call takes */

struct pile {
    gruvi_datagram_t datagrams[MANY];
    unsigned char data[MANY][2];
};

/* Room for n of them, or n that are numbered. */
static void
fill_pile(struct pile *pile, const gruvi_sockaddr_t *to)
{
    memset(pile, 0, sizeof *pile);
    for (int n = 0; n < MANY; n++) {
        pile->data[n][0] = pile->data[n][1] = (unsigned char)n;
        pile->datagrams[n].data = pile->data[n];
        pile->datagrams[n].size = 2;
        if (to != NULL)
            pile->datagrams[n].peer = *to;
    }
}

static void
check_pile(const struct pile *pile, int from, int count, int first,
           const gruvi_sockaddr_t *peer)
{
    for (int n = 0; n < count; n++) {
        ck_assert_uint_eq(pile->datagrams[from + n].length, 2);
        ck_assert_int_eq(pile->data[from + n][1], first + n);
        ck_assert(gruvi_sockaddr_equal(&pile->datagrams[from + n].peer, peer));
    }
}

/* As many as they are, in their order, with a call of the system for 32. */
HUB_TEST(test_many_are_sent_and_received)
{
    gruvi_sockaddr_t to_at, from_at;
    gruvi_udp_t *to = bind_udp("udp://127.0.0.1:0", &to_at);
    gruvi_udp_t *from = bind_udp("udp://127.0.0.1:0", &from_at);
    struct pile out, in;

    fill_pile(&out, &to_at);
    fill_pile(&in, NULL);
    memset(in.data, 0, sizeof in.data);
    memset(calls, 0, sizeof calls);
    ck_assert_int_eq(gruvi_udp_send_many(from, out.datagrams, MANY, 1), MANY);
    ck_assert_int_eq(gruvi_udp_recv_many(to, in.datagrams, MANY, 1), MANY);
    check_pile(&in, 0, MANY, 0, &from_at);
    ck_assert_uint_eq(calls[CALL_SENDMMSG], (MANY + 31) / 32);
    ck_assert_uint_eq(calls[CALL_RECVMMSG], (MANY + 31) / 32);
    ck_assert_int_eq(gruvi_udp_send_many(from, NULL, 0, 1), 0);
    ck_assert_int_eq(gruvi_udp_recv_many(to, NULL, 0, 1), 0);
    gruvi_udp_close(to);
    gruvi_udp_close(from);
}

HUB_TEST(test_what_is_there_is_received_at_once)
{
    struct post post;
    struct pile in;

    open_post(&post);
    fill_pile(&in, NULL);
    ck_assert_int_eq(gruvi_udp_recv_many(post.udp, in.datagrams, MANY, 0),
                     UV_ETIMEDOUT);
    peer_sends(&post, "\001\001");
    peer_sends(&post, "\002\002");
    ck_assert_int_eq(gruvi_udp_recv_many(post.udp, in.datagrams, 1, 1), 1);
    check_pile(&in, 0, 1, 1, &post.peer_at);
    ck_assert_int_eq(gruvi_udp_recv_many(post.udp, in.datagrams, MANY, 1), 1);
    check_pile(&in, 0, 1, 2, &post.peer_at);
    close_post(&post);
}

static int
recv_many(void *arg)
{
    struct post *post = arg;
    struct pile in;
    int n;

    fill_pile(&in, NULL);
    n = gruvi_udp_recv_many(post->udp, in.datagrams, MANY, GRUVI_FOREVER);
    if (n > 0)
        check_pile(&in, 0, 1, 7, &post->peer_at);
    return n;
}

HUB_TEST(test_the_first_is_waited_for)
{
    struct post post;
    gruvi_fiber_t *fiber;

    open_post(&post);
    fiber = spawn(recv_many, &post);
    turns(1);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "receive");
    peer_sends(&post, "\007\007");
    ck_assert_int_eq(finish(fiber), 1);
    close_post(&post);
}

/* The others are whole. */
HUB_TEST(test_one_that_was_cut_is_told)
{
    struct post post;
    struct pile in;

    open_post(&post);
    fill_pile(&in, NULL);
    peer_sends(&post, "\001\001");
    peer_sends(&post, "too long");
    peer_sends(&post, "");
    ck_assert_int_eq(gruvi_udp_recv_many(post.udp, in.datagrams, MANY, 1), 3);
    check_pile(&in, 0, 1, 1, &post.peer_at);
    ck_assert_uint_eq(in.datagrams[1].length, 8);
    ck_assert_uint_eq(in.datagrams[1].size, 2);
    ck_assert_mem_eq(in.data[1], "to", 2);
    ck_assert_uint_eq(in.datagrams[2].length, 0);
    close_post(&post);
}

/* It sends what fits, and waits only where that is nothing. */
HUB_TEST(test_sending_stops_where_there_is_no_room)
{
    struct pile out;
    struct post post;
    gruvi_udp_t *udp;
    int peer, sent;

    open_post(&post);
    ck_assert_int_eq(gruvi_udp_connect(&udp, post.address, NULL, 60), 0);
    peer = fill_udp(udp);
    fill_pile(&out, NULL);
    ck_assert_int_eq(gruvi_udp_send_many(udp, out.datagrams, MANY, 0),
                     UV_ETIMEDOUT);
    empty_peer(peer);
    ck_assert_int_gt(gruvi_udp_send_many(udp, out.datagrams, MANY, 0), 0);
    while ((sent = gruvi_udp_send_many(udp, out.datagrams, MANY, 0)) == MANY)
        ;
    ck_assert(sent > 0 || sent == UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_udp_send_many(udp, out.datagrams, 1, 0),
                     UV_ETIMEDOUT);
    gruvi_udp_close(udp);
    close_post(&post);
    close(peer);
}

/* What has been done is told first, and then why it was not all. */
HUB_TEST(test_an_error_comes_after_what_was_sent)
{
    struct pile out;
    struct post post;
    static char zeros[70000];

    open_post(&post);
    fill_pile(&out, &post.peer_at);
    out.datagrams[0].size = 1;
    out.datagrams[40].data = zeros;
    out.datagrams[40].size = sizeof zeros;
    ck_assert_int_eq(gruvi_udp_send_many(post.udp, out.datagrams, MANY, 1), 40);
    ck_assert_int_eq(
        gruvi_udp_send_many(post.udp, out.datagrams + 40, MANY - 40, 1),
        UV_EMSGSIZE);
    ck_assert_int_eq(
        gruvi_udp_send_many(post.udp, out.datagrams + 41, MANY - 41, 1),
        MANY - 41);
    close_post(&post);
}

/* Between two system calls of one. */
HUB_TEST(test_an_error_between_is_kept_for_the_next_call)
{
    gruvi_sockaddr_t at;
    gruvi_udp_t *udp = bind_udp("udp://127.0.0.1:0", &at);
    struct pile out;

    fill_pile(&out, &at);
    out.datagrams[32].peer.length = 1; /* no address is as short as that */
    ck_assert_int_eq(gruvi_udp_send_many(udp, out.datagrams, MANY, 1), 32);
    memset(calls, 0, sizeof calls);
    ck_assert_int_eq(gruvi_udp_send(udp, "x", 1, &at, 1), UV_EINVAL);
    ck_assert_uint_eq(calls[CALL_SENDTO], 0);
    ck_assert_int_eq(gruvi_udp_send(udp, "x", 1, &at, 1), 0);
    gruvi_udp_close(udp);
}

HUB_TEST(test_an_interrupted_call_goes_on)
{
    gruvi_sockaddr_t at;
    gruvi_udp_t *udp = bind_udp("udp://127.0.0.1:0", &at);
    struct pile out, in;

    fill_pile(&out, &at);
    fill_pile(&in, NULL);
    fail_calls(CALL_SENDMMSG, EINTR, 2);
    ck_assert_int_eq(gruvi_udp_send_many(udp, out.datagrams, 3, 1), 3);
    fail_calls(CALL_RECVMMSG, EINTR, 2);
    ck_assert_int_eq(gruvi_udp_recv_many(udp, in.datagrams, 5, 1), 3);
    check_pile(&in, 0, 3, 0, &at);
    gruvi_udp_close(udp);
}

HUB_TEST(test_what_the_kernel_says_is_returned)
{
    static const int errors[] = {ENOBUFS, ENOMEM, ECONNREFUSED};
    gruvi_sockaddr_t at;
    gruvi_udp_t *udp = bind_udp("udp://127.0.0.1:0", &at);
    struct pile pile;

    fill_pile(&pile, &at);
    fail_calls(CALL_SENDMMSG, errors[i], 1);
    ck_assert_int_eq(gruvi_udp_send_many(udp, pile.datagrams, 3, 1),
                     -errors[i]);
    fail_calls(CALL_RECVMMSG, errors[i], 1);
    ck_assert_int_eq(gruvi_udp_recv_many(udp, pile.datagrams, 3, 1),
                     -errors[i]);
    gruvi_udp_close(udp);
}

/* A socket whose peer has gone. */
static gruvi_udp_t *
connect_to_nobody(void)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_sockaddr_t at;
    gruvi_udp_t *gone = bind_udp("udp://127.0.0.1:0", &at), *udp;

    ck_assert_int_eq(gruvi_udp_address(gone, address, sizeof address), 0);
    gruvi_udp_close(gone);
    ck_assert_int_eq(gruvi_udp_connect(&udp, address, NULL, 1), 0);
    return udp;
}

/* On loopback the refusal is there when the call that sends returns. */
HUB_TEST(test_a_peer_that_is_gone_is_told)
{
    static const unsigned sizes[] = {1, 2, 3, 32, 33, MANY};
    gruvi_udp_t *udp = connect_to_nobody();
    struct pile pile;
    int n, refused = 0;

    fill_pile(&pile, NULL);
    for (int k = 0; k < 6; k++) {
        n = gruvi_udp_send_many(udp, pile.datagrams, sizes[i], 1);
        if (n < 0)
            ck_assert_int_eq(n, UV_ECONNREFUSED);
        refused += n < 0;
    }
    ck_assert_int_eq(refused, 3);
    gruvi_udp_close(udp);
}

int
main(void)
{
    Suite *suite = suite_create("datagram_many");
    TCase *tc = tcase_create("many");

    tcase_add_test(tc, test_many_are_sent_and_received);
    tcase_add_test(tc, test_what_is_there_is_received_at_once);
    tcase_add_test(tc, test_the_first_is_waited_for);
    tcase_add_test(tc, test_one_that_was_cut_is_told);
    tcase_add_test(tc, test_sending_stops_where_there_is_no_room);
    tcase_add_test(tc, test_an_error_comes_after_what_was_sent);
    tcase_add_test(tc, test_an_error_between_is_kept_for_the_next_call);
    tcase_add_test(tc, test_an_interrupted_call_goes_on);
    tcase_add_loop_test(tc, test_what_the_kernel_says_is_returned, 0, 3);
    tcase_add_loop_test(tc, test_a_peer_that_is_gone_is_told, 0, 6);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
