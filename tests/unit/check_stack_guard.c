/* SPDX-License-Identifier: MIT */
/* Guards: both ways to make them, and the limit of the second. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <uv.h>

#include "base/stack_guard.h"
#include "support/suite.h"
#include "unit/stacks.h"

static void
check_guard(void)
{
    struct gruvi__stack *stack = get(64 << 10);
    struct gruvi__stack *other = get(64 << 10);
    size_t guard = gruvi__guard_size(stack->size);

    ck_assert(faults(stack->low - 1));
    ck_assert(faults(stack->low - guard));
    ck_assert(faults(other->low - guard));
    ck_assert(!faults(stack->low));
    ck_assert(gruvi__stack_guards(stack, stack->low - 1));
    ck_assert(gruvi__stack_guards(stack, stack->low - guard));
    ck_assert(!gruvi__stack_guards(stack, stack->low - guard - 1));
    ck_assert(!gruvi__stack_guards(stack, stack->low));
    ck_assert(!gruvi__stack_guards(stack, other->low - 1));
}

START_TEST(test_below_a_stack_there_is_a_guard)
{
    check_guard();
}
END_TEST

START_TEST(test_older_kernels_guard_with_mprotect)
{
    gruvi__stack_force_mprotect(true);
    ck_assert_str_eq(gruvi__stack_guard_mode(), "mprotect");
    ck_assert_uint_lt(gruvi__stack_ceiling(), SIZE_MAX);
    check_guard();
}
END_TEST

/* Whether the kernel can read there; a child for each would take long. */
static bool
is_readable(int fds[2], const char *addr)
{
    char c;

    if (write(fds[1], addr, 1) != 1) {
        ck_assert_int_eq(errno, EFAULT);
        return false;
    }
    return read(fds[0], &c, 1) == 1;
}

/* Where many are in use, guards are made in advance. */
START_TEST(test_below_each_of_many_stacks_there_is_a_guard)
{
    enum { MANY = 1500 };
    int fds[2], i;

    ck_assert_int_eq(pipe(fds), 0);
    for (i = 0; i < MANY; i++) {
        struct gruvi__stack *stack = get(64 << 10);
        const char *low = stack->low;

        ck_assert(is_readable(fds, low));
        ck_assert(is_readable(fds, (char *)stack - 1));
        ck_assert(!is_readable(fds, low - 1));
        ck_assert(!is_readable(fds, low - gruvi__guard_size(stack->size)));
    }
    close(fds[0]);
    close(fds[1]);
}
END_TEST

int __real_madvise(void *low, size_t size, int advice);
int __wrap_madvise(void *low, size_t size, int advice);

static bool agreeable;

int
__wrap_madvise(void *low, size_t size, int advice)
{
    return agreeable ? 0 : __real_madvise(low, size, advice);
}

START_TEST(test_so_do_kernels_that_agree_and_do_nothing)
{
    agreeable = true;
    gruvi__stack_force_mprotect(false);
    ck_assert_str_eq(gruvi__stack_guard_mode(), "mprotect");
    check_guard();
    agreeable = false;
    gruvi__stack_force_mprotect(false);
}
END_TEST

/* How far the stack reaches, from its lowest byte. */
static size_t
usable(const struct gruvi__stack *stack)
{
    return (size_t)((const char *)stack - stack->low);
}

START_TEST(test_a_larger_guard_takes_nothing_from_the_stack)
{
    struct gruvi__stack *usual = get(64 << 10), *stack, *other;

    ck_assert_int_eq(gruvi__stack_set_guard_size(GRUVI__GUARD_MAX + 1),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi__stack_set_guard_size((1 << 20) - 1), 0);
    gruvi__stack_set_extra(10000);
    stack = get(128 << 10);
    other = get(128 << 10);
    gruvi__stack_set_extra(0);
    gruvi__stack_set_guard_size(0);
    ck_assert_uint_eq(gruvi__stack_guard_bytes(usual),
                      gruvi__guard_size(64 << 10));
    ck_assert_uint_eq(gruvi__stack_guard_bytes(stack), 1 << 20);
    ck_assert_uint_eq(stack->size, 128 << 10);
    ck_assert_uint_ge(usable(stack), (112 << 10) + 10000);
    ck_assert(faults(stack->low - (1 << 20)));
    ck_assert(faults(other->low - 1));
    ck_assert(faults(other->low - (1 << 20)));
    ck_assert(!faults(stack->low));
    ck_assert(gruvi__stack_guards(stack, stack->low - (1 << 20)));
    ck_assert(gruvi__stack_guards(usual, usual->low - 1));
    ck_assert(!gruvi__stack_guards(stack, stack->low - (1 << 20) - 1));
    memset(stack->low, 1, usable(stack));
    memset(other->low, 1, usable(other));
}
END_TEST

START_TEST(test_the_ceiling_is_that_of_the_way_of_guarding)
{
    if (strcmp(gruvi__stack_guard_mode(), "mprotect") == 0)
        ck_assert_uint_lt(gruvi__stack_ceiling(), SIZE_MAX);
    else
        ck_assert_uint_eq(gruvi__stack_ceiling(), SIZE_MAX);
}
END_TEST

static int
run_into_the_ceiling(void)
{
    struct gruvi__stack *stack;
    size_t n = 0, ceiling;
    void *page;
    int err;

    gruvi__stack_force_mprotect(true);
    ceiling = gruvi__stack_ceiling();
    while ((err = gruvi__stack_alloc(arena, 16 << 10, &stack)) == 0)
        n++;
    if (err != UV_ENOMEM || stack != NULL)
        return 1;
    if (n != ceiling)
        return 2;
    if (strstr(gruvi__arena_error(arena), "vm.max_map_count") == NULL)
        return 3;
    /* The rest of the process still has some mappings. */
    page = mmap(NULL, gruvi__page_size(), PROT_READ,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return 4;
    gruvi__arena_free(arena);
    arena = gruvi__arena_new();
    return gruvi__stack_alloc(arena, 16 << 10, &stack) == 0 ? 0 : 5;
}

START_TEST(test_with_mprotect_the_ceiling_is_kept_and_named)
{
    gruvi__stack_force_mprotect(true);
    if (gruvi__stack_ceiling() > 50000 || RUNNING_ON_VALGRIND)
        return; /* it would take too long */
    ck_assert_int_eq(in_child(run_into_the_ceiling), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stack_guard");
    TCase *tc = tcase_create("stack_guard");

    tcase_add_checked_fixture(tc, stacks_setup, stacks_teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_below_a_stack_there_is_a_guard);
    tcase_add_test(tc, test_below_each_of_many_stacks_there_is_a_guard);
    tcase_add_test(tc, test_older_kernels_guard_with_mprotect);
    tcase_add_test(tc, test_so_do_kernels_that_agree_and_do_nothing);
    tcase_add_test(tc, test_a_larger_guard_takes_nothing_from_the_stack);
    tcase_add_test(tc, test_the_ceiling_is_that_of_the_way_of_guarding);
    tcase_add_test(tc, test_with_mprotect_the_ceiling_is_kept_and_named);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
