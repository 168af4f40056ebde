/* SPDX-License-Identifier: MIT */
/* plugins/examples/redis.c, against a Redis server, and one that is none. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/server.h"

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

/* Two instances: one is patient, the other one is not. */
static struct gruvid *
begin_gruvid(void)
{
    char config[1024];

    snprintf(config, sizeof config,
             "[plugin redis]\nlisten = tcp://127.0.0.1:0\n"
             "address = unix:%s/socket\ntimeout = 1h\n"
             "[plugin short]\nmodule = redis\nlisten = tcp://127.0.0.1:0\n"
             "address = unix:%s/socket\ntimeout = 50ms\n",
             server.dir, server.dir);
    return gruvid_with_examples(config);
}

START_TEST(test_what_is_set_is_got)
{
    struct gruvid *g;
    int one, two;

    begin_redis();
    g = begin_gruvid();
    one = connect_to(g, 0);
    two = connect_to(g, 0);
    expect_line(one, "get name\n", "none\n");
    expect_line(one, "set name value\n", "ok 2 OK\n");
    expect_line(two, "get name\r\n", "ok 5 value\n");
    expect_line(two, "set name several words, % and \"\n", "ok 2 OK\n");
    expect_line(one, "get name\n", "ok 22 several words, % and \"\n");
    expect_line(one, "set name \n", "ok 2 OK\n");
    expect_line(two, "get name\n", "ok 0 \n");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

START_TEST(test_what_is_no_command_is_refused)
{
    static const char *const lines[] = {"\n",        "get\n", "get a b\n",
                                        "set a\n",   "set\n", "getter a\n",
                                        "flushall\n"};
    struct gruvid *g;
    int fd;

    begin_redis();
    g = begin_gruvid();
    fd = connect_to(g, 0);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        expect_line(fd, lines[i], "error neither get KEY nor set KEY VALUE\n");
    expect_line(fd, "get a\n", "none\n");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

START_TEST(test_no_server_is_an_error_until_there_is_one)
{
    struct gruvid *g = begin_gruvid();
    int fd = connect_to(g, 0);

    expect_line(fd, "get a\n", "error no such entry\n");
    gruvid_says(g, "warning redis[");
    begin_redis();
    expect_line(fd, "get a\n", "none\n");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

START_TEST(test_a_server_that_goes_away_is_an_error)
{
    struct gruvid *g;
    const char *answer;
    int fd, other;

    begin_redis();
    g = begin_gruvid();
    fd = connect_to(g, 0);
    other = connect_to(g, 0);
    expect_line(fd, "set a b\n", "ok 2 OK\n");
    kill(server.pid, SIGSTOP);
    send_text(fd, "get a\n");
    fiber_waits_for_descriptor(g);
    server_end(&server);
    answer = ask_line(fd, "");
    ck_assert(strcmp(answer, "error end of file\n") == 0 ||
              strcmp(answer, "error connection reset by peer\n") == 0);
    begin_redis();
    expect_line(fd, "get a\n", "none\n");
    expect_line(other, "get a\n", "none\n");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

START_TEST(test_a_server_that_is_slow_is_given_up)
{
    struct gruvid *g;
    int patient, hasty;

    begin_redis();
    g = begin_gruvid();
    patient = connect_to(g, 0);
    hasty = connect_to(g, 1);
    expect_line(patient, "set a one\n", "ok 2 OK\n");
    expect_line(patient, "set b two\n", "ok 2 OK\n");
    kill(server.pid, SIGSTOP);
    expect_line(hasty, "get a\n", "error timed out\n");
    gruvid_says(g, "warning short[");
    kill(server.pid, SIGCONT);
    /* The answer to the other question does not come any more. */
    while (strcmp(ask_line(hasty, "get b\n"), "error timed out\n") == 0)
        continue;
    expect_line(patient, "get b\n", "ok 3 two\n");
    while (strcmp(ask_line(hasty, "get b\n"), "ok 3 two\n") != 0)
        continue;
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

START_TEST(test_the_stop_cuts_who_waits_for_a_server)
{
    struct gruvid *g;
    int fd;

    begin_redis();
    g = begin_gruvid();
    fd = connect_to(g, 0);
    expect_line(fd, "get a\n", "none\n");
    kill(server.pid, SIGSTOP);
    send_text(fd, "get a\n");
    fiber_waits_for_descriptor(g);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    expect_end(fd);
    gruvid_says(g, "plugin redis: 1 connection cut");
}
END_TEST

START_TEST(test_tls_is_refused)
{
    struct gruvid *g = gruvid_run(
        "[plugin redis]\naddress = tls://127.0.0.1:1\n",
        &(struct gruvid_options){
            .args = (const char *[]){"-o", examples_option(), NULL}});

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "address is tls://; only tcp:// and unix: will do");
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

START_TEST(test_a_reply_comes_in_pieces_or_is_none)
{
    int listening = listen_unix(server_path(&server, "socket"));
    struct gruvid *g = begin_gruvid();
    int fd = connect_to(g, 0), redis;

    send_text(fd, "get a\n");
    redis = accept(listening, NULL, NULL);
    ck_assert_int_ge(redis, 0);
    expect_text(redis, "*2\r\n$3\r\nget\r\n$1\r\na\r\n");
    send_text(redis, "$5\r\nhe");
    fiber_waits_for_descriptor(g);
    send_text(redis, "llo\r\n");
    expect_text(fd, "ok 5 hello\n");
    send_text(fd, "get a\n");
    expect_text(redis, "*2\r\n$3\r\nget\r\n$1\r\na\r\n");
    send_text(redis, "-ERR busy\r\n");
    expect_text(fd, "error ERR busy\n");
    send_text(fd, "get a\n");
    expect_text(redis, "*2\r\n$3\r\nget\r\n$1\r\na\r\n");
    send_text(redis, ":5\r\n");
    expect_text(fd, "error unexpected type of reply\n");
    send_text(fd, "get a\n");
    send_text(redis, "?\r\n");
    expect_text(fd, "error protocol error\n");
    close(redis);
    close(listening);
    expect_line(fd, "get a\n", "error connection refused\n");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_redis");
    TCase *tc = tcase_create("redis");

    need("redis", "hiredis", "redis-server");
    tcase_add_checked_fixture(tc, prepare, end);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_what_is_set_is_got);
    tcase_add_test(tc, test_what_is_no_command_is_refused);
    tcase_add_test(tc, test_no_server_is_an_error_until_there_is_one);
    tcase_add_test(tc, test_a_server_that_goes_away_is_an_error);
    tcase_add_test(tc, test_a_server_that_is_slow_is_given_up);
    tcase_add_test(tc, test_the_stop_cuts_who_waits_for_a_server);
    tcase_add_test(tc, test_tls_is_refused);
    tcase_add_test(tc, test_a_reply_comes_in_pieces_or_is_none);
    return run_suite(suite);
}
