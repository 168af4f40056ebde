/* SPDX-License-Identifier: MIT */
/*
 * The event, between the fibers of one hub.  What holds for every wait, cancels
 * and timeouts in all their orders, is in check_waits.c; what comes from other
 * threads in check_event_threads.c.
 */
#include <math.h>
#include <string.h>

#include "unit/harness.h"

static gruvi_event_t initialised = GRUVI_EVENT_INIT;
static gruvi_event_t zeroed;

/* --- the flag ------------------------------------------------------------- */

THREAD_TEST(test_an_event_begins_unset_however_it_was_made)
{
    gruvi_event_t made;

    memset(&made, 0xff, sizeof made);
    ck_assert_int_eq(gruvi_event_init(&made), 0);
    ck_assert(!gruvi_event_is_set(&made));
    ck_assert(!gruvi_event_is_set(&initialised));
    ck_assert(!gruvi_event_is_set(&zeroed));
    ck_assert_uint_eq(sizeof made, 64);
    gruvi_event_destroy(&made);
}

HUB_TEST(test_it_stays_set_until_it_is_cleared)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;

    gruvi_event_set(&event);
    gruvi_event_set(&event);
    for (int n = 0; n < 3; n++) {
        ck_assert(gruvi_event_is_set(&event));
        ck_assert_int_eq(gruvi_event_wait(&event, GRUVI_FOREVER), 0);
        ck_assert_int_eq(gruvi_event_wait(&event, 0), 0);
    }
    gruvi_event_clear(&event);
    gruvi_event_clear(&event);
    ck_assert(!gruvi_event_is_set(&event));
    ck_assert_int_eq(gruvi_event_wait(&event, 0), UV_ETIMEDOUT);
    gruvi_event_destroy(&event);
}

HUB_TEST(test_a_timeout_that_is_no_number_is_refused)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;

    ck_assert_int_eq(gruvi_event_wait(&event, NAN), UV_EINVAL);
    gruvi_event_set(&event);
    ck_assert_int_eq(gruvi_event_wait(&event, NAN), UV_EINVAL);
}

/* --- fibers of one hub ---------------------------------------------------- */

struct waiting {
    gruvi_event_t *event;
    const char *name;
    double timeout;
};

static int
wait_and_record(void *arg)
{
    struct waiting *waiting = arg;
    int err = gruvi_event_wait(waiting->event, waiting->timeout);

    record("%s %s", waiting->name, gruvi_err_name(err));
    return err;
}

HUB_TEST(test_set_wakes_every_waiter_in_the_order_in_which_they_came)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;
    struct waiting waiting[] = {{&event, "a", GRUVI_FOREVER},
                                {&event, "b", 3600},
                                {&event, "c", GRUVI_FOREVER}};
    gruvi_fiber_t *fibers[3];

    for (int n = 0; n < 3; n++)
        fibers[n] = spawn(wait_and_record, &waiting[n]);
    turns(2);
    ck_assert_str_eq(recorded(), "");
    ck_assert_str_eq(gruvi_fiber_waiting_for(fibers[0]), "event");
    gruvi_event_set(&event);
    ck_assert_str_eq(recorded(), "");
    turns(1);
    ck_assert_str_eq(recorded(), "a OK b OK c OK");
    for (int n = 0; n < 3; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    gruvi_event_destroy(&event);
}

HUB_TEST(test_those_who_were_woken_go_on_though_it_is_cleared_at_once)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;
    struct waiting early = {&event, "early", GRUVI_FOREVER};
    struct waiting late = {&event, "late", GRUVI_FOREVER};
    gruvi_fiber_t *first = spawn(wait_and_record, &early), *second;

    turns(1);
    gruvi_event_set(&event);
    gruvi_event_clear(&event);
    second = spawn(wait_and_record, &late);
    turns(2);
    ck_assert_str_eq(recorded(), "early OK");
    gruvi_event_set(&event);
    ck_assert_int_eq(finish(first), 0);
    ck_assert_int_eq(finish(second), 0);
    ck_assert_str_eq(recorded(), "early OK late OK");
}

HUB_TEST(test_one_who_leaves_takes_nobody_along)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;
    struct waiting waiting[] = {{&event, "a", GRUVI_FOREVER},
                                {&event, "b", 0.001},
                                {&event, "c", GRUVI_FOREVER},
                                {&event, "d", GRUVI_FOREVER}};
    gruvi_fiber_t *fibers[4];

    for (int n = 0; n < 4; n++)
        fibers[n] = spawn(wait_and_record, &waiting[n]);
    turns(1);
    ck_assert_int_eq(gruvi_fiber_cancel(fibers[3], NULL), 0);
    ck_assert_int_eq(finish(fibers[3]), UV_ECANCELED);
    ck_assert_int_eq(finish(fibers[1]), UV_ETIMEDOUT);
    ck_assert(!gruvi_event_is_set(&event));
    gruvi_event_set(&event);
    ck_assert_int_eq(finish(fibers[0]), 0);
    ck_assert_int_eq(finish(fibers[2]), 0);
    ck_assert_str_eq(recorded(), "d ECANCELED b ETIMEDOUT a OK c OK");
    gruvi_event_destroy(&event);
}

static void
set_it(void *event)
{
    gruvi_event_set(event);
}

HUB_TEST(test_a_hub_callback_may_set_it)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;

    ck_assert_int_eq(gruvi_hub_run_callback(hub, set_it, &event), 0);
    ck_assert_int_eq(gruvi_event_wait(&event, GRUVI_FOREVER), 0);
}

/* --- misuse --------------------------------------------------------------- */

HUB_TEST(test_destroying_one_that_is_waited_for_is_an_assertion_failure)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;
    struct waiting waiting = {&event, "a", GRUVI_FOREVER};
    gruvi_fiber_t *fiber = spawn(wait_and_record, &waiting);

    turns(1);
    catch_assertions();
    gruvi_event_destroy(&event);
    ck_assert_int_eq(assertions(), 1);
    ck_assert_ptr_nonnull(strstr(last_assertion(), "gruvi_event_destroy"));
    gruvi_event_set(&event);
    ck_assert_int_eq(finish(fiber), 0);
    gruvi_event_destroy(&event);
    ck_assert_int_eq(assertions(), 1);
}

HUB_TEST(test_destroying_one_that_was_waited_for_is_fine)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;
    struct waiting waiting = {&event, "a", 0.001};

    ck_assert_int_eq(finish(spawn(wait_and_record, &waiting)), UV_ETIMEDOUT);
    catch_assertions();
    gruvi_event_destroy(&event);
    ck_assert_int_eq(assertions(), 0);
}

THREAD_TEST(test_waiting_is_a_switchpoint_in_plain_threads_too_the_rest_is_none)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;

    catch_assertions();
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        gruvi_event_set(&event);
        ck_assert(gruvi_event_is_set(&event));
        ck_assert_int_eq(assertions(), 0);
        ck_assert_int_eq(gruvi_event_wait(&event, 0), UV_EPERM);
        gruvi_event_clear(&event);
    }
    ck_assert_int_eq(assertions(), 1);
    ck_assert_ptr_nonnull(strstr(last_assertion(), "gruvi_event_wait"));
}

/* --- the end of a hub ----------------------------------------------------- */

HUB_TEST(test_closing_the_hub_ends_the_wait_and_the_event_lives_on)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;
    struct waiting waiting = {&event, "a", GRUVI_FOREVER};

    gruvi_fiber_unref(spawn(wait_and_record, &waiting));
    turns(1);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "a ECANCELED");
    ck_assert_int_eq(gruvi_event_wait(&event, GRUVI_FOREVER), UV_ESHUTDOWN);
    gruvi_event_set(&event);
    gruvi_event_destroy(&event);
}

int
main(void)
{
    Suite *suite = suite_create("event");
    TCase *tc = tcase_create("event");

    tcase_add_test(tc, test_an_event_begins_unset_however_it_was_made);
    tcase_add_test(tc, test_it_stays_set_until_it_is_cleared);
    tcase_add_test(tc, test_a_timeout_that_is_no_number_is_refused);
    tcase_add_test(tc,
                   test_set_wakes_every_waiter_in_the_order_in_which_they_came);
    tcase_add_test(
        tc, test_those_who_were_woken_go_on_though_it_is_cleared_at_once);
    tcase_add_test(tc, test_one_who_leaves_takes_nobody_along);
    tcase_add_test(tc, test_a_hub_callback_may_set_it);
    tcase_add_test(
        tc, test_destroying_one_that_is_waited_for_is_an_assertion_failure);
    tcase_add_test(tc, test_destroying_one_that_was_waited_for_is_fine);
    tcase_add_test(
        tc,
        test_waiting_is_a_switchpoint_in_plain_threads_too_the_rest_is_none);
    tcase_add_test(tc,
                   test_closing_the_hub_ends_the_wait_and_the_event_lives_on);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
