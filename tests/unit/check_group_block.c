/* SPDX-License-Identifier: MIT */
/* GRUVI_IN_GROUP(): a fiber that makes things in another group than its own;
 * GRUVI_WITH_GROUP() and gruvi_group_call(): a group that ends with a block, or
 * with a function. */
#include <string.h>

#include "core/fiber.h"
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

/* --- GRUVI_WITH_GROUP() -----------------------------------------------------
 */

/* What a fiber has on its stack, and a member uses to its end. */
struct shared {
    unsigned char bytes[300];
    gruvi_fiber_t *owner;
    int used; /* by the member, after the cancel */
    bool ended;
};

static void
fill(struct shared *shared)
{
    memset(shared, 0x5a, sizeof shared->bytes);
    shared->owner = gruvi_current_fiber();
    shared->used = 0;
    shared->ended = false;
}

/* Nothing has written there, and nothing of the owner lies there or above: its
 * stack pointer is below. */
static bool
untouched(const struct shared *shared)
{
    const void *const *sp = gruvi__context_sp_at(&shared->owner->context);

    if (*sp >= (const void *)shared)
        return false;
    for (size_t n = 0; n < sizeof shared->bytes; n++)
        if (shared->bytes[n] != 0x5a)
            return false;
    return true;
}

/* Waits to be cancelled, and then takes some turns to clean up. */
static int
use_shared(void *arg)
{
    struct shared *shared = arg;
    int err = gruvi_sleep(GRUVI_FOREVER);

    GRUVI_SHIELD {
        for (int n = 0; n < 5; n++) {
            gruvi_sleep(0);
            shared->used += untouched(shared);
        }
    }
    record("%d uses:%s", shared->used, gruvi_error_message());
    shared->ended = true;
    return err;
}

static void
expect_ended(const struct shared *shared)
{
    ck_assert(shared->ended);
    ck_assert_int_eq(shared->used, 5);
    ck_assert_ptr_null(gruvi_fiber_group(gruvi_current_fiber()));
}

static void
use_and_return(struct shared *shared)
{
    GRUVI_WITH_GROUP (group) {
        ck_assert_int_eq(gruvi_go(use_shared, shared), 0);
        ck_assert_uint_eq(gruvi_group_size(&group), 1);
        turns(1);
        return;
    }
}

HUB_TEST(test_a_group_ends_with_its_block_on_every_way_out)
{
    struct shared shared;

    fill(&shared);
    GRUVI_WITH_GROUP (group) {
        ck_assert_int_eq(gruvi_go(use_shared, &shared), 0);
        turns(1);
    }
    expect_ended(&shared);
    ck_assert_str_eq(recorded(), "5 uses:the block of the group has ended");
    fill(&shared);
    use_and_return(&shared);
    expect_ended(&shared);
    fill(&shared);
    GRUVI_WITH_GROUP (group) {
        gruvi_fiber_unref(gruvi_group_spawn(&group, use_shared, &shared));
        turns(1);
        break;
    }
    expect_ended(&shared);
    fill(&shared);
    GRUVI_WITH_GROUP (outer) {
        GRUVI_WITH_GROUP (inner) {
            ck_assert_ptr_eq(gruvi_group_parent(&inner), &outer);
            ck_assert_int_eq(gruvi_go(use_shared, &shared), 0);
            ck_assert_uint_eq(gruvi_group_size(&outer), 1);
            turns(1);
            goto out;
        }
    }
out:
    expect_ended(&shared);
}

HUB_TEST(test_the_fiber_in_the_block_may_join_the_group)
{
    GRUVI_WITH_GROUP (group) {
        ck_assert_int_eq(gruvi_go(note_and_return, "a"), 0);
        ck_assert_int_eq(gruvi_go(note_and_return, "b"), 0);
        ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
        ck_assert_str_eq(recorded(), "a b");
        ck_assert_int_eq(gruvi_go(note_and_return, "c"), 0);
        ck_assert_int_eq(gruvi_group_join(&group, GRUVI_FOREVER), 0);
    }
    ck_assert_str_eq(recorded(), "a b c");
}

static int
join_from_inside(void *arg)
{
    GRUVI_WITH_GROUP (inner) {
        return gruvi_group_join(arg, GRUVI_FOREVER);
    }
    return 0;
}

HUB_TEST(test_a_member_in_a_block_cannot_join_the_group_around)
{
    GRUVI_WITH_GROUP (group) {
        gruvi_fiber_t *fiber = spawn(join_from_inside, &group);

        ck_assert_int_eq(finish(fiber), UV_EINVAL);
    }
}

static int
hold_in_block(void *arg)
{
    struct shared shared;
    int err = 0;

    fill(&shared);
    GRUVI_WITH_GROUP (group) {
        err = gruvi_go(use_shared, &shared);
        if (err == 0)
            err = gruvi_sleep(GRUVI_FOREVER);
    }
    ck_assert(shared.ended);
    ck_assert_int_eq(shared.used, 5);
    *(bool *)arg = true;
    return err;
}

/* The joining at the end of the block is not interrupted by what has ended the
 * block, or comes then. */
HUB_TEST(test_cancels_do_not_cut_the_end_of_the_block_short)
{
    bool ended = false;
    gruvi_fiber_t *fiber = spawn(hold_in_block, &ended);

    turns(2);
    gruvi_fiber_cancel(fiber, "one");
    turns(2);
    ck_assert(!ended);
    gruvi_fiber_cancel(fiber, "two");
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    ck_assert(ended);
}

HUB_TEST(test_the_group_around_cancels_what_is_in_a_block)
{
    bool ended = false;

    GRUVI_WITH_GROUP (group) {
        ck_assert_int_eq(gruvi_go(hold_in_block, &ended), 0);
        turns(2);
        ck_assert_uint_eq(gruvi_group_size(&group), 2);
    }
    ck_assert(ended);
}

HUB_TEST(test_a_group_may_be_destroyed_in_its_block)
{
    GRUVI_WITH_GROUP (group) {
        gruvi_group_destroy(&group);
        ck_assert_ptr_null(gruvi_fiber_group(gruvi_current_fiber()));
        ck_assert_int_eq(finish(spawn(end_at_once, NULL)), 0);
    }
    ck_assert_ptr_null(gruvi_fiber_group(gruvi_current_fiber()));
}

THREAD_TEST(test_a_block_after_the_hub_was_closed_has_no_group)
{
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
    GRUVI_WITH_GROUP (group) {
        ck_assert_int_eq(gruvi_go(end_at_once, NULL), UV_ESHUTDOWN);
        ck_assert_ptr_null(gruvi_group_spawn(&group, end_at_once, NULL));
    }
}

/* --- gruvi_group_call() -----------------------------------------------------
 */

/* The natural program: the helper uses a struct of the function. */
static __attribute__((noinline)) int
spawn_and_return(void *arg)
{
    struct shared shared;

    fill(&shared);
    ck_assert_int_eq(gruvi_go(use_shared, &shared), 0);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    return *(int *)arg;
}

static int
spawn_without_a_turn(void *arg)
{
    struct shared shared;

    fill(&shared);
    (void)arg;
    return gruvi_go(use_shared, &shared);
}

static int
call_and_note(void *arg)
{
    int status = 7;

    ck_assert_int_eq(gruvi_group_call("call", spawn_and_return, &status, NULL),
                     7);
    *(size_t *)arg = fibers_of(gruvi_get_hub());
    return 0;
}

HUB_TEST(test_the_frame_of_a_function_is_kept_until_its_fibers_have_ended)
{
    size_t left = 0;

    ck_assert_int_eq(finish(spawn(call_and_note, &left)), 0);
    ck_assert_uint_eq(left, 1);
    ck_assert_str_eq(recorded(),
                     "5 uses:the function of the group has returned");
    /* The same on the stack of the thread. */
    ck_assert_int_eq(call_and_note(&left), 0);
    ck_assert_uint_eq(left, 0);
    ck_assert_str_eq(recorded(),
                     "5 uses:the function of the group has returned "
                     "5 uses:the function of the group has returned");
}

/* The root fiber has never switched, here. */
HUB_TEST(test_fibers_that_have_not_run_never_run)
{
    ck_assert_int_eq(gruvi_group_call(NULL, spawn_without_a_turn, NULL, NULL),
                     0);
    ck_assert_str_eq(recorded(), "");
    ck_assert_uint_eq(fibers_of(hub), 0);
}

/* Down to where the stack ends, and up again. */
static __attribute__((noinline)) int
switch_deep_down(size_t bytes)
{
    volatile char frame[1024];

    frame[0] = 1;
    if (bytes <= sizeof frame)
        return gruvi_sleep(0) + frame[0] - 1;
    return switch_deep_down(bytes - sizeof frame) + frame[0] - 1;
}

static int
spawn_and_dive(void *arg)
{
    struct shared shared;

    fill(&shared);
    ck_assert_int_eq(gruvi_go(use_shared, &shared), 0);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    return switch_deep_down((size_t)arg);
}

static int
call_deep(void *arg)
{
    return gruvi_group_call(NULL, spawn_and_dive, arg, NULL);
}

/* What is kept leaves enough of the stack to end the group. */
HUB_TEST(test_a_function_may_have_switched_where_its_stack_ends)
{
    static const size_t most =
#if defined(__SANITIZE_ADDRESS__) || defined(HAVE_TSAN)
        32 << 10;
#else
        104 << 10;
#endif
    ck_assert_int_eq(finish(spawn(call_deep, (void *)most)), 0);
    ck_assert_str_eq(recorded(),
                     "5 uses:the function of the group has returned");
}

static void
end_by_hand(gruvi_group_t *group, void *arg)
{
    record("%s %zu %d", gruvi_group_name(group), gruvi_group_size(group),
           *(int *)arg);
    ck_assert_ptr_null(gruvi_fiber_group(gruvi_current_fiber()));
    gruvi_group_cancel(group, "by hand");
    ck_assert_int_eq(gruvi_group_join(group, GRUVI_FOREVER), 0);
}

static void
do_nothing(gruvi_group_t *group, void *arg)
{
    (void)group;
    (void)arg;
}

HUB_TEST(test_a_call_may_end_its_group_in_a_way_of_its_own)
{
    int status = 7;

    ck_assert_int_eq(
        gruvi_group_call("call", spawn_and_return, &status, end_by_hand), 7);
    ck_assert_str_eq(recorded(), "call 1 7 5 uses:by hand");
    forget();
    ck_assert_int_eq(
        gruvi_group_call("call", spawn_and_return, &status, do_nothing), 7);
    ck_assert_str_eq(recorded(),
                     "5 uses:the function of the group has returned");
    forget();
    ck_assert_int_eq(gruvi_group_call("call", end_at_once, NULL, end_by_hand),
                     0);
    ck_assert_str_eq(recorded(), "");
}

HUB_TEST(test_a_call_needs_a_function)
{
    ck_assert_int_eq(gruvi_group_call(NULL, NULL, NULL, NULL), UV_EINVAL);
}

int
main(void)
{
    Suite *suite = suite_create("group_block");
    TCase *tc = tcase_create("in_group");

    tcase_add_test(tc, test_fibers_started_inside_join_the_group);
    tcase_add_test(tc, test_groups_made_inside_are_its_children);
    tcase_add_test(tc, test_every_way_out_ends_it);
    tcase_add_test(tc, test_the_fiber_stays_a_member_of_its_own_group);
    suite_add_tcase(suite, tc);
    tc = tcase_create("with_group");
    tcase_add_test(tc, test_a_group_ends_with_its_block_on_every_way_out);
    tcase_add_test(tc, test_the_fiber_in_the_block_may_join_the_group);
    tcase_add_test(tc, test_a_member_in_a_block_cannot_join_the_group_around);
    tcase_add_test(tc, test_cancels_do_not_cut_the_end_of_the_block_short);
    tcase_add_test(tc, test_the_group_around_cancels_what_is_in_a_block);
    tcase_add_test(tc, test_a_group_may_be_destroyed_in_its_block);
    tcase_add_test(tc, test_a_block_after_the_hub_was_closed_has_no_group);
    suite_add_tcase(suite, tc);
    tc = tcase_create("call");
    tcase_add_test(
        tc, test_the_frame_of_a_function_is_kept_until_its_fibers_have_ended);
    tcase_add_test(tc, test_fibers_that_have_not_run_never_run);
    tcase_add_test(tc, test_a_function_may_have_switched_where_its_stack_ends);
    tcase_add_test(tc, test_a_call_may_end_its_group_in_a_way_of_its_own);
    tcase_add_test(tc, test_a_call_needs_a_function);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
