/* SPDX-License-Identifier: MIT */
/* Runs of a plugin by gruvid_test_run(), and what they say. */
#ifndef TESTS_HOST_RUN_H
#define TESTS_HOST_RUN_H

#include <gruvid/test.h>

/*
 * Run a plugin.
 *
 *   plugin   its file, in the build folder
 *   options  its plugin and limit are set here
 *
 * Returns what is wrong, valid until the next run; "" where nothing is.
 */
const char *run(const char *plugin, gruvid_test_options_t options,
                gruvid_test_fn fn);

void assert_well(const char *said);
void assert_says(const char *said, const char *text);

/*
 * In a run: what has come may not come in any run.  Where something fails on
 * purpose, an expectation that is not met only ends the run; this is wrong
 * there as well, and said.
 */
_Noreturn void never(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
