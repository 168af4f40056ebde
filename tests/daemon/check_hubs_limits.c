/* SPDX-License-Identifier: MIT */
/* Several hubs and what limits them: connections, fibers, descriptors, time. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/hubs_clients.h"

#define MANY 40

static void
connect_many(struct gruvid *g, struct pollfd pfds[MANY])
{
    for (int i = 0; i < MANY; i++)
        pfds[i] = (struct pollfd){.fd = connect_to(g, 0), .events = POLLIN};
}

/* Be greeted and close, in whatever order they are served. */
static void
serve_all(struct pollfd pfds[MANY])
{
    for (int left = MANY; left > 0;) {
        ck_assert_int_gt(poll(pfds, MANY, PATIENCE * 1000), 0);
        for (int i = 0; i < MANY; i++) {
            struct place place;

            if (pfds[i].fd < 0 || pfds[i].revents == 0)
                continue;
            place = read_place(pfds[i].fd);
            echo_place(&place, "hello\n");
            close(pfds[i].fd);
            pfds[i].fd = -1;
            left--;
        }
    }
}

static void
check_count(struct gruvid *g, int n)
{
    char text[64];

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    snprintf(text, sizeof text, "%d connections, ", n);
    gruvid_says(g, text);
}

/* Have fibers listed until both lists, of the two hubs, say this. */
static void
both_say(struct gruvid *g, const char *text)
{
    char hubs[2][200];
    unsigned n = 0;

    for (int i = 0; i < 2; i++)
        snprintf(hubs[i], sizeof hubs[i], "hub %d gruvid: %s", i + 1, text);
    while (gruvid_said(g, hubs[0]) == 0 || gruvid_said(g, hubs[1]) == 0) {
        gruvid_signal(g, SIGUSR2);
        n += 2;
        gruvid_says_times(g, " fibers\n", n);
        ck_assert_uint_lt(n, 20000);
    }
}

/* --- connections ---------------------------------------------------------- */

START_TEST(test_max_connections_counts_those_of_all_hubs)
{
    struct gruvid *g =
        gruvid_ready(HUBS(2) SPREAD "max_connections = 3\n", NULL);
    struct pollfd pfds[MANY];

    connect_many(g, pfds);
    gruvid_says(g, "max_connections = 3 is reached");
    serve_all(pfds);
    check_count(g, MANY);
    ck_assert_uint_eq(gruvid_said(g, "is reached"), 1);
    gruvid_says(g, "at most 3 at once");
}
END_TEST

/* Nobody asks again and again: who accepts is parked until one ends. */
START_TEST(test_at_the_limit_all_hubs_wait)
{
    struct gruvid *g =
        gruvid_ready(HUBS(2) SPREAD "max_connections = 1\n", NULL);
    struct place place = connect_place(g);
    struct pollfd pfds[MANY];

    connect_many(g, pfds);
    both_say(g, "fiber accept of plugin spread: waits for event\n");
    echo_place(&place, "hello\n");
    ck_assert_int_eq(poll(pfds, MANY, 0), 0);
    close(place.fd);
    serve_all(pfds);
    check_count(g, MANY + 1);
    gruvid_says(g, "at most 1 at once");
}
END_TEST

START_TEST(test_a_limit_below_the_number_of_hubs_starves_none)
{
    struct gruvid *g =
        gruvid_ready(HUBS(3) SPREAD "max_connections = 1\n", NULL);

    for (int hub = 1; hub <= 3; hub++)
        close(connect_hub(g, hub).fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "at most 1 at once");
}
END_TEST

START_TEST(test_the_limit_holds_for_a_shared_socket)
{
    struct gruvid *g = gruvid_ready(HUBS(2) "[plugin spread]\n"
                                            "listen = unix:@DIR@/socket\n"
                                            "max_connections = 2\n",
                                    NULL);
    struct pollfd pfds[MANY];

    for (int i = 0; i < MANY; i++)
        pfds[i] = (struct pollfd){.fd = connect_unix(gruvid_path(g, "socket")),
                                  .events = POLLIN};
    serve_all(pfds);
    check_count(g, MANY);
    ck_assert_uint_eq(gruvid_said(g, "at most 3 at once"), 0);
}
END_TEST

/* --- time ----------------------------------------------------------------- */

START_TEST(test_slow_clients_are_ended_in_every_hub)
{
    static const char *const limits[] = {"read_timeout = 50ms\n",
                                         "idle_timeout = 50ms\n"};
    char config[200];
    struct gruvid *g;

    snprintf(config, sizeof config, HUBS(2) SPREAD "%s", limits[_i]);
    g = gruvid_ready(config, NULL);
    for (int hub = 1; hub <= 2; hub++) {
        struct place place = connect_hub(g, hub);

        ck_assert(!expect_end(place.fd));
        close(place.fd);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, ", 0 failed, 0 cut");
    ck_assert_uint_eq(gruvid_said(g, ", 0 gone,"), 0);
}
END_TEST

/* --- fibers, descriptors ---------------------------------------------------
 */

START_TEST(test_max_fibers_is_for_each_hub)
{
    /* acceptor, one connection */
    struct gruvid *g =
        gruvid_ready("[fibers]\nmax_fibers = 2\n" HUBS(2) SPREAD, NULL);
    struct place one = connect_place(g);
    struct pollfd pfds[MANY];

    connect_many(g, pfds);
    gruvid_says_times(g, "a connection waits: ", 2);
    gruvid_says(g, "hub 1 spread[accept]: a connection waits: ");
    gruvid_says(g, "hub 2 spread[accept]: a connection waits: ");
    close(one.fd);
    serve_all(pfds);
    check_count(g, MANY + 1);
}
END_TEST

/* Valgrind has descriptors of its own, and closes what comes over the limit. */
static bool
has_own_descriptors(void)
{
    if (getenv("GRUVID_UNDER") == NULL)
        return true;
    printf("skipped: somebody else takes descriptors\n");
    return false;
}

START_TEST(test_descriptors_that_run_out_make_connections_wait)
{
    struct gruvid_options options = {.files = 40};
    struct pollfd pfds[MANY];
    struct gruvid *g;

    if (!has_own_descriptors())
        return;
    g = gruvid_ready(HUBS(2) SPREAD, &options);
    connect_many(g, pfds);
    gruvid_says(g, "connections wait: too many open files");
    serve_all(pfds);
    check_count(g, MANY);
}
END_TEST

START_TEST(test_a_hub_that_cannot_be_made_is_named)
{
    struct gruvid_options options = {.files = 50};
    struct gruvid *g = gruvid_run(HUBS(200) SPREAD, &options);

    ck_assert_int_eq(g->status, 1);
    gruvid_says(g, " cannot be made: too many open files; allow more open "
                   "files, or set gruvid.hubs lower\n");
    ck_assert_uint_eq(gruvid_said(g, " error "), 1);
    gruvid_says(g, "gruvid: stopped");
}
END_TEST

/* At each number of descriptors it starts, or says why not. */
START_TEST(test_too_few_descriptors_for_two_hubs_are_said)
{
    struct gruvid_options options = {0};
    bool started = !has_own_descriptors();

    for (options.files = 5; !started; options.files++) {
        struct gruvid *g = gruvid_begin(HUBS(2) SPREAD, &options);

        started = gruvid_says_or_ends(g, "gruvid: ready");
        if (started) {
            ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
        } else {
            int status = gruvid_wait(g);

            ck_assert_msg(status == 1 || status == 69 || status == 78 ||
                              status == 127,
                          "%d descriptors: exit status %d\n%s",
                          (int)options.files, status, g->log);
            ck_assert_uint_gt(g->length, 0);
        }
        gruvid_end_all();
        ck_assert_int_lt((int)options.files, 100);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hubs_limits");
    TCase *tc = gruvid_case(suite, "limits");

    tcase_add_test(tc, test_max_connections_counts_those_of_all_hubs);
    tcase_add_test(tc, test_at_the_limit_all_hubs_wait);
    tcase_add_test(tc, test_a_limit_below_the_number_of_hubs_starves_none);
    tcase_add_test(tc, test_the_limit_holds_for_a_shared_socket);
    tcase_add_loop_test(tc, test_slow_clients_are_ended_in_every_hub, 0, 2);
    tcase_add_test(tc, test_max_fibers_is_for_each_hub);
    tcase_add_test(tc, test_descriptors_that_run_out_make_connections_wait);
    tcase_add_test(tc, test_a_hub_that_cannot_be_made_is_named);
    tcase_add_test(tc, test_too_few_descriptors_for_two_hubs_are_said);
    return run_suite(suite);
}
