/* SPDX-License-Identifier: MIT */
/* Which stacks are in core dumps: those that hold something. */
#include <stdio.h>

#include "base/stack_dump.h"
#include "support/suite.h"
#include "unit/stacks.h"

/* Slots of the first extent; more stacks than that are in a second. */
#define FIRST 64

/* In loops: 1 is with guards that are mappings. */
static void
choose_guards(int how)
{
    gruvi__stack_force_mprotect(how == 1);
}

START_TEST(test_a_stack_is_dumped_and_what_was_never_used_is_not)
{
    struct gruvi__stack *stack;

    choose_guards(_i);
    stack = get(0);
    ck_assert(!is_left_out(stack->low));
    ck_assert(!is_left_out(stack));
    ck_assert(is_left_out(stack->low + FIRST / 2 * stack->size));
    gruvi__stack_release(arena, stack);
}
END_TEST

START_TEST(test_all_stacks_that_are_given_out_are_dumped)
{
    static struct gruvi__stack *stacks[20 * FIRST];
    size_t i, n = sizeof stacks / sizeof *stacks;

    choose_guards(_i);
    for (i = 0; i < n; i++)
        stacks[i] = get(0);
    for (i = 0; i < n; i += 7)
        ck_assert(!is_left_out(stacks[i]));
    for (i = 0; i < n; i++)
        gruvi__stack_release(arena, stacks[i]);
}
END_TEST

START_TEST(test_stacks_that_gave_their_pages_back_are_not_dumped)
{
    static struct gruvi__stack *stacks[20 * FIRST];
    size_t i, n = sizeof stacks / sizeof *stacks;
    char *low;

    choose_guards(_i);
    for (i = 0; i < n; i++)
        stacks[i] = get(0);
    for (i = n; i-- > 0;) /* so that the first are the last to be trimmed */
        gruvi__stack_release(arena, stacks[i]);
    low = stacks[n - 1]->low;
    ck_assert(!is_left_out(low));
    ck_assert_uint_eq(gruvi__arena_trim(arena, SIZE_MAX), 0);
    ck_assert_uint_lt(arena->classes[stacks[0]->class_index].cached, n);
    ck_assert(!is_left_out(stacks[0]->low)); /* it is cached */
    for (i = 0; i < n; i++)
        stacks[i] = get(0);
    for (i = 0; i < n; i += 7)
        ck_assert(!is_left_out(stacks[i]));
    for (i = 0; i < n; i++)
        gruvi__stack_release(arena, stacks[i]);
}
END_TEST

START_TEST(test_a_burst_leaves_next_to_nothing_in_dumps)
{
    static struct gruvi__stack *stacks[20 * FIRST];
    size_t i, kept = 0, n = sizeof stacks / sizeof *stacks;
    static char *lows[20 * FIRST];

    choose_guards(_i);
    for (i = 0; i < n; i++) {
        stacks[i] = get(0);
        lows[i] = stacks[i]->low;
    }
    for (i = 0; i < n; i++)
        gruvi__stack_release(arena, stacks[i]);
    ck_assert_uint_eq(gruvi__arena_trim(arena, SIZE_MAX), 0);
    for (i = 0; i < n; i += 8)
        kept += !is_left_out(lows[i]);
    /* 256 of 1,280 stay in the cache, and a chunk around them. */
    ck_assert_uint_ge(kept, 256 / 8);
    ck_assert_uint_le(kept, 256 / 8 + 8);
}
END_TEST

/* --- chunks ------------------------------------------------------------------
 */

START_TEST(test_any_extent_has_few_chunks_that_are_large_enough)
{
    static const size_t slot_sizes[] = {16 << 10, 128 << 10, 1 << 20,
                                        (size_t)1 << 30};
    struct gruvi__stack_dump dump;

    for (unsigned i = 0; i < sizeof slot_sizes / sizeof *slot_sizes; i++)
        for (size_t slots = 1; slots < 5000; slots = 2 * slots + 1) {
            size_t slot = slot_sizes[i], chunk;

            gruvi__stack_dump_init(&dump, NULL, slot, slots);
            chunk = (size_t)1 << dump.chunk_log;
            ck_assert_uint_le((slots + chunk - 1) / chunk, GRUVI__DUMP_CHUNKS);
            ck_assert_uint_ge(chunk * slot, 1 << 20);
        }
}
END_TEST

int
main(void)
{
    Suite *suite;
    TCase *tc;

    /* Thousands of lists of mappings are read, for minutes. */
    if (RUNNING_ON_VALGRIND) {
        puts("skipped: it takes too long under Valgrind");
        return 77;
    }
    suite = suite_create("stack_dump");
    tc = tcase_create("stack_dump");
    tcase_add_checked_fixture(tc, stacks_setup, stacks_teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(
        tc, test_a_stack_is_dumped_and_what_was_never_used_is_not, 0, 2);
    tcase_add_loop_test(tc, test_all_stacks_that_are_given_out_are_dumped, 0,
                        2);
    tcase_add_loop_test(
        tc, test_stacks_that_gave_their_pages_back_are_not_dumped, 0, 2);
    tcase_add_loop_test(tc, test_a_burst_leaves_next_to_nothing_in_dumps, 0, 2);
    tcase_add_test(tc, test_any_extent_has_few_chunks_that_are_large_enough);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
