/* SPDX-License-Identifier: MIT */
/* What a process that dies leaves out of its core: what no stack has used. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/stack_guard.h"
#include "base/stack_thin.h"
#include "support/suite.h"
#include "unit/stacks.h"

/* Each in a child: the process that this leaves behind is to die. */

/* Slots of the first extent. */
#define FIRST 64

/* 0: pages that were used are dumped, and no others; else a line. */
static int
look_at_a_stack(void)
{
    struct gruvi__stack *stack = get(0);
    size_t page = gruvi__page_size();
    char *used = stack->low + 16 * page;

    *used = 1;
    if (is_left_out(stack->low))
        return __LINE__;
    gruvi__stacks_thin();
    if (!is_left_out(stack->low) || !is_left_out(used - page) ||
        !is_left_out(used + page))
        return __LINE__;
    if (is_left_out(used) || is_left_out(stack) || *used != 1)
        return __LINE__;
    return 0;
}

START_TEST(test_only_what_was_used_is_dumped)
{
    ck_assert_int_eq(in_child(look_at_a_stack), 0);
}
END_TEST

/* With guards by mprotect() an extent is many mappings already. */
static int
look_at_the_guards(void)
{
    struct gruvi__stack *stacks[8];

    for (size_t i = 0; i < 8; i++)
        stacks[i] = get(0);
    gruvi__stacks_thin();
    for (size_t i = 0; i < 8; i++)
        if (!is_left_out(stacks[i]->low) || is_left_out(stacks[i]))
            return __LINE__;
    return 0;
}

START_TEST(test_with_guards_of_both_kinds)
{
    gruvi__stack_force_mprotect(_i == 1);
    ck_assert_int_eq(in_child(look_at_the_guards), 0);
}
END_TEST

/* Other hubs go on while a process dies. */
static int
look_at_a_new_stack(void)
{
    struct gruvi__stack *stack = get(0), *later;

    gruvi__stacks_thin();
    later = get(0);
    if (later == stack)
        return __LINE__;
    return is_left_out(later->low) || is_left_out(later) ? __LINE__ : 0;
}

START_TEST(test_a_stack_that_is_taken_meanwhile_is_dumped)
{
    ck_assert_int_eq(in_child(look_at_a_new_stack), 0);
}
END_TEST

static char *
base_of_first(void)
{
    return get(0)->low - gruvi__guard_size(GRUVI__STACK_DEFAULT);
}

/* Each is at another place: where one was there is something else. */
static int
look_after_many_arenas(void)
{
    for (unsigned i = 0; i < 2 * GRUVI__THIN_EXTENTS; i++) {
        char *base = base_of_first();

        gruvi__arena_free(arena);
        if (mmap(base, FIRST * GRUVI__STACK_DEFAULT, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
                 0) != base)
            return __LINE__;
        arena = gruvi__arena_new();
    }
    return look_at_a_stack();
}

START_TEST(test_extents_that_are_gone_are_forgotten)
{
    ck_assert_int_eq(in_child(look_after_many_arenas), 0);
}
END_TEST

/* What lies where an extent was is not ours. */
static int
look_at_other_memory(void)
{
    size_t size = FIRST * GRUVI__STACK_DEFAULT;
    char *base = base_of_first();

    gruvi__arena_free(arena);
    arena = gruvi__arena_new();
    if (mmap(base, size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != base)
        return __LINE__;
    gruvi__stacks_thin();
    return is_left_out(base) ? __LINE__ : 0;
}

START_TEST(test_memory_of_others_is_left_alone)
{
    ck_assert_int_eq(in_child(look_at_other_memory), 0);
}
END_TEST

int
main(void)
{
    Suite *suite;
    TCase *tc;

    if (RUNNING_ON_VALGRIND) {
        puts("skipped: memory is Valgrind's");
        return 77;
    }
    suite = suite_create("stack_thin");
    tc = tcase_create("stack_thin");
    tcase_add_checked_fixture(tc, stacks_setup, stacks_teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_only_what_was_used_is_dumped);
    tcase_add_loop_test(tc, test_with_guards_of_both_kinds, 0, 2);
    tcase_add_test(tc, test_a_stack_that_is_taken_meanwhile_is_dumped);
    tcase_add_test(tc, test_extents_that_are_gone_are_forgotten);
    tcase_add_test(tc, test_memory_of_others_is_left_alone);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
