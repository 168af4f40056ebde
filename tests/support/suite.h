/* SPDX-License-Identifier: MIT */
/* The main() that every test program has. */
#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

#include <check.h>

/*
 * Run a suite by the CK_* variables of the environment and free it.
 *
 * Returns what main() returns: 0 if all of it passed.
 */
int run_suite(Suite *suite);

#endif
