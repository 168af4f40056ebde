/* SPDX-License-Identifier: MIT */
/* One runner for all test programs, so that all report alike: the line
 * "NN%: Checks: A, Failures: B, Errors: C" is what the summary adds up. */
#include <signal.h>
#include <stdlib.h>

#include "suite.h"

/* libcheck's own four seconds are too few for a machine that is busy.  Before
 * main(), because a test case asks for this when it is made. */
static void __attribute__((constructor)) set_patience(void)
{
    setenv("CK_DEFAULT_TIMEOUT", "60", 0);
}

/* A shell without job control starts what it runs in the background with these
 * ignored. */
static void
hear_the_terminal(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
}

int
run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    hear_the_terminal();
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
