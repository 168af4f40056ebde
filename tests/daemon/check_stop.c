/* SPDX-License-Identifier: MIT */
/* The stop: what is waited for, for how long, and what is left behind. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

#define ECHO "[plugin trial]\nlisten = tcp://127.0.0.1:0\n"
#define SOON "[gruvid]\ndrain_timeout = 100ms\ncancel_timeout = 100ms\n"

/* A connection that is being served. */
static int
serve_one(struct gruvid *g)
{
    int fd = connect_to(g, 0);

    send_text(fd, "x");
    expect_text(fd, "x");
    return fd;
}

START_TEST(test_connections_end_by_themselves)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int fd = serve_one(g);

    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "1 connection left; interrupt to stop now");
    send_text(fd, "still served\n");
    expect_text(fd, "still served\n");
    close(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
    gruvid_says(g, "1 connections, 0 gone, 0 failed, 0 cut");
}
END_TEST

START_TEST(test_what_the_kernel_has_queued_is_served)
{
    /* Nobody accepts the second one before the stop. */
    struct gruvid *g = gruvid_ready(ECHO "max_connections = 1\n", NULL);
    int first = serve_one(g), second = connect_to(g, 0);

    send_text(second, "queued\n");
    gruvid_says(g, "is reached");
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "connection left");
    close(first);
    expect_text(second, "queued\n");
    close(second);
    ck_assert_int_eq(gruvid_wait(g), 0);
    gruvid_says(g, "2 connections");
}
END_TEST

/* Clients that come later find nobody, though the queue is not served yet. */
static void
stop_at_a_limit(const char *config, const char *reached)
{
    struct gruvid_options options = {.args = (const char *[]){"-v", NULL}};
    struct gruvid *g = gruvid_ready(config, &options);
    int first = serve_one(g), second = connect_to(g, 0);

    send_text(second, "queued\n");
    gruvid_says(g, reached);
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "not listening any more");
    ck_assert_int_lt(connect_port(gruvid_port(g, 0)), 0);
    close(first);
    expect_text(second, "queued\n");
    close(second);
    ck_assert_int_eq(gruvid_wait(g), 0);
    gruvid_says(g, "2 connections");
}

START_TEST(test_at_max_connections_the_queue_is_served_and_nothing_else)
{
    stop_at_a_limit(ECHO "max_connections = 1\n", "is reached");
}
END_TEST

START_TEST(test_at_max_fibers_the_queue_is_served_and_nothing_else)
{
    stop_at_a_limit("[fibers]\nmax_fibers = 2\n" ECHO, "a connection waits");
}
END_TEST

/* That stop runs in a fiber does not depend on the limit. */
START_TEST(test_at_max_fibers_of_a_plugin_it_is_the_same)
{
    stop_at_a_limit(ECHO "max_fibers = 2\n", "a connection waits");
}
END_TEST

START_TEST(test_the_queue_that_finds_no_place_is_closed_after_drain_timeout)
{
    struct gruvid *g = gruvid_ready(SOON ECHO "max_connections = 1\n", NULL);
    int first = serve_one(g), second = connect_to(g, 0);

    gruvid_says(g, "is reached");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "1 connection that waited for a place was closed");
    expect_end(first);
    expect_end(second);
}
END_TEST

START_TEST(test_nothing_is_accepted_any_more)
{
    struct gruvid_options options = {.args = (const char *[]){"-v", NULL}};
    struct gruvid *g =
        gruvid_ready(ECHO "listen = unix:@DIR@/socket\n", &options);
    int fd = serve_one(g);

    gruvid_signal(g, SIGTERM);
    gruvid_says_times(g, "not listening any more", 2);
    ck_assert_int_lt(connect_unix(gruvid_path(g, "socket")), 0);
    close(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

START_TEST(test_an_idle_client_is_cut_after_drain_timeout_and_counted)
{
    struct gruvid *g = gruvid_ready(SOON ECHO, NULL);
    int fd = serve_one(g);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    expect_end(fd);
    gruvid_says(g, "plugin trial: 1 connection cut, drain_timeout has passed");
    gruvid_says(g, "1 connections, 1 gone, 0 failed, 1 cut");
}
END_TEST

START_TEST(test_a_second_interrupt_cuts_at_once)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int fd = serve_one(g);

    gruvid_signal(g, SIGINT);
    gruvid_says(g, "1 connection left; interrupt again to stop now");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
    expect_end(fd);
    gruvid_says(g, "plugin trial: 1 connection cut, interrupted again");
}
END_TEST

START_TEST(test_an_interrupt_after_sigterm_cuts_at_once)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);

    serve_one(g);
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "1 connection left");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

START_TEST(test_the_drain_event_is_set_at_a_stop)
{
    struct gruvid *g = gruvid_ready(ECHO "fiber = drain\n", NULL);
    int fd = serve_one(g);

    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "generation 1 drains: 1");
    close(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

START_TEST(test_a_lame_duck_still_accepts)
{
    struct gruvid *g =
        gruvid_ready("[gruvid]\nlame_duck = 1h\n" ECHO "fiber = drain\n", NULL);
    int fd;

    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "accepted for 3600 more seconds (lame_duck); interrupt");
    fd = serve_one(g);
    ck_assert_uint_eq(gruvid_said(g, "drains"), 0);
    /* That hurries all of the stop. */
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
    gruvid_says(g, "1 connection cut, interrupted again");
    expect_end(fd);
}
END_TEST

START_TEST(test_after_lame_duck_the_drain_begins)
{
    struct gruvid *g = gruvid_ready("[gruvid]\nlame_duck = 10ms\n" ECHO, NULL);
    int fd = serve_one(g);

    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "1 connection left");
    ck_assert_int_lt(connect_port(gruvid_port(g, 0)), 0);
    close(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

START_TEST(test_plugins_stop_when_all_connections_have_ended)
{
    struct gruvid *g =
        gruvid_ready(ECHO "[plugin last]\nmodule = trial\n", NULL);
    int fd = serve_one(g);

    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "1 connection left");
    send_text(fd, "still served\n");
    expect_text(fd, "still served\n");
    ck_assert_uint_eq(gruvid_said(g, "stop of last"), 0);
    close(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
    /* And in the reverse order of the file. */
    ck_assert_ptr_nonnull(
        strstr(gruvid_says(g, "stop of last"), "stop of trial"));
}
END_TEST

START_TEST(test_a_second_sigterm_changes_nothing)
{
    struct gruvid *g = gruvid_ready(ECHO, NULL);
    int fd = serve_one(g);

    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "1 connection left");
    gruvid_signal(g, SIGTERM);
    gruvid_signal(g, SIGUSR2);
    gruvid_says(g, "fibers\n");
    send_text(fd, "still served\n");
    expect_text(fd, "still served\n");
    close(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

START_TEST(test_an_ignored_interrupt_does_not_stop)
{
    struct gruvid *g =
        gruvid_ready("[hub]\nignore_interrupt = yes\n" ECHO, NULL);
    int fd;

    gruvid_signal(g, SIGINT);
    fd = serve_one(g);
    gruvid_signal(g, SIGTERM);
    /* No hint that would not help. */
    gruvid_says(g, "1 connection left, cut in");
    gruvid_signal(g, SIGINT);
    send_text(fd, "still served\n");
    expect_text(fd, "still served\n");
    close(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

START_TEST(test_who_was_started_with_sigint_ignored_is_not_told_of_it)
{
    struct gruvid_options options = {.ignore_sigint = true};
    struct gruvid *g = gruvid_ready(ECHO, &options);
    int fd = serve_one(g);

    gruvid_signal(g, SIGINT);
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "1 connection left, cut in");
    close(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

START_TEST(test_fibers_of_a_plugin_are_cancelled_before_its_stop)
{
    struct gruvid *g = gruvid_ready("[plugin trial]\nfiber = good\n", NULL);

    gruvid_says(g, "fiber runs");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "fiber was cancelled: gruvid stops");
    gruvid_says(g, "stop of trial; 0 fibers left");
}
END_TEST

START_TEST(test_connections_end_before_other_fibers_are_cancelled)
{
    struct gruvid *g = gruvid_ready(ECHO "fiber = good\n", NULL);
    int fd = serve_one(g);

    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "1 connection left");
    gruvid_signal(g, SIGUSR2);
    gruvid_says(g, "fibers\n");
    ck_assert_uint_eq(gruvid_said(g, "fiber was cancelled"), 0);
    close(fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
    ck_assert_uint_eq(gruvid_said(g, "fiber was cancelled"), 1);
}
END_TEST

/* --- what does not end
 * ----------------------------------------------------------- */

START_TEST(test_a_fiber_that_heeds_no_cancel_is_named_and_exit_is_75)
{
    struct gruvid *g = gruvid_ready(SOON "[plugin first]\nmodule = trial\n"
                                         "[plugin trial]\nfiber = stubborn\n",
                                    NULL);

    gruvid_says(g, "fiber runs");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "plugin trial: fiber worker was cancelled and has not "
                   "ended: it waits for timer; abandoned");
    /* Its stop might free what the fiber uses.  The others' are called. */
    ck_assert_uint_eq(gruvid_said(g, "stop of trial"), 0);
    ck_assert_uint_eq(gruvid_said(g, "stop of first"), 1);
}
END_TEST

START_TEST(test_a_fiber_stuck_in_a_thread_is_named_and_exit_is_75)
{
    struct gruvid *g =
        gruvid_ready(SOON "[plugin trial]\nfiber = blocking\n", NULL);

    gruvid_says(g, "a thread sleeps");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "fiber worker was cancelled and has not ended: it waits for "
                   "IO pool; abandoned");
#ifndef GRUVI_CONTEXT_UCONTEXT
    gruvid_says(g, "; abandoned; stack: libgruvi.so");
#endif
}
END_TEST

START_TEST(test_an_old_generation_that_does_not_end_is_named_again)
{
    struct gruvid *g =
        gruvid_ready(SOON "[plugin trial]\nfiber = stubborn\n", NULL);

    gruvid_configure(g, SOON "[plugin trial]\n");
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "plugin trial, generation 1: fiber worker was cancelled and "
                   "has not ended: it waits for timer; still waited for");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "plugin trial, generation 1: fiber worker was cancelled and "
                   "has not ended: it waits for timer; abandoned");
    /* The new one has stopped as it should. */
    gruvid_says(g, "plugin trial, generation 2 has stopped");
}
END_TEST

START_TEST(test_a_connection_that_heeds_no_cancel_is_named)
{
    struct gruvid *g = gruvid_ready(SOON ECHO "serve = stubborn\n", NULL);

    close(connect_to(g, 0));
    gruvid_signal(g, SIGTERM);
    ck_assert_int_eq(gruvid_wait(g), 75);
    gruvid_says(g, "plugin trial: fiber 127.0.0.1:");
    ck_assert_uint_eq(gruvid_said(g, "stop of"), 0);
}
END_TEST

START_TEST(test_of_many_that_heed_no_cancel_some_are_named_and_all_counted)
{
    struct gruvid *g = gruvid_ready(SOON ECHO "serve = stubborn\n", NULL);
    int fds[32];

    for (int i = 0; i < 32; i++)
        fds[i] = connect_to(g, 0);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    ck_assert_uint_eq(gruvid_said(g, "was cancelled and has not ended"), 10);
    gruvid_says(g, "plugin trial: 22 more fibers were cancelled and have not "
                   "ended: waiting for timer; abandoned");
    for (int i = 0; i < 32; i++)
        close(fds[i]);
}
END_TEST

START_TEST(test_a_stop_that_hangs_is_cancelled)
{
    struct gruvid *g =
        gruvid_ready(SOON "[plugin trial]\nat_stop = hang\n", NULL);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "stop has not returned within 0.1 seconds");
}
END_TEST

START_TEST(test_a_stop_that_cannot_be_cancelled_is_left)
{
    struct gruvid *g =
        gruvid_ready(SOON "[plugin trial]\nat_stop = stubborn\n", NULL);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "fiber stop was cancelled and has not ended");
}
END_TEST

static void
add_ends(TCase *tc)
{
    tcase_add_test(tc,
                   test_a_fiber_that_heeds_no_cancel_is_named_and_exit_is_75);
    tcase_add_test(tc, test_a_fiber_stuck_in_a_thread_is_named_and_exit_is_75);
    tcase_add_test(tc, test_an_old_generation_that_does_not_end_is_named_again);
    tcase_add_test(tc, test_a_connection_that_heeds_no_cancel_is_named);
    tcase_add_test(
        tc, test_of_many_that_heed_no_cancel_some_are_named_and_all_counted);
    tcase_add_test(tc, test_a_stop_that_hangs_is_cancelled);
    tcase_add_test(tc, test_a_stop_that_cannot_be_cancelled_is_left);
}

int
main(void)
{
    Suite *suite = suite_create("stop");
    TCase *drain = gruvid_case(suite, "drain");

    tcase_add_test(drain, test_connections_end_by_themselves);
    tcase_add_test(drain, test_what_the_kernel_has_queued_is_served);
    tcase_add_test(
        drain, test_at_max_connections_the_queue_is_served_and_nothing_else);
    tcase_add_test(drain,
                   test_at_max_fibers_the_queue_is_served_and_nothing_else);
    tcase_add_test(drain, test_at_max_fibers_of_a_plugin_it_is_the_same);
    tcase_add_test(
        drain,
        test_the_queue_that_finds_no_place_is_closed_after_drain_timeout);
    tcase_add_test(drain, test_nothing_is_accepted_any_more);
    tcase_add_test(drain,
                   test_an_idle_client_is_cut_after_drain_timeout_and_counted);
    tcase_add_test(drain, test_a_second_interrupt_cuts_at_once);
    tcase_add_test(drain, test_an_interrupt_after_sigterm_cuts_at_once);
    tcase_add_test(drain, test_the_drain_event_is_set_at_a_stop);
    tcase_add_test(drain, test_a_lame_duck_still_accepts);
    tcase_add_test(drain, test_after_lame_duck_the_drain_begins);
    tcase_add_test(drain, test_plugins_stop_when_all_connections_have_ended);
    tcase_add_test(drain, test_a_second_sigterm_changes_nothing);
    tcase_add_test(drain, test_an_ignored_interrupt_does_not_stop);
    tcase_add_test(drain,
                   test_who_was_started_with_sigint_ignored_is_not_told_of_it);
    tcase_add_test(drain,
                   test_fibers_of_a_plugin_are_cancelled_before_its_stop);
    tcase_add_test(drain,
                   test_connections_end_before_other_fibers_are_cancelled);
    add_ends(gruvid_case(suite, "what does not end"));
    return run_suite(suite);
}
