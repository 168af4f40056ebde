/* SPDX-License-Identifier: MIT */
/*
 * What ends a wait, tried with every switchpoint that waits.
 *
 *   waits, then      returns             afterwards
 *   cancel, throw    that error          the next wait waits
 *   own timeout      UV_ETIMEDOUT        the next wait waits
 *   deadline         UV_ETIMEDOUT once   the next wait waits
 *   the hub closes   UV_ECANCELED        UV_ESHUTDOWN
 *   grant + any      what was granted    cancel, deadline: the next wait's
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "unit/scenes.h"

#define SHORT 0.002

/* As short as can be, where something has to happen before it is over: more in
 * each attempt, because a machine may stand still for longer. */
#define LONGEST 1.0
static double brief;

/* One fiber that waits, and what it found. */
struct act {
    struct scene scene;
    gruvi_fiber_t *fiber;
    double timeout, deadline;
    double look; /* how long it waits for what is left over */
    int result, next;
    char message[64];
    bool timed_out, entered;
};

static int
call(struct act *act, double timeout)
{
    return act->scene.row->call(&act->scene, timeout);
}

/* Waits twice, the second time to be granted. */
static int
wait_and_wait_again(void *arg)
{
    struct act *act = arg;

    act->result = call(act, act->timeout);
    snprintf(act->message, sizeof act->message, "%s", gruvi_error_message());
    if (act->scene.row->flags & SCENE_GRANTED)
        act->next = call(act, GRUVI_FOREVER);
    return 0;
}

/* Waits, and tells what is left over. */
static int
wait_and_look(void *arg)
{
    struct act *act = arg;

    GRUVI_WITH_SWITCH_BACK (sb, act->deadline) {
        act->result = call(act, act->timeout);
        if (act->result != UV_ETIMEDOUT)
            act->next = gruvi_sleep(act->look);
        act->timed_out = gruvi_switch_back_timed_out(&sb);
    }
    return 0;
}

static bool
waits(const struct act *act)
{
    return strcmp(gruvi_fiber_waiting_for(act->fiber), act->scene.row->what) ==
           0;
}

static void
begin(struct act *act, gruvi_hub_t *hub, const struct scene_row *row,
      gruvi_fiber_fn fn)
{
    memset(act, 0, sizeof *act);
    act->timeout = act->deadline = GRUVI_FOREVER;
    act->look = SHORT;
    act->next = 12345;
    open_scene(&act->scene, hub, row);
    act->fiber = spawn(fn, act);
    turns(2);
    /* A short timeout may be over by now, and be about to be noticed. */
    wait_until(waits(act) || !gruvi_fiber_alive(act->fiber));
}

/* Grant the wait it is in now, and see it end. */
static void
grant_and_end(struct act *act)
{
    act->scene.before = act->scene.after = NULL;
    if (gruvi_fiber_alive(act->fiber)) {
        wait_until(waits(act));
        grant_scene(&act->scene);
    }
    ck_assert_int_eq(finish(act->fiber), 0);
    if (act->scene.row->flags & SCENE_GRANTED)
        ck_assert_int_eq(act->next, act->scene.row->granted);
    close_scene(&act->scene);
}

HUB_TEST(test_a_cancel_ends_a_wait_and_no_other)
{
    struct act act;

    begin(&act, hub, scene_row(SCENE_WAITS, i), wait_and_wait_again);
    ck_assert_int_eq(gruvi_fiber_cancel(act.fiber, "enough"), 0);
    ck_assert_int_eq(act.result, 0);
    turns(2);
    ck_assert_int_eq(act.result, UV_ECANCELED);
    ck_assert_str_eq(act.message, "enough");
    grant_and_end(&act);
}

static void
throw_into(void *arg)
{
    struct act *act = arg;

    ck_assert_int_eq(gruvi_fiber_throw(act->fiber, UV_ENOTCONN, "gone"), 0);
}

HUB_TEST(test_a_throw_ends_a_wait_and_no_other)
{
    struct act act;

    begin(&act, hub, scene_row(SCENE_WAITS, i), wait_and_wait_again);
    ck_assert_int_eq(gruvi_hub_run_callback(hub, throw_into, &act), 0);
    turns(2);
    ck_assert_int_eq(act.result, UV_ENOTCONN);
    ck_assert_str_eq(act.message, "gone");
    grant_and_end(&act);
}

HUB_TEST(test_two_cancels_end_two_waits)
{
    struct act act;

    begin(&act, hub, scene_row(SCENE_WAITS, i), wait_and_look);
    gruvi_fiber_cancel(act.fiber, NULL);
    gruvi_fiber_cancel(act.fiber, NULL);
    ck_assert_int_eq(finish(act.fiber), 0);
    ck_assert_int_eq(act.result, UV_ECANCELED);
    ck_assert_int_eq(act.next, UV_ECANCELED);
    close_scene(&act.scene);
}

static int
time_out_and_wait_again(void *arg)
{
    struct act *act = arg;
    uint64_t began = uv_hrtime();

    act->result = call(act, SHORT);
    ck_assert_msg(act->result == UV_ETIMEDOUT, "%s: %s", act->scene.row->name,
                  gruvi_strerror(act->result));
    ck_assert_uint_ge(uv_hrtime() - began, (uint64_t)(SHORT * 1e9));
    act->next = call(act, GRUVI_FOREVER);
    return 0;
}

HUB_TEST(test_its_own_timeout_ends_a_wait)
{
    struct act act;

    begin(&act, hub, scene_row(SCENE_TIMED, i), time_out_and_wait_again);
    wait_until(act.result != 0);
    ck_assert_int_eq(act.result, UV_ETIMEDOUT);
    grant_and_end(&act);
}

static int
poll_and_wait(void *arg)
{
    struct act *act = arg;

    record("before");
    act->result = call(act, 0);
    record("after");
    ck_assert_int_eq(call(act, NAN), UV_EINVAL);
    act->next = call(act, GRUVI_FOREVER);
    ck_assert_int_eq(call(act, NAN), UV_EINVAL);
    return 0;
}

HUB_TEST(test_a_timeout_of_zero_polls)
{
    struct act act;

    begin(&act, hub, scene_row(SCENE_TIMED, i), poll_and_wait);
    ck_assert_int_eq(act.result, UV_ETIMEDOUT);
    ck_assert_str_eq(recorded(), "before after");
    grant_and_end(&act);
}

static int
wait_within_deadlines(void *arg)
{
    struct act *act = arg;

    GRUVI_WITH_SWITCH_BACK (outer, 60) {
        GRUVI_WITH_SWITCH_BACK (sb, SHORT) {
            act->entered = true;
            act->result = call(act, GRUVI_FOREVER);
            act->timed_out = gruvi_switch_back_timed_out(&sb);
            if (act->scene.row->flags & SCENE_GRANTED)
                act->next = call(act, GRUVI_FOREVER);
        }
        ck_assert(!gruvi_switch_back_timed_out(&outer));
    }
    return 0;
}

HUB_TEST(test_a_deadline_around_it_ends_a_wait_once)
{
    struct act act;

    begin(&act, hub, scene_row(SCENE_WAITS, i), wait_within_deadlines);
    wait_until(act.result != 0);
    ck_assert_int_eq(act.result, UV_ETIMEDOUT);
    ck_assert(act.timed_out);
    grant_and_end(&act);
}

static int
wait_shielded(void *arg)
{
    struct act *act = arg;

    GRUVI_WITH_SWITCH_BACK (sb, act->deadline) {
        GRUVI_SHIELD {
            act->result = call(act, GRUVI_FOREVER);
            record("granted");
        }
        act->next = gruvi_sleep(GRUVI_FOREVER);
    }
    return 0;
}

HUB_TEST(test_a_shield_keeps_a_cancel_for_later)
{
    struct act act;

    begin(&act, hub, scene_row(SCENE_GRANTED, i), wait_shielded);
    gruvi_fiber_cancel(act.fiber, NULL);
    gruvi_hub_run_callback(hub, throw_into, &act);
    turns(3);
    ck_assert_str_eq(recorded(), "");
    ck_assert(waits(&act));
    grant_scene(&act.scene);
    wait_until(!gruvi_fiber_alive(act.fiber));
    ck_assert_int_eq(act.result, act.scene.row->granted);
    ck_assert_int_eq(act.next, UV_ENOTCONN);
    finish(act.fiber);
    close_scene(&act.scene);
}

static int
wait_shielded_in_deadline(void *arg)
{
    ((struct act *)arg)->deadline = SHORT;
    return wait_shielded(arg);
}

HUB_TEST(test_a_shield_keeps_a_deadline_for_later)
{
    struct act act;

    begin(&act, hub, scene_row(SCENE_GRANTED, i), wait_shielded_in_deadline);
    ck_assert_int_eq(gruvi_sleep(2 * SHORT), 0);
    turns(2);
    ck_assert_str_eq(recorded(), "");
    grant_scene(&act.scene);
    wait_until(!gruvi_fiber_alive(act.fiber));
    ck_assert_int_eq(act.result, act.scene.row->granted);
    ck_assert_int_eq(act.next, UV_ETIMEDOUT);
    finish(act.fiber);
    close_scene(&act.scene);
}

/* --- at the same moment ----------------------------------------------------
 */

static void
cancel_it(void *arg)
{
    struct act *act = arg;

    ck_assert_msg(act->result == 0, "it has run already");
    ck_assert_int_eq(gruvi_fiber_cancel(act->fiber, NULL), 0);
}

static void
grant_with_cancel(struct act *act)
{
    act->scene.arg = act;
    grant_scene(&act->scene);
    wait_until(!gruvi_fiber_alive(act->fiber));
    ck_assert_int_eq(act->result, act->scene.row->granted);
    ck_assert_int_eq(act->next, UV_ECANCELED);
    finish(act->fiber);
    close_scene(&act->scene);
}

HUB_TEST(test_a_cancel_right_before_the_grant_stays_pending)
{
    const struct scene_row *row = scene_row(SCENE_GRANTED, i);
    struct act act;

    if (!scene_is_whole(row))
        return;
    begin(&act, hub, row, wait_and_look);
    act.scene.before = cancel_it;
    grant_with_cancel(&act);
}

HUB_TEST(test_a_cancel_right_after_the_grant_stays_pending)
{
    const struct scene_row *row = scene_row(SCENE_GRANTED, i);
    struct act act;

    if (!scene_is_whole(row))
        return;
    begin(&act, hub, row, wait_and_look);
    act.scene.after = cancel_it;
    grant_with_cancel(&act);
}

static void
spin_past_deadline(void *arg)
{
    uint64_t until = uv_hrtime() + (uint64_t)(3 * brief * 1e9);

    (void)arg;
    while (uv_hrtime() < until)
        ;
}

/* For ever, because nothing but what is left over may end it: a time may pass
 * at the same moment as the deadline, where the machine stands still. */
static int
wait_and_look_in_deadline(void *arg)
{
    struct act *act = arg;

    act->deadline = brief;
    act->look = GRUVI_FOREVER;
    return wait_and_look(arg);
}

static int
wait_and_look_with_timeout(void *arg)
{
    struct act *act = arg;

    act->timeout = brief;
    act->look = SHORT + 2 * brief;
    return wait_and_look(arg);
}

/* Let what is brief pass while it is being granted, and see it end. */
static void
grant_too_late(struct act *act, gruvi_hub_t *hub, const struct scene_row *row,
               gruvi_fiber_fn fn)
{
    for (brief = SHORT; brief < LONGEST; brief *= 2) {
        begin(act, hub, row, fn);
        act->scene.before = spin_past_deadline;
        act->scene.arg = act;
        if (waits(act))
            grant_scene(&act->scene);
        ck_assert_int_eq(finish(act->fiber), 0);
        close_scene(&act->scene);
        if (act->result != UV_ETIMEDOUT)
            break;
    }
    brief = 0;
}

HUB_TEST(test_a_deadline_at_the_grant_stays_pending)
{
    const struct scene_row *row = scene_row(SCENE_GRANTED, i);
    struct act act;

    if (!scene_is_whole(row))
        return;
    grant_too_late(&act, hub, row, wait_and_look_in_deadline);
    ck_assert_int_eq(act.result, act.scene.row->granted);
    ck_assert_int_eq(act.next, UV_ETIMEDOUT);
    ck_assert(act.timed_out);
}

HUB_TEST(test_its_own_timeout_at_the_grant_is_dropped)
{
    const struct scene_row *row = scene_row(SCENE_TIMED, i);
    struct act act;

    if (!scene_is_whole(row))
        return;
    grant_too_late(&act, hub, row, wait_and_look_with_timeout);
    ck_assert_int_eq(act.result, act.scene.row->granted);
    ck_assert_int_eq(act.next, 0);
}

/* --- before, and at the end ---------------------------------------------- */

static int
be_cancelled_then_wait(void *arg)
{
    struct act *act = arg;

    record("runs");
    turns(1); /* here it is cancelled, and does not wait */
    act->result = call(act, GRUVI_FOREVER);
    record("cancelled");
    act->next = 0;
    return 0;
}

HUB_TEST(test_a_cancel_that_came_before_ends_the_next_wait)
{
    struct act act;

    memset(&act, 0, sizeof act);
    open_scene(&act.scene, hub, scene_row(SCENE_WAITS, i));
    act.fiber = spawn(be_cancelled_then_wait, &act);
    wait_until(strcmp(recorded(), "runs") == 0);
    gruvi_fiber_cancel(act.fiber, NULL);
    ck_assert_int_eq(finish(act.fiber), 0);
    ck_assert_str_eq(recorded(), "runs cancelled");
    ck_assert_int_eq(act.result, UV_ECANCELED);
    close_scene(&act.scene);
}

static int
wait_until_shutdown(void *arg)
{
    struct act *act = arg;

    act->result = call(act, GRUVI_FOREVER);
    act->next = gruvi_sleep(GRUVI_FOREVER);
    return 0;
}

/* Fibers that are waited for are cancelled first: that is a grant. */
HUB_TEST(test_a_hub_that_closes_ends_a_wait)
{
    struct act act;

    begin(&act, hub, scene_row(SCENE_WAITS, i), wait_until_shutdown);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert(!gruvi_fiber_alive(act.fiber));
    if (act.scene.row->flags & SCENE_FOR_FIBER) {
        ck_assert_int_eq(act.result, 0);
        ck_assert_int_eq(act.next, UV_ECANCELED);
    } else {
        ck_assert_int_eq(act.result, UV_ECANCELED);
        ck_assert_int_eq(act.next, UV_ESHUTDOWN);
    }
    gruvi_fiber_unref(act.fiber);
    close_scene(&act.scene);
}

int
main(void)
{
    Suite *suite = suite_create("waits");
    TCase *tc = tcase_create("every switchpoint");
    int all = scene_count(SCENE_WAITS), granted = scene_count(SCENE_GRANTED);
    int timed = scene_count(SCENE_TIMED);

    tcase_set_timeout(tc, 60); /* to fill a TCP connection takes its time */
    tcase_add_loop_test(tc, test_a_cancel_ends_a_wait_and_no_other, 0, all);
    tcase_add_loop_test(tc, test_a_throw_ends_a_wait_and_no_other, 0, all);
    tcase_add_loop_test(tc, test_two_cancels_end_two_waits, 0, all);
    tcase_add_loop_test(tc, test_its_own_timeout_ends_a_wait, 0, timed);
    tcase_add_loop_test(tc, test_a_timeout_of_zero_polls, 0, timed);
    tcase_add_loop_test(tc, test_a_deadline_around_it_ends_a_wait_once, 0, all);
    tcase_add_loop_test(tc, test_a_shield_keeps_a_cancel_for_later, 0, granted);
    tcase_add_loop_test(tc, test_a_shield_keeps_a_deadline_for_later, 0,
                        granted);
    tcase_add_loop_test(tc, test_a_cancel_right_before_the_grant_stays_pending,
                        0, granted);
    tcase_add_loop_test(tc, test_a_cancel_right_after_the_grant_stays_pending,
                        0, granted);
    tcase_add_loop_test(tc, test_a_deadline_at_the_grant_stays_pending, 0,
                        granted);
    tcase_add_loop_test(tc, test_its_own_timeout_at_the_grant_is_dropped, 0,
                        timed);
    tcase_add_loop_test(tc, test_a_cancel_that_came_before_ends_the_next_wait,
                        0, all);
    tcase_add_loop_test(tc, test_a_hub_that_closes_ends_a_wait, 0, all);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
