/* SPDX-License-Identifier: MIT */
/* Handshakes that are interrupted, at every point of them. */
#include "unit/tls.h"

/* What a client writes, in memory; read by it, from the descriptor. */
struct trickle {
    struct tls_ends ends;
    BIO *out;
};

/* A read that is cancelled when it has seen one byte more, or none. */
static void
pass_some(struct trickle *t, const char *byte, size_t n)
{
    gruvi_fiber_t *fiber = spawn(read_one, t->ends.stream);

    ck_assert_int_eq(send(t->ends.peer.fd, byte, n, 0), (ssize_t)n);
    turns(2);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
}

static void
pass_all(struct trickle *t)
{
    char byte;

    while (BIO_read(t->out, &byte, 1) == 1)
        pass_some(t, &byte, 1);
}

HUB_TEST(test_a_server_may_be_interrupted_at_every_byte)
{
    struct trickle t;
    gruvi_fiber_t *fiber;
    int result;

    open_tls(&t.ends, false);
    t.out = BIO_new(BIO_s_mem());
    ck_assert_int_eq(
        SSL_set_max_proto_version(t.ends.peer.ssl,
                                  i == 0 ? TLS1_2_VERSION : TLS1_3_VERSION),
        1);
    SSL_set0_wbio(t.ends.peer.ssl, t.out);
    while ((result = SSL_do_handshake(t.ends.peer.ssl)) != 1) {
        ck_assert_int_eq(SSL_get_error(t.ends.peer.ssl, result),
                         SSL_ERROR_WANT_READ);
        pass_all(&t);
        pass_some(&t, "", 0);
    }
    pass_all(&t);
    ck_assert_int_eq(SSL_write(t.ends.peer.ssl, "x", 1), 1);
    fiber = spawn(read_one, t.ends.stream);
    for (char byte; BIO_read(t.out, &byte, 1) == 1;)
        ck_assert_int_eq(send(t.ends.peer.fd, &byte, 1, 0), 1);
    ck_assert_int_eq(finish(fiber), 'x');
    close_tls(&t.ends);
}

struct caller {
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_tls_t *tls;
    gruvi_stream_t *stream;
};

static int
call(void *arg)
{
    struct caller *c = arg;
    gruvi_connect_options_t options = {.tls = c->tls};
    int err = gruvi_connect(&c->stream, c->address, &options, GRUVI_FOREVER);

    ck_assert_int_eq(c->stream == NULL, err < 0);
    return err;
}

/* The client is cancelled after so many steps, in which the server moves once
 * each, and the loop is asked for events; until it is too late. */
static int
cancel_after(struct caller *c, int n)
{
    gruvi_listener_t *listener = net_listen(NET_TCP, c->address);
    gruvi_fiber_t *fiber = spawn(call, c);
    struct peer peer = {.fd = -1};
    gruvi_stream_t *accepted = NULL;
    int err;

    memcpy(c->address, "tls", 3);
    for (int i = 0; i < n; i++) {
        if (accepted == NULL) {
            if (gruvi_accept(listener, &accepted, 0) == 0)
                peer_open(&peer, dup(gruvi_stream_fd(accepted)), "good");
        } else if (!SSL_is_init_finished(peer.ssl)) {
            SSL_do_handshake(peer.ssl);
        }
        ck_assert_int_eq(gruvi_sleep(i % 2 == 0 ? 0 : 0.0002), 0);
    }
    gruvi_fiber_cancel(fiber, NULL);
    err = finish(fiber);
    if (err == 0)
        gruvi_stream_close(c->stream);
    gruvi_stream_close(accepted);
    if (peer.ssl != NULL)
        peer_free(&peer);
    gruvi_listener_close(listener);
    return err;
}

HUB_TEST(test_a_client_may_be_interrupted_at_every_point)
{
    struct caller c = {.tls = client_of("ca.pem")};
    int n = 0, err;

    while ((err = cancel_after(&c, n)) != 0) {
        ck_assert_int_eq(err, UV_ECANCELED);
        n++;
    }
    ck_assert_int_ge(n, 3);
    gruvi_tls_unref(c.tls);
}

HUB_TEST(test_a_hub_may_close_during_a_handshake)
{
    struct tls_ends ends;
    gruvi_fiber_t *fiber;

    open_tls(&ends, false);
    fiber = spawn(read_one, ends.stream);
    turns(1);
    ck_assert_int_lt(SSL_do_handshake(ends.peer.ssl), 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(gruvi_fiber_status(fiber), UV_ECANCELED);
    gruvi_fiber_unref(fiber);
    close_tls(&ends);
}

static TCase *
interrupted(void)
{
    TCase *tc = tcase_create("interrupted");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_a_server_may_be_interrupted_at_every_byte, 0,
                        2);
    tcase_add_test(tc, test_a_client_may_be_interrupted_at_every_point);
    tcase_add_test(tc, test_a_hub_may_close_during_a_handshake);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("tls_interrupted");

    certificate("ca.pem");
    suite_add_tcase(suite, interrupted());
    return run_suite(suite);
}
