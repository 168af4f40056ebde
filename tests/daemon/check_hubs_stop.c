/* SPDX-License-Identifier: MIT */
/* Several hubs and the stop: what is waited for in each, what is left behind,
 * and what SIGUSR2 shows. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/hubs_clients.h"

#define SOON "drain_timeout = 100ms\ncancel_timeout = 100ms\n"

/* A connection in each of two hubs. */
static void
connect_both(struct gruvid *g, struct place places[2])
{
    places[0] = connect_hub(g, 1);
    places[1] = connect_hub(g, 2);
}

START_TEST(test_connections_of_all_hubs_end_by_themselves)
{
    struct gruvid *g = gruvid_ready(HUBS(2) SPREAD, NULL);
    struct place places[2];

    connect_both(g, places);
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "2 connections left; interrupt to stop now");
    for (int i = 0; i < 2; i++)
        echo_place(&places[i], "still served\n");
    close(places[1].fd);
    echo_place(&places[0], "still served\n");
    close(places[0].fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
    gruvid_says(g, ", 0 gone, 0 failed, 0 cut");
}
END_TEST

START_TEST(test_nothing_is_accepted_any_more_in_any_hub)
{
    struct gruvid_options options = {.args = (const char *[]){"-v", NULL}};
    struct gruvid *g =
        gruvid_ready(HUBS(2) SPREAD "listen = unix:@DIR@/socket\n", &options);
    struct place place = connect_place(g);
    int port = gruvid_port(g, 0);

    gruvid_signal(g, SIGTERM);
    gruvid_says_times(g, "not listening any more", 4);
    ck_assert_int_lt(connect_port(port), 0);
    ck_assert_int_lt(connect_unix(gruvid_path(g, "socket")), 0);
    close(place.fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

START_TEST(test_what_is_queued_in_all_hubs_is_served)
{
    enum { N = 20 };
    struct gruvid *g =
        gruvid_ready(HUBS(2) SPREAD "max_connections = 1\n", NULL);
    struct place first = connect_place(g);
    char text[32];
    int fds[N];

    for (int i = 0; i < N; i++) {
        fds[i] = connect_to(g, 0);
        /* Each is over when it was served. */
        send_text(fds[i], "x");
        shutdown(fds[i], SHUT_WR);
    }
    gruvid_says(g, "is reached");
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "connection left");
    close(first.fd);
    for (int i = 0; i < N; i++) {
        read_place(fds[i]);
        expect_text(fds[i], "x");
        close(fds[i]);
    }
    ck_assert_int_eq(gruvid_wait(g), 0);
    snprintf(text, sizeof text, "%d connections", N + 1);
    gruvid_says(g, text);
}
END_TEST

static void
check_cut(struct gruvid *g, const struct place places[2], const char *why)
{
    char line[100];

    for (int i = 0; i < 2; i++)
        expect_end(places[i].fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
    snprintf(line, sizeof line, "plugin spread: 2 connections cut, %s", why);
    gruvid_says(g, line);
    gruvid_says(g, ", 2 gone, 0 failed, 2 cut");
}

START_TEST(test_idle_clients_of_all_hubs_are_cut_after_drain_timeout)
{
    struct gruvid *g = gruvid_ready(HUBS(2) SOON SPREAD, NULL);
    struct place places[2];

    connect_both(g, places);
    gruvid_signal(g, SIGTERM);
    check_cut(g, places, "drain_timeout has passed");
}
END_TEST

START_TEST(test_a_second_interrupt_cuts_at_once_in_all_hubs)
{
    struct gruvid *g =
        gruvid_ready(HUBS(2) "drain_timeout = 1h\n" SPREAD, NULL);
    struct place places[2];

    connect_both(g, places);
    gruvid_signal(g, SIGINT);
    gruvid_says(g, "interrupt again to stop now");
    gruvid_signal(g, SIGINT);
    check_cut(g, places, "interrupted again");
}
END_TEST

START_TEST(test_a_crowd_in_all_hubs_is_cut)
{
    enum { N = 50 };
    struct gruvid *g = gruvid_ready(HUBS(3) "drain_timeout = 0\n" SPREAD, NULL);
    struct place places[N];

    for (int i = 0; i < N; i++)
        places[i] = connect_place(g);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    for (int i = 0; i < N; i++)
        expect_end(places[i].fd);
    gruvid_says(g, "50 connections cut");
    gruvid_says(g, "50 connections, 50 gone, 0 failed, 50 cut");
}
END_TEST

/* --- SIGUSR2 ---------------------------------------------------------------
 */

/* Have fibers listed until one of the lists says this. */
static void
list_until(struct gruvid *g, unsigned hubs, const char *text)
{
    unsigned n = gruvid_said(g, " fibers\n");

    while (gruvid_said(g, text) == 0) {
        gruvid_signal(g, SIGUSR2);
        n += hubs;
        gruvid_says_times(g, " fibers\n", n);
        ck_assert_uint_lt(n, 20000);
    }
}

START_TEST(test_sigusr2_lists_the_fibers_of_every_hub)
{
    struct gruvid *g =
        gruvid_ready(HUBS(2) SPREAD SECOND "fiber = good\n", NULL);
    struct place places[2];

    connect_both(g, places);
    list_until(g, 2,
               "hub 2 gruvid: fiber worker of plugin trial: waits for "
               "timer\n");
    list_until(g, 2, "hub 1 gruvid: fiber Root: waits for event\n");
    list_until(g, 2, "hub 2 gruvid: fiber Root: waits for event\n");
    for (int hub = 1; hub <= 2; hub++) {
        char line[100];

        snprintf(line, sizeof line,
                 "hub %d gruvid: fiber accept of plugin spread: waits for "
                 "accept\n",
                 hub);
        list_until(g, 2, line);
        snprintf(line, sizeof line, "hub %d gruvid: fiber 127.0.0.1:", hub);
        list_until(g, 2, line);
    }
    close(places[0].fd);
    close(places[1].fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_sigusr2_does_not_wait_for_a_hub_that_is_held)
{
    struct gruvid *g = gruvid_ready(HUBS(2) SPREAD, NULL);
    struct place place = connect_hub(g, 2);

    hold_place(&place);
    gruvid_signal(g, SIGUSR2);
    gruvid_says(g, " fibers\n");
    close(place.fd);
    /* It lists its own when it comes to it. */
    gruvid_says_times(g, " fibers\n", 2);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- what does not end -----------------------------------------------------
 */

START_TEST(test_a_fiber_of_another_hub_that_heeds_no_cancel_is_named)
{
    struct gruvid *g =
        gruvid_ready(HUBS(2) SOON "[plugin first]\n"
                                  "module = trial\n" SPREAD "stubborn = 2\n",
                     NULL);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "hub 2 gruvid: plugin spread: fiber stubborn was cancelled "
                   "and has not ended: it waits for timer; abandoned");
    /* Of the instance, no stop; of others, yes. */
    ck_assert_uint_eq(gruvid_said(g, "spread[stop]"), 0);
    gruvid_says(g, "stop of first");
    gruvid_says(g, "stopped, with fibers left behind");
}
END_TEST

START_TEST(test_a_stop_in_another_hub_that_hangs_is_cancelled)
{
    struct gruvid *g =
        gruvid_ready(HUBS(2) SOON SECOND "at_stop = hang\n", NULL);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "hub 2 gruvid: plugin trial: stop has not returned within "
                   "0.1 seconds");
}
END_TEST

START_TEST(test_a_stop_in_another_hub_that_cannot_be_cancelled_is_left)
{
    struct gruvid *g =
        gruvid_ready(HUBS(2) SOON SECOND "at_stop = stubborn\n", NULL);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "fiber stop was cancelled and has not ended");
    gruvid_says(g, "stop of first");
}
END_TEST

START_TEST(test_a_start_in_another_hub_that_heeds_no_cancel_is_named)
{
    struct gruvid *g = gruvid_run(HUBS(2) SOON SECOND "at_start = stubborn\n"
                                                      "start_timeout = 100ms\n",
                                  NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "plugin trial did not start in hub 2 within 0.1 seconds");
    gruvid_says(g, "hub 2 gruvid: plugin trial: fiber start was cancelled");
}
END_TEST

START_TEST(test_a_hub_that_is_stuck_is_named_and_left)
{
    struct gruvid *g = gruvid_ready(HUBS(2) SOON SPREAD, NULL);
    struct place places[2];

    connect_both(g, places);
    hold_place(&places[1]);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "hub 2 does not answer: code that runs there has not let "
                   "go of its thread; abandoned");
    ck_assert_uint_eq(gruvid_said(g, "does not answer"), 1);
    expect_end(places[0].fd);
}
END_TEST

START_TEST(test_a_hub_that_was_held_for_a_while_is_waited_for)
{
    struct gruvid *g = gruvid_ready(HUBS(2) SPREAD, NULL);
    struct place place = connect_hub(g, 2);

    hold_place(&place);
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "gruvid: stopping");
    close(place.fd);
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

/* It belongs to no plugin, so that nobody cancels it before its hub closes. */
START_TEST(test_a_hub_with_a_fiber_of_nobodys_is_left)
{
    struct gruvid *g = gruvid_ready(HUBS(2) SPREAD "stray = 2\n", NULL);

    gruvid_says(g, "a stray fiber");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "hub 2 does not end: fibers that belong to no plugin are "
                   "left there; abandoned");
}
END_TEST

START_TEST(test_a_fiber_of_nobodys_in_the_first_hub_is_named_and_left)
{
    struct gruvid *g = gruvid_ready(HUBS(1) SOON SPREAD "stray = 1\n", NULL);

    gruvid_says(g, "a stray fiber");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
    gruvid_says(g, "no plugin's: fiber stray was cancelled and has not ended: "
                   "it waits for");
}
END_TEST

static void
add_ends(TCase *tc)
{
    tcase_add_test(tc,
                   test_a_fiber_of_another_hub_that_heeds_no_cancel_is_named);
    tcase_add_test(tc, test_a_stop_in_another_hub_that_hangs_is_cancelled);
    tcase_add_test(tc,
                   test_a_stop_in_another_hub_that_cannot_be_cancelled_is_left);
    tcase_add_test(tc,
                   test_a_start_in_another_hub_that_heeds_no_cancel_is_named);
    tcase_add_test(tc, test_a_hub_that_is_stuck_is_named_and_left);
    tcase_add_test(tc, test_a_hub_that_was_held_for_a_while_is_waited_for);
    tcase_add_test(tc, test_a_hub_with_a_fiber_of_nobodys_is_left);
    tcase_add_test(tc,
                   test_a_fiber_of_nobodys_in_the_first_hub_is_named_and_left);
}

int
main(void)
{
    Suite *suite = suite_create("hubs_stop");
    TCase *tc = gruvid_case(suite, "drain");

    tcase_add_test(tc, test_connections_of_all_hubs_end_by_themselves);
    tcase_add_test(tc, test_nothing_is_accepted_any_more_in_any_hub);
    tcase_add_test(tc, test_what_is_queued_in_all_hubs_is_served);
    tcase_add_test(tc,
                   test_idle_clients_of_all_hubs_are_cut_after_drain_timeout);
    tcase_add_test(tc, test_a_second_interrupt_cuts_at_once_in_all_hubs);
    tcase_add_test(tc, test_a_crowd_in_all_hubs_is_cut);
    tc = gruvid_case(suite, "SIGUSR2");
    tcase_add_test(tc, test_sigusr2_lists_the_fibers_of_every_hub);
    tcase_add_test(tc, test_sigusr2_does_not_wait_for_a_hub_that_is_held);
    add_ends(gruvid_case(suite, "what does not end"));
    return run_suite(suite);
}
