/* SPDX-License-Identifier: MIT */
/* Streams without memory: as check_no_memory.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/certificates.h"
#include "unit/failing.h"

static char socket_path[] = "/tmp/gruvi-memory-XXXXXX";

/* A file that is left over from a failure would be in the way. */
static int
listen_unix(gruvi_hub_t *hub)
{
    char address[64] = "unix:";
    gruvi_listener_t *listener;
    int err;

    (void)hub;
    err = gruvi_listen(&listener, strcat(address, socket_path), NULL);
    ck_assert_int_eq(listener != NULL, err == 0);
    gruvi_listener_close(listener);
    ck_assert_int_ne(access(socket_path, F_OK), 0);
    return err;
}

static int
listen_twice(gruvi_hub_t *hub)
{
    gruvi_listener_t *listener, *dup;
    int err = gruvi_listen(&listener, "tcp://127.0.0.1:0", NULL);

    (void)hub;
    if (err < 0)
        return err;
    err = gruvi_listener_dup(listener, &dup);
    ck_assert_int_eq(dup != NULL, err == 0);
    gruvi_listener_close(listener);
    gruvi_listener_close(dup);
    return err;
}

/* --- pairs ------------------------------------------------------------------
 */

struct pair {
    gruvi_listener_t *listener;
    gruvi_stream_t *near, *far;
};

static void
close_pair(struct pair *pair)
{
    gruvi_stream_close(pair->near);
    gruvi_stream_close(pair->far);
    gruvi_listener_close(pair->listener);
}

/* What was not accepted for want of memory may be gone, or still be there. */
static int
open_pair(struct pair *pair)
{
    char address[GRUVI_ADDRESS_SIZE];
    int err;

    memset(pair, 0, sizeof *pair);
    if ((err = gruvi_listen(&pair->listener, "tcp://127.0.0.1:0", NULL)) < 0)
        return err;
    ck_assert_int_eq(
        gruvi_listener_address(pair->listener, address, sizeof address), 0);
    if ((err = gruvi_connect(&pair->near, address, NULL, 10)) < 0 ||
        (err = gruvi_accept(pair->listener, &pair->far, 10)) < 0)
        close_pair(pair);
    return err;
}

/* Where a line cannot be read, it is read the next time. */
static int
read_lines(gruvi_hub_t *hub)
{
    struct pair pair;
    char line[100];
    ssize_t n;
    int err, failed;

    if ((err = open_pair(&pair)) < 0)
        return err;
    ck_assert_int_eq(gruvi_stream_write(pair.near, "one\ntwo\n", 8), 0);
    n = gruvi_stream_read_line(pair.far, line, sizeof line);
    failed = n < 0 ? (int)n : 0;
    if (failed != 0) {
        stop_failing();
        n = gruvi_stream_read_line(pair.far, line, sizeof line);
    }
    ck_assert_int_eq(n, 4);
    ck_assert_int_eq(memcmp(line, "one\n", 4), 0);
    ck_assert_int_eq(gruvi_stream_read_exact(pair.far, line, 4), 0);
    ck_assert_int_eq(memcmp(line, "two\n", 4), 0);
    close_pair(&pair);
    (void)hub;
    return failed;
}

static bool
wake(gruvi__await_t *await)
{
    (void)await;
    return true;
}

/* Where nothing could be begun, a read still waits and gets what comes. */
static int
await_bytes(gruvi_hub_t *hub)
{
    gruvi__await_t await = {wake};
    struct pair pair;
    char c = 0;
    int err;

    (void)hub;
    if ((err = open_pair(&pair)) < 0)
        return err;
    err = gruvi__stream_await(pair.far, &await);
    stop_failing();
    ck_assert_int_eq(gruvi__stream_await(pair.far, NULL), 0);
    ck_assert_int_eq(gruvi_stream_write(pair.near, "x", 1), 0);
    ck_assert_int_eq(gruvi_stream_read(pair.far, &c, 1), 1);
    ck_assert_int_eq(c, 'x');
    close_pair(&pair);
    return err;
}

static int
watch_once(void *arg)
{
    return gruvi_stream_watch_peer(arg, true);
}

static int
watch_peer(gruvi_hub_t *hub)
{
    gruvi_fiber_t *fiber;
    struct pair pair;
    int err;

    (void)hub;
    if ((err = open_pair(&pair)) < 0)
        return err;
    fiber = gruvi_spawn(watch_once, pair.far);
    err = fiber == NULL ? gruvi_last_error() : finish(fiber);
    close_pair(&pair);
    return err;
}

static int
serve_one(gruvi_stream_t *stream, void *arg)
{
    (void)arg;
    return gruvi_stream_write(stream, "served", 6);
}

static int
run_server(void *arg)
{
    return gruvi_serve(arg, serve_one, NULL, NULL);
}

static int
ask(struct pair *pair)
{
    char address[GRUVI_ADDRESS_SIZE], buf[16];
    gruvi_stream_t *stream;
    int err;

    ck_assert_int_eq(
        gruvi_listener_address(pair->listener, address, sizeof address), 0);
    if ((err = gruvi_connect(&stream, address, NULL, 10)) < 0)
        return err;
    gruvi_stream_set_timeout(stream, 10);
    err = gruvi_stream_read_exact(stream, buf, 6);
    gruvi_stream_close(stream);
    return err;
}

/* A connection that cannot be served for want of memory does not end the
 * server, and does not wait for an answer for ever. */
static int
serve(gruvi_hub_t *hub)
{
    struct pair pair = {NULL, NULL, NULL};
    gruvi_fiber_t *server;
    int err;

    (void)hub;
    if ((err = gruvi_listen(&pair.listener, "tcp://127.0.0.1:0", NULL)) < 0)
        return err;
    server = gruvi_spawn(run_server, pair.listener);
    if (server == NULL) {
        err = gruvi_last_error();
        gruvi_listener_close(pair.listener);
        return err;
    }
    err = ask(&pair);
    if (err < 0) {
        ck_assert_msg(err == UV_EOF || err == UV_ECONNRESET || err == UV_ENOMEM,
                      "%s", gruvi_err_name(err));
        stop_failing();
        ck_assert(gruvi_fiber_alive(server));
        ck_assert_int_eq(ask(&pair), 0);
    }
    gruvi_fiber_cancel(server, NULL);
    ck_assert_int_eq(finish(server), UV_ECANCELED);
    gruvi_listener_close(pair.listener);
    return err < 0 ? UV_ENOMEM : 0;
}

/* --- names ----------------------------------------------------
 */

static int
look_up(gruvi_hub_t *hub)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    struct addrinfo *result;
    int err = 0;

    (void)hub;
    for (int i = 0; i < 2 && err == 0; i++) {
        err = gruvi_getaddrinfo(hosts[i], NULL, NULL, &result, GRUVI_FOREVER);
        ck_assert_int_eq(result != NULL, err == 0);
        gruvi_freeaddrinfo(result);
    }
    return err;
}

/* "localhost" may have several addresses, which are raced then. */
static int
connect_by_name(gruvi_hub_t *hub)
{
    char address[GRUVI_ADDRESS_SIZE], text[GRUVI_ADDRESS_SIZE];
    struct pair pair = {NULL, NULL, NULL};
    int err;

    (void)hub;
    if ((err = gruvi_listen(&pair.listener, "tcp://127.0.0.1:0", NULL)) < 0)
        return err;
    ck_assert_int_eq(
        gruvi_listener_address(pair.listener, address, sizeof address), 0);
    snprintf(text, sizeof text, "tcp://localhost%s", strrchr(address, ':'));
    err = gruvi_connect(&pair.near, text, NULL, GRUVI_FOREVER);
    close_pair(&pair);
    return err;
}

/* --- TLS --------------------------------------------------------------------
 */

#ifdef HAVE_OPENSSL
struct secure {
    gruvi_tls_t *server, *client;
    bool late; /* TLS begins on open streams */
    struct pair pair;
    int result; /* of the server */
};

static int
talk(gruvi_stream_t *stream)
{
    uv_buf_t bufs[2] = {uv_buf_init("a", 1), uv_buf_init("b\n", 2)};
    char line[10];
    ssize_t n;
    int err;

    gruvi_stream_set_timeout(stream, 10);
    err = gruvi_stream_writev(stream, bufs, 2);
    if (err < 0)
        return err;
    n = gruvi_stream_read_line(stream, line, sizeof line);
    return n < 0 ? (int)n : 0;
}

/* Where it has failed, the client is not left to wait. */
static int
serve_securely(void *arg)
{
    struct secure *s = arg;

    s->result = gruvi_accept(s->pair.listener, &s->pair.far, GRUVI_FOREVER);
    if (s->result == 0 && s->late)
        s->result = gruvi_tls_start_server(s->pair.far, s->server, 10);
    if (s->result == 0)
        s->result = talk(s->pair.far);
    gruvi_stream_close(s->pair.far);
    gruvi_listener_close(s->pair.listener);
    s->pair.far = NULL;
    s->pair.listener = NULL;
    return 0;
}

static int
connect_securely(struct secure *s)
{
    gruvi_listen_options_t listening = {.tls = s->server};
    gruvi_connect_options_t connecting = {.tls = s->client};
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_fiber_t *fiber;
    int err;

    if (s->late)
        err = gruvi_listen(&s->pair.listener, "tcp://127.0.0.1:0", NULL);
    else
        err = gruvi_listen(&s->pair.listener, "tls://127.0.0.1:0", &listening);
    if (err < 0)
        return err;
    gruvi_listener_address(s->pair.listener, address, sizeof address);
    fiber = gruvi_spawn(serve_securely, s);
    if (fiber == NULL) {
        err = gruvi_last_error();
        gruvi_listener_close(s->pair.listener);
        return err;
    }
    err =
        gruvi_connect(&s->pair.near, address, s->late ? NULL : &connecting, 10);
    if (err == 0 && s->late)
        err = gruvi_tls_start_client(s->pair.near, s->client, "127.0.0.1", 10);
    if (err == 0)
        err = talk(s->pair.near);
    gruvi_stream_close(s->pair.near);
    gruvi_fiber_cancel(fiber, NULL);
    finish(fiber);
    gruvi_listener_close(s->pair.listener); /* it may not have run at all */
    return s->result == UV_ENOMEM ? s->result : err;
}

static int
talk_securely_by(bool late)
{
    gruvi_tls_options_t of_server = {.certificate = certificate("good.pem"),
                                     .key = certificate("good.key")};
    static const char *const alpn[] = {"ab", NULL};
    gruvi_tls_options_t of_client = {.authorities = certificate("ca.pem"),
                                     .alpn = alpn};
    struct secure s = {.late = late};
    int err = 0;

    s.server = gruvi_tls_new(&of_server);
    if (s.server == NULL)
        return gruvi_last_error();
    s.client = gruvi_tls_new(&of_client);
    if (s.client == NULL)
        err = gruvi_last_error();
    if (err == 0)
        err = connect_securely(&s);
    gruvi_tls_unref(s.server);
    gruvi_tls_unref(s.client);
    return err;
}

static int
talk_securely(gruvi_hub_t *hub)
{
    (void)hub;
    return talk_securely_by(false);
}

static int
talk_securely_later(gruvi_hub_t *hub)
{
    (void)hub;
    return talk_securely_by(true);
}
#endif

static const operation_fn operations[] = {
    listen_unix,   listen_twice,        read_lines,
    await_bytes,   watch_peer,          serve,
    look_up,       connect_by_name,
#ifdef HAVE_OPENSSL
    talk_securely, talk_securely_later,
#endif
};

THREAD_TEST(test_each_operation_survives_each_allocation_that_fails)
{
    int fd;

    start_io_pool();
    if (operations[i] == listen_unix) {
        fd = mkstemp(socket_path);
        ck_assert_int_ge(fd, 0);
        close(fd);
        unlink(socket_path);
    }
    ck_assert_int_gt(sweep_operation(operations[i]), 0);
}

int
main(void)
{
    Suite *suite = suite_create("no_memory_stream");
    TCase *tc = tcase_create("operations");

#ifdef HAVE_OPENSSL
    certificate("ca.pem");
#endif
    failing_begin();
    tcase_add_loop_test(tc,
                        test_each_operation_survives_each_allocation_that_fails,
                        0, sizeof operations / sizeof *operations);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
