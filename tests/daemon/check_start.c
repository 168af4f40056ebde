/* SPDX-License-Identifier: MIT */
/* Starts: what is checked before, in which order, and what becomes of a plugin
 * that does not start. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

/* The log says these in this order. */
static void
says_in_order(struct gruvid *g, const char *const texts[])
{
    const char *at = g->log;

    for (unsigned i = 0; texts[i] != NULL; i++) {
        const char *found = strstr(at, texts[i]);

        ck_assert_msg(found != NULL, "not said, or not in this order: %s\n%s",
                      texts[i], g->log);
        at = found + strlen(texts[i]);
    }
}

static void
ends_with(const char *config, int status, const char *reason)
{
    struct gruvid *g = gruvid_run(config, NULL);

    ck_assert_msg(g->status == status, "exit status %d, not %d; the log:\n%s",
                  g->status, status, g->log);
    gruvid_says(g, reason);
}

/* --- what is checked before anything runs -------------------------------- */

START_TEST(test_modules_that_are_no_plugins_are_mistakes_of_the_configuration)
{
    static const struct {
        const char *module, *reason;
    } bad[] = {
        {"nowhere", "nowhere.so: there is no such plugin"},
        {"no_note", "no_note.so: not a plugin: it has no GRUVID_PLUGIN()"},
        {"major", "major.so: made for plugin ABI 2.4, this gruvid has 1.4"},
        {"newer", "newer.so: made for plugin ABI 1.99, this gruvid has 1.4"},
        {"missing", "undefined symbol: nobody_has_this"},
        {"no_descriptor", "it has no descriptor gruvid_plugin"},
        {"misnamed", "it calls itself \"somebody-else\""},
    };
    char config[100], place[100];

    snprintf(config, sizeof config, "[plugin bad]\n\nmodule = %s\n",
             bad[_i].module);
    snprintf(place, sizeof place, "/gruvid.conf:3: plugin bad.module: ");
    ends_with(config, 78, bad[_i].reason);
    ends_with(config, 78, place);
}
END_TEST

START_TEST(test_all_mistakes_are_told_at_once)
{
    struct gruvid *g = gruvid_run("[plugin a]\nmodule = nowhere\n"
                                  "[plugin b]\nmodule = trial\nat_start = no\n"
                                  "[plugin c]\nmodule = major\n"
                                  "[plugin d]\nmodule = trial\nwhole = x\n",
                                  NULL);

    ck_assert_int_eq(g->status, 78);
    ck_assert_uint_eq(gruvid_said(g, "gruvid.conf:"), 4);
    ck_assert_uint_eq(gruvid_said(g, "starts"), 0);
}
END_TEST

START_TEST(test_options_are_checked_before_the_plugin_runs)
{
    struct gruvid *g =
        gruvid_run("[plugin trial]\nwhole = many\nwhol = 1\n", NULL);

    ck_assert_int_eq(g->status, 78);
    gruvid_says(g, "gruvid.conf:2: plugin trial.whole: ");
    gruvid_says(g, "gruvid.conf:3: plugin trial.whol: unknown key; did you "
                   "mean \"whole\"?");
    ck_assert_uint_eq(gruvid_said(g, "start of"), 0);
}
END_TEST

START_TEST(test_listen_of_a_plugin_without_connections_is_a_mistake)
{
    ends_with("[plugin silent]\nlisten = tcp://127.0.0.1:0\n", 78,
              "gruvid.conf:2: plugin silent.listen: plugin silent takes no "
              "connections");
}
END_TEST

/* --- a good start
 * ------------------------------------------------------------- */

START_TEST(test_plugins_start_in_the_order_of_the_file_and_stop_in_reverse)
{
    struct gruvid *g =
        gruvid_ready("[plugin b]\nmodule = trial\nat_start = slow\n"
                     "[plugin a]\nmodule = trial\n"
                     "[plugin c]\nmodule = trial\n",
                     NULL);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    says_in_order(
        g, (const char *[]){"b[start]: start of b", "b[start]: start is over",
                            "a[start]: start of a", "a[start]: start is over",
                            "c[start]: start of c", "c[start]: start is over",
                            "gruvid: ready", "gruvid: stopping",
                            "c[stop]: stop of c; 0 fibers left",
                            "a[stop]: stop of a; 0 fibers left",
                            "b[stop]: stop of b; 0 fibers left",
                            "gruvid: stopped", NULL});
}
END_TEST

START_TEST(test_addresses_are_bound_before_and_served_after_all_have_started)
{
    struct gruvid *g = gruvid_ready("[plugin one]\nmodule = trial\n"
                                    "listen = tcp://127.0.0.1:0\n"
                                    "listen = tcp://127.0.0.1:0\n"
                                    "[plugin two]\nmodule = trial\n"
                                    "at_start = slow\n",
                                    NULL);
    int fd;

    says_in_order(g, (const char *[]){"one[start]: start is over",
                                      "two[start]: start is over",
                                      "one[accept]: listening on tcp://",
                                      "one[accept]: listening on tcp://",
                                      "gruvid: ready", NULL});
    for (unsigned i = 0; i < 2; i++) {
        fd = connect_to(g, i);
        send_text(fd, "hello\n");
        expect_text(fd, "hello\n");
        close(fd);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_plugin_reads_its_options_by_type)
{
    struct gruvid *g = gruvid_ready(
        "[plugin trial]\nflag = off\nwhole = 42\nnumber = 1e3\nsize = 2M\n"
        "time = 1m30s\nitems = first\nitems = \"second ; one\"\n"
        "address = unix:/tmp/x\n",
        NULL);

    gruvid_says(g, "flag 0, whole 42, number 1000, size 2097152, time 90\n");
    gruvid_says(g, "item 1 of 2: first\n");
    gruvid_says(g, "item 2 of 2: second ; one\n");
    gruvid_says(g, "address unix:/tmp/x\n");
}
END_TEST

START_TEST(test_options_have_their_defaults)
{
    struct gruvid *g = gruvid_ready("[plugin trial]\n", NULL);

    gruvid_says(g, "flag 1, whole -3, number 0.5, size 65536, time 1.5\n");
    gruvid_says(g, "item 2 of 2: two\n");
    ck_assert_uint_eq(gruvid_said(g, "address"), 0);
}
END_TEST

START_TEST(test_options_that_a_plugin_does_not_have_are_logged)
{
    struct gruvid *g =
        gruvid_ready("[plugin trial]\nat_start = wrong_option\n", NULL);

    gruvid_says(g, "answers: 1 0 0 0 1 0\n");
    gruvid_says(g, "its option \"nothing\" and has none of that name");
    gruvid_says(g, "its option \"flag\" as another type than it has");
}
END_TEST

START_TEST(test_two_sections_are_two_instances_of_one_module)
{
    struct gruvid *g = gruvid_ready(
        "[plugin left]\nmodule = trial\nserve = name\n"
        "listen = tcp://127.0.0.1:0\n"
        "[plugin right]\nmodule = trial\nserve = name\nfiber = good\n"
        "listen = tcp://127.0.0.1:0\n",
        NULL);
    int left = connect_to(g, 0), right = connect_to(g, 1);

    expect_text(left, "left");
    expect_text(right, "right");
    expect_end(left);
    expect_end(right);
    ck_assert_uint_eq(gruvid_said(g, "fiber runs"), 1);
    gruvid_says(g, "right[worker]: fiber runs");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "data was changed"), 0);
}
END_TEST

START_TEST(test_a_plugin_made_for_abi_1_0_goes_on_working)
{
    struct gruvid *g =
        gruvid_ready("[plugin frozen]\nlisten = tcp://127.0.0.1:0\n", NULL);
    int fd = connect_to(g, 0);

    gruvid_says(g, "frozen is cold");
    expect_text(fd, "hello from 1.0\n");
    expect_end(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    gruvid_says(g, "frozen melts");
}
END_TEST

START_TEST(test_stack_size_is_that_of_fibers)
{
    struct gruvid *g = gruvid_ready(
        "[fibers]\nstack_size = 2M\n[plugin trial]\nfiber = deep\n", NULL);

    gruvid_says(g, "back from the depth: 1");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_a_fiber_that_overflows_its_stack_is_named)
{
    const char *flags = getenv("SANITIZER_FLAGS");
    struct gruvid *g;

    if ((flags != NULL && flags[0] != '\0') || getenv("GRUVID_UNDER") != NULL) {
        printf("skipped: overflows are reported by somebody else here\n");
        return;
    }
    g = gruvid_run("[plugin trial]\nfiber = deep\n", NULL);
    ck_assert_int_eq(g->status, 128 + SIGSEGV);
    gruvid_says(g, "worker");
    gruvid_says(g, "stack");
}
END_TEST

START_TEST(test_without_a_thread_for_the_log_it_says_so)
{
    const char *flags = getenv("SANITIZER_FLAGS");
    struct rlimit before, vast;
    struct gruvid *g;

    if ((flags != NULL && flags[0] != '\0') || getenv("GRUVID_UNDER") != NULL) {
        printf("skipped: threads are somebody else's\n");
        return;
    }
    /* No thread gets a stack of that size. */
    ck_assert_int_eq(getrlimit(RLIMIT_STACK, &before), 0);
    vast = before;
    vast.rlim_cur = (rlim_t)1 << 46;
    if (before.rlim_max < vast.rlim_cur) {
        printf("skipped: the limit of stacks cannot be raised\n");
        return;
    }
    ck_assert_int_eq(setrlimit(RLIMIT_STACK, &vast), 0);
    g = gruvid_run("", NULL);
    ck_assert_int_eq(setrlimit(RLIMIT_STACK, &before), 0);
    ck_assert_int_eq(g->status, 1);
    gruvid_says(g, "the thread that writes the log cannot be started");
}
END_TEST

START_TEST(test_io_threads_is_how_many_may_block)
{
    static const char *const config =
        "[pools]\nio_threads = %u\n"
        "[gruvid]\ndrain_timeout = 0\ncancel_timeout = 10ms\n"
        "[plugin one]\nmodule = trial\nfiber = blocking\n"
        "[plugin two]\nmodule = trial\nfiber = blocking\n";

    for (unsigned n = 1; n <= 2; n++) {
        char text[300];
        struct gruvid *g;

        snprintf(text, sizeof text, config, n);
        g = gruvid_ready(text, NULL);
        gruvid_says_times(g, "a thread sleeps", n);
        gruvid_says_times(g, "fiber runs", 2);
        gruvid_signal(g, SIGUSR2);
        gruvid_says_times(g, "waits for IO pool", 2);
        ck_assert_int_eq(gruvid_stop(g, SIGTERM), 75);
        ck_assert_uint_eq(gruvid_said(g, "a thread sleeps"), n);
    }
}
END_TEST

START_TEST(test_a_configuration_without_plugins_is_run_with_a_warning)
{
    struct gruvid *g = gruvid_ready("[log]\nlevel = info\n", NULL);

    gruvid_says(g, "no plugin is configured");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_the_least_plugin_starts_and_stops)
{
    struct gruvid *g = gruvid_ready("[plugin silent]\n", NULL);

    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- starts that fail
 * ----------------------------------------------------------- */

START_TEST(test_a_plugin_that_refuses_is_exit_69_with_its_reason)
{
    struct gruvid *g = gruvid_run("[plugin one]\nmodule = trial\n"
                                  "[plugin two]\nmodule = trial\n"
                                  "at_start = refuse\nfiber = good\n"
                                  "[plugin three]\nmodule = trial\n",
                                  NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "plugin two refused to start: permission denied (EACCES)");
    /* Its fibers end, its stop is not called, that of the first one is; the
     * third one never began. */
    ck_assert_uint_eq(gruvid_said(g, "stop of one"), 1);
    ck_assert_uint_eq(gruvid_said(g, "stop of two"), 0);
    ck_assert_uint_eq(gruvid_said(g, "three"), 0);
    ck_assert_uint_eq(gruvid_said(g, "gruvid: ready"), 0);
}
END_TEST

START_TEST(test_a_start_that_says_why_it_refuses_is_quoted)
{
    struct gruvid *g = gruvid_run("[plugin trial]\nat_start = explain\n", NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "plugin trial refused to start: trial is not in the mood "
                   "(EACCES)");
}
END_TEST

START_TEST(test_any_negative_code_refuses)
{
    ends_with("[plugin trial]\nat_start = busy\n", 69,
              "plugin trial refused to start: ");
    ends_with("[plugin trial]\nat_start = cancelled\n", 69, "(ECANCELED)\n");
}
END_TEST

START_TEST(test_the_fibers_of_a_plugin_that_refuses_are_cancelled)
{
    struct gruvid *g = gruvid_run("[plugin trial]\nat_start = hang\n"
                                  "fiber = good\nstart_timeout = 100ms\n",
                                  NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "did not start within 0.1 seconds (start_timeout)");
    gruvid_says(g, "trial[worker]: fiber was cancelled");
    ck_assert_uint_eq(gruvid_said(g, "stop of"), 0);
}
END_TEST

START_TEST(test_a_start_that_cannot_be_cancelled_is_left_and_named)
{
    struct gruvid *g = gruvid_run(
        "[gruvid]\ncancel_timeout = 100ms\n"
        "[plugin trial]\nat_start = stubborn\nstart_timeout = 100ms\n",
        NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "fiber start was cancelled and has not ended: it waits for "
                   "timer; abandoned");
}
END_TEST

START_TEST(test_an_address_that_is_taken_is_exit_69_and_named)
{
    struct gruvid *g = gruvid_ready("[plugin trial]\n"
                                    "listen = tcp://127.0.0.1:0\n",
                                    NULL);
    char config[200], reason[200];

    snprintf(config, sizeof config,
             "[plugin one]\nmodule = trial\nlisten = tcp://127.0.0.1:0\n"
             "[plugin two]\nmodule = trial\nlisten = tcp://127.0.0.1:%d\n",
             gruvid_port(g, 0));
    snprintf(reason, sizeof reason,
             "plugin two: cannot listen on tcp://127.0.0.1:%d: address already "
             "in use",
             gruvid_port(g, 0));
    ends_with(config, 69, reason);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_nothing_has_started_when_an_address_is_taken)
{
    struct gruvid *g = gruvid_run("[plugin trial]\n"
                                  "listen = unix:/nonexistent/socket\n",
                                  NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "cannot listen on unix:/nonexistent/socket");
    ck_assert_uint_eq(gruvid_said(g, "start of"), 0);
}
END_TEST

START_TEST(test_sigterm_ends_a_start_and_what_had_started)
{
    struct gruvid *g = gruvid_begin("[plugin one]\nmodule = trial\n"
                                    "[plugin two]\nmodule = trial\n"
                                    "at_start = hang\n",
                                    NULL);

    gruvid_says(g, "start of two");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "stop of one"), 1);
    ck_assert_uint_eq(gruvid_said(g, "stop of two"), 0);
    ck_assert_uint_eq(gruvid_said(g, "gruvid: ready"), 0);
}
END_TEST

START_TEST(test_sigint_ends_a_start_as_well)
{
    struct gruvid *g = gruvid_begin("[plugin trial]\nat_start = hang\n", NULL);

    gruvid_says(g, "start of trial");
    ck_assert_int_eq(gruvid_stop(g, SIGINT), 0);
}
END_TEST

static void
add_good_starts(TCase *tc)
{
    tcase_add_test(
        tc, test_plugins_start_in_the_order_of_the_file_and_stop_in_reverse);
    tcase_add_test(
        tc, test_addresses_are_bound_before_and_served_after_all_have_started);
    tcase_add_test(tc, test_a_plugin_reads_its_options_by_type);
    tcase_add_test(tc, test_options_have_their_defaults);
    tcase_add_test(tc, test_options_that_a_plugin_does_not_have_are_logged);
    tcase_add_test(tc, test_two_sections_are_two_instances_of_one_module);
    tcase_add_test(tc, test_a_plugin_made_for_abi_1_0_goes_on_working);
    tcase_add_test(tc, test_stack_size_is_that_of_fibers);
    tcase_add_test(tc, test_a_fiber_that_overflows_its_stack_is_named);
    tcase_add_test(tc, test_without_a_thread_for_the_log_it_says_so);
    tcase_add_test(tc, test_io_threads_is_how_many_may_block);
    tcase_add_test(tc,
                   test_a_configuration_without_plugins_is_run_with_a_warning);
    tcase_add_test(tc, test_the_least_plugin_starts_and_stops);
}

/* --- files that root believes --------------------------------------------- */

static char place[40];

static void
refused_as_root(const char *config, const char *const *args, const char *reason)
{
    struct gruvid_options options = {.args = args, .check_owners = true};
    struct gruvid *g = gruvid_run(config, &options);

    ck_assert_msg(g->status == 78 && gruvid_said(g, reason) == 1,
                  "exit status %d; the log:\n%s", g->status, g->log);
}

START_TEST(test_root_refuses_an_included_file_that_others_may_write)
{
    char config[100];
    int fd;

    if (geteuid() != 0)
        return;
    strcpy(place, "/tmp/gruvid-test-XXXXXX");
    fd = mkstemp(place);
    ck_assert_int_eq(fchmod(fd, 0666), 0);
    close(fd);
    snprintf(config, sizeof config, "[gruvid]\ninclude = %s\n", place);
    refused_as_root(config, NULL, "may be written by everybody");
    unlink(place);
}
END_TEST

START_TEST(test_root_refuses_a_plugin_in_a_folder_that_others_may_write)
{
    char option[100];
    const char *const args[] = {"-o", option, NULL};

    if (geteuid() != 0)
        return;
    strcpy(place, "/tmp/gruvid-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place));
    ck_assert_int_eq(chmod(place, 0757), 0);
    snprintf(option, sizeof option, "gruvid.plugin_dir=%s", place);
    refused_as_root("[plugin silent]\n", args, "may be written by everybody");
    rmdir(place);
}
END_TEST

/* A file would ask to be believed itself. */
START_TEST(test_no_file_can_ask_to_be_trusted)
{
    static const char *const keys[] = {"trust_files", "trust-files",
                                       "trust_file"};
    char config[100];

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct gruvid *g;

        snprintf(config, sizeof config, "[gruvid]\n%s = yes\n", keys[i]);
        g = gruvid_run(config, NULL);
        ck_assert_int_eq(g->status, 78);
        gruvid_says(g, "gruvid.conf:");
        gruvid_says(g, keys[i]);
    }
}
END_TEST

static void
add_owners(TCase *tc)
{
    tcase_add_test(tc, test_no_file_can_ask_to_be_trusted);
    tcase_add_test(tc,
                   test_root_refuses_an_included_file_that_others_may_write);
    tcase_add_test(
        tc, test_root_refuses_a_plugin_in_a_folder_that_others_may_write);
}

static void
add_failures(TCase *tc)
{
    tcase_add_test(tc, test_a_plugin_that_refuses_is_exit_69_with_its_reason);
    tcase_add_test(tc, test_any_negative_code_refuses);
    tcase_add_test(tc, test_a_start_that_says_why_it_refuses_is_quoted);
    tcase_add_test(tc, test_the_fibers_of_a_plugin_that_refuses_are_cancelled);
    tcase_add_test(tc, test_a_start_that_cannot_be_cancelled_is_left_and_named);
    tcase_add_test(tc, test_an_address_that_is_taken_is_exit_69_and_named);
    tcase_add_test(tc, test_nothing_has_started_when_an_address_is_taken);
    tcase_add_test(tc, test_sigterm_ends_a_start_and_what_had_started);
    tcase_add_test(tc, test_sigint_ends_a_start_as_well);
}

int
main(void)
{
    Suite *suite = suite_create("start");
    TCase *checks = gruvid_case(suite, "checks");

    tcase_add_loop_test(
        checks,
        test_modules_that_are_no_plugins_are_mistakes_of_the_configuration, 0,
        7);
    tcase_add_test(checks, test_all_mistakes_are_told_at_once);
    tcase_add_test(checks, test_options_are_checked_before_the_plugin_runs);
    tcase_add_test(checks,
                   test_listen_of_a_plugin_without_connections_is_a_mistake);
    add_good_starts(gruvid_case(suite, "good"));
    add_failures(gruvid_case(suite, "failures"));
    add_owners(gruvid_case(suite, "owners"));
    return run_suite(suite);
}
