/* SPDX-License-Identifier: MIT */
/*
 * The tests of context.h, without libcheck: they are also built for processors
 * that only an emulator runs here.
 */
#ifndef TESTS_UNIT_CONTEXT_SELFTEST_H
#define TESTS_UNIT_CONTEXT_SELFTEST_H

struct selftest {
    const char *name;
    const char *(*run)(void); /* NULL, or what is wrong */
};

extern const struct selftest selftests[]; /* ends with a NULL name */

#endif
