/* SPDX-License-Identifier: MIT */
/* TLS that begins on an open stream (STARTTLS), at both ends. */
#include "unit/tls.h"

/* --- it works ---------------------------------------------------------------
 */

/* i: the stream is the client or the server, with TLS 1.2 or 1.3 */
HUB_TEST(test_it_begins_on_an_open_stream)
{
    int version = i / 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
    char peer[GRUVI_ADDRESS_SIZE];
    gruvi_tls_info_t info;
    gruvi_fiber_t *fiber;
    struct clear c;

    open_clear(&c, i % 2 == 1);
    ck_assert_int_eq(SSL_set_max_proto_version(c.ends.peer.ssl, version), 1);
    ck_assert_int_eq(gruvi_tls_info(c.ends.stream, &info), UV_EINVAL);
    fiber = spawn(clear_start_it, &c);
    peer_shakes(&c.ends.peer);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(gruvi_tls_info(c.ends.stream, &info), 0);
    ck_assert_str_eq(info.version, i / 2 == 0 ? "TLSv1.2" : "TLSv1.3");
    ck_assert_int_eq(gruvi_stream_peer(c.ends.stream, peer, sizeof peer), 0);
    ck_assert_int_eq(strncmp(peer, "tls://127.0.0.1:", 16), 0);
    tls_peer_sends(&c.ends.peer, "one\n");
    hears_line(c.ends.stream, 100, "one\n");
    ck_assert_int_eq(gruvi_stream_write(c.ends.stream, "two\n", 4), 0);
    tls_peer_gets(&c.ends.peer, "two\n");
    ck_assert_int_eq(gruvi_stream_shutdown(c.ends.stream), 0);
    peer_ends_with(&c.ends.peer, SSL_ERROR_ZERO_RETURN);
    close_clear(&c);
}

struct both {
    gruvi_stream_t *stream;
    gruvi_tls_t *tls;
};

static int
serve_after_a_word(void *arg)
{
    struct both *b = arg;
    char line[10];
    int err;

    ck_assert_int_eq(gruvi_stream_read_line(b->stream, line, sizeof line), 9);
    ck_assert_int_eq(gruvi_stream_write(b->stream, "220 ok\n", 7), 0);
    err = gruvi_tls_start_server(b->stream, b->tls, GRUVI_FOREVER);
    if (err == 0)
        err = gruvi_stream_write(b->stream, "safe\n", 5);
    return err;
}

/* What the server has sent after its handshake stays for the next read. */
static void
ask_for_tls(gruvi_listener_t *listener, const char *address,
            gruvi_tls_t *client, gruvi_tls_t *server, bool resumed)
{
    struct both b = {NULL, server};
    gruvi_tls_info_t info;
    gruvi_stream_t *s;
    gruvi_fiber_t *fiber;

    ck_assert_int_eq(gruvi_connect(&s, address, NULL, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_accept(listener, &b.stream, GRUVI_FOREVER), 0);
    fiber = spawn(serve_after_a_word, &b);
    ck_assert_int_eq(gruvi_stream_write(s, "STARTTLS\n", 9), 0);
    hears_line(s, 100, "220 ok\n");
    ck_assert_int_eq(
        gruvi_tls_start_client(s, client, "127.0.0.1", GRUVI_FOREVER), 0);
    hears_line(s, 100, "safe\n");
    ck_assert_int_eq(gruvi_tls_info(s, &info), 0);
    ck_assert(info.resumed == resumed);
    ck_assert_int_eq(finish(fiber), 0);
    gruvi_stream_close(s);
    gruvi_stream_close(b.stream);
}

HUB_TEST(test_both_ends_may_be_ours_and_resume_a_session)
{
    gruvi_tls_t *client = client_of("ca.pem"), *server = server_of("good");
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);

    ask_for_tls(listener, address, client, server, false);
    ask_for_tls(listener, address, client, server, true);
    gruvi_listener_close(listener);
    gruvi_tls_unref(client);
    gruvi_tls_unref(server);
}

/* --- what came in clear -----------------------------------------------------
 */

/* i / 2: it is held after a line that was read; was given back; was seen */
HUB_TEST(test_bytes_in_clear_are_never_taken_for_what_came_through_tls)
{
    gruvi_stream_t *s;
    char buf[8];
    struct clear c;

    open_clear(&c, i % 2 == 1);
    s = c.ends.stream;
    if (i / 2 == 0) {
        ck_assert_int_eq(send(c.ends.peer.fd, "a\nb\n", 4, 0), 4);
        hears_line(s, 100, "a\n");
    } else if (i / 2 == 1) {
        ck_assert_int_eq(gruvi_stream_unread(s, "b\n", 2), 0);
    } else {
        ck_assert_int_eq(send(c.ends.peer.fd, "b\n", 2, 0), 2);
        ck_assert_int_eq(gruvi_stream_peek_exact(s, buf, 2), 0);
    }
    ck_assert_int_eq(clear_start(&c, GRUVI_FOREVER), UV_EPROTO);
    ck_assert_str_eq(gruvi_error_message(),
                     "there were bytes in clear before TLS began");
    close_clear(&c);
}

/* Not even where the program goes on. */
HUB_TEST(test_after_bytes_in_clear_nothing_goes_on)
{
    struct clear c;

    open_clear(&c, i == 1);
    ck_assert_int_eq(gruvi_stream_unread(c.ends.stream, "b", 1), 0);
    ck_assert_int_eq(clear_start(&c, GRUVI_FOREVER), UV_EPROTO);
    clear_is_of_no_use(&c, UV_EPROTO);
    clear_end_unheard(&c);
}

/* What the stream has not received yet is for OpenSSL. */
HUB_TEST(test_bytes_in_the_socket_that_are_no_tls_are_refused)
{
    struct clear c;

    open_clear(&c, i == 1);
    ck_assert_int_eq(send(c.ends.peer.fd, "250 fine\r\n", 10, 0), 10);
    ck_assert_int_eq(clear_start(&c, GRUVI_FOREVER), UV_EPROTO);
    clear_is_of_no_use(&c, UV_EPROTO);
    close_clear(&c);
}

/* What take() has lent is the program's, and no byte is left in the stream. */
HUB_TEST(test_bytes_that_were_taken_are_not_there)
{
    gruvi_fiber_t *fiber;
    struct clear c;
    char *data;

    open_clear(&c, i == 1);
    ck_assert_int_eq(send(c.ends.peer.fd, "go\n", 3, 0), 3);
    ck_assert_int_eq(gruvi_stream_take(c.ends.stream, &data), 3);
    fiber = spawn(clear_start_it, &c);
    peer_shakes(&c.ends.peer);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(memcmp(data, "go\n", 3), 0);
    tls_peer_sends(&c.ends.peer, "one\n");
    hears_line(c.ends.stream, 100, "one\n");
    close_clear(&c);
}

/* --- what is refused, and changes nothing -----------------------------------
 */

static void
goes_on_in_clear(struct clear *c)
{
    struct ends plain = {c->ends.stream, c->ends.peer.fd};

    peer_says(&plain, "still\n");
    hears_line(plain.stream, 100, "still\n");
    ck_assert_int_eq(gruvi_stream_write(plain.stream, "here\n", 5), 0);
    peer_hears(&plain, "here\n");
}

HUB_TEST(test_arguments_are_checked)
{
    gruvi_tls_t *client = client_of("ca.pem");
    gruvi_stream_t *s;
    struct clear c;

    open_clear(&c, false);
    s = c.ends.stream;
    ck_assert_int_eq(gruvi_tls_start_client(NULL, client, "localhost", 1),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi_tls_start_client(s, client, NULL, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_tls_start_client(s, client, "", 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_tls_start_client(s, client, "localhost", 0.0 / 0.0),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi_tls_start_server(NULL, client, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_tls_start_server(s, NULL, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_tls_start_server(s, client, 1), UV_EINVAL);
    ck_assert_str_eq(gruvi_error_message(),
                     "a server of tls:// needs a certificate");
    goes_on_in_clear(&c);
    gruvi_tls_unref(client);
    close_clear(&c);
}

HUB_TEST(test_a_fiber_that_reads_is_not_disturbed)
{
    struct clear c;
    struct reader r;

    open_clear(&c, i == 1);
    begin_read(&r, c.ends.stream, READ, 1);
    ck_assert_int_eq(clear_start(&c, GRUVI_FOREVER), UV_EBUSY);
    ck_assert_int_eq(send(c.ends.peer.fd, "r", 1, 0), 1);
    ck_assert_int_eq(end_read(&r), 1);
    goes_on_in_clear(&c);
    close_clear(&c);
}

HUB_TEST(test_a_fiber_that_writes_is_not_disturbed)
{
    struct ends plain;
    gruvi_fiber_t *fiber;
    struct clear c;

    open_clear(&c, i == 1);
    plain = (struct ends){c.ends.stream, c.ends.peer.fd};
    fiber = begin_big_write(&plain);
    ck_assert_int_eq(clear_start(&c, GRUVI_FOREVER), UV_EBUSY);
    while (gruvi_fiber_alive(fiber)) {
        peer_drains(&plain);
        turns(1);
    }
    ck_assert_int_eq(finish(fiber), 0);
    peer_drains(&plain);
    goes_on_in_clear(&c);
    close_clear(&c);
}

HUB_TEST(test_a_writing_side_that_has_ended_cannot_begin)
{
    struct clear c;

    open_clear(&c, i == 1);
    ck_assert_int_eq(gruvi_stream_shutdown(c.ends.stream), 0);
    ck_assert_int_eq(clear_start(&c, GRUVI_FOREVER), UV_EPIPE);
    ck_assert_int_eq(send(c.ends.peer.fd, "r\n", 2, 0), 2);
    hears_line(c.ends.stream, 100, "r\n");
    close_clear(&c);
}

HUB_TEST(test_it_begins_once)
{
    gruvi_fiber_t *fiber;
    struct clear c;

    open_clear(&c, i == 1);
    fiber = spawn(clear_start_it, &c);
    peer_shakes(&c.ends.peer);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(clear_start(&c, GRUVI_FOREVER), UV_EALREADY);
    tls_peer_sends(&c.ends.peer, "one\n");
    hears_line(c.ends.stream, 100, "one\n");
    close_clear(&c);
}

static TCase *
tcase(const char *name)
{
    TCase *tc = tcase_create(name);

    tcase_set_timeout(tc, 60);
    return tc;
}

static TCase *
refused(void)
{
    TCase *tc = tcase("refused");

    tcase_add_test(tc, test_arguments_are_checked);
    tcase_add_loop_test(tc, test_a_fiber_that_reads_is_not_disturbed, 0, 2);
    tcase_add_loop_test(tc, test_a_fiber_that_writes_is_not_disturbed, 0, 2);
    tcase_add_loop_test(tc, test_a_writing_side_that_has_ended_cannot_begin, 0,
                        2);
    tcase_add_loop_test(tc, test_it_begins_once, 0, 2);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("tls_start");
    TCase *tc = tcase("begun");

    certificate("ca.pem");
    tcase_add_loop_test(tc, test_it_begins_on_an_open_stream, 0, 4);
    tcase_add_test(tc, test_both_ends_may_be_ours_and_resume_a_session);
    suite_add_tcase(suite, tc);
    tc = tcase("clear");
    tcase_add_loop_test(
        tc, test_bytes_in_clear_are_never_taken_for_what_came_through_tls, 0,
        6);
    tcase_add_loop_test(tc, test_after_bytes_in_clear_nothing_goes_on, 0, 2);
    tcase_add_loop_test(
        tc, test_bytes_in_the_socket_that_are_no_tls_are_refused, 0, 2);
    tcase_add_loop_test(tc, test_bytes_that_were_taken_are_not_there, 0, 2);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, refused());
    return run_suite(suite);
}
