/* SPDX-License-Identifier: MIT */
/*
 * Very many fibers: what a burst of them leaves behind, and what is said where
 * there can be no more.  In children, whose memory is theirs alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/stack.h"
#include "unit/harness.h"

#include "support/valgrind.h"

/* Where memory is not what it is otherwise, or a fiber costs much more. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define MEMORY_IS_OURS false
#else
#define MEMORY_IS_OURS (!RUNNING_ON_VALGRIND)
#endif

#define BURST 100000

/* What is kept of a size of stacks: 32 MiB of slots, a page or two of each. */
#define CACHE_BYTES (((size_t)32 << 20) / GRUVI__STACK_DEFAULT * 8192)

/* Bytes that are mapped, and those of them that are there. */
static void
read_sizes(size_t *mapped, size_t *resident)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%zu %zu", mapped, resident), 2);
    fclose(file);
    *mapped *= page;
    *resident *= page;
}

static size_t
resident_bytes(void)
{
    size_t mapped, resident;

    read_sizes(&mapped, &resident);
    return resident;
}

static gruvi_event_t event;
static long waiting;

static int
wait_for_event(void *arg)
{
    char frame[2000];

    (void)arg;
    __asm__ volatile("" : : "r"(frame) : "memory");
    waiting++;
    return gruvi_event_wait(&event, GRUVI_FOREVER);
}

/* Fibers that wait, all at once, and then have ended. */
static void
burst(gruvi_hub_t *hub, long n)
{
    waiting = 0;
    gruvi_event_init(&event);
    for (long i = 0; i < n; i++)
        gruvi_fiber_unref(spawn(wait_for_event, NULL));
    while (waiting < n)
        turns(1);
    ck_assert_uint_ge(resident_bytes(), (size_t)n * 4096);
    gruvi_event_set(&event);
    while (fibers_of(hub) > 0)
        turns(1);
    gruvi_event_destroy(&event);
}

static void
have_a_burst(void *arg)
{
    gruvi_hub_t *hub = gruvi_get_hub();
    size_t before, limit;

    (void)arg;
    burst(hub, 100); /* what is there once and for all is there now */
    before = resident_bytes();
    limit = before + before / 10 + CACHE_BYTES;
    burst(hub, BURST);
    ck_assert_uint_gt(resident_bytes(), limit);
    while (resident_bytes() > limit)
        ck_assert_int_eq(gruvi_sleep(0.01), 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
}

START_TEST(test_the_memory_of_a_burst_goes_back)
{
    if (MEMORY_IS_OURS)
        ck_assert_int_eq(in_child(have_a_burst, NULL, NULL, 0), 0);
}
END_TEST

/* --- no more ---------------------------------------------------------------
 */

static int refusals, named;
static const char *limit_name;

static void
count_refusals(const gruvi_log_record_t *record)
{
    refusals += strstr(record->message, "no more fibers") != NULL;
    named += strstr(record->message, limit_name) != NULL;
}

static void
expect_refusal(const char *name)
{
    limit_name = name;
    gruvi_set_log_sink(count_refusals);
    gruvi_set_log_level(GRUVI_LOG_WARNING);
}

/* New ones until there are no more, all of which are let go again. */
static long
exhaust(const gruvi_fiber_options_t *options, long most)
{
    gruvi_fiber_t **fibers = calloc((size_t)most, sizeof *fibers);
    long n = 0;

    ck_assert_ptr_nonnull(fibers);
    while (n < most &&
           (fibers[n] = gruvi_fiber_new(end_at_once, NULL, options)) != NULL)
        n++;
    ck_assert_int_lt(n, most);
    ck_assert_int_eq(gruvi_last_error(), UV_ENOMEM);
    /* Asked again, it says no again, and does not log it. */
    ck_assert_ptr_null(gruvi_fiber_new(end_at_once, NULL, options));
    ck_assert_int_eq(gruvi_last_error(), UV_ENOMEM);
    for (long i = 0; i < n; i++)
        gruvi_fiber_unref(fibers[i]);
    free(fibers);
    return n;
}

/* When some have gone, there can be others. */
static void
go_on(const gruvi_fiber_options_t *options)
{
    gruvi_fiber_t *fiber = gruvi_spawn_ex(end_at_once, NULL, options);

    ck_assert_ptr_nonnull(fiber);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    ck_assert_int_eq(refusals, 1);
    ck_assert_int_eq(named, 1);
}

static void
reach_max_map_count(void *arg)
{
    gruvi_fiber_options_t options = {.stack_size = GRUVI__STACK_MIN};
    size_t ceiling;

    (void)arg;
    expect_refusal("vm.max_map_count");
    gruvi__stack_force_mprotect(true);
    ck_assert_str_eq(gruvi_stack_guard(&ceiling), "mprotect");
    gruvi_get_hub();
    ck_assert_int_le(exhaust(&options, 1000000), (long)ceiling);
    go_on(&options);
}

START_TEST(test_with_mprotect_the_ceiling_is_named_once)
{
    if (MEMORY_IS_OURS)
        ck_assert_int_eq(in_child(reach_max_map_count, NULL, NULL, 0), 0);
}
END_TEST

static void
reach_the_limit_of_addresses(void *arg)
{
    gruvi_fiber_options_t options = {.stack_size = (size_t)1 << 20};
    struct rlimit limit;
    size_t mapped, resident;

    (void)arg;
    expect_refusal("ulimit -v");
    gruvi_get_hub();
    read_sizes(&mapped, &resident);
    limit.rlim_cur = limit.rlim_max = mapped + ((rlim_t)512 << 20);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    ck_assert_int_gt(exhaust(&options, 2000), 100);
    go_on(&options);
}

START_TEST(test_without_addresses_the_limit_is_named_once)
{
    if (MEMORY_IS_OURS)
        ck_assert_int_eq(in_child(reach_the_limit_of_addresses, NULL, NULL, 0),
                         0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stack_burst");
    TCase *tc = tcase_create("burst");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, test_the_memory_of_a_burst_goes_back);
    tcase_add_test(tc, test_with_mprotect_the_ceiling_is_named_once);
    tcase_add_test(tc, test_without_addresses_the_limit_is_named_once);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
