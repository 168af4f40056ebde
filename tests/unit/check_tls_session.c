/* SPDX-License-Identifier: MIT */
/* TLS from one connection to the next: sessions, other certificates. */
#include "unit/tls.h"

/* --- sessions ---------------------------------------------------------------
 */

static bool
connect_once(gruvi_tls_t *server, const gruvi_connect_options_t *options,
             bool read)
{
    gruvi_tls_info_t info, other;
    struct tls_pair pair;
    char c;

    open_pair(&pair, server, options);
    ck_assert_int_eq(pair.client_result, 0);
    ck_assert_int_eq(pair.server_result, 0);
    ck_assert_int_eq(gruvi_stream_write(pair.server, "x", 1), 0);
    if (read)
        ck_assert_int_eq(gruvi_stream_read(pair.client, &c, 1), 1);
    ck_assert_int_eq(gruvi_tls_info(pair.client, &info), 0);
    ck_assert_int_eq(gruvi_tls_info(pair.server, &other), 0);
    ck_assert_int_eq(info.resumed, other.resumed);
    close_pair(&pair);
    return info.resumed;
}

/* The ports differ, so the sessions are taken over in the name of the test. */
struct resumer {
    gruvi_listener_t *listener;
    char address[GRUVI_ADDRESS_SIZE];
    int served;
};

static int
serve_some(void *arg)
{
    struct resumer *r = arg;
    gruvi_stream_t *s;
    char c;

    while (gruvi_accept(r->listener, &s, GRUVI_FOREVER) == 0) {
        if (gruvi_stream_read(s, &c, 1) == 1)
            gruvi_stream_write(s, &c, 1);
        gruvi_stream_read(s, &c, 1);
        gruvi_stream_close(s);
        r->served++;
    }
    return 0;
}

static bool
visit(struct resumer *r, gruvi_tls_t *client, bool reads)
{
    gruvi_connect_options_t options = {.tls = client};
    int served = r->served;
    gruvi_stream_t *s;
    gruvi_tls_info_t info;
    char c;

    ck_assert_int_eq(gruvi_connect(&s, r->address, &options, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_tls_info(s, &info), 0);
    ck_assert_int_eq(gruvi_stream_write(s, "x", 1), 0);
    if (reads)
        ck_assert_int_eq(gruvi_stream_read(s, &c, 1), 1);
    else
        ck_assert_int_ge(
            gruvi_wait_fd(gruvi_stream_fd(s), UV_READABLE, GRUVI_FOREVER), 0);
    ck_assert(info.certified);
    gruvi_stream_close(s);
    wait_until(r->served > served);
    return info.resumed;
}

HUB_TEST(test_a_client_resumes_its_sessions)
{
    gruvi_tls_t *client = client_of("ca.pem"), *other = client_of("ca.pem");
    bool reads = i == 0;
    struct resumer r = {.served = 0};
    gruvi_fiber_t *fiber;

    r.listener = tls_listen(server_of("good"), r.address);
    fiber = spawn(serve_some, &r);
    ck_assert(!visit(&r, client, reads));
    ck_assert(visit(&r, client, reads));
    ck_assert(visit(&r, client, reads));
    ck_assert(!visit(&r, other, reads));
    gruvi_fiber_cancel(fiber, NULL);
    finish(fiber);
    gruvi_listener_close(r.listener);
    gruvi_tls_unref(client);
    gruvi_tls_unref(other);
}

#define TOGETHER 12

struct visitor {
    struct resumer *server;
    gruvi_tls_t *client;
};

static int
visit_once(void *arg)
{
    struct visitor *v = arg;

    return visit(v->server, v->client, true);
}

/* How many of those that connect at the same time resume a session. */
static int
visit_together(struct visitor *v)
{
    gruvi_fiber_t *fibers[TOGETHER];
    int resumed = 0, served = v->server->served;

    for (int n = 0; n < TOGETHER; n++)
        fibers[n] = spawn(visit_once, v);
    for (int n = 0; n < TOGETHER; n++)
        resumed += finish(fibers[n]);
    wait_until(v->server->served == served + TOGETHER);
    return resumed;
}

HUB_TEST(test_clients_that_connect_together_resume_a_session_each)
{
    gruvi_tls_t *client = client_of("ca.pem");
    struct resumer r = {.served = 0};
    struct visitor v = {&r, client};
    gruvi_fiber_t *fiber;

    r.listener = tls_listen(server_of("good"), r.address);
    fiber = spawn(serve_some, &r);
    visit_together(&v);
    ck_assert_int_eq(visit_together(&v), TOGETHER);
    ck_assert_int_eq(visit_together(&v), TOGETHER);
    gruvi_fiber_cancel(fiber, NULL);
    finish(fiber);
    gruvi_listener_close(r.listener);
    gruvi_tls_unref(client);
}

/* Another port is another server. */
HUB_TEST(test_a_session_is_for_one_server)
{
    gruvi_tls_t *server = server_of("good"), *client = client_of("ca.pem");
    gruvi_connect_options_t options = {.tls = client};

    ck_assert(!connect_once(server, &options, true));
    ck_assert(!connect_once(server, &options, true));
    gruvi_tls_unref(server);
    gruvi_tls_unref(client);
}

/* --- other certificates -----------------------------------------------------
 */

static void
check_subject(const char *address, gruvi_tls_t *client, const char *expected,
              gruvi_stream_t **stream)
{
    gruvi_connect_options_t options = {.tls = client};
    char text[64];

    ck_assert_int_eq(gruvi_connect(stream, address, &options, GRUVI_FOREVER),
                     0);
    ck_assert_int_eq(gruvi_tls_peer_subject(*stream, text, sizeof text), 0);
    ck_assert_str_eq(text, expected);
}

static int
echo_main(gruvi_stream_t *s, void *arg)
{
    char buf[100];
    ssize_t n;

    (void)arg;
    while ((n = gruvi_stream_read(s, buf, sizeof buf)) > 0)
        gruvi_stream_write(s, buf, (size_t)n);
    return (int)n;
}

static int
echo_server(void *arg)
{
    return gruvi_serve(arg, echo_main, NULL, NULL);
}

HUB_TEST(test_a_server_changes_its_certificate_while_connections_go_on)
{
    gruvi_tls_t *client = client_of("ca.pem"), *second = server_of("second");
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = tls_listen(server_of("good"), address);
    gruvi_fiber_t *fiber = spawn(echo_server, listener);
    gruvi_stream_t *old, *new;

    check_subject(address, client, "CN=good", &old);
    turns(2);
    ck_assert_int_eq(gruvi_listener_set_tls(listener, NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_listener_set_tls(listener, client), UV_EINVAL);
    ck_assert_int_eq(gruvi_listener_set_tls(listener, second), 0);
    gruvi_tls_unref(second);
    check_subject(address, client, "CN=second", &new);
    ck_assert_int_eq(gruvi_stream_write(old, "old", 3), 0);
    hears(old, "old");
    ck_assert_int_eq(gruvi_stream_write(new, "new", 3), 0);
    hears(new, "new");
    gruvi_stream_close(old);
    gruvi_stream_close(new);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    gruvi_listener_close(listener);
    gruvi_tls_unref(client);
}

/* i: the handshake has not begun, or waits for the rest of a hello. */
HUB_TEST(test_a_connection_that_was_accepted_keeps_the_old_certificate)
{
    gruvi_tls_t *second = server_of("second");
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = tls_listen(server_of("good"), address);
    gruvi_stream_t *stream;
    gruvi_fiber_t *fiber;
    struct peer peer;
    X509 *got;
    char name[64];

    memcpy(address, "tcp", 3);
    peer_open(&peer, net_connect(address), NULL);
    ck_assert_int_eq(gruvi_accept(listener, &stream, GRUVI_FOREVER), 0);
    if (i == 1) {
        ck_assert_int_eq(gruvi_tls_handshake(stream, 0), UV_ETIMEDOUT);
        ck_assert_int_lt(SSL_do_handshake(peer.ssl), 0);
    }
    ck_assert_int_eq(gruvi_listener_set_tls(listener, second), 0);
    fiber = spawn(read_one, stream);
    peer_shakes(&peer);
    got = SSL_get1_peer_certificate(peer.ssl);
    X509_NAME_get_text_by_NID(X509_get_subject_name(got), NID_commonName, name,
                              sizeof name);
    ck_assert_str_eq(name, "good");
    X509_free(got);
    tls_peer_sends(&peer, "x");
    ck_assert_int_eq(finish(fiber), 'x');
    gruvi_stream_close(stream);
    gruvi_listener_close(listener);
    peer_free(&peer);
    gruvi_tls_unref(second);
}

/* --- duplicates -----------------------------------------------------------
 */

HUB_TEST(test_a_duplicate_has_the_certificate_until_it_is_changed)
{
    gruvi_tls_t *client = client_of("ca.pem"), *second = server_of("second");
    char address[GRUVI_ADDRESS_SIZE], same[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = tls_listen(server_of("good"), address), *dup;
    gruvi_fiber_t *fiber;
    gruvi_stream_t *stream;

    ck_assert_int_eq(gruvi_listener_dup(listener, &dup), 0);
    ck_assert_int_eq(gruvi_listener_set_tls(listener, second), 0);
    gruvi_listener_close(listener);
    ck_assert_int_eq(gruvi_listener_address(dup, same, sizeof same), 0);
    ck_assert_str_eq(same, address);
    fiber = spawn(echo_server, dup);
    check_subject(address, client, "CN=good", &stream);
    gruvi_stream_close(stream);
    ck_assert_int_eq(gruvi_listener_set_tls(dup, second), 0);
    check_subject(address, client, "CN=second", &stream);
    gruvi_stream_close(stream);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    gruvi_listener_close(dup);
    gruvi_tls_unref(client);
    gruvi_tls_unref(second);
}

/* The socket stays what it was: others that have it are without TLS. */
HUB_TEST(test_a_socket_that_listens_already_may_get_tls)
{
    gruvi_tls_t *client = client_of("ca.pem"), *server = server_of("good");
    gruvi_listen_options_t options = {.tls = server};
    char address[GRUVI_ADDRESS_SIZE], text[32];
    gruvi_listener_t *plain = net_listen(NET_TCP, address), *listener;
    gruvi_fiber_t *fiber;
    gruvi_stream_t *stream;

    snprintf(text, sizeof text, "tls+fd:%d", gruvi_listener_fd(plain));
    listen_fails(text, NULL, UV_EINVAL);
    listen_fails(text + 4, &options, UV_ENOTSUP);
    ck_assert_int_eq(gruvi_listen(&listener, text, &options), 0);
    ck_assert_int_eq(gruvi_listener_address(plain, text, sizeof text), 0);
    ck_assert_str_eq(text, address);
    gruvi_listener_address(listener, address, sizeof address);
    ck_assert_int_eq(strncmp(address, "tls://", 6), 0);
    fiber = spawn(echo_server, listener);
    check_subject(address, client, "CN=good", &stream);
    gruvi_stream_close(stream);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    gruvi_listener_close(listener);
    gruvi_listener_close(plain);
    gruvi_tls_unref(client);
    gruvi_tls_unref(server);
}

/* i: before it accepts, or meanwhile. */
HUB_TEST(test_a_listener_of_tcp_gets_tls)
{
    gruvi_tls_t *client = client_of("ca.pem"), *server = server_of("good");
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(NET_TCP, address);
    gruvi_fiber_t *fiber = NULL;
    gruvi_stream_t *stream;

    if (i == 1) {
        fiber = spawn(echo_server, listener);
        turns(2);
    }
    ck_assert_int_eq(gruvi_listener_set_tls(listener, server), 0);
    gruvi_listener_address(listener, address, sizeof address);
    if (i == 0)
        fiber = spawn(echo_server, listener);
    check_subject(address, client, "CN=good", &stream);
    gruvi_stream_close(stream);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    gruvi_listener_close(listener);
    gruvi_tls_unref(client);
    gruvi_tls_unref(server);
}

HUB_TEST(test_no_unix_socket_gets_tls)
{
    gruvi_tls_t *server = server_of("good");
    gruvi_listen_options_t options = {.tls = server};
    char address[GRUVI_ADDRESS_SIZE], text[32];
    gruvi_listener_t *listener = net_listen(NET_UNIX, address);

    snprintf(text, sizeof text, "tls+fd:%d", gruvi_listener_fd(listener));
    listen_fails(text, &options, UV_EINVAL);
    ck_assert_int_eq(gruvi_listener_set_tls(listener, server), UV_EINVAL);
    gruvi_listener_close(listener);
    gruvi_tls_unref(server);
}

/* --- threads ----------------------------------------------------------------
 */

struct shared {
    gruvi_tls_t *server, *client;
    pthread_t thread;
};

static void
use_both(void *arg)
{
    struct shared *shared = arg;
    gruvi_connect_options_t options = {.tls = shared->client};
    struct tls_pair pair;

    for (int n = 0; n < 20; n++) {
        gruvi_tls_t *server = gruvi_tls_ref(shared->server);

        open_pair(&pair, server, &options);
        ck_assert_int_eq(pair.client_result, 0);
        ck_assert_int_eq(gruvi_stream_write(pair.server, "x", 1), 0);
        hears(pair.client, "x");
        close_pair(&pair);
        gruvi_tls_unref(server);
    }
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

/* Hubs of several threads; more servers than sessions are kept of. */
START_TEST(test_threads_share_credentials)
{
    struct shared shared[3];

    for (int n = 0; n < 3; n++) {
        if (n == 0) {
            shared[n].server = server_of("good");
            shared[n].client = client_of("ca.pem");
        } else {
            shared[n] = shared[0];
        }
    }
    for (int n = 0; n < 3; n++)
        shared[n].thread = begin_thread(use_both, &shared[n]);
    for (int n = 0; n < 3; n++)
        end_thread(shared[n].thread);
    gruvi_tls_unref(shared[0].server);
    gruvi_tls_unref(shared[0].client);
}
END_TEST

static TCase *
sessions(void)
{
    TCase *tc = tcase_create("session");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_a_client_resumes_its_sessions, 0, 2);
    tcase_add_test(tc,
                   test_clients_that_connect_together_resume_a_session_each);
    tcase_add_test(tc, test_a_session_is_for_one_server);
    tcase_add_test(tc, test_threads_share_credentials);
    tcase_add_test(
        tc, test_a_server_changes_its_certificate_while_connections_go_on);
    tcase_add_loop_test(
        tc, test_a_connection_that_was_accepted_keeps_the_old_certificate, 0,
        2);
    tcase_add_test(tc,
                   test_a_duplicate_has_the_certificate_until_it_is_changed);
    tcase_add_test(tc, test_a_socket_that_listens_already_may_get_tls);
    tcase_add_loop_test(tc, test_a_listener_of_tcp_gets_tls, 0, 2);
    tcase_add_test(tc, test_no_unix_socket_gets_tls);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("tls_session");

    certificate("ca.pem");
    suite_add_tcase(suite, sessions());
    return run_suite(suite);
}
