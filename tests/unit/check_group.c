/* SPDX-License-Identifier: MIT */
/* Groups: who belongs to them, cancelling and joining. */
#include <string.h>

#include "unit/harness.h"

static void
make(gruvi_group_t *group, const char *name)
{
    memset(group, 0xaa, sizeof *group);
    ck_assert_int_eq(gruvi_group_init(group, name), 0);
    ck_assert_uint_eq(gruvi_group_size(group), 0);
}

static gruvi_fiber_t *
spawn_in(gruvi_group_t *group, gruvi_fiber_fn target, void *arg)
{
    gruvi_fiber_t *fiber = gruvi_group_spawn(group, target, arg);

    ck_assert_ptr_nonnull(fiber);
    ck_assert_ptr_eq(gruvi_fiber_group(fiber), group);
    return fiber;
}

static int
sleep_long(void *arg)
{
    int err = gruvi_sleep(GRUVI_FOREVER);

    record("%s:%s", (char *)arg, gruvi_error_message());
    return err;
}

/* Cancel, join, destroy. */
static void
end(gruvi_group_t *group)
{
    ck_assert_int_eq(gruvi_group_cancel(group, NULL), 0);
    ck_assert_int_eq(gruvi_group_join(group, GRUVI_FOREVER), 0);
    ck_assert_uint_eq(gruvi_group_size(group), 0);
    gruvi_group_destroy(group);
}

/* --- membership -----------------------------------------------------------
 */

HUB_TEST(test_members_are_those_that_were_spawned_and_have_not_ended)
{
    gruvi_group_t group;
    gruvi_fiber_t *a, *b;

    make(&group, "g");
    ck_assert_str_eq(gruvi_group_name(&group), "g");
    ck_assert_ptr_null(gruvi_group_parent(&group));
    a = spawn_in(&group, sleep_long, "a");
    b = spawn_in(&group, note_and_return, "b");
    ck_assert_uint_eq(gruvi_group_size(&group), 2);
    ck_assert_int_eq(finish(b), 0);
    ck_assert_uint_eq(gruvi_group_size(&group), 1);
    gruvi_fiber_cancel(a, NULL);
    ck_assert_int_eq(gruvi_fiber_join(a, GRUVI_FOREVER), 0);
    ck_assert_uint_eq(gruvi_group_size(&group), 0);
    ck_assert_ptr_null(gruvi_fiber_group(a));
    gruvi_fiber_unref(a);
    ck_assert_ptr_null(gruvi_fiber_group(gruvi_current_fiber()));
    gruvi_group_destroy(&group);
}

HUB_TEST(test_names_are_copied_and_cut)
{
    char name[] = "a name that is longer than thirty-one bytes";
    gruvi_group_t group;

    make(&group, name);
    name[0] = 'A';
    ck_assert_str_eq(gruvi_group_name(&group),
                     "a name that is longer than thir");
    gruvi_group_destroy(&group);
    make(&group, NULL);
    ck_assert_str_eq(gruvi_group_name(&group), "");
    gruvi_group_destroy(&group);
}

static gruvi_group_t *seen;
static gruvi_fiber_t *made;

static int
tell_group(void *arg)
{
    (void)arg;
    seen = gruvi_fiber_group(gruvi_current_fiber());
    return 0;
}

static int
spawn_another(void *arg)
{
    (void)arg;
    gruvi_fiber_unref(spawn(tell_group, NULL));
    return 0;
}

HUB_TEST(test_a_members_spawns_are_members)
{
    gruvi_group_t group;

    make(&group, NULL);
    gruvi_fiber_unref(spawn_in(&group, spawn_another, NULL));
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    ck_assert_ptr_eq(seen, &group);
    gruvi_group_destroy(&group);
}

static int
make_and_leave(void *arg)
{
    (void)arg;
    made = gruvi_fiber_new(tell_group, NULL, NULL);
    return 0;
}

static int
start_made(void *arg)
{
    (void)arg;
    return gruvi_fiber_start(made);
}

HUB_TEST(test_membership_is_that_of_who_starts_it)
{
    gruvi_group_t a, b;

    make(&a, "a");
    make(&b, "b");
    ck_assert_int_eq(finish(spawn_in(&a, make_and_leave, NULL)), 0);
    ck_assert_ptr_null(gruvi_fiber_group(made));
    ck_assert_int_eq(finish(spawn_in(&b, start_made, NULL)), 0);
    finish(made);
    ck_assert_ptr_eq(seen, &b);
    gruvi_group_destroy(&a);
    gruvi_group_destroy(&b);
}

static void
spawn_in_callback(void *arg)
{
    made = spawn(tell_group, arg);
}

static int
queue_callback(void *arg)
{
    ck_assert_int_eq(gruvi_hub_run_callback(arg, spawn_in_callback, NULL), 0);
    return 0;
}

HUB_TEST(test_fibers_of_callbacks_belong_to_none)
{
    gruvi_group_t group;

    make(&group, NULL);
    seen = &group;
    made = NULL;
    ck_assert_int_eq(finish(spawn_in(&group, queue_callback, hub)), 0);
    wait_until(made != NULL);
    finish(made);
    ck_assert_ptr_null(seen);
    gruvi_group_destroy(&group);
}

/* --- children -------------------------------------------------------------
 */

static gruvi_group_t inner, innermost;

static int
hold_innermost(void *arg)
{
    (void)arg;
    make(&innermost, "innermost");
    ck_assert_ptr_eq(gruvi_group_parent(&innermost), &inner);
    gruvi_fiber_unref(spawn_in(&innermost, sleep_long, "innermost"));
    return sleep_long("inner");
}

static int
hold_inner(void *arg)
{
    make(&inner, "inner");
    ck_assert_ptr_eq(gruvi_group_parent(&inner), arg);
    gruvi_fiber_unref(spawn_in(&inner, hold_innermost, NULL));
    return sleep_long("outer");
}

HUB_TEST(test_size_cancel_and_join_include_children)
{
    gruvi_group_t outer;

    make(&outer, "outer");
    gruvi_fiber_unref(spawn_in(&outer, hold_inner, &outer));
    turns(4);
    ck_assert_uint_eq(gruvi_group_size(&outer), 3);
    ck_assert_uint_eq(gruvi_group_size(&inner), 2);
    ck_assert_uint_eq(gruvi_group_size(&innermost), 1);
    ck_assert_int_eq(gruvi_group_join(&outer, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_group_cancel(&inner, "first"), 0);
    ck_assert_int_eq(gruvi_group_join(&inner, GRUVI_FOREVER), 0);
    ck_assert_str_eq(recorded(), "inner:first innermost:first");
    ck_assert_uint_eq(gruvi_group_size(&outer), 1);
    gruvi_group_destroy(&innermost);
    gruvi_group_destroy(&inner);
    ck_assert_int_eq(gruvi_group_cancel(&outer, "second"), 0);
    ck_assert_int_eq(gruvi_group_join(&outer, GRUVI_FOREVER), 0);
    ck_assert_str_eq(recorded(), "inner:first innermost:first outer:second");
    gruvi_group_destroy(&outer);
}

HUB_TEST(test_joining_waits_for_the_last_grandchild)
{
    gruvi_group_t outer;

    make(&outer, "outer");
    gruvi_fiber_unref(spawn_in(&outer, hold_inner, &outer));
    turns(4);
    ck_assert_int_eq(gruvi_group_cancel(&outer, "all"), 0);
    ck_assert_int_eq(gruvi_group_join(&outer, GRUVI_FOREVER), 0);
    ck_assert_str_eq(recorded(), "outer:all inner:all innermost:all");
    gruvi_group_destroy(&outer);
    gruvi_group_destroy(&inner);
    gruvi_group_destroy(&innermost);
}

/* The one around it takes over what is inside an empty group that ends. */
HUB_TEST(test_children_of_a_group_that_ends_belong_to_the_one_around)
{
    gruvi_group_t outer;

    make(&outer, "outer");
    gruvi_fiber_unref(spawn_in(&outer, hold_inner, &outer));
    turns(4);
    ck_assert_int_eq(gruvi_group_cancel(&inner, NULL), 0);
    ck_assert_int_eq(gruvi_group_join(&inner, GRUVI_FOREVER), 0);
    gruvi_group_destroy(&inner);
    ck_assert_ptr_eq(gruvi_group_parent(&innermost), &outer);
    ck_assert_int_eq(gruvi_group_cancel(&outer, NULL), 0);
    ck_assert_ptr_null(gruvi_group_spawn(&innermost, note_and_return, "late"));
    ck_assert_int_eq(gruvi_last_error(), UV_ECANCELED);
    ck_assert_int_eq(gruvi_group_join(&outer, GRUVI_FOREVER), 0);
    gruvi_group_destroy(&outer);
    ck_assert_ptr_null(gruvi_group_parent(&innermost));
    gruvi_group_destroy(&innermost);
}

static int
note_keepers(void *arg)
{
    gruvi_group_t group;
    void **keepers = arg;

    keepers[0] = gruvi__fiber_keeper(gruvi_current_fiber());
    make(&group, "inside");
    GRUVI_IN_GROUP (&group) {
        keepers[1] = gruvi__fiber_keeper(gruvi_current_fiber());
    }
    gruvi_group_destroy(&group);
    return 0;
}

HUB_TEST(test_a_keeper_is_that_of_all_groups_made_inside)
{
    void *keepers[2] = {NULL, NULL};
    int keeper;
    gruvi_group_t outer;

    make(&outer, "outer");
    gruvi__group_set_keeper(&outer, &keeper);
    ck_assert_ptr_null(gruvi__fiber_keeper(gruvi_current_fiber()));
    gruvi_fiber_unref(spawn_in(&outer, note_keepers, keepers));
    ck_assert_int_eq(gruvi_group_join(&outer, GRUVI_FOREVER), 0);
    ck_assert_ptr_eq(keepers[0], &keeper);
    ck_assert_ptr_eq(keepers[1], &keeper);
    gruvi_group_destroy(&outer);
}

/* --- cancelling -------------------------------------------------------------
 */

HUB_TEST(test_a_cancelled_group_takes_no_members)
{
    gruvi_group_t group;

    make(&group, NULL);
    ck_assert_int_eq(gruvi_group_cancel(&group, NULL), 0);
    ck_assert_ptr_null(gruvi_group_spawn(&group, note_and_return, "x"));
    ck_assert_int_eq(gruvi_last_error(), UV_ECANCELED);
    ck_assert_uint_eq(fibers_of(hub), 0);
    ck_assert_int_eq(gruvi_group_cancel(&group, NULL), 0);
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    gruvi_group_destroy(&group);
}

static int
spawn_when_cancelled(void *arg)
{
    gruvi_fiber_t *none;

    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ECANCELED);
    none = gruvi_spawn(note_and_return, arg);
    ck_assert_ptr_null(none);
    ck_assert_int_eq(gruvi_last_error(), UV_ECANCELED);
    made = gruvi_fiber_new(note_and_return, arg, NULL);
    ck_assert_ptr_nonnull(made);
    ck_assert_int_eq(gruvi_fiber_start(made), UV_ECANCELED);
    gruvi_fiber_unref(made);
    return 0;
}

HUB_TEST(test_members_of_a_cancelled_group_cannot_spawn)
{
    gruvi_group_t group;

    make(&group, NULL);
    gruvi_fiber_unref(spawn_in(&group, spawn_when_cancelled, "x"));
    turns(1);
    end(&group);
    ck_assert_str_eq(recorded(), "");
    ck_assert_uint_eq(fibers_of(hub), 0);
}

HUB_TEST(test_members_that_have_not_run_never_run)
{
    gruvi_group_t group;
    gruvi_fiber_t *fiber;

    make(&group, NULL);
    fiber = spawn_in(&group, note_and_return, "x");
    ck_assert_int_eq(gruvi_group_cancel(&group, NULL), 0);
    ck_assert_uint_eq(gruvi_group_size(&group), 1);
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert_str_eq(recorded(), "");
    gruvi_group_destroy(&group);
}

static int
cancel_own_group(void *arg)
{
    ck_assert_int_eq(gruvi_group_cancel(arg, "all of us"), 0);
    return sleep_long("self");
}

HUB_TEST(test_a_member_that_cancels_its_group_is_cancelled_too)
{
    gruvi_group_t group;

    make(&group, NULL);
    gruvi_fiber_unref(spawn_in(&group, cancel_own_group, &group));
    gruvi_fiber_unref(spawn_in(&group, sleep_long, "other"));
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    ck_assert_str_eq(recorded(), "self:all of us");
    gruvi_group_destroy(&group);
}

/* --- joining and misuse ----------------------------------------------------
 */

static int
join_own_group(void *arg)
{
    return gruvi_group_join(arg, GRUVI_FOREVER);
}

static int
hold_inner_and_join_outer(void *arg)
{
    gruvi_fiber_t *fiber;
    int status;

    make(&inner, "inner");
    fiber = spawn_in(&inner, join_own_group, arg);
    status = finish(fiber);
    gruvi_group_destroy(&inner);
    return status;
}

HUB_TEST(test_a_member_cannot_join_its_group)
{
    gruvi_group_t group;

    make(&group, NULL);
    ck_assert_int_eq(finish(spawn_in(&group, join_own_group, &group)),
                     UV_EINVAL);
    ck_assert_int_eq(
        finish(spawn_in(&group, hold_inner_and_join_outer, &group)), UV_EINVAL);
    gruvi_group_destroy(&group);
}

static int
join_and_record(void *arg)
{
    int err = gruvi_group_join(arg, GRUVI_FOREVER);

    record("joined");
    return err;
}

HUB_TEST(test_all_who_join_are_woken)
{
    gruvi_fiber_t *fibers[3], *member;
    gruvi_group_t group;
    int n;

    make(&group, NULL);
    member = spawn_in(&group, sleep_long, "member");
    for (n = 0; n < 3; n++)
        fibers[n] = spawn(join_and_record, &group);
    turns(2);
    ck_assert_str_eq(recorded(), "");
    gruvi_fiber_cancel(member, NULL);
    for (n = 0; n < 3; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    ck_assert_str_eq(recorded(), "member: joined joined joined");
    gruvi_fiber_unref(member);
    gruvi_group_destroy(&group);
}

HUB_TEST(test_destroying_a_group_with_members_is_an_assertion_failure)
{
    gruvi_group_t group;

    catch_assertions();
    make(&group, "crowd");
    gruvi_fiber_unref(spawn_in(&group, sleep_long, "x"));
    gruvi_group_destroy(&group);
    ck_assert_int_eq(assertions(), 1);
    ck_assert_ptr_nonnull(strstr(last_assertion(), "crowd"));
    ck_assert_uint_eq(gruvi_group_size(&group), 1);
    end(&group);
    ck_assert_int_eq(assertions(), 1);
}

static void
use_in_thread(void *arg)
{
    ck_assert_ptr_null(gruvi_group_spawn(arg, note_and_return, "x"));
    ck_assert_int_eq(gruvi_last_error(), UV_EPERM);
    ck_assert_int_eq(gruvi_group_cancel(arg, NULL), UV_EPERM);
    ck_assert_int_eq(gruvi_group_join(arg, 0), UV_EPERM);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_another_thread_is_refused)
{
    gruvi_group_t group;

    make(&group, NULL);
    in_thread(use_in_thread, &group);
    gruvi_fiber_unref(spawn_in(&group, note_and_return, "x"));
    ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    gruvi_group_destroy(&group);
}

HUB_TEST(test_a_closed_hub_has_no_groups)
{
    gruvi_group_t group, other;

    make(&group, NULL);
    gruvi_fiber_unref(spawn_in(&group, sleep_long, "x"));
    turns(1);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_uint_eq(gruvi_group_size(&group), 0);
    ck_assert_ptr_null(gruvi_group_spawn(&group, note_and_return, "y"));
    ck_assert_int_eq(gruvi_last_error(), UV_ESHUTDOWN);
    gruvi_group_destroy(&group);
    ck_assert_int_eq(gruvi_group_init(&other, NULL), UV_ESHUTDOWN);
    gruvi_group_destroy(&other);
}

int
main(void)
{
    Suite *suite = suite_create("group");
    TCase *tc = tcase_create("members");

    tcase_add_test(tc,
                   test_members_are_those_that_were_spawned_and_have_not_ended);
    tcase_add_test(tc, test_names_are_copied_and_cut);
    tcase_add_test(tc, test_a_members_spawns_are_members);
    tcase_add_test(tc, test_membership_is_that_of_who_starts_it);
    tcase_add_test(tc, test_fibers_of_callbacks_belong_to_none);
    tcase_add_test(tc, test_size_cancel_and_join_include_children);
    tcase_add_test(tc, test_joining_waits_for_the_last_grandchild);
    tcase_add_test(tc,
                   test_children_of_a_group_that_ends_belong_to_the_one_around);
    tcase_add_test(tc, test_a_keeper_is_that_of_all_groups_made_inside);
    suite_add_tcase(suite, tc);
    tc = tcase_create("cancel and join");
    tcase_add_test(tc, test_a_cancelled_group_takes_no_members);
    tcase_add_test(tc, test_members_of_a_cancelled_group_cannot_spawn);
    tcase_add_test(tc, test_members_that_have_not_run_never_run);
    tcase_add_test(tc, test_a_member_that_cancels_its_group_is_cancelled_too);
    tcase_add_test(tc, test_a_member_cannot_join_its_group);
    tcase_add_test(tc, test_all_who_join_are_woken);
    tcase_add_test(
        tc, test_destroying_a_group_with_members_is_an_assertion_failure);
    tcase_add_test(tc, test_another_thread_is_refused);
    tcase_add_test(tc, test_a_closed_hub_has_no_groups);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
