/* SPDX-License-Identifier: MIT */
/* plugins/examples/cache.c, against a Redis server, none, a stopped one, and
 * one that is none. */
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/server.h"
#include "http/client.h"

#define A     "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define B     "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"
#define NOW   "GET /now HTTP/1.1\r\nHost: h\r\n\r\n"
#define ASKED "asked for /a"

static struct server server;

static void
prepare(void)
{
    server_prepare(&server);
}

static void
end(void)
{
    server_remove(&server);
    gruvid_end_all();
}

static void
begin_redis(void)
{
    server_begin(&server, (const char *[]){"redis-server", "--port", "0",
                                           "--unixsocket", "socket", "--save",
                                           "", "--appendonly", "no", NULL});
}

/* The origin is asked directly only for /now. */
static struct gruvid *
begin_gruvid(const char *patience)
{
    char config[512];

    http_bring("plugins/examples/.libs/cache.so");
    http_bring("tests/http/plugins/.libs/slow.so");
    snprintf(config, sizeof config,
             "route = GET /now -> slow\nroute = GET /a -> cache\n"
             "route = GET /b -> cache\n[plugin slow]\n"
             "[plugin cache]\norigin = slow\nredis = unix:%s/socket\n"
             "patience = %s\n",
             server.dir, patience);
    return http_begin(config);
}

/* Read an answer, and compare; whether it was kept. */
static bool
was_kept(int fd, const char *body)
{
    struct answer answer;
    bool kept;

    ck_assert(answer_read(fd, false, &answer));
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(answer.body, body);
    kept = answer_header(&answer, "X-Cache") != NULL;
    answer_free(&answer);
    return kept;
}

START_TEST(test_an_answer_is_made_only_once)
{
    struct gruvid *g;
    int one, two, other;

    begin_redis();
    g = begin_gruvid("1h");
    one = connect_to(g, 0);
    two = connect_to(g, 0);
    other = connect_to(g, 0);
    send_text(one, A);
    gruvid_says(g, ASKED);
    /* The second waits for the first; another target does not. */
    send_text(two, A);
    send_text(other, B);
    gruvid_says(g, "asked for /b");
    ask(connect_to(g, 0), NOW, 204, NULL);
    ck_assert(!was_kept(one, "/a 1"));
    ck_assert(was_kept(two, "/a 1"));
    ck_assert(!was_kept(other, "/b 2"));
    send_text(one, A);
    ck_assert(was_kept(one, "/a 1"));
    ck_assert_uint_eq(gruvid_said(g, ASKED), 1);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Those who wait for it ask in its place. */
START_TEST(test_a_client_that_leaves_leaves_the_making_to_others)
{
    struct gruvid *g;
    int one, two;

    begin_redis();
    g = begin_gruvid("1h");
    one = connect_to(g, 0);
    two = connect_to(g, 0);
    send_text(one, A);
    gruvid_says(g, ASKED);
    send_text(two, A);
    reset(one);
    gruvid_says_times(g, ASKED, 2);
    ask(connect_to(g, 0), NOW, 204, NULL);
    ck_assert(!was_kept(two, "/a 2"));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_without_a_server_it_goes_without_the_cache)
{
    struct gruvid *g = begin_gruvid("1s");
    int fd = connect_to(g, 0);

    send_text(fd, A);
    gruvid_says(g, ASKED);
    gruvid_says(g, "socket: no such entry");
    ask(connect_to(g, 0), NOW, 204, NULL);
    ck_assert(!was_kept(fd, "/a 1"));
    /* Nor does a server that hangs hold it up for long. */
    begin_redis();
    kill(server.pid, SIGSTOP);
    send_text(fd, A);
    gruvid_says_times(g, ASKED, 2);
    gruvid_says(g, "socket: timed out");
    kill(server.pid, SIGCONT);
    ask(connect_to(g, 0), NOW, 204, NULL);
    ck_assert(!was_kept(fd, "/a 2"));
    send_text(fd, A);
    ck_assert(was_kept(fd, "/a 2"));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}
END_TEST

/* --- not a Redis server --------------------------------------------------- */

static int
listen_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    return fd;
}

/* Take the command that asks for /a. */
static int
accept_get(int listening)
{
    int redis = accept(listening, NULL, NULL);

    ck_assert_int_ge(redis, 0);
    expect_text(redis, "*2\r\n$3\r\nGET\r\n$8\r\ncache:/a\r\n");
    return redis;
}

/* Send a part, and wait until it was read. */
static void
send_part(int fd, const char *text)
{
    int left;

    send_text(fd, text);
    do {
        usleep(1000);
        ck_assert_int_eq(ioctl(fd, SIOCOUTQ, &left), 0);
    } while (left > 0);
}

START_TEST(test_a_reply_may_come_in_pieces)
{
    int listening = listen_unix(server_path(&server, "socket")), fd, redis;
    struct gruvid *g = begin_gruvid("1h");

    fd = connect_to(g, 0);
    send_text(fd, A);
    redis = accept_get(listening);
    send_part(redis, "$5");
    send_part(redis, "\r\nhe");
    send_part(redis, "llo\r");
    send_text(redis, "\n");
    ck_assert(was_kept(fd, "hello"));
    close(redis);
    close(listening);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " warning "), 0);
}
END_TEST

static const struct {
    const char *reply, *said;
} wrong[] = {{"-NOAUTH who?\r\n", "socket: NOAUTH who?"},
             {":5\r\n", ASKED},
             {"?\r\n", "socket: protocol error"},
             {"$5\r\nhe", "socket: end of stream"}};

/* The answer is made, and not kept. */
START_TEST(test_a_reply_that_is_none_is_no_answer)
{
    int listening = listen_unix(server_path(&server, "socket")), fd, redis;
    struct gruvid *g = begin_gruvid("1h");

    fd = connect_to(g, 0);
    send_text(fd, A);
    for (int tries = 0; tries < 2; tries++) {
        redis = accept_get(listening);
        send_text(redis, wrong[_i].reply);
        close(redis);
    }
    close(listening);
    gruvid_says(g, wrong[_i].said);
    gruvid_says(g, ASKED);
    ask(connect_to(g, 0), NOW, 204, NULL);
    ck_assert(!was_kept(fd, "/a 1"));
    gruvid_says(g, "socket: connection refused");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_cache");
    TCase *tc = tcase_create("cache");

    need("cache", "hiredis", "redis-server");
    tcase_add_checked_fixture(tc, prepare, end);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_an_answer_is_made_only_once);
    tcase_add_test(tc, test_a_client_that_leaves_leaves_the_making_to_others);
    tcase_add_test(tc, test_without_a_server_it_goes_without_the_cache);
    tcase_add_test(tc, test_a_reply_may_come_in_pieces);
    tcase_add_loop_test(tc, test_a_reply_that_is_none_is_no_answer, 0,
                        sizeof wrong / sizeof *wrong);
    return run_suite(suite);
}
