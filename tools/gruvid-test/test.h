/* SPDX-License-Identifier: MIT */
/* A test's part of a run: see test.c. */
#ifndef GRUVID_TEST_TEST_H
#define GRUVID_TEST_TEST_H

#define GRUVID_TEST_WITHOUT_CHECK
#include <gruvid/test.h>

/* In the process of a run: from here on the test calls. */
void begin_test(void);

/* When all fibers of the test have ended. */
void end_test(void);

/* Whether this process is a run, and its test has begun. */
bool is_playing(void);

#endif
