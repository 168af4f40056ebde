/* SPDX-License-Identifier: MIT */
/* Code that runs when a plugin is loaded, tried by a process of its own. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "daemon/module_fixture.h"

/* As in a gruvid that runs. */
static void
try_first(double seconds)
{
    static char program[300];
    const char *build = getenv("top_builddir");
    char libs[600];

    if (build == NULL)
        build = ".";
    snprintf(program, sizeof program, "%s/.libs/gruvid", build);
    snprintf(libs, sizeof libs, "%s/daemon/.libs:%s/lib/.libs", build, build);
    setenv("LD_LIBRARY_PATH", libs, 1);
    modules.trial_program = program;
    modules.trial_seconds = seconds;
}

START_TEST(test_code_that_crashes_when_it_is_loaded_is_refused)
{
    try_first(60);
    make_constructor("fputs(\"no such table\\n\", stderr); __builtin_trap();");
    refused("swap",
            "code that runs when it is loaded crashes: no such table; ");
    make_build("swap", "one", "-Wl,--build-id");
    opened("swap");
}
END_TEST

/* In the configuration a blank or a quote would mean something. */
START_TEST(test_the_folder_may_have_any_name)
{
    char before[sizeof dir];

    try_first(60);
    make_constructor("__builtin_trap();");
    strcpy(before, dir);
    strcat(dir, " a; #b\"\\c");
    ck_assert_int_eq(rename(before, dir), 0);
    refused("swap", "code that runs when it is loaded crashes: ");
}
END_TEST

START_TEST(test_code_that_exits_when_it_is_loaded_is_refused)
{
    try_first(60);
    make_constructor("void exit(int); exit(3);");
    refused("swap", "code that runs when it is loaded ends the process");
    make_constructor("_exit(0);");
    refused("swap", "code that runs when it is loaded ends the process");
}
END_TEST

START_TEST(test_code_that_never_ends_when_it_is_loaded_is_refused)
{
    try_first(0.5);
    make_constructor("for (;;) pause();");
    refused("swap", "takes more than 0.5 seconds");
}
END_TEST

START_TEST(test_code_that_closes_its_output_and_never_ends_is_refused)
{
    try_first(0.5);
    make_constructor("close(1); close(2); for (;;) pause();");
    refused("swap", "takes more than 0.5 seconds");
}
END_TEST

static void
on_alarm(int signum)
{
    (void)signum;
}

/* A call that waits is begun again after a signal, but for poll(). */
START_TEST(test_signals_do_not_make_its_time_longer)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};

    try_first(0.5);
    make_constructor("for (;;) pause();");
    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
    refused("swap", "takes more than 0.5 seconds");
    ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
}
END_TEST

START_TEST(test_where_nothing_can_be_tried_a_module_is_opened)
{
    modules.trial_program = "/nowhere/gruvid";
    make_build("swap", "one", "-Wl,--build-id");
    opened("swap");
    modules.trial_program = "/bin/false";
    modules.trial_seconds = 60;
    make_build("swap", "two", "-Wl,--build-id");
    expect_summary(opened("swap"), "two");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("module_trial");
    TCase *tc = module_case(suite, "module_trial");

    tcase_add_test(tc, test_code_that_crashes_when_it_is_loaded_is_refused);
    tcase_add_test(tc, test_the_folder_may_have_any_name);
    tcase_add_test(tc, test_code_that_exits_when_it_is_loaded_is_refused);
    tcase_add_test(tc, test_code_that_never_ends_when_it_is_loaded_is_refused);
    tcase_add_test(tc,
                   test_code_that_closes_its_output_and_never_ends_is_refused);
    tcase_add_test(tc, test_signals_do_not_make_its_time_longer);
    tcase_add_test(tc, test_where_nothing_can_be_tried_a_module_is_opened);
    return run_suite(suite);
}
