/* SPDX-License-Identifier: MIT */
/* TLS on an open stream that fails, and fibers beside it. */
#include "unit/tls.h"

#include <netinet/in.h>

/* --- handshakes that fail ---------------------------------------------------
 */

HUB_TEST(test_a_server_has_to_be_the_one_that_was_named)
{
    gruvi_fiber_t *fiber;
    struct clear c;

    open_clear(&c, false);
    SSL_free(c.ends.peer.ssl);
    SSL_CTX_free(c.ends.peer.context);
    peer_open(&c.ends.peer, c.ends.peer.fd,
              i == 0   ? "elsewhere"
              : i == 1 ? "expired"
              : i == 2 ? "foreign"
                       : "self");
    fiber = spawn(clear_start_it, &c);
    while (gruvi_fiber_alive(fiber)) {
        SSL_do_handshake(c.ends.peer.ssl);
        ERR_clear_error();
        turns(1);
    }
    ck_assert_int_eq(finish(fiber), UV_EACCES);
    clear_is_of_no_use(&c, UV_EACCES);
    close_clear(&c);
}

/* i / 2: a reset; an end; each in the beginning and after the peer's first
 * bytes, which are all of them with TLS 1.3 */
HUB_TEST(test_a_peer_that_goes_is_noticed)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    gruvi_fiber_t *fiber;
    struct clear c;

    open_clear(&c, i % 2 == 1);
    SSL_set_max_proto_version(c.ends.peer.ssl, TLS1_2_VERSION);
    fiber = clear_start_and_wait(&c);
    if (i / 4 == 1) {
        SSL_do_handshake(c.ends.peer.ssl);
        turns(2);
    }
    if (i / 2 % 2 == 0)
        setsockopt(c.ends.peer.fd, SOL_SOCKET, SO_LINGER, &linger,
                   sizeof linger);
    close(c.ends.peer.fd);
    c.ends.peer.fd = -1;
    ck_assert_int_eq(finish(fiber), UV_ECONNRESET);
    clear_is_of_no_use(&c, UV_ECONNRESET);
    close_clear(&c);
}

/* i / 2: a timeout of the call; of the credentials */
HUB_TEST(test_a_silent_peer_is_not_waited_for)
{
    gruvi_tls_options_t options = {.certificate = certificate("good.pem"),
                                   .key = certificate("good.key"),
                                   .handshake_timeout = 0.01};
    struct clear c;

    open_clear(&c, i % 2 == 1);
    if (i / 2 == 1) {
        gruvi_tls_unref(c.tls);
        c.tls = gruvi_tls_new(&options);
    }
    ck_assert_int_eq(clear_start(&c, i / 2 == 0 ? 0.01 : GRUVI_FOREVER),
                     UV_ETIMEDOUT);
    clear_is_of_no_use(&c, UV_ETIMEDOUT);
    close_clear(&c);
}

/* The fiber is cancelled after so many steps of the peer; or it is too late. */
static int
cancel_after(struct clear *c, int n)
{
    gruvi_fiber_t *fiber = spawn(clear_start_it, c);

    for (int i = 0; i < n; i++) {
        if (!SSL_is_init_finished(c->ends.peer.ssl))
            SSL_do_handshake(c->ends.peer.ssl);
        ck_assert_int_eq(gruvi_sleep(i % 2 == 0 ? 0 : 0.0002), 0);
    }
    gruvi_fiber_cancel(fiber, "enough");
    return finish(fiber);
}

HUB_TEST(test_after_a_cancel_at_any_point_nothing_goes_on_in_clear)
{
    struct clear c;
    int n = 0, err;

    do {
        open_clear(&c, i % 2 == 1);
        SSL_set_max_proto_version(c.ends.peer.ssl,
                                  i / 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION);
        err = cancel_after(&c, n++);
        if (err == UV_ECANCELED && n > 1) /* it has begun */
            clear_is_of_no_use(&c, UV_EPROTO);
        clear_end_unheard(&c);
    } while (err == UV_ECANCELED);
    ck_assert_int_eq(err, 0);
    ck_assert_int_ge(n, 3);
}

/* --- fibers beside it -------------------------------------------------------
 */

HUB_TEST(test_a_reader_waits_for_the_handshake_and_a_writer_is_refused)
{
    gruvi_fiber_t *fiber;
    struct clear c;
    struct reader r;

    open_clear(&c, i == 1);
    fiber = clear_start_and_wait(&c);
    begin_read(&r, c.ends.stream, READ, 8);
    ck_assert_int_eq(gruvi_stream_write(c.ends.stream, "x", 1), UV_EBUSY);
    ck_assert_int_eq(gruvi_stream_try_write(c.ends.stream, "x", 1), UV_EBUSY);
    peer_shakes(&c.ends.peer);
    ck_assert_int_eq(finish(fiber), 0);
    tls_peer_sends(&c.ends.peer, "one");
    ck_assert_int_eq(end_read(&r), 3);
    ck_assert_int_eq(memcmp(r.buf, "one", 3), 0);
    close_clear(&c);
}

HUB_TEST(test_a_reader_does_not_go_on_with_what_was_cancelled)
{
    gruvi_fiber_t *fiber;
    struct clear c;
    struct reader r;

    open_clear(&c, i == 1);
    fiber = clear_start_and_wait(&c);
    begin_read(&r, c.ends.stream, READ, 8);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_int_eq(end_read(&r), UV_EPROTO);
    clear_is_of_no_use(&c, UV_EPROTO);
    close_clear(&c);
}

HUB_TEST(test_a_close_reaches_the_fiber_that_begins)
{
    gruvi_fiber_t *fiber;
    struct clear c;

    open_clear(&c, i == 1);
    fiber = clear_start_and_wait(&c);
    gruvi_stream_close(c.ends.stream);
    c.ends.stream = NULL;
    ck_assert_int_eq(finish(fiber), UV_ECONNABORTED);
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
failed(void)
{
    TCase *tc = tcase("failed");

    tcase_add_loop_test(tc, test_a_server_has_to_be_the_one_that_was_named, 0,
                        4);
    tcase_add_loop_test(tc, test_a_peer_that_goes_is_noticed, 0, 8);
    tcase_add_loop_test(tc, test_a_silent_peer_is_not_waited_for, 0, 4);
    tcase_add_loop_test(
        tc, test_after_a_cancel_at_any_point_nothing_goes_on_in_clear, 0, 4);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("tls_start_failed");
    TCase *tc;

    certificate("ca.pem");
    suite_add_tcase(suite, failed());
    tc = tcase("beside");
    tcase_add_loop_test(
        tc, test_a_reader_waits_for_the_handshake_and_a_writer_is_refused, 0,
        2);
    tcase_add_loop_test(
        tc, test_a_reader_does_not_go_on_with_what_was_cancelled, 0, 2);
    tcase_add_loop_test(tc, test_a_close_reaches_the_fiber_that_begins, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
