/* SPDX-License-Identifier: MIT */
/* GRUVI_IN_GROUP(): a fiber that makes things in another group than its own. */
#include "unit/harness.h"

static int
spawn_one(void *arg)
{
    (void)arg;
    gruvi_fiber_unref(spawn(sleep_for_ever, NULL));
    return 0;
}

static void
end_group(gruvi_group_t *group)
{
    ck_assert_int_eq(gruvi_group_cancel(group, NULL), 0);
    ck_assert_int_eq(gruvi_group_join(group, GRUVI_FOREVER), 0);
    gruvi_group_destroy(group);
}

HUB_TEST(test_fibers_started_inside_join_the_group)
{
    gruvi_group_t group;

    ck_assert_int_eq(gruvi_group_init(&group, "inner"), 0);
    GRUVI_IN_GROUP (&group) {
        gruvi_fiber_unref(spawn(sleep_for_ever, NULL));
    }
    ck_assert_uint_eq(gruvi_group_size(&group), 1);
    gruvi_fiber_t *outside = spawn(sleep_for_ever, NULL);
    ck_assert_uint_eq(gruvi_group_size(&group), 1);
    end_group(&group);
    ck_assert(gruvi_fiber_alive(outside));
    gruvi_fiber_cancel(outside, NULL);
    ck_assert_int_eq(finish(outside), UV_ECANCELED);
}

HUB_TEST(test_groups_made_inside_are_its_children)
{
    gruvi_group_t group, child;

    ck_assert_int_eq(gruvi_group_init(&group, "outer"), 0);
    GRUVI_IN_GROUP (&group) {
        ck_assert_int_eq(gruvi_group_init(&child, "child"), 0);
    }
    ck_assert_ptr_eq(gruvi_group_parent(&child), &group);
    gruvi_fiber_unref(gruvi_group_spawn(&child, sleep_for_ever, NULL));
    ck_assert_uint_eq(gruvi_group_size(&group), 1);
    gruvi_group_cancel(&group, NULL);
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    gruvi_group_destroy(&child);
    gruvi_group_destroy(&group);
}

static void
leave_by_return(gruvi_group_t *group)
{
    GRUVI_IN_GROUP (group) {
        return;
    }
}

HUB_TEST(test_every_way_out_ends_it)
{
    gruvi_group_t group, other;
    gruvi_fiber_t *self = gruvi_current_fiber();

    ck_assert_int_eq(gruvi_group_init(&group, NULL), 0);
    ck_assert_int_eq(gruvi_group_init(&other, NULL), 0);
    leave_by_return(&group);
    ck_assert_ptr_null(gruvi_fiber_group(self));
    GRUVI_IN_GROUP (&group) {
        break;
    }
    ck_assert_ptr_null(gruvi_fiber_group(self));
    GRUVI_IN_GROUP (&group) {
        GRUVI_IN_GROUP (&other) {
            ck_assert_ptr_eq(gruvi_fiber_group(self), &other);
        }
        ck_assert_ptr_eq(gruvi_fiber_group(self), &group);
        goto out;
    }
out:
    ck_assert_ptr_null(gruvi_fiber_group(self));
    gruvi_group_destroy(&other);
    gruvi_group_destroy(&group);
}

static int
serve_and_end(void *arg)
{
    gruvi_group_t group;

    ck_assert_int_eq(gruvi_group_init(&group, NULL), 0);
    GRUVI_IN_GROUP (&group) {
        spawn_one(NULL);
        ck_assert_int_eq(gruvi_sleep(0), 0);
    }
    *(size_t *)arg = gruvi_group_size(&group);
    end_group(&group);
    return 0;
}

HUB_TEST(test_the_fiber_stays_a_member_of_its_own_group)
{
    gruvi_group_t own;
    size_t spawned = 0;

    ck_assert_int_eq(gruvi_group_init(&own, "own"), 0);
    gruvi_fiber_t *fiber = gruvi_group_spawn(&own, serve_and_end, &spawned);
    gruvi_sleep(0);
    ck_assert_uint_eq(gruvi_group_size(&own), 2);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_uint_eq(spawned, 1);
    ck_assert_uint_eq(gruvi_group_size(&own), 0);
    gruvi_group_destroy(&own);
}

int
main(void)
{
    Suite *suite = suite_create("group_scope");
    TCase *tc = tcase_create("in_group");

    tcase_add_test(tc, test_fibers_started_inside_join_the_group);
    tcase_add_test(tc, test_groups_made_inside_are_its_children);
    tcase_add_test(tc, test_every_way_out_ends_it);
    tcase_add_test(tc, test_the_fiber_stays_a_member_of_its_own_group);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
