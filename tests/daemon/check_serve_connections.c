/* SPDX-License-Identifier: MIT */
/* Connections: a fiber and a group each, limits, and peers that behave badly.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

#define ECHO "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"

START_TEST(test_what_is_sent_comes_back)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int fd = connect_to(g, 0);

    send_text(fd, "hello\n");
    expect_text(fd, "hello\n");
    shutdown(fd, SHUT_WR);
    ck_assert(!expect_end(fd));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "plugin trial has stopped: 1 connections");
}
END_TEST

START_TEST(test_unix_sockets_are_served_and_removed)
{
    struct gruvid *g =
        gruvid_ready("[plugin trial]\nlisten = unix:@DIR@/socket\n", NULL);
    int fd = connect_unix(gruvid_path(g, "socket"));

    ck_assert_int_ge(fd, 0);
    send_text(fd, "hello\n");
    expect_text(fd, "hello\n");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_int_lt(access(gruvid_path(g, "socket"), F_OK), 0);
}
END_TEST

START_TEST(test_the_echo_plugin_echoes)
{
    char plugins[300];
    struct gruvid_options options = {
        .args = (const char *[]){"-o", plugins, NULL},
    };
    struct gruvid *g;
    int fd;

    snprintf(plugins, sizeof plugins, "gruvid.plugin_dir=%s/plugins/.libs",
             getenv("top_builddir"));
    g = gruvid_ready("[plugin echo]\nlisten = tcp://127.0.0.1:0\n"
                     "[plugin heartbeat]\ninterval = 1ms\ncount = 3\n"
                     "message = tick\n",
                     &options);
    fd = connect_to(g, 0);
    send_text(fd, "hello\n");
    expect_text(fd, "hello\n");
    close(fd);
    /* Equal lines are counted. */
    gruvid_says(g, "heartbeat[beat]: tick\n");
    gruvid_says(g, "heartbeat[beat]: tick (2 more in the last second)\n");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "tick"), 2);
}
END_TEST

/* --- groups and errors
 * --------------------------------------------------------- */

START_TEST(test_what_a_connection_spawns_ends_before_its_stream_is_closed)
{
    struct gruvid *g = gruvid_ready(ECHO "serve = spawn\n", NULL);
    int fd = connect_to(g, 0);

    send_text(fd, "x");
    expect_text(fd, "x");
    ck_assert_uint_eq(gruvid_said(g, "companion has ended"), 0);
    shutdown(fd, SHUT_WR);
    /* Both companions write when they are cancelled. */
    expect_text(fd, "bye\nbye\n");
    ck_assert(!expect_end(fd));
    gruvid_says_times(g, "companion has ended", 2);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_what_a_connection_spawns_may_use_its_stack)
{
    struct gruvid *g = gruvid_ready(ECHO "serve = share\n", NULL);

    for (int n = 0; n < 3; n++) {
        int fd = connect_to(g, 0);

        send_text(fd, "x");
        expect_text(fd, "x");
        shutdown(fd, SHUT_WR);
        expect_text(fd, "shared\n");
        ck_assert(!expect_end(fd));
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_connection_that_fails_is_logged_and_harms_no_other)
{
    struct gruvid *g = gruvid_ready(
        ECHO "serve = fail\n"
             "[plugin good]\nmodule = trial\nlisten = tcp://127.0.0.1:0\n",
        NULL);
    int good = connect_to(g, 1), bad = connect_to(g, 0);

    expect_end(bad);
    gruvid_says(g, "connection failed: invalid argument (EINVAL)");
    /* Plugin and fiber are named, the fiber by its peer. */
    gruvid_says(g, "error trial[127.0.0.1:");
    send_text(good, "hello\n");
    expect_text(good, "hello\n");
    close(good); /* or the stop waits for it */
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

/* How many failures the log tells of, one a line or counted. */
static unsigned
failures(const struct gruvid *g)
{
    unsigned sum = gruvid_said(g, ": connection failed");

    for (const char *at = g->log;
         (at = strstr(at, "connection failed")) != NULL; at++) {
        unsigned more = 0;

        sscanf(at, "connection failed: invalid argument (EINVAL) (%u more",
               &more);
        sum += more > 0 ? more - 1 : 0;
    }
    return sum;
}

START_TEST(test_many_that_fail_alike_are_counted_in_a_line_a_second)
{
    struct gruvid *g = gruvid_ready(ECHO "serve = fail\n", NULL);

    for (int i = 0; i < 300; i++) {
        int fd = connect_to(g, 0);

        expect_end(fd);
        close(fd);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(failures(g), 300);
    ck_assert_uint_lt(gruvid_said(g, "connection failed"), 100);
    gruvid_says(g, "300 failed");
}
END_TEST

START_TEST(test_a_peer_that_sends_too_much_is_no_error)
{
    struct gruvid *g = gruvid_ready(ECHO "serve = long_line\n", NULL);

    close(connect_to(g, 0));
    gruvid_says(g, "info trial[");
    gruvid_says(g, "connection ended: what the peer has sent is longer than "
                   "there is room for (E2BIG)");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "1 connections, 1 gone, 0 failed");
}
END_TEST

START_TEST(test_a_plugin_that_returns_minus_one_is_told_what_that_means)
{
    struct gruvid *g = gruvid_ready(ECHO "serve = minus_one\n", NULL);

    close(connect_to(g, 0));
    gruvid_says(g, "connection failed: the plugin's function has returned -1");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_peers_that_go_away_are_no_errors)
{
    struct gruvid *g = gruvid_ready(ECHO "serve = peer\n", NULL);

    expect_end(connect_to(g, 0));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "1 connections, 1 gone, 0 failed");
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}
END_TEST

START_TEST(test_peers_that_go_away_are_lines_of_debug)
{
    struct gruvid_options options = {.args = (const char *[]){"-v", NULL}};
    struct gruvid *g = gruvid_ready(ECHO "serve = peer\n", &options);

    expect_end(connect_to(g, 0));
    gruvid_says(g, " debug trial[127.0.0.1:");
    gruvid_says(g, "connection ended: broken pipe");
}
END_TEST

START_TEST(test_a_fiber_of_a_plugin_that_fails_is_logged_with_its_name)
{
    struct gruvid *g = gruvid_ready(ECHO "fiber = fail\n", NULL);
    int fd = connect_to(g, 0);

    gruvid_says(g, "error trial[worker]: fiber worker ended with EINVAL");
    send_text(fd, "hello\n");
    expect_text(fd, "hello\n");
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_fiber_that_lost_its_peer_is_no_error)
{
    struct gruvid *g = gruvid_ready("[plugin trial]\nfiber = peer\n", NULL);

    gruvid_says(g, "fiber runs");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
    gruvid_says(g, "0 connections, 1 gone, 0 failed");
}
END_TEST

/* --- limits
 * --------------------------------------------------------------------- */

static bool
is_readable(int fd, int ms)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};

    return poll(&pfd, 1, ms) > 0;
}

START_TEST(test_max_connections_pauses_accepting)
{
    struct gruvid *g = gruvid_ready(ECHO "max_connections = 2\n", NULL);
    int first = connect_to(g, 0), second = connect_to(g, 0), third;

    send_text(first, "1");
    expect_text(first, "1");
    send_text(second, "2");
    expect_text(second, "2");
    third = connect_to(g, 0);
    send_text(third, "3");
    gruvid_says(g, "max_connections = 2 is reached");
    /* The others are served, so the third would have been by now. */
    send_text(first, "1");
    expect_text(first, "1");
    ck_assert(!is_readable(third, 0));
    close(first);
    expect_text(third, "3");
    close(second);
    close(third);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_read_timeout_ends_a_connection_that_is_silent)
{
    struct gruvid *g = gruvid_ready(ECHO "read_timeout = 50ms\n", NULL);
    int fd = connect_to(g, 0);

    ck_assert(!expect_end(fd));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "1 connections, 1 gone, 0 failed");
}
END_TEST

START_TEST(test_idle_timeout_ends_a_connection_that_is_silent)
{
    struct gruvid *g = gruvid_ready(ECHO "idle_timeout = 50ms\n", NULL);

    ck_assert(!expect_end(connect_to(g, 0)));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Traffic in one direction keeps a connection, whoever waits in the other. */
START_TEST(test_idle_timeout_counts_traffic_either_way)
{
    struct gruvid *g =
        gruvid_ready(ECHO "idle_timeout = 1s\nserve = tick\n", NULL);
    int fd = connect_to(g, 0);

    for (int i = 0; i < 30; i++)
        expect_text(fd, "tick\n");
    ck_assert(!expect_end(fd));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "the reader got ECANCELED: idle_timeout");
}
END_TEST

START_TEST(test_max_fibers_makes_connections_wait)
{
    /* acceptor, one connection */
    struct gruvid *g = gruvid_ready("[fibers]\nmax_fibers = 2\n" ECHO, NULL);
    int first = connect_to(g, 0), second;

    send_text(first, "1");
    expect_text(first, "1");
    second = connect_to(g, 0);
    send_text(second, "2");
    gruvid_says(g, "a connection waits: ");
    close(first);
    expect_text(second, "2");
    close(second);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Of one plugin: another has its fibers. */
START_TEST(test_max_fibers_of_a_plugin_makes_its_connections_wait)
{
    struct gruvid *g = gruvid_ready(
        ECHO "max_fibers = 2\n"
             "[plugin two]\nmodule = trial\nlisten = tcp://127.0.0.1:0\n",
        NULL);
    int first = connect_to(g, 0), second, other = connect_to(g, 1);

    send_text(first, "1");
    expect_text(first, "1");
    second = connect_to(g, 0);
    send_text(second, "2");
    gruvid_says(g, "no more fibers in the group: max_fibers is 2");
    gruvid_says(g, "a connection waits: ");
    send_text(other, "3");
    expect_text(other, "3");
    close(first);
    expect_text(second, "2");
    close(second);
    close(other);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_descriptors_that_run_out_make_connections_wait)
{
    struct gruvid_options options = {.files = 40};
    struct gruvid *g = gruvid_ready(ECHO, &options);
    int fds[60];

    for (unsigned i = 0; i < 60; i++)
        fds[i] = connect_to(g, 0);
    gruvid_says(g, "connections wait: too many open files");
    for (unsigned i = 0; i < 60; i++) {
        send_text(fds[i], "x");
        expect_text(fds[i], "x");
        close(fds[i]);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "60 connections");
}
END_TEST

/* --- many
 * ------------------------------------------------------------------------ */

/* ThreadSanitizer keeps megabytes for each fiber, and looks at all of them. */
#if defined(__SANITIZE_THREAD__)
#define CROWD 100
#define IDLE  200
#elif defined(__SANITIZE_ADDRESS__)
#define CROWD 1000
#define IDLE  2000
#else
#define CROWD 1000
#define IDLE  10000
#endif

/* Raise the limit of descriptors for it and for gruvid; returns how many of
 * n connections there can be. */
static int
connections_of(int n)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit.rlim_max < (rlim_t)n + 100 ? (int)limit.rlim_max - 100 : n;
}

START_TEST(test_a_thousand_connections_echo)
{
    enum { N = CROWD };
    struct gruvid *g;
    static int fds[N];
    char text[32];

    ck_assert_int_eq(connections_of(N), N);
    g = gruvid_ready(ECHO, NULL);
    for (int i = 0; i < N; i++)
        fds[i] = connect_to(g, 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++) {
            snprintf(text, sizeof text, "%d-%d\n", round, i);
            send_text(fds[i], text);
        }
        for (int i = 0; i < N; i++) {
            snprintf(text, sizeof text, "%d-%d\n", round, i);
            expect_text(fds[i], text);
        }
    }
    for (int i = 0; i < N; i++)
        close(fds[i]);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    snprintf(text, sizeof text, "%d connections, 0 gone, 0", N);
    gruvid_says(g, text);
}
END_TEST

START_TEST(test_ten_thousand_idle_connections_wake_and_go)
{
    int n, port, count = connections_of(IDLE);
    int *fds = calloc((size_t)count, sizeof *fds);
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    char text[64];

    ck_assert_ptr_nonnull(fds);
    port = gruvid_port(g, 0);
    for (n = 0; n < count; n++) {
        fds[n] = connect_port(port);
        ck_assert_int_ge(fds[n], 0);
    }
    for (n = 0; n < count; n++) {
        snprintf(text, sizeof text, "%d\n", n);
        send_text(fds[n], text);
        expect_text(fds[n], text);
    }
    for (n = 0; n < count; n++)
        close(fds[n]);
    free(fds);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    snprintf(text, sizeof text, "%d connections, 0 gone, 0 failed", count);
    gruvid_says(g, text);
}
END_TEST

START_TEST(test_two_hundred_that_reset_in_mid_transfer_harm_nobody)
{
    enum { N = 200 };
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int good = connect_to(g, 0), fds[N];
    static char block[65536];

    memset(block, 'x', sizeof block);
    for (int i = 0; i < N; i++) {
        fds[i] = connect_to(g, 0);
        /* Nobody reads what comes back, so gruvid writes when it is cut. */
        ck_assert_int_gt(
            send(fds[i], block, sizeof block, MSG_NOSIGNAL | MSG_DONTWAIT), 0);
    }
    for (int i = 0; i < N; i++)
        reset(fds[i]);
    send_text(good, "hello\n");
    expect_text(good, "hello\n");
    close(good);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "201 connections, ");
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
    gruvid_says(g, ", 0 failed, 0 cut");
}
END_TEST

static void
add_limits(TCase *tc)
{
    tcase_add_test(tc, test_max_connections_pauses_accepting);
    tcase_add_test(tc, test_read_timeout_ends_a_connection_that_is_silent);
    tcase_add_test(tc, test_idle_timeout_ends_a_connection_that_is_silent);
    tcase_add_test(tc, test_idle_timeout_counts_traffic_either_way);
    tcase_add_test(tc, test_max_fibers_makes_connections_wait);
    tcase_add_test(tc, test_max_fibers_of_a_plugin_makes_its_connections_wait);
    tcase_add_test(tc, test_descriptors_that_run_out_make_connections_wait);
}

int
main(void)
{
    Suite *suite = suite_create("serve_connections");
    TCase *simple = gruvid_case(suite, "simple");
    TCase *errors = gruvid_case(suite, "groups and errors"), *many;

    tcase_add_test(simple, test_what_is_sent_comes_back);
    tcase_add_test(simple, test_unix_sockets_are_served_and_removed);
    tcase_add_test(simple, test_the_echo_plugin_echoes);
    tcase_add_test(
        errors, test_what_a_connection_spawns_ends_before_its_stream_is_closed);
    tcase_add_test(errors, test_what_a_connection_spawns_may_use_its_stack);
    tcase_add_test(errors,
                   test_a_connection_that_fails_is_logged_and_harms_no_other);
    tcase_add_test(
        errors, test_a_plugin_that_returns_minus_one_is_told_what_that_means);
    tcase_add_test(errors, test_a_peer_that_sends_too_much_is_no_error);
    tcase_add_test(errors,
                   test_many_that_fail_alike_are_counted_in_a_line_a_second);
    tcase_add_test(errors, test_peers_that_go_away_are_no_errors);
    tcase_add_test(errors, test_peers_that_go_away_are_lines_of_debug);
    tcase_add_test(errors,
                   test_a_fiber_of_a_plugin_that_fails_is_logged_with_its_name);
    tcase_add_test(errors, test_a_fiber_that_lost_its_peer_is_no_error);
    add_limits(gruvid_case(suite, "limits"));
    many = gruvid_case(suite, "many");
    tcase_add_test(many, test_a_thousand_connections_echo);
    tcase_add_test(many, test_ten_thousand_idle_connections_wake_and_go);
    tcase_add_test(many,
                   test_two_hundred_that_reset_in_mid_transfer_harm_nobody);
    return run_suite(suite);
}
