/* SPDX-License-Identifier: MIT */
/* How calls of the bus end: cancels, timeouts, lost connections, reloads and
 * stops. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nats/talk.h"

#define ROUTE "route = a -> mirror\n"

static struct bus_server server;

static void
prepare(void)
{
    bus_prepare(&server);
    talk_prepare();
}

static void
finish(void)
{
    bus_remove(&server);
    gruvid_end_all();
}

/* --- without a connection ------------------------------------------------- */

/* Calls that wait: with "%s" the timeout. */
static const char *const slow[] = {
    "publish - %s silent durable x",
    "call - %s silent - - - x",
    "get - %s b k",
    "put - %s b k x",
    "create - %s b k x",
    "update - %s b k 1 x",
    "delete - %s b k 1",
};
enum { N_SLOW = sizeof slow / sizeof *slow };

static const char *
slow_line(int i, const char *first, const char *timeout)
{
    static char line[128];
    int n = snprintf(line, sizeof line, "%s", first);

    snprintf(line + n, sizeof line - (size_t)n, slow[i], timeout);
    return line;
}

START_TEST(test_without_a_connection_calls_fail_at_once)
{
    struct gruvid *g = bus_gruvid_begin(&server, "", TALKS);
    int fd;

    gruvid_says(g, "gruvid: ready");
    fd = talk_to(g);
    for (int i = 0; i < N_SLOW; i++)
        says(fd, slow_line(i, "", "-"), "ENOTCONN");
    says(fd, "publish - - a - x", "ENOTCONN");
    talk_stop(g);
}
END_TEST

/* A client that listens to all that is asked, and says nothing. */
static int
be_silent(struct gruvid *g)
{
    int fd = talk_to(g);

    says(fd, "subscribe - 9 > -", "0");
    says(fd, "call - 0.01 nobody - - - x", "ETIMEDOUT");
    return fd;
}

START_TEST(test_each_call_can_be_cancelled_and_times_out)
{
    struct gruvid *g;
    int fd;

    bus_begin(&server, "");
    g = talk_begin(&server, "");
    be_silent(g);
    fd = talk_to(g);
    for (int i = 0; i < N_SLOW; i++) {
        says(fd, slow_line(i, "", "0"), "ETIMEDOUT");
        says(fd, slow_line(i, "", "0.01"), "ETIMEDOUT");
        says(fd, slow_line(i, "cancelled ", "-"), "ECANCELED");
    }
    says(fd, "publish - 0 a - x", "0");
    talk_stop(g);
}
END_TEST

static void
begin_all(struct gruvid *g, int fds[N_SLOW])
{
    int ear = talk_to(g);

    says(ear, "subscribe - 999 > -", "0");
    for (int i = 0; i < N_SLOW; i++) {
        fds[i] = talk_to(g);
        send_text(fds[i], slow_line(i, "", "-"));
        send_text(fds[i], "\n");
        /* It has come to the server, and back. */
        ask_line(ear, "take -\n");
    }
}

static void
end_all(int fds[N_SLOW], const char *answer)
{
    for (int i = 0; i < N_SLOW; i++)
        expect_text(fds[i], answer);
}

START_TEST(test_a_lost_connection_ends_calls)
{
    struct gruvid *g;
    int fds[N_SLOW];

    bus_begin(&server, "");
    g = talk_begin(&server, "");
    begin_all(g, fds);
    bus_end(&server);
    end_all(fds, "ENOTCONN\n");
    talk_stop(g);
}
END_TEST

START_TEST(test_another_connection_ends_calls)
{
    struct gruvid *g;
    int fds[N_SLOW], fd;

    bus_begin(&server, "");
    g = talk_begin(&server, "");
    begin_all(g, fds);
    gruvid_reload(g, bus_config(&server, "token = t\n", TALKS), true);
    end_all(fds, "ENOTCONN\n");
    gruvid_says_times(g, "connected to tcp://", 2);
    fd = talk_to(g);
    says(fd, "subscribe - 9 a -", "0");
    says(fd, "publish - - a - x", "0");
    says(fd, "take -", "0 a - - x");
    talk_stop(g);
}
END_TEST

/* The section goes. */
START_TEST(test_the_end_of_the_bus_ends_calls)
{
    static const char without[] = "[gruvid]\ndrain_timeout = 100ms\n"
                                  "[plugin http]\n"
                                  "listen = tcp://127.0.0.1:0\n" TALKS;
    struct gruvid *g;
    int fds[N_SLOW], fd;

    bus_begin(&server, "");
    g = talk_begin(&server, "");
    fd = talk_to(g);
    begin_all(g, fds);
    gruvid_reload(g, without, true);
    end_all(fds, "ENOTCONN\n");
    gruvid_says(g, "plugin nats, generation 1 has stopped");
    says(fd, "publish - - a - x", "ENOTCONN");
    says(fd, "subscribe - 9 a -", "0");
    gruvid_reload(g, bus_config(&server, "", TALKS), true);
    gruvid_says_times(g, "connected to tcp://", 2);
    says(fd, "publish - - a - x", "0");
    says(fd, "take -", "0 a - - x");
    talk_stop(g);
}
END_TEST

START_TEST(test_a_stop_ends_calls)
{
    struct gruvid *g;
    int fds[N_SLOW];

    bus_begin(&server, "");
    g = talk_begin(&server, "");
    begin_all(g, fds);
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "stopping: connections drain");
    gruvid_signal(g, SIGINT); /* now */
    ck_assert_int_eq(gruvid_wait(g), 0);
    talk_leave(g);
}
END_TEST

/* What plugins do while they drain needs the bus yet. */
START_TEST(test_a_drain_leaves_the_bus_to_others)
{
    struct gruvid *one, *two;
    int fd, to;

    bus_begin(&server, "");
    one = talk_begin(&server, ROUTE);
    two = bus_gruvid(&server, "route = b -> mirror\n", TALKS);
    fd = talk_to(one);
    to = talk_to(two);
    says(to, "subscribe - 9 c -", "0");
    says(to, "call - - nobody - - - x", "ENOENT");
    gruvid_signal(one, SIGTERM);
    gruvid_says(one, "stopping: connections drain");
    says(fd, "call - - b - - - x", "0 200 - POST /b \nx");
    says(fd, "publish - - c - bye", "0");
    talk_leave(one);
    ck_assert_int_eq(gruvid_wait(one), 0);
    says(to, "take -", "0 c - - bye");
    talk_stop(two);
}
END_TEST

/* A new generation is connected before it takes over. */
START_TEST(test_a_new_generation_takes_over)
{
    struct gruvid *g;
    char reply[100], line[200];
    int fd, ear, control;

    bus_begin(&server, "");
    g = talk_begin(&server, "connect = required\n");
    fd = talk_to(g);
    ear = talk_to(g);
    says(ear, "subscribe - 9 q -", "0");
    send_text(fd, "call - - q - - - x\n");
    ck_assert_int_eq(sscanf(ask_line(ear, "take -\n"), "0 q %99s", reply), 1);
    control = connect_unix(gruvid_path(g, "control.sock"));
    ck_assert_ptr_nonnull(
        strstr(ask_line(control, "{\"do\":\"restart\",\"plugin\":\"nats\"}\n"),
               "\"ok\":true"));
    gruvid_says(g, "plugin nats, generation 2 serves");
    /* The old one has not ended: it has a call yet. */
    snprintf(line, sizeof line, "publish - - %s - answer", reply);
    says(ear, line, "0");
    says_then(fd, "0 200 - answer");
    gruvid_says(g, "plugin nats, generation 1 has stopped");
    says(ear, "publish - - q - moved", "0");
    says(ear, "take -", "0 q - - moved");
    says(ear, "take 0", "ETIMEDOUT");
    close(control);
    talk_stop(g);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("nats_bus_ends");
    TCase *tc = tcase_create("ends");

    bus_need();
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 2 * PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_without_a_connection_calls_fail_at_once);
    tcase_add_test(tc, test_each_call_can_be_cancelled_and_times_out);
    tcase_add_test(tc, test_a_lost_connection_ends_calls);
    tcase_add_test(tc, test_another_connection_ends_calls);
    tcase_add_test(tc, test_the_end_of_the_bus_ends_calls);
    tcase_add_test(tc, test_a_stop_ends_calls);
    tcase_add_test(tc, test_a_drain_leaves_the_bus_to_others);
    tcase_add_test(tc, test_a_new_generation_takes_over);
    return run_suite(suite);
}
