/* SPDX-License-Identifier: MIT */
/*
 * The fibers of the tests of context.h, and the program that they are where
 * there is no libcheck (SELFTEST_MAIN); else check_context.c runs them.
 */
#include "unit/context_selftest.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(low, up) 0
#define VALGRIND_STACK_DEREGISTER(id)    ((void)(id))
#endif

struct fiber root;
struct fiber *current = &root;

NOINLINE void
switch_to(struct fiber *to)
{
    struct fiber *from = current;

    current = to;
    gruvi__tools_before_switch(&from->tools, &to->tools);
    gruvi__context_switch(&from->context, &to->context);
    gruvi__tools_after_switch(&from->tools);
}

void
yield_to_root(void)
{
    switch_to(&root);
}

static void
entry(void)
{
    struct fiber *me = current;

    gruvi__tools_after_switch(&me->tools);
    me->body();
    me->ended = true;
    current = &root;
    gruvi__tools_before_switch(NULL, &root.tools);
    gruvi__context_switch(&me->context, &root.context);
    abort();
}

void
fiber_make(struct fiber *fiber, void (*body)(void), size_t cut)
{
    gruvi__tools_init_thread(&root.tools);
    fiber->body = body;
    fiber->ended = false;
    fiber->stack = malloc(STACK_SIZE);
    if (fiber->stack == NULL)
        abort();
    fiber->valgrind_id =
        VALGRIND_STACK_REGISTER(fiber->stack, fiber->stack + STACK_SIZE - 1);
    gruvi__tools_init(&fiber->tools, fiber->stack, STACK_SIZE);
    gruvi__context_make(&fiber->context, fiber->stack,
                        fiber->stack + STACK_SIZE - cut, entry);
}

void
fiber_free(struct fiber *fiber)
{
    gruvi__tools_destroy(&fiber->tools);
    VALGRIND_STACK_DEREGISTER(fiber->valgrind_id);
    free(fiber->stack);
}

void
run_to_end(struct fiber *fiber)
{
    while (!fiber->ended)
        switch_to(fiber);
}

void
run_one(void (*body)(void))
{
    struct fiber fiber;

    fiber_make(&fiber, body, 0);
    run_to_end(&fiber);
    fiber_free(&fiber);
}

const struct selftest *
selftest(int n)
{
    const struct selftest *test = register_selftests;

    while (test->name != NULL && n > 0)
        test++, n--;
    if (test->name == NULL)
        test = &stack_selftests[n];
    return test->name != NULL ? test : NULL;
}

#ifdef SELFTEST_MAIN
int
main(void)
{
    const struct selftest *test;
    int passed = 0, failed = 0, n;

    for (n = 0; (test = selftest(n)) != NULL; n++) {
        const char *says = test->run();

        passed += says == NULL;
        failed += says != NULL;
        if (says != NULL)
            printf("%s: %s\n", test->name, says);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
#endif
