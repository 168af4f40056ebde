/* SPDX-License-Identifier: MIT */
/* The table of sockets: addresses that are in each other's way. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/hubs_clients.h"
#include "support/port.h"

/* --- at a start ----------------------------------------------------------- */

static const struct {
    const char *first, *second, *more;
} overlapping[] = {
    {"tcp://127.0.0.1", "tcp://0.0.0.0", ""},
    {"tcp://0.0.0.0", "tcp://127.0.0.1", ""},
    {"tcp://0.0.0.0", "tcp://[::]", "dual_stack = yes\n"},
    {"tcp://[::1]", "tcp://[::]", ""},
    {"tcp://127.0.0.1", "tcp://localhost", ""},
};

START_TEST(test_addresses_that_overlap_are_named)
{
    int port, reserved = reserve_port(&port);
    char config[400], line[300];
    struct gruvid *g;

    snprintf(config, sizeof config,
             "[plugin a]\nmodule = spread\nlisten = %s:%d\n"
             "[plugin b]\nmodule = spread\nlisten = %s:%d\n%s",
             overlapping[_i].first, port, overlapping[_i].second, port,
             overlapping[_i].more);
    g = gruvid_run(config, NULL);
    ck_assert_int_eq(g->status, 69);
    snprintf(line, sizeof line,
             "plugin b: cannot listen on %s:%d: it overlaps %s:%d of plugin a; "
             "set listen to another address",
             overlapping[_i].second, port, overlapping[_i].first, port);
    gruvid_says(g, line);
    close(reserved);
}
END_TEST

START_TEST(test_a_path_may_be_written_in_two_ways)
{
    struct gruvid *g = gruvid_run("[plugin a]\nmodule = spread\n"
                                  "listen = unix:@DIR@/s\n"
                                  "[plugin b]\nmodule = spread\n"
                                  "listen = unix:@DIR@/./s\n",
                                  NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "/s of plugin a; set listen to another address");
    ck_assert_int_lt(access(gruvid_path(g, "s"), F_OK), 0);
}
END_TEST

/* IPv6 alone leaves IPv4 to others. */
START_TEST(test_addresses_that_do_not_overlap_are_open_together)
{
    int port, reserved = reserve_port(&port);
    char config[400];
    struct gruvid *g;

    snprintf(config, sizeof config,
             HUBS(2) "[plugin a]\nmodule = spread\nlisten = tcp://0.0.0.0:%d\n"
                     "[plugin b]\nmodule = spread\nlisten = tcp://[::]:%d\n",
             port, port);
    g = gruvid_ready(config, NULL);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    close(reserved);
}
END_TEST

/* Whoever waits for "ready" finds the addresses above it.  i: hubs. */
START_TEST(test_addresses_are_said_before_gruvid_is_ready)
{
    char config[200];
    struct gruvid *g;

    snprintf(config, sizeof config, "[gruvid]\nhubs = %d\n" SPREAD, _i);
    g = gruvid_ready(config, NULL);
    ck_assert_ptr_nonnull(
        strstr(gruvid_says(g, "listening on tcp://"), "gruvid: ready"));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sockets");
    TCase *tc = gruvid_case(suite, "overlap");

    tcase_add_loop_test(tc, test_addresses_that_overlap_are_named, 0,
                        sizeof overlapping / sizeof *overlapping);
    tcase_add_test(tc, test_a_path_may_be_written_in_two_ways);
    tcase_add_test(tc, test_addresses_that_do_not_overlap_are_open_together);
    tcase_add_loop_test(tc, test_addresses_are_said_before_gruvid_is_ready, 1,
                        3);
    return run_suite(suite);
}
