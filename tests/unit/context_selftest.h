/* SPDX-License-Identifier: MIT */
/*
 * The tests of context.h, without libcheck: they are also built for processors
 * that only an emulator runs here.
 *
 * A test runs fibers, from the root and back to it; nothing schedules them.
 */
#ifndef TESTS_UNIT_CONTEXT_SELFTEST_H
#define TESTS_UNIT_CONTEXT_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/context.h"
#include "base/context_tools.h"

#define STACK_SIZE ((size_t)256 << 10) /* sanitizers make large frames */
#define NOINLINE   __attribute__((noinline))

struct fiber {
    struct gruvi__context context;
    struct gruvi__context_tools tools;
    void (*body)(void);
    char *stack;
    unsigned valgrind_id;
    bool ended;
};

extern struct fiber root;
extern struct fiber *current;

/* A fiber that runs body; its stack ends cut bytes early. */
void fiber_make(struct fiber *fiber, void (*body)(void), size_t cut);
void fiber_free(struct fiber *fiber);

/* Until whoever is switched to switches back. */
void switch_to(struct fiber *to);

/* From a fiber to the root. */
void yield_to_root(void);

void run_to_end(struct fiber *fiber);

/* Run one fiber from its beginning to its end. */
void run_one(void (*body)(void));

/* A test returns NULL, or what is wrong. */
struct selftest {
    const char *name;
    const char *(*run)(void);
};

#define SELFTEST(name)                                                         \
    {                                                                          \
#name, name                                                            \
    }

/* What each file has; the last one of each has a NULL name. */
extern const struct selftest register_selftests[];
extern const struct selftest stack_selftests[];

/* Test number n of all, or NULL. */
const struct selftest *selftest(int n);

#endif
