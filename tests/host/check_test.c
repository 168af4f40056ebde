/* SPDX-License-Identifier: MIT */
/*
 * libgruvid-test: what gruvid_test_run() says of tests that are wrong and
 * right, and of plugins that are.  It is linked as a test of a plugin's author
 * is.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <check.h>
#include <gruvid/test.h>

#include "host/run.h"
#include "support/suite.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAVE_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAVE_SANITIZER 1
#endif
#endif

#define ECHO_SO    "plugins/.libs/echo.so"
#define HELLO_SO   "plugins/.libs/hello.so"
#define TICKER_SO  "plugins/examples/.libs/ticker.so"
#define PLANTED_SO "tests/host/.libs/planted.so"

static const gruvid_test_options_t usual;

/* --- connections ---------------------------------------------------------- */

static void
talk(void *arg)
{
    gruvi_stream_t *client = gruvid_test_connect();
    char buf[4];

    (void)arg;
    gruvid_test_send(client, "hello\n");
    gruvid_test_expect(client, "hel");
    gruvid_test_expect_bytes(client, "lo\n", 3);
    gruvid_test_send(client, "a aabaabc aabaac, and more");
    gruvid_test_expect_until(client, "aabaac");
    gruvid_test_expect(client, ", and more");
    gruvid_test_expect_quiet(client, 3600);
    ck_assert_int_eq(gruvi_stream_write(client, "more", 4), 0);
    ck_assert_int_eq(gruvi_stream_read_exact(client, buf, 4), 0);
    ck_assert_int_eq(gruvi_stream_shutdown(client), 0);
    gruvid_test_expect_end(client);
    gruvi_stream_close(client);
}

START_TEST(test_a_plugin_that_is_well_passes)
{
    assert_well(run(ECHO_SO, usual, talk));
}
END_TEST

START_TEST(test_seeds_and_faults_are_no_failure_of_it)
{
    gruvid_test_options_t options = {.explore = 5, .sweep = true};

    assert_well(run(ECHO_SO, options, talk));
}
END_TEST

static unsigned n_done;

static int
talk_at_once(void *arg)
{
    talk(arg);
    n_done++;
    return 0;
}

static void
talk_with_many(void *arg)
{
    gruvi_fiber_t *fibers[20];

    for (size_t i = 0; i < 20; i++) {
        fibers[i] = gruvi_spawn(talk_at_once, arg);
        ck_assert_ptr_nonnull(fibers[i]);
    }
    for (size_t i = 0; i < 20; i++) {
        gruvi_fiber_join(fibers[i], GRUVI_FOREVER);
        gruvi_fiber_unref(fibers[i]);
    }
    ck_assert_uint_eq(n_done, 20);
}

START_TEST(test_clients_are_fibers)
{
    gruvid_test_options_t options = {.explore = 3};

    assert_well(run(ECHO_SO, options, talk_with_many));
}
END_TEST

static void
leave_open(void *arg)
{
    gruvi_stream_t *client = gruvid_test_connect();

    (void)arg;
    (void)client;
}

/* In real time, and gruvid would wait for the plugin, which reads, longer than
 * a run may take. */
START_TEST(test_streams_that_are_left_open_are_ended)
{
    static const char *const settings[] = {"mistake=leak", "repaired=yes",
                                           "gruvid.drain_timeout=1h"};
    gruvid_test_options_t options = {
        .settings = settings, .n_settings = 3, .real_time = true};

    assert_well(run(PLANTED_SO, options, leave_open));
}
END_TEST

static void
cancel_and_reset(void *arg)
{
    gruvi_stream_t *one = gruvid_test_connect(), *two = gruvid_test_connect();

    (void)arg;
    gruvid_test_expect(one, "0\n");
    gruvid_test_cancel(one);
    gruvid_test_expect_end(one);
    gruvi_stream_close(one);
    gruvid_test_reset(two);
    gruvi_sleep(2);
    gruvid_test_stop();
    gruvid_test_expect_log("2 connections, 2 gone, 0 failed");
}

START_TEST(test_cancel_and_reset_reach_the_plugin)
{
    assert_well(run(TICKER_SO, usual, cancel_and_reset));
}
END_TEST

/* --- time ----------------------------------------------------------------- */

static void
sleep_long(void *arg)
{
    static const clockid_t clocks[] = {
        CLOCK_REALTIME,         CLOCK_REALTIME_COARSE, CLOCK_TAI,
        CLOCK_MONOTONIC,        CLOCK_MONOTONIC_RAW,   CLOCK_BOOTTIME,
        CLOCK_MONOTONIC_COARSE,
    };
    struct timespec before[7], after;
    double begin = gruvi_now();
    time_t second = time(NULL);

    (void)arg;
    for (size_t i = 0; i < 7; i++)
        clock_gettime(clocks[i], &before[i]);
    gruvi_sleep(36000);
    ck_assert(gruvi_now() - begin >= 36000 && gruvi_now() - begin < 36001);
    ck_assert_int_ge(time(NULL) - second, 36000);
    for (size_t i = 0; i < 7; i++) {
        clock_gettime(clocks[i], &after);
        ck_assert_int_ge(after.tv_sec - before[i].tv_sec, 35999);
        ck_assert_int_le(after.tv_sec - before[i].tv_sec, 36001);
    }
}

START_TEST(test_hours_pass_at_once)
{
    assert_well(run(ECHO_SO, usual, sleep_long));
}
END_TEST

/* --- requests, and gruvid ------------------------------------------------- */

static void
ask_for_greeting(void *arg)
{
    gruvid_call_t call = {.path = "/?name=Ada"};
    gruvid_answer_t *answer = gruvid_test_request(&call);

    (void)arg;
    ck_assert_int_eq(answer->status, 200);
    ck_assert_str_eq(answer->data, "Hello, Ada!\n");
    gruvid_answer_free(answer);
}

START_TEST(test_requests_are_answered)
{
    gruvid_test_options_t options = {.explore = 3, .sweep = true};

    assert_well(run(HELLO_SO, options, ask_for_greeting));
}
END_TEST

static void
ask_in_vain(void *arg)
{
    gruvid_call_t call = {.path = "/nobody"};

    (void)arg;
    gruvid_answer_free(gruvid_test_request(&call));
}

START_TEST(test_a_plugin_without_handler_answers_no_request)
{
    assert_says(run(ECHO_SO, usual, ask_in_vain), "request /nobody: ");
}
END_TEST

static void
reload(void *arg)
{
    gruvi_stream_t *client = gruvid_test_connect();

    (void)arg;
    gruvid_test_expect(client, "0\n");
    gruvid_test_reload("interval=10s");
    gruvid_test_expect_log("a number every 10 seconds");
    gruvid_test_expect_refusal("interval=0", "interval");
    gruvid_test_reload(NULL);
    gruvid_test_expect(client, "1\n2\n");
    gruvid_test_stop();
    gruvid_test_expect(client, "come again\n");
    gruvid_test_expect_end(client);
    gruvi_stream_close(client);
}

START_TEST(test_reloads_set_options_and_may_be_refused)
{
    static const char *const settings[] = {"interval=5s"};
    gruvid_test_options_t options = {
        .settings = settings, .n_settings = 1, .explore = 2};

    assert_well(run(TICKER_SO, options, reload));
}
END_TEST

static void
reload_wrongly(void *arg)
{
    (void)arg;
    gruvid_test_reload("intervall=10s");
}

START_TEST(test_a_reload_that_is_refused_is_said)
{
    assert_says(run(TICKER_SO, usual, reload_wrongly), "intervall");
}
END_TEST

static void
wait_for_other_words(void *arg)
{
    gruvi_stream_t *client = gruvid_test_connect();

    (void)arg;
    gruvid_test_send(client, "these words");
    gruvi_stream_shutdown(client);
    gruvid_test_expect_until(client, "those");
}

START_TEST(test_what_came_in_place_of_a_text_is_said)
{
    assert_says(
        run(ECHO_SO, usual, wait_for_other_words),
        "expected from client 1 at last \"those\", got \"these words\", "
        "and then the end, at 0.000 s");
}
END_TEST

static void
wait_in_vain(void *arg)
{
    (void)arg;
    gruvid_test_within(60);
    gruvid_test_expect_log("no such line");
}

START_TEST(test_a_line_that_does_not_come_is_said)
{
    assert_says(run(ECHO_SO, usual, wait_in_vain), "at 60.000 s");
}
END_TEST

/* --- what is wrong in a test ---------------------------------------------- */

static void
expect_wrongly(void *arg)
{
    gruvi_stream_t *client = gruvid_test_connect();

    (void)arg;
    gruvid_test_send(client, "hello\n");
    gruvid_test_expect(client, "hullo\n");
}

START_TEST(test_what_came_in_place_is_said_with_its_line)
{
    const char *said = run(ECHO_SO, usual, expect_wrongly);

    assert_says(said, "check_test.c:");
    assert_says(said,
                ": expected from client 1 \"hullo\\n\", got \"hello\\n\"");
}
END_TEST

static void
assert_wrongly(void *arg)
{
    (void)arg;
    gruvi_sleep(2);
    ck_assert_int_eq(1 + 1, 3);
}

START_TEST(test_assertions_of_libcheck_are_said)
{
    const char *said = run(ECHO_SO, usual, assert_wrongly);

    assert_says(said, "check_test.c:");
    assert_says(said, "Assertion '1 + 1 == 3' failed: 1 + 1 == 2, 3 == 3, at "
                      "2.000 s");
}
END_TEST

static int
assert_in_fiber(void *arg)
{
    (void)arg;
    ck_assert_str_eq("one", "other");
    return 0;
}

static void
assert_elsewhere(void *arg)
{
    gruvi_go(assert_in_fiber, arg);
    gruvi_sleep(GRUVI_FOREVER);
}

START_TEST(test_an_assertion_in_any_fiber_ends_the_test)
{
    gruvid_test_options_t options = {.real_time = true};
    const char *said = run(ECHO_SO, options, assert_elsewhere);

    assert_says(said, "\"other\" == \"other\"");
    ck_assert_msg(strstr(said, "has not ended") == NULL, "%s", said);
}
END_TEST

static void
wait_for_nothing(void *arg)
{
    gruvi_stream_t *client = gruvid_test_connect();

    (void)arg;
    gruvid_test_within(GRUVI_FOREVER);
    gruvid_test_expect(client, "what echo does not say by itself");
}

START_TEST(test_a_test_that_waits_for_ever_is_ended)
{
    assert_says(run(ECHO_SO, usual, wait_for_nothing), "nothing more can come");
}
END_TEST

static void
crash(void *arg)
{
    gruvi_stream_close(gruvid_test_connect());
    (void)arg;
    raise(SIGKILL);
}

START_TEST(test_a_crash_is_said_with_the_last_call)
{
    assert_says(run(ECHO_SO, usual, crash), "crashed: Killed, at ");
}
END_TEST

static void
leave(void *arg)
{
    (void)arg;
    _exit(3);
}

START_TEST(test_a_process_that_ends_early_is_said)
{
    assert_says(run(ECHO_SO, usual, leave), "ended by exit status 3");
}
END_TEST

static void
say_much(void *arg)
{
    (void)arg;
    for (int i = 0; i < 5000; i++)
        printf("%d bottles\n", i);
    gruvid_test_fail("%d is enough", 5000);
}

START_TEST(test_what_is_said_has_a_length_for_libcheck)
{
    const char *said = run(ECHO_SO, usual, say_much);

    assert_says(said, ": 5000 is enough, at 0.000 s");
    assert_says(said, "... and more");
    ck_assert_uint_le(strlen(said), 7000);
}
END_TEST

/* --- what is wrong in a plugin -------------------------------------------- */

static void
say_to_planted(void *arg)
{
    gruvi_stream_t *client = gruvid_test_connect();

    (void)arg;
    gruvid_test_send(client, "record12");
    gruvi_sleep(100);
    gruvi_stream_close(client);
}

static const char *
run_planted(const char *mistake, bool repaired, gruvid_test_options_t options,
            gruvid_test_fn fn)
{
    char text[60];
    const char *settings[] = {text, repaired ? "repaired=yes" : "repaired=no"};

    snprintf(text, sizeof text, "mistake=%s", mistake);
    options.settings = settings;
    options.n_settings = 2;
    return run(PLANTED_SO, options, fn);
}

static void
sleep_a_little(void *arg)
{
    (void)arg;
    gruvi_sleep(1);
}

START_TEST(test_a_fiber_that_does_not_end_is_found)
{
    assert_says(run_planted("lost_cancel", false, usual, sleep_a_little),
                "waits for timer");
    assert_well(run_planted("lost_cancel", true, usual, sleep_a_little));
}
END_TEST

static void
forget_file(void *arg)
{
    (void)arg;
    gruvi_stream_close(gruvid_test_connect());
}

START_TEST(test_a_descriptor_that_is_left_is_found)
{
    assert_says(run_planted("missing_close", false, usual, forget_file),
                "a descriptor was left: ");
    assert_well(run_planted("missing_close", true, usual, forget_file));
}
END_TEST

START_TEST(test_memory_that_is_left_is_found)
{
#ifndef HAVE_SANITIZER
    assert_says(run_planted("stop", false, usual, sleep_a_little), "100 bytes");
#endif
    assert_well(run_planted("stop", true, usual, sleep_a_little));
}
END_TEST

/* The greeting is lost in some orders. */
static void
get_hello(void *arg)
{
    gruvi_stream_t *client = gruvid_test_connect();

    (void)arg;
    gruvid_test_within(10);
    gruvid_test_expect(client, "hello\n");
    gruvi_stream_close(client);
}

START_TEST(test_a_seed_that_finds_something_repeats_it)
{
    gruvid_test_options_t options = {.explore = 20};
    char said[100], seed[20] = "";

    snprintf(said, sizeof said, "%s",
             run_planted("order", false, options, get_hello));
    ck_assert_int_eq(sscanf(said, "GRUVID_TEST_SEED=%19[0-9]", seed), 1);
    setenv("GRUVID_TEST_SEED", seed, 1);
    assert_says(run_planted("order", false, usual, get_hello), said);
    assert_well(run_planted("order", true, usual, get_hello));
    unsetenv("GRUVID_TEST_SEED");
    setenv("GRUVID_TEST_EXPLORE", "20", 1);
    assert_says(run_planted("order", false, usual, get_hello), said);
    unsetenv("GRUVID_TEST_EXPLORE");
    assert_well(run_planted("order", true, options, get_hello));
}
END_TEST

START_TEST(test_a_fault_that_finds_something_repeats_it)
{
    gruvid_test_options_t options = {.sweep = true};
    char said[100], fault[20] = "";

    snprintf(said, sizeof said, "%s",
             run_planted("retries", false, options, say_to_planted));
    ck_assert_int_eq(sscanf(said, "GRUVID_TEST_SWEEP=%19[a-z:0-9]", fault), 1);
    fault[strlen(fault) - 1] = '\0';
    setenv("GRUVID_TEST_SWEEP", fault, 1);
    assert_says(run_planted("retries", false, usual, say_to_planted),
                "what has failed there: ");
    fault[strcspn(fault, ":")] = '\0';
    setenv("GRUVID_TEST_SWEEP", fault, 1);
    assert_says(run_planted("retries", false, usual, say_to_planted), said);
    setenv("GRUVID_TEST_SWEEP", "luck:3", 1);
    assert_says(run_planted("retries", true, usual, say_to_planted),
                "no such fault");
    unsetenv("GRUVID_TEST_SWEEP");
    assert_well(run_planted("retries", true, options, say_to_planted));
}
END_TEST

static const struct {
    const char *variable, *value;
} no_numbers[] = {{"GRUVID_TEST_SEED", "some"},   {"GRUVID_TEST_SEED", "0"},
                  {"GRUVID_TEST_SEED", "3x"},     {"GRUVID_TEST_SEED", ""},
                  {"GRUVID_TEST_EXPLORE", "-3"},  {"GRUVID_TEST_EXPLORE", "x"},
                  {"GRUVID_TEST_EXPLORE", "1e3"}, {"GRUVID_TEST_SEED", " 1"}};

START_TEST(test_what_is_no_number_is_refused)
{
    setenv(no_numbers[_i].variable, no_numbers[_i].value, 1);
    assert_says(run_planted("order", true, usual, get_hello), "no number");
    unsetenv(no_numbers[_i].variable);
}
END_TEST

/* --- mistakes of the caller ----------------------------------------------- */

START_TEST(test_a_run_needs_a_plugin_that_is_there)
{
    gruvid_test_options_t used = {.reserved = {(void *)run}};

    assert_says(gruvid_test_run(&usual, talk, NULL), "options, a plugin");
    assert_says(run("plugins/echo.c", usual, talk), "NAME.so");
    assert_says(run("plugins/.libs/none.so", usual, talk), "none.so");
    assert_says(run(ECHO_SO, used, talk), "reserved");
}
END_TEST

static void *
run_in_hub(void *arg)
{
    const char **said = arg;

    gruvi_get_hub();
    *said = run(ECHO_SO, usual, talk);
    gruvi_hub_close(gruvi_get_hub());
    return NULL;
}

START_TEST(test_a_thread_with_a_hub_has_no_run)
{
    const char *said = NULL;
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, run_in_hub, &said), 0);
    pthread_join(thread, NULL);
    assert_says(said, "this thread has a hub");
}
END_TEST

int
main(void)
{
    const TTest *const tests[] = {
        test_a_plugin_that_is_well_passes,
        test_seeds_and_faults_are_no_failure_of_it,
        test_clients_are_fibers,
        test_streams_that_are_left_open_are_ended,
        test_cancel_and_reset_reach_the_plugin,
        test_hours_pass_at_once,
        test_requests_are_answered,
        test_a_plugin_without_handler_answers_no_request,
        test_reloads_set_options_and_may_be_refused,
        test_a_reload_that_is_refused_is_said,
        test_what_came_in_place_of_a_text_is_said,
        test_a_line_that_does_not_come_is_said,
        test_what_came_in_place_is_said_with_its_line,
        test_assertions_of_libcheck_are_said,
        test_an_assertion_in_any_fiber_ends_the_test,
        test_a_test_that_waits_for_ever_is_ended,
        test_a_crash_is_said_with_the_last_call,
        test_a_process_that_ends_early_is_said,
        test_what_is_said_has_a_length_for_libcheck,
        test_a_fiber_that_does_not_end_is_found,
        test_a_descriptor_that_is_left_is_found,
        test_memory_that_is_left_is_found,
        test_a_seed_that_finds_something_repeats_it,
        test_a_fault_that_finds_something_repeats_it,
        test_a_run_needs_a_plugin_that_is_there,
        test_a_thread_with_a_hub_has_no_run,
    };
    Suite *suite = suite_create("test");
    TCase *tcase = tcase_create("test");

    tcase_set_timeout(tcase, 300);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(tcase, tests[i]);
    tcase_add_loop_test(tcase, test_what_is_no_number_is_refused, 0,
                        sizeof no_numbers / sizeof *no_numbers);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
