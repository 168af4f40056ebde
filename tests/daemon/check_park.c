/* SPDX-License-Identifier: MIT */
/* GRUVID_PARK: connections that wait without a fiber, with the plugin parks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

#define PARKS "[plugin parks]\nlisten = tcp://127.0.0.1:0\n"

/* Nothing here may wait for the end of a drain. */
#define PATIENT "[gruvid]\ndrain_timeout = 1000s\n"

static void
say(int fd, const char *text, const char *answer)
{
    send_text(fd, text);
    expect_text(fd, answer);
}

/* A connection that is parked: it was called once and has answered. */
static int
connect_parked(struct gruvid *g)
{
    int fd = connect_to(g, 0);

    say(fd, "line\n", "line\n");
    return fd;
}

static void
ends(struct gruvid *g)
{
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}

/* --- calls --------------------------------------------------------------- */

START_TEST(test_each_message_is_a_call)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fd = connect_to(g, 0);

    say(fd, "one\n", "one\n");
    say(fd, "two\n", "two\n");
    say(fd, "calls\n", "4\n");
    close(fd);
    gruvid_says(g, "a session of 5 calls is over");
    ends(g);
    gruvid_says(g, "1 connections, 1 gone, 0 failed, 0 cut");
}
END_TEST

START_TEST(test_a_parked_connection_has_no_fiber)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int parked = connect_parked(g), held = connect_parked(g);

    say(held, "hold\n", "hold\n");
    gruvid_signal(g, SIGUSR2);
    gruvid_says(g, " fibers\n");
    ck_assert_uint_eq(gruvid_said(g, "waits for read"), 1);
    say(parked, "more\n", "more\n");
    close(held);
    close(parked);
    ends(g);
}
END_TEST

/* What a fiber keeps for itself goes with it. */
START_TEST(test_each_call_has_a_fiber_of_its_own)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fd = connect_to(g, 0);

    say(fd, "local\n", "0\n");
    say(fd, "local\n", "0\n");
    close(fd);
    ends(g);
}
END_TEST

START_TEST(test_the_first_call_may_speak_first)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS "first = greet\n", NULL);
    int fd = connect_to(g, 0);

    expect_text(fd, "welcome\n");
    say(fd, "line\n", "line\n");
    close(fd);
    ends(g);
}
END_TEST

START_TEST(test_unix_sockets_park_too)
{
    struct gruvid *g = gruvid_ready(
        PATIENT "[plugin parks]\nlisten = unix:@DIR@/socket\n", NULL);
    int fd = connect_unix(gruvid_path(g, "socket"));

    say(fd, "one\n", "one\n");
    say(fd, "two\n", "two\n");
    shutdown(fd, SHUT_WR);
    ck_assert(!expect_end(fd));
    ends(g);
}
END_TEST

/* The stream holds what has come with the first line. */
START_TEST(test_lines_that_come_at_once_are_answered_in_order)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fd = connect_to(g, 0);

    say(fd, "one\ntwo\nthree\n", "one\ntwo\nthree\n");
    say(fd, "calls\n", "5\n");
    close(fd);
    ends(g);
}
END_TEST

START_TEST(test_a_client_may_send_one_byte_at_a_time)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    const char *text = "slowly\n";
    char byte[2] = "";
    int fd = connect_to(g, 0);

    for (; *text != '\0'; text++) {
        byte[0] = *text;
        send_text(fd, byte);
        usleep(1000); /* not to be waited for: they may also come at once */
    }
    expect_text(fd, "slowly\n");
    close(fd);
    ends(g);
}
END_TEST

START_TEST(test_what_a_call_has_spawned_ends_before_it_parks)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fd = connect_to(g, 0);

    say(fd, "spawn\n", "bye\n");
    say(fd, "calls\n", "3\n");
    close(fd);
    ends(g);
}
END_TEST

START_TEST(test_a_stream_that_a_fiber_still_reads_cannot_be_parked)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fd = connect_to(g, 0);

    say(fd, "stray\n", "stray\n");
    expect_end(fd);
    gruvid_says(g,
                "connection failed: busy: in use, or not finished yet (EBUSY)");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_call_that_fails_ends_the_connection)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fd = connect_parked(g);

    send_text(fd, "fail\n");
    expect_end(fd);
    gruvid_says(g, "error parks[127.0.0.1:");
    gruvid_says(g, "connection failed: invalid argument (EINVAL)");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* It would be called without a pause. */
/* Nothing comes or goes between these calls, but each of them reads. */
START_TEST(test_thousands_of_lines_that_came_at_once_are_not_in_vain)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    char lines[2000 * 2 + 1];
    int fd = connect_to(g, 0);

    for (size_t i = 0; i + 1 < sizeof lines; i += 2)
        memcpy(lines + i, "q\n", 3);
    send_text(fd, lines);
    say(fd, "calls\n", "2002\n");
    ck_assert_uint_eq(gruvid_said(g, "less often"), 0);
    close(fd);
    ends(g);
    ck_assert_uint_eq(gruvid_said(g, "less often"), 0);
}
END_TEST

START_TEST(test_a_plugin_that_does_not_read_is_called_less_often)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS "first = vain\n", NULL);
    const char *again;
    int fd = connect_to(g, 0);

    send_text(fd, "x\n");
    gruvid_says(g, "a connection was parked 1000 times in a row with "
                   "something to read that the plugin has not read");
    again = gruvid_says(g, "it is called less often (");
    ck_assert_uint_lt(strtoul(again, NULL, 10), 1000);
    gruvid_signal(g, SIGINT);
    gruvid_says(g, "1 connection left");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
    close(fd);
}
END_TEST

/* --- the peer goes ------------------------------------------------------- */

START_TEST(test_the_end_of_the_peer_ends_a_parked_connection)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fd = connect_parked(g);

    shutdown(fd, SHUT_WR);
    ck_assert(!expect_end(fd));
    gruvid_says(g, "a session of 3 calls is over");
    ends(g);
    gruvid_says(g, "1 connections, 1 gone, 0 failed, 0 cut");
}
END_TEST

START_TEST(test_what_came_before_the_end_is_answered)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fd = connect_parked(g);

    send_text(fd, "one\ntwo\n");
    shutdown(fd, SHUT_WR);
    expect_text(fd, "one\ntwo\n");
    ck_assert(!expect_end(fd));
    ends(g);
}
END_TEST

START_TEST(test_a_reset_ends_a_parked_connection)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int other = connect_parked(g);

    reset(connect_parked(g));
    gruvid_says(g, "a session of 3 calls is over");
    say(other, "line\n", "line\n");
    close(other);
    ends(g);
    gruvid_says(g, "2 connections, 2 gone, 0 failed, 0 cut");
}
END_TEST

/* --- limits -------------------------------------------------------------- */

START_TEST(test_a_parked_connection_keeps_its_place)
{
    struct gruvid *g =
        gruvid_ready(PATIENT PARKS "max_connections = 1\n", NULL);
    int first = connect_parked(g), second = connect_to(g, 0);

    send_text(second, "two\n");
    gruvid_says(g, "max_connections = 1 is reached");
    say(first, "one\n", "one\n");
    ck_assert_int_lt(recv(second, (char[1]){0}, 1, MSG_DONTWAIT), 0);
    close(first);
    expect_text(second, "two\n");
    close(second);
    ends(g);
}
END_TEST

/* Of the fibers one accepts; so many connections could not be served at once.
 */
START_TEST(test_parked_connections_are_not_counted_as_fibers)
{
    struct gruvid *g =
        gruvid_ready("[fibers]\nmax_fibers = 3\n" PATIENT PARKS, NULL);
    int fds[20];

    for (int i = 0; i < 20; i++)
        fds[i] = connect_parked(g);
    for (int i = 0; i < 20; i++)
        say(fds[i], "more\n", "more\n");
    for (int i = 0; i < 20; i++)
        close(fds[i]);
    ends(g);
    gruvid_says(g, "20 connections");
}
END_TEST

START_TEST(test_a_parked_connection_waits_for_a_fiber)
{
    struct gruvid *g =
        gruvid_ready("[fibers]\nmax_fibers = 2\n" PATIENT PARKS, NULL);
    int holds = connect_parked(g), waits[10];

    for (int i = 0; i < 10; i++)
        waits[i] = connect_parked(g);
    say(holds, "hold\n", "hold\n");
    for (int i = 0; i < 10; i++)
        send_text(waits[i], "line\n");
    gruvid_says(g, "a parked connection waits for a fiber: ");
    ck_assert_int_lt(recv(waits[9], (char[1]){0}, 1, MSG_DONTWAIT), 0);
    say(holds, "go\n", "go\n");
    for (int i = 0; i < 10; i++) {
        expect_text(waits[i], "line\n");
        say(waits[i], "more\n", "more\n");
        close(waits[i]);
    }
    close(holds);
    ends(g);
    gruvid_says(g, "11 connections, 11 gone, 0 failed, 0 cut");
}
END_TEST

START_TEST(test_idle_timeout_ends_a_parked_connection)
{
    struct gruvid_options options = {.args = (const char *[]){"-v", NULL}};
    struct gruvid *g =
        gruvid_ready(PATIENT PARKS "idle_timeout = 50ms\n", &options);
    int fd = connect_to(g, 0);

    ck_assert(!expect_end(fd));
    gruvid_says(g, "connection ended: cancelled");
    gruvid_says(g, "a session of 1 calls is over");
    ends(g);
    gruvid_says(g, "1 connections, 1 gone, 0 failed, 0 cut");
}
END_TEST

START_TEST(test_read_timeout_ends_a_parked_connection)
{
    struct gruvid_options options = {.args = (const char *[]){"-v", NULL}};
    struct gruvid *g =
        gruvid_ready(PATIENT PARKS "read_timeout = 50ms\n", &options);
    int fd = connect_to(g, 0);

    ck_assert(!expect_end(fd));
    gruvid_says(g, "connection ended: timed out");
    ends(g);
    gruvid_says(g, "1 connections, 1 gone, 0 failed, 0 cut");
}
END_TEST

/* --- the stop ------------------------------------------------------------ */

START_TEST(test_a_stop_closes_what_is_parked)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fds[20];

    for (int i = 0; i < 20; i++)
        fds[i] = connect_parked(g);
    ends(g);
    for (int i = 0; i < 20; i++)
        ck_assert(!expect_end(fds[i]));
    gruvid_says(g, "20 connections, 0 gone, 0 failed, 0 cut");
    ck_assert_uint_eq(gruvid_said(g, "a session of 2 calls is over"), 20);
}
END_TEST

START_TEST(test_a_stop_serves_what_was_received)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fd = connect_parked(g);

    gruvid_signal(g, SIGSTOP);
    send_text(fd, "one\ntwo\n");
    gruvid_signal(g, SIGTERM);
    gruvid_signal(g, SIGCONT);
    expect_text(fd, "one\ntwo\n");
    ck_assert(!expect_end(fd));
    ck_assert_int_eq(gruvid_wait(g), 0);
    gruvid_says(g, "1 connections, 0 gone, 0 failed, 0 cut");
}
END_TEST

START_TEST(test_a_stop_closes_what_parks_later)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fd = connect_parked(g);

    say(fd, "hold\n", "hold\n");
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "1 connection left");
    say(fd, "last\n", "last\n");
    ck_assert(!expect_end(fd));
    ck_assert_int_eq(gruvid_wait(g), 0);
    gruvid_says(g, "1 connections, 0 gone, 0 failed, 0 cut");
}
END_TEST

/* --- an old generation ---------------------------------------------------- */

/* The option is another, and the plugin has no reconfigure. */
static void
renew(struct gruvid *g, const char *config)
{
    gruvid_configure(g, config);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 1 is done");
}

START_TEST(test_an_old_generation_closes_what_is_silent)
{
#define BRIEF "[gruvid]\ndrain_timeout = 6s\n"
    struct gruvid *g = gruvid_ready(BRIEF PARKS, NULL);
    int fd = connect_parked(g);

    renew(g, BRIEF PARKS "first = greet\n");
    say(fd, "more\n", "more\n");
    ck_assert(!expect_end(fd));
    gruvid_says(g, "plugin parks, generation 1 has stopped: 1 connections, "
                   "0 gone, 0 failed, 0 cut");
    ends(g);
}
END_TEST

START_TEST(test_an_old_generation_keeps_what_is_not_silent)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fd = connect_parked(g), next;

    renew(g, PATIENT PARKS "first = greet\n");
    for (int i = 0; i < 10; i++) {
        say(fd, "more\n", "more\n");
        next = connect_to(g, 0);
        expect_text(next, "welcome\n");
        close(next);
    }
    close(fd);
    gruvid_says(g, "plugin parks, generation 1 has stopped: 1 connections, "
                   "1 gone, 0 failed, 0 cut");
    ends(g);
}
END_TEST

START_TEST(test_a_stop_closes_what_an_old_generation_has_parked)
{
    struct gruvid *g = gruvid_ready(PATIENT PARKS, NULL);
    int fd = connect_parked(g);

    renew(g, PATIENT PARKS "first = greet\n");
    ends(g);
    ck_assert(!expect_end(fd));
    gruvid_says(g, "1 connections, 0 gone, 0 failed, 0 cut");
}
END_TEST

/* --- many ---------------------------------------------------------------- */

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define CROWD 500
#else
#define CROWD 4000
#endif

static void
talk_to_all(int *fds, int n, const char *word)
{
    char text[32];

    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "%s%d\n", word, i);
        send_text(fds[i], text);
    }
    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "%s%d\n", word, i);
        expect_text(fds[i], text);
    }
}

static void
raise_limit(void)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(test_thousands_in_two_hubs)
{
    static int fds[CROWD];
    struct gruvid *g;
    char text[64];

    raise_limit();
    g = gruvid_ready("[gruvid]\nhubs = 2\ndrain_timeout = 1000s\n" PARKS, NULL);
    for (int i = 0; i < CROWD; i++)
        fds[i] = connect_to(g, 0);
    for (int round = 0; round < 3; round++)
        talk_to_all(fds, CROWD, "word");
    for (int i = 0; i < CROWD; i += 2)
        close(fds[i]);
    for (int i = 1; i < CROWD; i += 2)
        say(fds[i], "calls\n", "5\n");
    ends(g);
    for (int i = 1; i < CROWD; i += 2)
        ck_assert(!expect_end(fds[i]));
    snprintf(text, sizeof text, "%d connections, %d gone, 0 failed, 0 cut",
             CROWD, CROWD / 2);
    gruvid_says(g, text);
}
END_TEST

START_TEST(test_an_idle_connection_of_echo_takes_little)
{
    static int fds[CROWD];
    char plugins[300], text[64];
    struct gruvid_options options = {
        .args = (const char *[]){"-o", plugins, NULL},
    };
    struct gruvid *g;
    size_t before = 0;

    snprintf(plugins, sizeof plugins, "gruvid.plugin_dir=%s/plugins/.libs",
             getenv("top_builddir"));
    raise_limit();
    g = gruvid_ready("[plugin echo]\nlisten = tcp://127.0.0.1:0\n", &options);
    for (int i = 0; i < CROWD; i++) {
        fds[i] = connect_to(g, 0);
        say(fds[i], "line\n", "line\n");
        if (i + 1 == CROWD / 4)
            before = gruvid_memory(g);
    }
    if (gruvid_memory_counts())
        ck_assert_uint_le(gruvid_memory(g),
                          before + (size_t)700 * (CROWD - CROWD / 4));
    for (int i = 0; i < CROWD; i++)
        close(fds[i]);
    ends(g);
    snprintf(text, sizeof text, "%d connections, 0 gone", CROWD);
    gruvid_says(g, text);
}
END_TEST

static void
add_calls(TCase *tc)
{
    tcase_add_test(tc, test_each_message_is_a_call);
    tcase_add_test(tc, test_a_parked_connection_has_no_fiber);
    tcase_add_test(tc, test_each_call_has_a_fiber_of_its_own);
    tcase_add_test(tc, test_the_first_call_may_speak_first);
    tcase_add_test(tc, test_unix_sockets_park_too);
    tcase_add_test(tc, test_lines_that_come_at_once_are_answered_in_order);
    tcase_add_test(tc, test_a_client_may_send_one_byte_at_a_time);
    tcase_add_test(tc, test_what_a_call_has_spawned_ends_before_it_parks);
    tcase_add_test(tc, test_a_stream_that_a_fiber_still_reads_cannot_be_parked);
    tcase_add_test(tc, test_a_call_that_fails_ends_the_connection);
    tcase_add_test(tc,
                   test_thousands_of_lines_that_came_at_once_are_not_in_vain);
    tcase_add_test(tc, test_a_plugin_that_does_not_read_is_called_less_often);
}

static void
add_limits(TCase *tc)
{
    tcase_add_test(tc, test_a_parked_connection_keeps_its_place);
    tcase_add_test(tc, test_parked_connections_are_not_counted_as_fibers);
    tcase_add_test(tc, test_a_parked_connection_waits_for_a_fiber);
    tcase_add_test(tc, test_idle_timeout_ends_a_parked_connection);
    tcase_add_test(tc, test_read_timeout_ends_a_parked_connection);
}

int
main(void)
{
    Suite *suite = suite_create("park");
    TCase *peers, *stop, *generations, *many;

    add_calls(gruvid_case(suite, "calls"));
    peers = gruvid_case(suite, "peers");
    tcase_add_test(peers, test_the_end_of_the_peer_ends_a_parked_connection);
    tcase_add_test(peers, test_what_came_before_the_end_is_answered);
    tcase_add_test(peers, test_a_reset_ends_a_parked_connection);
    add_limits(gruvid_case(suite, "limits"));
    stop = gruvid_case(suite, "stop");
    tcase_add_test(stop, test_a_stop_closes_what_is_parked);
    tcase_add_test(stop, test_a_stop_serves_what_was_received);
    tcase_add_test(stop, test_a_stop_closes_what_parks_later);
    tcase_add_test(stop, test_a_stop_closes_what_an_old_generation_has_parked);
    generations = gruvid_case(suite, "generations");
    tcase_add_test(generations, test_an_old_generation_closes_what_is_silent);
    tcase_add_test(generations,
                   test_an_old_generation_keeps_what_is_not_silent);
    many = gruvid_case(suite, "many");
    tcase_add_test(many, test_thousands_in_two_hubs);
    tcase_add_test(many, test_an_idle_connection_of_echo_takes_little);
    return run_suite(suite);
}
