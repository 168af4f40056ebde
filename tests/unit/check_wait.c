/* SPDX-License-Identifier: MIT */
/* Waiting for several objects: events, futures, fibers, in any mix. */
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/thread.h"
#include "unit/harness.h"

#define MANY 200 /* more than fit on the stack */
/* Some events, and their waitables. */
struct events {
    gruvi_event_t events[MANY];
    gruvi_waitable_t *objects[MANY];
    bool done[MANY];
    int n;
};

static void
init_events(struct events *e, int n)
{
    memset(e, 0, sizeof *e);
    e->n = n;
    for (int i = 0; i < n; i++)
        e->objects[i] = gruvi_event_waitable(&e->events[i]);
}

/* Nobody waits any more. */
static void
destroy_events(struct events *e)
{
    for (int i = 0; i < e->n; i++)
        gruvi_event_destroy(&e->events[i]);
}

static int
wait_for(struct events *e, int count, double timeout)
{
    return gruvi_wait(e->objects, (size_t)e->n, (size_t)count, timeout,
                      e->done);
}

static void
check_done(const struct events *e, const char *expected)
{
    for (int i = 0; i < e->n; i++)
        ck_assert_msg(e->done[i] == (expected[i] == '1'), "%d is %d", i,
                      e->done[i]);
}

/* --- what it returns --------------------------------------------------------
 */

THREAD_TEST(test_it_polls_and_counts)
{
    struct events e;

    init_events(&e, 4);
    ck_assert_int_eq(wait_for(&e, 0, 0), 0);
    check_done(&e, "0000");
    gruvi_event_set(&e.events[1]);
    gruvi_event_set(&e.events[3]);
    ck_assert_int_eq(wait_for(&e, 0, 0), 2);
    check_done(&e, "0101");
    ck_assert_int_eq(wait_for(&e, 1, GRUVI_FOREVER), 2);
    ck_assert_int_eq(wait_for(&e, 2, GRUVI_FOREVER), 2);
    ck_assert_int_eq(wait_for(&e, 3, 0), 2);
    ck_assert_int_eq(gruvi_wait(e.objects, 4, 1, 0, NULL), 2);
    ck_assert_int_eq(gruvi_wait(NULL, 0, 0, GRUVI_FOREVER, NULL), 0);
    ck_assert_ptr_null(gruvi__self.hub);
    destroy_events(&e);
}

static void
check_timeout(int n)
{
    struct events e;

    init_events(&e, n);
    gruvi_event_set(&e.events[n - 1]);
    ck_assert_int_eq(wait_for(&e, 0, 0.001), 1);
    ck_assert(e.done[n - 1] && !e.done[0]);
    ck_assert_int_eq(wait_for(&e, 2, 0.001), 1);
    destroy_events(&e);
}

THREAD_TEST(test_a_timeout_returns_how_many_are_done)
{
    check_timeout(3);
    check_timeout(MANY);
}

HUB_TEST(test_in_a_fiber_too)
{
    check_timeout(3);
    check_timeout(MANY);
}

HUB_TEST(test_bad_arguments_are_refused)
{
    struct events e;
    gruvi_waitable_t *self = gruvi_fiber_waitable(gruvi_current_fiber());

    init_events(&e, 2);
    e.done[0] = e.done[1] = true;
    ck_assert_int_eq(wait_for(&e, 3, 0), UV_EINVAL);
    check_done(&e, "00");
    ck_assert_int_eq(wait_for(&e, 0, NAN), UV_EINVAL);
    ck_assert_int_eq(gruvi_wait(NULL, 1, 0, 0, NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_wait(&self, 1, 0, 0, NULL), UV_EINVAL);
    e.objects[1] = gruvi_event_waitable(NULL);
    ck_assert_int_eq(wait_for(&e, 0, 0), UV_EINVAL);
    ck_assert_ptr_null(gruvi_fiber_waitable(NULL));
}

static int
wait_for_itself(void *arg)
{
    gruvi_waitable_t *self = gruvi_fiber_waitable(gruvi_current_fiber());

    (void)arg;
    ck_assert_int_eq(gruvi_wait(&self, 1, 0, GRUVI_FOREVER, NULL), UV_EINVAL);
    return 0;
}

static void
wait_for_foreign(void *arg)
{
    gruvi_waitable_t *fiber = gruvi_fiber_waitable(arg);

    ck_assert_int_eq(gruvi_wait(&fiber, 1, 0, 0, NULL), UV_EPERM);
}

HUB_TEST(test_fibers_are_waited_for_by_others_of_their_hub)
{
    gruvi_fiber_t *fiber = spawn(wait_for_itself, NULL);

    in_thread(wait_for_foreign, fiber);
    ck_assert_int_eq(finish(fiber), 0);
}

/* --- fibers that wait ------------------------------------------------------
 */

struct waiting {
    struct events e;
    int count, result;
    double timeout;
};

static int
wait_in_fiber(void *arg)
{
    struct waiting *w = arg;

    w->result = -1;
    w->result = wait_for(&w->e, w->count, w->timeout);
    return 0;
}

static gruvi_fiber_t *
begin_waiting(struct waiting *w, int n, int count)
{
    gruvi_fiber_t *fiber;

    init_events(&w->e, n);
    w->count = count;
    w->timeout = GRUVI_FOREVER;
    fiber = spawn(wait_in_fiber, w);
    turns(2);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "objects");
    return fiber;
}

HUB_TEST(test_it_returns_when_enough_are_done)
{
    struct waiting w;
    gruvi_fiber_t *fiber = begin_waiting(&w, 4, 2);

    gruvi_event_set(&w.e.events[2]);
    turns(2);
    ck_assert(gruvi_fiber_alive(fiber));
    gruvi_event_set(&w.e.events[0]);
    turns(2);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(w.result, 2);
    check_done(&w.e, "1010");
    destroy_events(&w.e);
}

HUB_TEST(test_one_more_that_is_done_by_then_counts)
{
    struct waiting w;
    gruvi_fiber_t *fiber = begin_waiting(&w, 3, 1);

    for (int n = 0; n < 3; n++)
        gruvi_event_set(&w.e.events[n]);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(w.result, 3);
    check_done(&w.e, "111");
}

HUB_TEST(test_what_was_set_counts_though_it_is_cleared)
{
    struct waiting w;
    gruvi_fiber_t *fiber = begin_waiting(&w, 2, 2);

    gruvi_event_set(&w.e.events[0]);
    gruvi_event_clear(&w.e.events[0]);
    gruvi_event_set(&w.e.events[0]);
    gruvi_event_clear(&w.e.events[0]);
    turns(2);
    ck_assert(gruvi_fiber_alive(fiber));
    gruvi_event_set(&w.e.events[1]);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(w.result, 2);
    check_done(&w.e, "11");
    destroy_events(&w.e);
}

HUB_TEST(test_the_same_one_twice_counts_twice)
{
    struct waiting w;
    gruvi_fiber_t *fiber;

    init_events(&w.e, 3);
    w.e.objects[1] = w.e.objects[0];
    w.count = 2;
    w.timeout = GRUVI_FOREVER;
    fiber = spawn(wait_in_fiber, &w);
    turns(2);
    gruvi_event_set(&w.e.events[0]);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(w.result, 2);
    check_done(&w.e, "110");
    destroy_events(&w.e);
}

HUB_TEST(test_a_cancel_ends_it_and_tells_what_is_done)
{
    struct waiting w;
    gruvi_fiber_t *fiber = begin_waiting(&w, 3, 2);

    gruvi_event_set(&w.e.events[1]);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(w.result, UV_ECANCELED);
    check_done(&w.e, "010");
    destroy_events(&w.e);
}

static int
wait_in_deadline(void *arg)
{
    struct waiting *w = arg;

    GRUVI_WITH_SWITCH_BACK (sb, 0.001) {
        w->result = wait_for(&w->e, w->count, w->timeout);
    }
    return 0;
}

HUB_TEST(test_a_deadline_around_it_is_an_error_and_its_own_timeout_is_not)
{
    struct waiting w = {.count = 1, .timeout = GRUVI_FOREVER};

    init_events(&w.e, 2);
    ck_assert_int_eq(finish(spawn(wait_in_deadline, &w)), 0);
    ck_assert_int_eq(w.result, UV_ETIMEDOUT);
    w.timeout = 0.0001;
    ck_assert_int_eq(finish(spawn(wait_in_fiber, &w)), 0);
    ck_assert_int_eq(w.result, 0);
    destroy_events(&w.e);
}

/* --- a mix ------------------------------------------------------------------
 */

static int
wait_for_event(void *arg)
{
    return gruvi_event_wait(arg, GRUVI_FOREVER);
}

HUB_TEST(test_events_futures_and_fibers_in_one_wait)
{
    gruvi_event_t gate = GRUVI_EVENT_INIT, event = GRUVI_EVENT_INIT;
    gruvi_future_t *f = gruvi_future_new();
    gruvi_fiber_t *fiber = spawn(wait_for_event, &gate);
    gruvi_fiber_t *other = spawn(end_at_once, NULL);
    gruvi_waitable_t *objects[] = {
        gruvi_event_waitable(&event), gruvi_future_waitable(f),
        gruvi_fiber_waitable(fiber), gruvi_fiber_waitable(other),
        gruvi_fiber_waitable(other)};
    bool done[5];

    ck_assert_int_eq(gruvi_wait(objects, 5, 1, GRUVI_FOREVER, done), 2);
    ck_assert(done[3] && done[4] && !done[0] && !done[1] && !done[2]);
    ck_assert_int_eq(gruvi_wait(objects, 5, 3, 0.001, done), 2);
    gruvi_future_set_result(f, NULL);
    ck_assert_int_eq(gruvi_wait(objects, 5, 3, 1, done), 3);
    ck_assert(done[1]);
    gruvi_event_set(&gate);
    ck_assert_int_eq(gruvi_wait(objects, 5, 4, GRUVI_FOREVER, done), 4);
    ck_assert(done[2] && !done[0]);
    gruvi_event_set(&event);
    ck_assert_int_eq(gruvi_wait(objects, 5, 0, GRUVI_FOREVER, done), 5);
    gruvi_fiber_unref(fiber);
    gruvi_fiber_unref(other);
    gruvi_future_unref(f);
}

HUB_TEST(test_a_fiber_that_is_not_waited_for_any_more_ends)
{
    gruvi_event_t gate = GRUVI_EVENT_INIT;
    gruvi_fiber_t *fiber = spawn(wait_for_event, &gate);
    gruvi_waitable_t *object = gruvi_fiber_waitable(fiber);

    for (int n = 0; n < 3; n++)
        ck_assert_int_eq(gruvi_wait(&object, 1, 1, 0.001, NULL), 0);
    gruvi_event_set(&gate);
    ck_assert_int_eq(finish(fiber), 0);
}

/* As they are completed: a loop over waits for one more. */
HUB_TEST(test_all_are_found_as_they_are_completed)
{
    gruvi_waitable_t *objects[MANY];
    gruvi_fiber_t *fibers[MANY];
    int n = MANY, found = 0, got;
    bool done[MANY];

    for (int k = 0; k < n; k++) {
        fibers[k] = spawn(end_at_once, NULL);
        objects[k] = gruvi_fiber_waitable(fibers[k]);
    }
    while (n > 0) {
        got = gruvi_wait(objects, (size_t)n, 1, GRUVI_FOREVER, done);
        ck_assert_int_ge(got, 1);
        for (int k = n - 1; k >= 0; k--) {
            if (!done[k])
                continue;
            objects[k] = objects[--n];
            found++;
            got--;
        }
        ck_assert_int_eq(got, 0);
    }
    ck_assert_int_eq(found, MANY);
    for (int k = 0; k < MANY; k++)
        gruvi_fiber_unref(fibers[k]);
}

static int
wait_on_small_stack(void *arg)
{
    struct waiting *w = arg;

    w->result = gruvi_wait(w->e.objects, 64, 0, GRUVI_FOREVER, w->e.done);
    return 0;
}

HUB_TEST(test_it_fits_on_the_smallest_stack)
{
    gruvi_fiber_options_t options = {.stack_size = 16384};
    struct waiting w;
    gruvi_fiber_t *fiber;

    init_events(&w.e, 64);
    fiber = gruvi_spawn_ex(wait_on_small_stack, &w, &options);
    ck_assert_ptr_nonnull(fiber);
    turns(2);
    for (int n = 0; n < 64; n++)
        gruvi_event_set(&w.e.events[n]);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_int_eq(w.result, 64);
}

int
main(void)
{
    Suite *suite = suite_create("wait");
    TCase *tc = tcase_create("wait");

    tcase_add_test(tc, test_it_polls_and_counts);
    tcase_add_test(tc, test_a_timeout_returns_how_many_are_done);
    tcase_add_test(tc, test_in_a_fiber_too);
    tcase_add_test(tc, test_bad_arguments_are_refused);
    tcase_add_test(tc, test_fibers_are_waited_for_by_others_of_their_hub);
    tcase_add_test(tc, test_it_returns_when_enough_are_done);
    tcase_add_test(tc, test_one_more_that_is_done_by_then_counts);
    tcase_add_test(tc, test_what_was_set_counts_though_it_is_cleared);
    tcase_add_test(tc, test_the_same_one_twice_counts_twice);
    tcase_add_test(tc, test_a_cancel_ends_it_and_tells_what_is_done);
    tcase_add_test(
        tc, test_a_deadline_around_it_is_an_error_and_its_own_timeout_is_not);
    tcase_add_test(tc, test_events_futures_and_fibers_in_one_wait);
    tcase_add_test(tc, test_a_fiber_that_is_not_waited_for_any_more_ends);
    tcase_add_test(tc, test_all_are_found_as_they_are_completed);
    tcase_add_test(tc, test_it_fits_on_the_smallest_stack);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
