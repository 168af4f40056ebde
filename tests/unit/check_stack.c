/* SPDX-License-Identifier: MIT */
/* Stacks: sizes, places, reuse, giving memory back, and limits. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <uv.h>

#include "base/stack_guard.h"
#include "support/suite.h"
#include "unit/stacks.h"

/* As the core does it: a control block with the stack at its end. */
struct block {
    char control[200];
    struct gruvi__stack stack;
};
GRUVI__STACK_LAST(struct block, stack);

/* The last byte of the slot. */
static char *
slot_end(const struct gruvi__stack *stack)
{
    return stack->low - gruvi__guard_size(stack->size) + stack->size - 1;
}

/* How many pages of a slot, above its guard, are in memory. */
static size_t
pages_of(const char *low, size_t size)
{
    unsigned char in_core[GRUVI__STACK_DEFAULT / 4096];
    size_t usable = size - gruvi__guard_size(size);
    size_t i, n = 0;

    ck_assert_uint_le(usable / gruvi__page_size(), sizeof in_core);
    ck_assert_int_eq(mincore((void *)low, usable, in_core), 0);
    for (i = 0; i < usable / gruvi__page_size(); i++)
        n += in_core[i] & 1;
    return n;
}

/* ---- sizes ---- */

START_TEST(test_a_slot_is_a_power_of_two_with_its_guard)
{
    static const struct {
        size_t asked, slot, guard;
    } cases[] = {
        {0, 128 << 10, 16 << 10},
        {16 << 10, 16 << 10, 4 << 10},
        {20000, 32 << 10, 4 << 10},
        {64 << 10, 64 << 10, 8 << 10},
        {(64 << 10) + 1, 128 << 10, 16 << 10},
        {1 << 20, 1 << 20, 64 << 10},
        {(size_t)1 << 30, 1 << 30, 64 << 10},
    };
    size_t i;

    if (gruvi__page_size() != 4096)
        return; /* the figures are those of pages of 4 KiB */
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gruvi__stack *stack = get(cases[i].asked);

        ck_assert_uint_eq(stack->size, cases[i].slot);
        ck_assert_uint_eq(gruvi__guard_size(stack->size), cases[i].guard);
        ck_assert_ptr_eq(stack->low - cases[i].guard,
                         slot_end(stack) + 1 - cases[i].slot);
    }
}
END_TEST

START_TEST(test_a_size_out_of_range_is_refused_and_explained)
{
    static const size_t sizes[] = {1, GRUVI__STACK_MIN - 1,
                                   GRUVI__STACK_MAX + 1, SIZE_MAX};
    size_t i;

    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct gruvi__stack *stack = (void *)&i;

        ck_assert_int_eq(gruvi__stack_alloc(arena, sizes[i], &stack),
                         UV_EINVAL);
        ck_assert_ptr_null(stack);
        ck_assert_ptr_nonnull(strstr(gruvi__arena_error(arena), "16 KiB"));
        ck_assert_int_eq(gruvi__stack_set_default_size(sizes[i]), UV_EINVAL);
    }
    ck_assert_uint_eq(gruvi__stack_default_size(), GRUVI__STACK_DEFAULT);
}
END_TEST

START_TEST(test_the_default_size_can_be_set)
{
    ck_assert_int_eq(gruvi__stack_set_default_size(200000), 0);
    ck_assert_uint_eq(gruvi__stack_default_size(), 256 << 10);
    ck_assert_uint_eq(get(0)->size, 256 << 10);
}
END_TEST

START_TEST(test_all_of_a_stack_can_be_written)
{
    struct gruvi__stack *stack = get(64 << 10);
    struct block *block = gruvi__stack_control(stack, struct block, stack);
    char *low = stack->low;

    memset(low, 0xa5, (size_t)((char *)stack - low));
    ck_assert_ptr_eq(&block->stack, stack);
    ck_assert_ptr_eq(stack->low, low);
    ck_assert_uint_eq(stack->size, 64 << 10);
}
END_TEST

/* ---- placement ---- */

START_TEST(test_neighbours_neither_overlap_nor_end_alike)
{
    enum { N = 32 };
    struct gruvi__stack *stacks[N];
    bool seen[32] = {false};
    int i;

    for (i = 0; i < N; i++) {
        uintptr_t end;

        stacks[i] = get(32 << 10);
        end = (uintptr_t)(stacks[i] + 1);
        ck_assert_uint_eq(end % 64, 0);
        ck_assert_uint_lt((uintptr_t)slot_end(stacks[i]) + 1 - end, 2048);
        ck_assert(!seen[end / 64 % 32]);
        seen[end / 64 % 32] = true;
        if (i > 0)
            ck_assert_ptr_eq(slot_end(stacks[i - 1]) + 1,
                             stacks[i]->low -
                                 gruvi__guard_size(stacks[i]->size));
    }
}
END_TEST

START_TEST(test_the_stack_released_last_is_used_first)
{
    struct gruvi__stack *a = get(0), *b = get(0), *c = get(0);
    struct gruvi__stack *other = get(32 << 10);

    gruvi__stack_release(arena, a);
    gruvi__stack_release(arena, c);
    gruvi__stack_release(arena, other);
    gruvi__stack_release(arena, b);
    ck_assert_ptr_eq(get(0), b);
    ck_assert_ptr_eq(get(128 << 10), c);
    ck_assert_ptr_eq(get(100000), a);
    ck_assert_ptr_eq(get(32 << 10), other);
}
END_TEST

START_TEST(test_a_hundred_thousand_stacks_take_a_page_each)
{
    enum { N = 100000 };
    struct gruvi__stack *first = get(64 << 10), *last = NULL;
    struct gruvi__extent *extent = NULL;
    size_t extents = 0;
    int i;

    if (RUNNING_ON_VALGRIND ||
        strcmp(gruvi__stack_guard_mode(), "mprotect") == 0)
        return; /* too slow there; over the ceiling here */
    for (i = 1; i < N; i++) {
        struct gruvi__stack *stack = get(64 << 10);

        gruvi__stack_control(stack, struct block, stack)->control[0] = 1;
        extents += stack->extent != extent;
        extent = stack->extent;
        last = stack;
    }
    ck_assert_uint_le(extents, 12);
    ck_assert_uint_eq(pages_of(first->low, first->size), 1);
    ck_assert_uint_eq(pages_of(last->low, last->size), 1);
    ck_assert(faults(last->low - 1));
}
END_TEST

/* ---- giving memory back ---- */

enum { MANY = 600 }; /* the cache keeps 256 of the default size */

static struct gruvi__stack *many[MANY];
static char *lows[MANY];

/* MANY stacks of the default size, all pages touched. */
static void
get_many(void)
{
    int i;

    for (i = 0; i < MANY; i++) {
        many[i] = get(0);
        lows[i] = many[i]->low;
        memset(lows[i], 1, (size_t)((char *)many[i] - lows[i]));
    }
}

static void
release(int from, int to)
{
    int i;

    for (i = from; i < to; i++)
        gruvi__stack_release(arena, many[i]);
}

START_TEST(test_a_surplus_gives_all_its_pages_back)
{
    int i, empty = 0;

    get_many();
    release(0, MANY);
    ck_assert_uint_eq(gruvi__arena_trim(arena, SIZE_MAX), 0);
    for (i = 0; i < MANY; i++)
        empty += pages_of(lows[i], GRUVI__STACK_DEFAULT) == 0;
    ck_assert_int_eq(empty, MANY - 256);
}
END_TEST

START_TEST(test_as_many_stay_cached_as_are_given_out)
{
    get_many();
    release(0, 290);
    ck_assert_uint_eq(gruvi__arena_trim(arena, SIZE_MAX), 0);
    ck_assert_uint_eq(pages_of(lows[0], GRUVI__STACK_DEFAULT),
                      pages_of(lows[MANY - 1], GRUVI__STACK_DEFAULT));
    ck_assert_uint_eq(pages_of(lows[289], GRUVI__STACK_DEFAULT),
                      pages_of(lows[MANY - 1], GRUVI__STACK_DEFAULT));
}
END_TEST

START_TEST(test_trimming_goes_in_steps)
{
    get_many();
    ck_assert_uint_eq(gruvi__arena_trim(arena, 10), 0);
    release(0, MANY);
    ck_assert_uint_eq(gruvi__arena_trim(arena, 0), MANY - 256);
    ck_assert_uint_eq(gruvi__arena_trim(arena, 100), MANY - 256 - 100);
    ck_assert_uint_eq(gruvi__arena_trim(arena, 200), MANY - 256 - 300);
    ck_assert_uint_eq(gruvi__arena_trim(arena, 200), 0);
    ck_assert_uint_eq(gruvi__arena_trim(arena, 200), 0);
}
END_TEST

static int
index_of(const char *low)
{
    int i;

    for (i = 0; i < MANY && lows[i] != low; i++)
        continue;
    return i;
}

START_TEST(test_a_trimmed_stack_comes_back_empty_and_guarded)
{
    bool seen[MANY + 1] = {false};
    struct gruvi__stack *stack;
    int i, at;

    get_many();
    release(0, MANY);
    ck_assert_uint_eq(gruvi__arena_trim(arena, SIZE_MAX), 0);
    for (i = 0; i < 256; i++)
        ck_assert_int_eq(get(0)->low[0], 1);
    for (i = 256; i < MANY; i++) {
        stack = get(0);
        at = index_of(stack->low);
        ck_assert_int_lt(at, MANY);
        ck_assert(!seen[at]);
        seen[at] = true;
        ck_assert_ptr_eq(stack, many[at]);
        ck_assert_uint_eq(stack->size, GRUVI__STACK_DEFAULT);
        ck_assert_int_eq(stack->low[0], 0);
    }
    ck_assert(faults(lows[300] - 1));
    ck_assert_int_eq(index_of(get(0)->low), MANY); /* and then new ones */
}
END_TEST

START_TEST(test_freeing_an_arena_unmaps_all_its_stacks)
{
    struct gruvi__arena *mine = gruvi__arena_new();
    struct gruvi__stack *out, *cached;
    unsigned char in_core;
    char *low;

    ck_assert_int_eq(gruvi__stack_alloc(mine, 16 << 20, &out), 0);
    ck_assert_int_eq(gruvi__stack_alloc(mine, 16 << 20, &cached), 0);
    gruvi__stack_release(mine, cached);
    low = out->low;
    gruvi__arena_free(mine);
    ck_assert_int_eq(mincore(low, gruvi__page_size(), &in_core), -1);
    ck_assert_int_eq(errno, ENOMEM);
    gruvi__arena_free(NULL);
}
END_TEST

/* ---- limits ---- */

static size_t
address_space(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t pages = 0;

    if (file == NULL || fscanf(file, "%zu", &pages) != 1)
        abort();
    fclose(file);
    return pages * gruvi__page_size();
}

static int
run_out_of_addresses(void)
{
    struct rlimit limit = {address_space() + (100 << 20), RLIM_INFINITY};
    struct gruvi__stack *stack = NULL, *last = NULL;
    int n, err;

    setrlimit(RLIMIT_AS, &limit);
    for (n = 0; (err = gruvi__stack_alloc(arena, 1 << 20, &stack)) == 0; n++)
        last = stack;
    if (err != UV_ENOMEM || stack != NULL)
        return 1;
    /* The mappings that double have shrunk to what there was. */
    if (n < 90 || n > 100)
        return 2;
    if (strstr(gruvi__arena_error(arena), "1024 KiB") == NULL)
        return 3;
    gruvi__stack_release(arena, last);
    if (gruvi__stack_alloc(arena, 1 << 20, &stack) != 0 || stack != last)
        return 4;
    return 0;
}

START_TEST(test_without_addresses_alloc_says_so_and_recovers)
{
#if defined(GRUVI__ASAN) || defined(GRUVI__TSAN)
    return; /* they need all addresses that there are */
#endif
    if (RUNNING_ON_VALGRIND)
        return;
    ck_assert_int_eq(in_child(run_out_of_addresses), 0);
}
END_TEST

static void *
use_an_arena(void *arg)
{
    struct gruvi__arena *mine = gruvi__arena_new();
    struct gruvi__stack *stack;
    intptr_t failures = 0;
    int i;

    for (i = 0; i < 200; i++) {
        failures += gruvi__stack_alloc(mine, i % 2 ? 0 : 32 << 10, &stack) != 0;
        stack->low[0] = 1;
        if (i % 3 == 0)
            gruvi__stack_release(mine, stack);
    }
    gruvi__arena_free(mine);
    (void)arg;
    return (void *)failures;
}

START_TEST(test_threads_have_arenas_of_their_own)
{
    pthread_t threads[3];
    void *failures;
    int i;

    gruvi__stack_force_mprotect(_i == 1);
    for (i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_an_arena, NULL),
                         0);
    for (i = 0; i < 3; i++) {
        pthread_join(threads[i], &failures);
        ck_assert_ptr_null(failures);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stack");
    TCase *tc = tcase_create("stack");

    tcase_add_checked_fixture(tc, stacks_setup, stacks_teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_a_slot_is_a_power_of_two_with_its_guard);
    tcase_add_test(tc, test_a_size_out_of_range_is_refused_and_explained);
    tcase_add_test(tc, test_the_default_size_can_be_set);
    tcase_add_test(tc, test_all_of_a_stack_can_be_written);
    tcase_add_test(tc, test_neighbours_neither_overlap_nor_end_alike);
    tcase_add_test(tc, test_the_stack_released_last_is_used_first);
    tcase_add_test(tc, test_a_hundred_thousand_stacks_take_a_page_each);
    tcase_add_test(tc, test_a_surplus_gives_all_its_pages_back);
    tcase_add_test(tc, test_as_many_stay_cached_as_are_given_out);
    tcase_add_test(tc, test_trimming_goes_in_steps);
    tcase_add_test(tc, test_a_trimmed_stack_comes_back_empty_and_guarded);
    tcase_add_test(tc, test_freeing_an_arena_unmaps_all_its_stacks);
    tcase_add_test(tc, test_without_addresses_alloc_says_so_and_recovers);
    tcase_add_loop_test(tc, test_threads_have_arenas_of_their_own, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
