/* SPDX-License-Identifier: MIT */
/* One runner for all test programs, so that all report alike: the line
 * "NN%: Checks: A, Failures: B, Errors: C" is what the summary adds up. */
#include <stdlib.h>

#include "suite.h"

int
run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
