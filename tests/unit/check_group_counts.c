/* SPDX-License-Identifier: MIT */
/* Fibers of a group, counted, limited, and how much stack they use. */
#include <string.h>

#include <gruvi/inspect.h>

#include "unit/harness.h"

static void
make(gruvi_group_t *group, const char *name)
{
    ck_assert_int_eq(gruvi_group_init(group, name), 0);
}

static gruvi_fiber_t *
spawn_in(gruvi_group_t *group, gruvi_fiber_fn target, void *arg)
{
    gruvi_fiber_t *fiber = gruvi_group_spawn(group, target, arg);

    ck_assert_ptr_nonnull(fiber);
    return fiber;
}

HUB_TEST(test_a_group_counts_its_fibers_and_those_of_groups_inside)
{
    gruvi__group_counts_t counts = {.now = 0};
    gruvi_group_t outer, inside;

    make(&outer, "outer");
    gruvi__group_set_counts(&outer, &counts);
    GRUVI_IN_GROUP (&outer) {
        make(&inside, "inside");
    }
    gruvi_fiber_unref(spawn_in(&outer, note_and_return, "x"));
    gruvi_fiber_unref(spawn_in(&inside, note_and_return, "x"));
    ck_assert_uint_eq(counts.now, 2);
    ck_assert_int_eq(gruvi_group_join(&outer, GRUVI_FOREVER), 0);
    ck_assert_uint_eq(counts.now, 0);
    gruvi_fiber_unref(spawn_in(&inside, note_and_return, "x"));
    ck_assert_uint_eq(counts.now, 1);
    ck_assert_uint_eq(counts.most, 2);
    ck_assert_uint_eq(counts.total, 3);
    ck_assert_int_eq(gruvi_group_join(&outer, GRUVI_FOREVER), 0);
    gruvi_group_destroy(&inside);
    gruvi_group_destroy(&outer);
}

static int lines; /* of the log */

static void
count_line(const gruvi_log_record_t *record)
{
    lines += strstr(record->message, "max_fibers is 2") != NULL;
}

/* Of the innermost group the limit does not count, of one around it it does. */
HUB_TEST(test_a_limit_of_fibers_refuses_the_next)
{
    gruvi__group_counts_t counts = {.limit = 2};
    gruvi_group_t outer, inside;

    lines = 0;
    gruvi_set_log_sink(count_line);
    make(&outer, "outer");
    gruvi__group_set_counts(&outer, &counts);
    GRUVI_IN_GROUP (&outer) {
        make(&inside, "inside");
    }
    for (int n = 0; n < 2; n++)
        gruvi_fiber_unref(spawn_in(&inside, note_and_return, "x"));
    for (int n = 0; n < 3; n++) {
        ck_assert_ptr_null(gruvi_group_spawn(&inside, note_and_return, "x"));
        ck_assert_int_eq(gruvi_last_error(), UV_EAGAIN);
    }
    ck_assert_uint_eq(counts.now, 2);
    ck_assert_uint_eq(counts.total, 2);
    ck_assert_uint_eq(counts.refused, 3);
    ck_assert_uint_eq(gruvi_group_size(&inside), 2);
    ck_assert_int_eq(lines, 1);
    counts.lifted = true;
    gruvi_fiber_unref(spawn_in(&inside, note_and_return, "x"));
    counts.lifted = false;
    ck_assert_uint_eq(counts.refused, 3);
    ck_assert_int_eq(gruvi_group_join(&outer, GRUVI_FOREVER), 0);
    gruvi_fiber_unref(spawn_in(&inside, note_and_return, "x"));
    ck_assert_int_eq(gruvi_group_join(&outer, GRUVI_FOREVER), 0);
    gruvi_group_destroy(&inside);
    gruvi_group_destroy(&outer);
    gruvi_set_log_sink(NULL);
}

#define DEEP 40000

static int
use_stack(void *arg)
{
    volatile char deep[DEEP];

    (void)arg;
    for (size_t i = DEEP; i > 0; i -= 1000)
        deep[i - 1] = 0;
    return deep[DEEP - 1];
}

static size_t
stack_of(gruvi_group_t *group, gruvi_fiber_fn target, void *arg)
{
    gruvi__group_counts_t counts = {.now = 0};

    gruvi__group_set_counts(group, &counts);
    gruvi_fiber_unref(spawn_in(group, target, arg));
    ck_assert_int_eq(gruvi_group_join(group, GRUVI_FOREVER), 0);
    gruvi__group_set_counts(group, NULL);
    return counts.most_stack;
}

/* The second fiber has the stack of the first. */
HUB_TEST(test_how_much_of_a_stack_is_used_is_measured)
{
    gruvi_group_t group;
    size_t deep, shallow;

    make(&group, NULL);
    deep = stack_of(&group, use_stack, NULL);
    shallow = stack_of(&group, note_and_return, "x");
    ck_assert_uint_ge(deep, DEEP);
    ck_assert_uint_lt(deep, DEEP + 16384);
    ck_assert_uint_gt(shallow, 0);
    ck_assert_uint_lt(shallow, 16384);
    gruvi_group_destroy(&group);
}

static int
sleep_long(void *arg)
{
    (void)arg;
    return gruvi_sleep(GRUVI_FOREVER);
}

/* A fiber that goes on is measured when it is looked at. */
HUB_TEST(test_the_stack_of_a_fiber_that_waits_is_measured_by_a_look)
{
    gruvi__group_counts_t counts = {.now = 0};
    gruvi__fiber_view_t view;
    gruvi_group_t group;
    gruvi_fiber_t *fiber;

    make(&group, NULL);
    gruvi__group_set_counts(&group, &counts);
    fiber = spawn_in(&group, sleep_long, NULL);
    gruvi_sleep(0);
    ck_assert_uint_eq(counts.most_stack, 0);
    gruvi__fiber_look(fiber, &view);
    ck_assert_uint_ge(counts.most_stack, view.used);
    ck_assert_uint_gt(counts.most_stack, 0);
    gruvi_fiber_unref(fiber);
    gruvi_group_cancel(&group, NULL);
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    gruvi_group_destroy(&group);
}

int
main(void)
{
    Suite *suite = suite_create("group_counts");
    TCase *tc = tcase_create("counts");

    tcase_add_test(tc,
                   test_a_group_counts_its_fibers_and_those_of_groups_inside);
    tcase_add_test(tc, test_a_limit_of_fibers_refuses_the_next);
    tcase_add_test(tc, test_how_much_of_a_stack_is_used_is_measured);
    tcase_add_test(tc,
                   test_the_stack_of_a_fiber_that_waits_is_measured_by_a_look);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
