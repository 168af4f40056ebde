/* SPDX-License-Identifier: MIT */
/* The end of a generation while gruvid goes on. */
#include <sched.h>

#include "daemon/config_fixture.h"
#include "daemon/small_gruvid.h"
#include "instance/fibers.h"
#include "run/life.h"
#include "run/retire.h"
#include "support/suite.h"

SMALL_GRUVID_TEST(test_a_generation_is_retired_beside_the_next)
{
    gruvid_plugin_t *one = make("old"), *two = make("new");
    const struct gruvid__line *line = one->line;

    begin(one);
    begin(two);
    expect_record("start1:old start1:old start2:new start2:new ");
    one->shards[1].accepted = 7;
    ck_assert(!gruvid_plugin_draining(one));
    gruvid__plugin_retire(one, gruvid__now() + PATIENCE, "there is a new one");
    await_count(1);
    expect_record("stop1 stop1 ");
    ck_assert(!gruvid_plugin_draining(two));
    ck_assert_uint_eq(line->ended.accepted, 7);
    expect_logged("plugin p, generation 1 ends: there is a new one");
    expect_logged("plugin p, generation 1 has stopped");
}

SMALL_GRUVID_TEST(test_what_does_not_end_is_named_and_waited_for)
{
    gruvid_plugin_t *one = make("stubborn");

    begin(one);
    expect_record("start1:stubborn start1:stubborn ");
    gruvid__plugin_retire(one, gruvid__now(), "it is not wanted");
    while (!was_logged("waits for event; still waited for"))
        gruvid__wait(&leader, gruvid__now() + 0.01);
    expect_logged("plugin p, generation 1: fiber ");
    ck_assert_uint_eq(instances.n, 1);
    expect_record("");
    gruvi_event_set(&let_go);
    ck_assert(
        gruvid__retire_wait(&instances, "p", 1, gruvid__now() + PATIENCE));
    expect_record("stop1 stop1 ");
}

static bool names, has_named; /* atomic */

/* A hub callback. */
static void
keep_naming(void *arg)
{
    const gruvid_plugin_t *one = arg;

    do {
        gruvid__fibers_report_stuck(&one->shards[1]);
        __atomic_store_n(&has_named, true, __ATOMIC_RELAXED);
    } while (__atomic_load_n(&names, __ATOMIC_RELAXED));
}

/* Another hub reads what it is called, and what it is: ThreadSanitizer looks on
 * here. */
SMALL_GRUVID_TEST(test_fibers_are_named_while_a_generation_is_retired)
{
    gruvid_plugin_t *one = make("stubborn");

    begin(one);
    expect_record("start1:stubborn start1:stubborn ");
    names = true;
    has_named = false;
    gruvi_hub_run_callback(hubs.at[1].hub, keep_naming, one);
    while (!__atomic_load_n(&has_named, __ATOMIC_RELAXED))
        sched_yield();
    gruvid__instance_become(one, GRUVID__OLD);
    gruvid__instance_show_generation(one);
    __atomic_store_n(&names, false, __ATOMIC_RELAXED);
    ck_assert_str_eq(gruvid__title(one), "p, generation 1");
    gruvi_event_set(&let_go);
    gruvid__plugin_retire(one, gruvid__now(), "it is not wanted");
    await_count(0);
    expect_record("stop1 stop1 ");
}

SMALL_GRUVID_TEST(test_a_generation_that_was_never_started_is_freed)
{
    gruvid_plugin_t *one = make("old");

    leader.serving = true;
    ck_assert_int_eq(gruvid__plugin_bind(one), 0);
    gruvid__plugin_retire(one, gruvid__now(), "the reload has failed");
    await_count(0);
    expect_record("");
}

SMALL_GRUVID_TEST(test_a_hub_that_does_not_answer_is_asked_again)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    expect_record("start1:old start1:old ");
    keep_second_hub();
    /* The leader does not wait until the hub answers. */
    gruvid__plugin_retire(one, gruvid__now() + PATIENCE, "it is not wanted");
    expect_logged("hub 2 does not answer");
    ck_assert_uint_eq(instances.n, 1);
    let_second_hub_go();
    await_count(0);
    expect_record("stop1 stop1 ");
}

SMALL_GRUVID_TEST(test_without_a_fiber_it_is_tried_again)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    expect_record("start1:old start1:old ");
    gruvi_go(wait_until_let_go, NULL);
    gruvi_hub_set_max_fibers(gruvi_get_hub(), 1);
    gruvid__plugin_retire(one, gruvid__now(), "it is not wanted");
    ck_assert(gruvid_plugin_draining(one));
    ck_assert(gruvid__retire_again(&instances));
    gruvi_hub_set_max_fibers(gruvi_get_hub(), 0);
    ck_assert(!gruvid__retire_again(&instances));
    gruvi_event_set(&let_go);
    await_count(0);
    expect_record("stop1 stop1 ");
}

static int
wait_for_drain(void *arg)
{
    gruvid_plugin_t *instance = arg;

    return gruvi_event_wait(gruvid_plugin_drain_event(instance), PATIENCE);
}

SMALL_GRUVID_TEST(test_the_drain_event_wakes_those_that_wait_for_it)
{
    gruvid_plugin_t *one = make("old");
    gruvi_fiber_t *fiber;

    begin(one);
    fiber = gruvi_spawn(wait_for_drain, one);
    gruvi_sleep(0);
    ck_assert(gruvi_fiber_alive(fiber));
    gruvid__plugin_drain(one);
    ck_assert_int_eq(gruvi_fiber_join(fiber, PATIENCE), 0);
    ck_assert_int_eq(gruvi_fiber_status(fiber), 0);
    gruvi_fiber_unref(fiber);
}

int
main(void)
{
    Suite *suite = suite_create("retire");
    TCase *tc = tcase_create("generations");

    tcase_add_checked_fixture(tc, open_folder, close_folder);
    tcase_set_timeout(tc, PATIENCE);
    tcase_add_test(tc, test_a_generation_is_retired_beside_the_next);
    tcase_add_test(tc, test_what_does_not_end_is_named_and_waited_for);
    tcase_add_test(tc, test_fibers_are_named_while_a_generation_is_retired);
    tcase_add_test(tc, test_a_generation_that_was_never_started_is_freed);
    tcase_add_test(tc, test_a_hub_that_does_not_answer_is_asked_again);
    tcase_add_test(tc, test_without_a_fiber_it_is_tried_again);
    tcase_add_test(tc, test_the_drain_event_wakes_those_that_wait_for_it);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
