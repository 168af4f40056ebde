/* SPDX-License-Identifier: MIT */
/* Calls of gruvid/bus.h, with a bus in memory: plugins/membus.c, and
 * plugins/talks.c, which calls. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

#define GRUVID "[gruvid]\ndrain_timeout = 1000s\ncancel_timeout = 1000s\n"
#define HURRY  "[gruvid]\ndrain_timeout = 100ms\ncancel_timeout = 1000s\n"
#define MEMBUS "[plugin membus]\n"
#define TALKS  "[plugin talks]\nlisten = tcp://127.0.0.1:0\n"
#define BOTH   GRUVID MEMBUS TALKS

/* Send a line, and compare the answer. */
static void
says(int fd, const char *line, const char *answer)
{
    send_text(fd, line);
    send_text(fd, "\n");
    expect_text(fd, answer);
    expect_text(fd, "\n");
}

static char all[65536];

static void
read_all(int fd)
{
    size_t size = 0;
    ssize_t n;

    while ((n = read(fd, all + size, sizeof all - 1 - size)) > 0)
        size += (size_t)n;
    all[size] = '\0';
}

/* --- which bus ------------------------------------------------------------ */

START_TEST(test_without_a_bus_calls_are_refused)
{
    struct gruvid *g =
        gruvid_ready(GRUVID TALKS "[plugin membus]\nword = none\n", NULL);
    int fd = connect_to(g, 0);

    says(fd, "publish other - a - x", "ENOTSUP");
    says(fd, "call talks - a - - - x", "ENOTSUP");
    says(fd, "subscribe other 9 a -", "ENOTSUP");
    says(fd, "get other - b k", "ENOTSUP");
    says(fd, "put other - b k x", "ENOTSUP");
    gruvid_says(g, "there is no bus other: ");
    /* A bus without functions. */
    says(fd, "publish - - a - x", "ENOTSUP");
    says(fd, "call - - a - - - x", "ENOTSUP");
    says(fd, "subscribe - 9 a -", "ENOTSUP");
    says(fd, "get - - b k", "ENOTSUP");
    says(fd, "put - - b k x", "ENOTSUP");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_start_in_front_of_the_bus_has_none)
{
    struct gruvid *g = gruvid_begin(GRUVID TALKS "hears = a\n" MEMBUS, NULL);

    gruvid_says(g, "there is no bus: ");
    ck_assert_int_ne(gruvid_wait(g), 0);
}
END_TEST

START_TEST(test_of_several_buses_a_call_names_one)
{
    struct gruvid *g =
        gruvid_ready(BOTH "[plugin other]\nmodule = membus\n", NULL);
    int fd = connect_to(g, 0);

    says(fd, "call - - a - - - x", "EINVAL");
    gruvid_says(g, "there are several buses: ");
    says(fd, "subscribe - 9 a -", "EINVAL");
    says(fd, "call other - a - - - x", "0 201 other,1 a - - x");
    says(fd, "call membus - a - - - x", "0 201 membus,1 a - - x");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- what calls do -------------------------------------------------------- */

START_TEST(test_messages_come_with_all_that_they_have)
{
    struct gruvid *g = gruvid_ready(BOTH, NULL);
    int fd = connect_to(g, 0);

    says(fd, "subscribe - 9 a group", "0");
    says(fd, "publish - - a - hello there", "0");
    says(fd, "publish - - b - elsewhere", "0");
    says(fd, "publish - - a X-Test:yes,durable,id=7 more", "0");
    says(fd, "publish - - a -", "0");
    says(fd, "take -", "0 a - - hello there");
    says(fd, "take -", "0 a 7 yes more");
    says(fd, "take -", "0 a - - ");
    says(fd, "take 0", "ETIMEDOUT");
    says(fd, "unsubscribe", "0 0");
    says(fd, "publish - - a - unheard", "0");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "membus 1 stops\n");
}
END_TEST

START_TEST(test_what_a_queue_has_no_room_for_is_counted)
{
    struct gruvid *g = gruvid_ready(BOTH, NULL);
    int fd = connect_to(g, 0);

    says(fd, "subscribe - 2 a -", "0");
    for (int i = 0; i < 5; i++)
        says(fd, "publish - - a - x", "0");
    says(fd, "take 0", "0 a - - x");
    says(fd, "publish - - a - y", "0");
    says(fd, "unsubscribe", "0 3");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_calls_are_answered)
{
    struct gruvid *g = gruvid_ready(BOTH, NULL);
    int fd = connect_to(g, 0);

    says(fd, "call - - a - - - x", "0 201 membus,1 a - - x");
    says(fd, "call - - a PUT /p?q - ", "0 201 membus,1 a PUT /p?q ");
    says(fd, "call - - nobody - - - x", "ENOENT");
    says(fd, "call - - nothing - - - x", "EPROTO");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_an_answer_belongs_to_the_request_that_asks)
{
    struct gruvid *g = gruvid_ready(BOTH "[plugin bring]\n"
                                         "listen = unix:@DIR@/bring\n"
                                         "route = /{path...} -> talks\n",
                                    NULL);
    int fd = connect_unix(gruvid_path(g, "bring"));

    send_text(fd, "GET /a 0\n\n");
    expect_text(fd, "begin 201 ");
    send_text(fd, "GET /nobody 0\n\n");
    shutdown(fd, SHUT_WR);
    read_all(fd);
    ck_assert_ptr_nonnull(strstr(all, "\na GET /asked"));
    ck_assert_ptr_nonnull(strstr(all, "begin 404 "));
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_values_change_as_was_said)
{
    struct gruvid *g = gruvid_ready(BOTH, NULL);
    int fd = connect_to(g, 0);

    says(fd, "get - - b k", "ENOENT");
    says(fd, "create - - b k one", "0 1");
    says(fd, "create - - b k two", "EBUSY");
    says(fd, "get - - b k", "0 1 one");
    says(fd, "put - - b k two", "0 2");
    says(fd, "update - - b k 1 three", "EBUSY");
    says(fd, "update - - b k 2 three", "0 3");
    says(fd, "get - - b k", "0 3 three");
    says(fd, "delete - - b k 2", "EBUSY");
    says(fd, "delete - - b k 0", "0 0");
    says(fd, "get - - b k", "ENOENT");
    says(fd, "get - - b nothing", "EPROTO");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_what_is_malformed_is_refused)
{
    static const char *const lines[] = {
        "publish - -",
        "publish - - a N\tame:value x",
        "publish - - a Name:_value x",
        "publish - - a Name:value_ x",
        "publish - - a id= x",
        "publish - - a id=a\x01 x",
        "call - -",
        "call - - a G(T - - x",
        "call - - a - - Na(me:x x",
        "subscribe - 9",
        "get - -",
        "get - - bucket",
        "put - - bucket",
        "create - - bucket",
        "update - - bucket",
        "delete - - bucket",
    };
    struct gruvid *g = gruvid_ready(BOTH, NULL);
    int fd = connect_to(g, 0);

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        says(fd, lines[i], "EINVAL");
    says(fd, "subscribe - 9 nobody -", "EINVAL"); /* as the bus says */
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- how calls end -------------------------------------------------------- */

/* Calls that wait for ever: with "%s" the timeout. */
static const char *const slow[] = {
    "publish - %s slow - x",  "publish - %s slow durable x",
    "call - %s slow - - - x", "get - %s b slow",
    "put - %s b slow x",      "create - %s b slow x",
    "update - %s b slow 1 x", "delete - %s b slow 1",
};
enum { N_SLOW = sizeof slow / sizeof *slow };

static const char *
slow_line(int i, const char *first, const char *timeout)
{
    static char line[128];
    int n = snprintf(line, sizeof line, "%s", first);

    /* NOLINTNEXTLINE: a format of the table */
    snprintf(line + n, sizeof line - (size_t)n, slow[i], timeout);
    return line;
}

START_TEST(test_each_call_can_be_cancelled_and_times_out)
{
    struct gruvid *g = gruvid_ready(BOTH, NULL);
    int fd = connect_to(g, 0);

    for (int i = 0; i < N_SLOW; i++) {
        says(fd, slow_line(i, "", "0"), "ETIMEDOUT");
        says(fd, slow_line(i, "", "0.01"), "ETIMEDOUT");
        says(fd, slow_line(i, "cancelled ", "-"), "ECANCELED");
    }
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

static void
begin_all(struct gruvid *g, int fds[N_SLOW])
{
    for (int i = 0; i < N_SLOW; i++) {
        fds[i] = connect_to(g, 0);
        send_text(fds[i], slow_line(i, "", "-"));
        send_text(fds[i], "\n");
    }
    gruvid_says_times(g, "membus waits", N_SLOW);
}

static void
end_all(int fds[N_SLOW], const char *answer)
{
    for (int i = 0; i < N_SLOW; i++) {
        expect_text(fds[i], answer);
        close(fds[i]);
    }
}

START_TEST(test_a_new_generation_ends_the_calls_of_the_old)
{
    struct gruvid *g = gruvid_ready(HURRY MEMBUS TALKS, NULL);
    int fds[N_SLOW], fd = connect_to(g, 0);

    begin_all(g, fds);
    says(fd, "subscribe - 9 a -", "0");
    gruvid_reload(g, HURRY MEMBUS "word = next\n" TALKS, true);
    says(fd, "call - - a - - - x", "0 201 membus,2 a - - x");
    end_all(fds, "ENOTCONN\n");
    gruvid_says(g, "membus 1 stops\n");
    says(fd, "publish - - a - moved", "0");
    says(fd, "take -", "0 a - - moved");
    says(fd, "take 0", "ETIMEDOUT");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "membus 2 stops\n");
}
END_TEST

START_TEST(test_a_bus_may_go_and_come_back)
{
    struct gruvid *g = gruvid_ready(HURRY MEMBUS TALKS, NULL);
    int fds[N_SLOW], fd = connect_to(g, 0);

    begin_all(g, fds);
    says(fd, "subscribe - 9 a -", "0");
    gruvid_reload(g, HURRY TALKS, true);
    end_all(fds, "ENOTCONN\n");
    gruvid_says(g, "membus 1 stops\n");
    says(fd, "publish - - a - x", "ENOTCONN");
    says(fd, "call membus - a - - - x", "ENOTCONN");
    gruvid_reload(g, HURRY MEMBUS TALKS, true);
    says(fd, "publish - - a - back", "0");
    says(fd, "take -", "0 a - - back");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_stop_ends_calls)
{
    struct gruvid *g = gruvid_ready(HURRY MEMBUS TALKS, NULL);
    int fds[N_SLOW];

    begin_all(g, fds);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    for (int i = 0; i < N_SLOW; i++)
        close(fds[i]);
    gruvid_says(g, "membus 1 stops\n");
}
END_TEST

/* The bus stands behind the section that calls, and ends first. */
START_TEST(test_a_bus_that_stops_first_ends_calls)
{
    struct gruvid *g = gruvid_ready(HURRY TALKS MEMBUS, NULL);
    int fds[N_SLOW];

    begin_all(g, fds);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    for (int i = 0; i < N_SLOW; i++)
        close(fds[i]);
    gruvid_says(g, "membus 1 stops\n");
}
END_TEST

/* --- subscriptions that end by themselves --------------------------------- */

#define HEARS "[plugin hears]\nmodule = talks\nhears = a\n"

START_TEST(test_a_subscription_ends_with_its_plugin)
{
    struct gruvid *g = gruvid_ready(BOTH HEARS, NULL);
    int fd = connect_to(g, 0);

    says(fd, "publish - - a - one", "0");
    gruvid_says(g, "heard a: one");
    gruvid_reload(g, BOTH HEARS "word = next\n", true);
    says(fd, "publish - - a - two", "0");
    gruvid_says(g, "heard a: two");
    gruvid_reload(g, BOTH, true);
    gruvid_says(g, "plugin hears, generation 2 has stopped");
    says(fd, "publish - - a - three", "0");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "heard a: three"), 0);
    gruvid_says(g, "membus 1 stops\n");
}
END_TEST

START_TEST(test_each_hub_has_its_own)
{
    struct gruvid *g = gruvid_ready(
        "[gruvid]\nhubs = 3\ncancel_timeout = 1000s\n" MEMBUS TALKS HEARS,
        NULL);
    int fds[30];

    for (int i = 0; i < 30; i++)
        fds[i] = connect_to(g, 0);
    for (int i = 0; i < 30; i++)
        says(fds[i], "publish - - a - x", "0");
    gruvid_says_times(g, "heard a: x", 30);
    for (int i = 0; i < 30; i++)
        says(fds[i], "subscribe - 9 b -", "0");
    gruvid_reload(g,
                  "[gruvid]\nhubs = 3\ncancel_timeout = 1000s\n" MEMBUS
                  "word = next\n" TALKS HEARS,
                  true);
    for (int i = 0; i < 30; i++)
        says(fds[i], "call - - a - - - x", "0 201 membus,2 a - - x");
    gruvid_says_times(g, "membus 1 stops\n", 3);
    for (int i = 0; i < 30; i++)
        close(fds[i]);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says_times(g, "membus 2 stops\n", 3);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("bus");
    TCase *tc = gruvid_case(suite, "bus");

    tcase_set_timeout(tc, 2 * PATIENCE);
    tcase_add_test(tc, test_without_a_bus_calls_are_refused);
    tcase_add_test(tc, test_a_start_in_front_of_the_bus_has_none);
    tcase_add_test(tc, test_of_several_buses_a_call_names_one);
    tcase_add_test(tc, test_messages_come_with_all_that_they_have);
    tcase_add_test(tc, test_what_a_queue_has_no_room_for_is_counted);
    tcase_add_test(tc, test_calls_are_answered);
    tcase_add_test(tc, test_an_answer_belongs_to_the_request_that_asks);
    tcase_add_test(tc, test_values_change_as_was_said);
    tcase_add_test(tc, test_what_is_malformed_is_refused);
    tcase_add_test(tc, test_each_call_can_be_cancelled_and_times_out);
    tcase_add_test(tc, test_a_new_generation_ends_the_calls_of_the_old);
    tcase_add_test(tc, test_a_bus_may_go_and_come_back);
    tcase_add_test(tc, test_a_stop_ends_calls);
    tcase_add_test(tc, test_a_bus_that_stops_first_ends_calls);
    tcase_add_test(tc, test_a_subscription_ends_with_its_plugin);
    tcase_add_test(tc, test_each_hub_has_its_own);
    return run_suite(suite);
}
