/* SPDX-License-Identifier: MIT */
/*
 * Visits to the fibers of a hub, in slices, and what is seen of each.
 */
#include <string.h>

#include <gruvi/inspect.h>

#include "unit/harness.h"

#define FIBERS 20

static gruvi_fiber_t *seen[FIBERS + 10];
static unsigned n_seen;

static void
see(gruvi_fiber_t *fiber, void *arg)
{
    (void)arg;
    ck_assert_uint_lt(n_seen, FIBERS + 10);
    seen[n_seen++] = fiber;
}

static unsigned
times_seen(const gruvi_fiber_t *fiber)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_seen; i++)
        n += seen[i] == fiber;
    return n;
}

static void
spawn_all(gruvi_fiber_t *fibers[FIBERS])
{
    n_seen = 0;
    for (int i = 0; i < FIBERS; i++)
        fibers[i] = spawn(sleep_for_ever, NULL);
    turns(2);
}

static void
end_one(gruvi_fiber_t *fiber)
{
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
}

static void
visit_rest(gruvi_hub_t *hub, unsigned max)
{
    while (gruvi__visit_some(hub, max, see, NULL))
        turns(1);
}

HUB_TEST(test_each_fiber_is_visited_once_in_any_slices)
{
    gruvi_fiber_t *fibers[FIBERS];

    spawn_all(fibers);
    for (unsigned max = 1; max < FIBERS + 2; max++) {
        n_seen = 0;
        ck_assert_int_eq(gruvi__visit_begin(hub), 0);
        visit_rest(hub, max);
        ck_assert_uint_eq(n_seen, FIBERS + 2);
        for (int k = 0; k < FIBERS; k++)
            ck_assert_uint_eq(times_seen(fibers[k]), 1);
    }
    for (int k = 0; k < FIBERS; k++)
        end_one(fibers[k]);
}

/*
 *   fiber      0 1 2 3 4 5 6 7 8 9 10 ...
 *   slice 1    ' ' ' ' '
 *   ends           x   x x x   x
 *   slice 2                  '   ' '  ...
 */
HUB_TEST(test_fibers_may_end_between_two_slices)
{
    static const int ends[] = {2, 4, 5, 6, 8};
    gruvi_fiber_t *fibers[FIBERS];

    spawn_all(fibers);
    ck_assert_int_eq(gruvi__visit_begin(hub), 0);
    ck_assert(gruvi__visit_some(hub, 5, see, NULL));
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
        end_one(fibers[ends[k]]);
        fibers[ends[k]] = NULL;
    }
    visit_rest(hub, 3);
    ck_assert_uint_eq(n_seen, FIBERS + 2 - 3);
    for (int k = 0; k < FIBERS; k++)
        if (fibers[k] != NULL) {
            ck_assert_uint_eq(times_seen(fibers[k]), 1);
            end_one(fibers[k]);
        }
}

HUB_TEST(test_fibers_that_begin_meanwhile_are_not_visited)
{
    gruvi_fiber_t *fibers[FIBERS], *more[3];

    spawn_all(fibers);
    ck_assert_int_eq(gruvi__visit_begin(hub), 0);
    ck_assert(gruvi__visit_some(hub, FIBERS - 1, see, NULL));
    for (int k = 0; k < 3; k++)
        more[k] = spawn(sleep_for_ever, NULL);
    visit_rest(hub, 10);
    ck_assert_uint_eq(n_seen, FIBERS + 2);
    for (int k = 0; k < FIBERS; k++)
        end_one(fibers[k]);
    for (int k = 0; k < 3; k++)
        end_one(more[k]);
}

HUB_TEST(test_all_fibers_may_end_meanwhile)
{
    gruvi_fiber_t *fibers[FIBERS];

    spawn_all(fibers);
    ck_assert_int_eq(gruvi__visit_begin(hub), 0);
    ck_assert(gruvi__visit_some(hub, 7, see, NULL));
    for (int k = 0; k < FIBERS; k++)
        end_one(fibers[k]);
    ck_assert_uint_eq(fibers_of(hub), 0);
    ck_assert(!gruvi__visit_some(hub, 7, see, NULL));
    ck_assert_uint_eq(n_seen, 7 + 2);
}

HUB_TEST(test_one_visit_at_a_time)
{
    gruvi_fiber_t *fibers[FIBERS];

    spawn_all(fibers);
    ck_assert_int_eq(gruvi__visit_begin(hub), 0);
    ck_assert(gruvi__visit_some(hub, 1, see, NULL));
    ck_assert_int_eq(gruvi__visit_begin(hub), UV_EBUSY);
    ck_assert_uint_eq(fibers_of(hub), FIBERS); /* as without */
    visit_rest(hub, 100);
    n_seen = 0;
    ck_assert_int_eq(gruvi__visit_begin(hub), 0);
    visit_rest(hub, 100);
    for (int k = 0; k < FIBERS; k++)
        end_one(fibers[k]);
}

HUB_TEST(test_a_visit_may_end_early)
{
    gruvi_fiber_t *fibers[FIBERS];

    spawn_all(fibers);
    ck_assert_int_eq(gruvi__visit_begin(hub), 0);
    ck_assert(gruvi__visit_some(hub, 3, see, NULL));
    gruvi__visit_end(hub);
    gruvi__visit_end(hub);
    ck_assert_uint_eq(fibers_of(hub), FIBERS);
    ck_assert_int_eq(gruvi__visit_begin(hub), 0);
    gruvi__visit_end(hub);
    for (int k = 0; k < FIBERS; k++)
        end_one(fibers[k]);
}

HUB_TEST(test_a_hub_may_close_during_a_visit)
{
    gruvi_fiber_t *fibers[FIBERS];

    spawn_all(fibers);
    ck_assert_int_eq(gruvi__visit_begin(hub), 0);
    ck_assert(gruvi__visit_some(hub, 5, see, NULL));
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert(!gruvi__visit_some(hub, 5, see, NULL));
    for (int k = 0; k < FIBERS; k++) {
        ck_assert_int_eq(gruvi_fiber_status(fibers[k]), UV_ECANCELED);
        gruvi_fiber_unref(fibers[k]);
    }
}

/* --- what is seen
 * ---------------------------------------------------------------
 */

static double
waited(const gruvi_fiber_t *fiber)
{
    gruvi__fiber_view_t view;

    gruvi__fiber_look(fiber, &view);
    return view.waited;
}

HUB_TEST(test_a_fiber_that_waits_says_for_what_and_how_long)
{
    gruvi_fiber_t *fiber = spawn(sleep_for_ever, NULL);
    gruvi__fiber_view_t view;

    gruvi__fiber_look(fiber, &view);
    ck_assert_str_eq(view.state, "ready");
    ck_assert_str_eq(view.waits, "");
    turns(2);
    gruvi__fiber_look(fiber, &view);
    ck_assert_str_eq(view.state, "waits");
    ck_assert_str_eq(view.waits, "timer");
    ck_assert_ptr_null(view.name);
    ck_assert_uint_gt(view.id, 0);
    ck_assert_uint_ge(view.size, 16 << 10);
    ck_assert_uint_lt(view.used, view.size);
#ifndef GRUVI_CONTEXT_UCONTEXT
    ck_assert_uint_gt(view.used, 0);
#endif
    wait_until(waited(fiber) > 0.05);
    end_one(fiber);
}

static int
wait_twice(void *event)
{
    ck_assert_int_eq(gruvi_event_wait(event, GRUVI_FOREVER), 0);
    return gruvi_sleep(GRUVI_FOREVER);
}

HUB_TEST(test_each_wait_counts_from_its_beginning)
{
    gruvi_event_t event = GRUVI_EVENT_INIT;
    gruvi_fiber_t *fiber = spawn(wait_twice, &event);

    wait_until(waited(fiber) > 0.1);
    gruvi_event_set(&event);
    turns(2);
    ck_assert_double_lt(waited(fiber), 0.1);
    end_one(fiber);
    gruvi_event_destroy(&event);
}

HUB_TEST(test_the_fiber_that_runs_does_not_wait)
{
    gruvi__fiber_view_t view;

    gruvi__fiber_look(gruvi_current_fiber(), &view);
    ck_assert_str_eq(view.state, "runs");
    ck_assert_str_eq(view.name, "Root");
    ck_assert_str_eq(view.waits, "");
    ck_assert_double_eq(view.waited, 0);
    ck_assert_uint_eq(view.used, 0);
}

HUB_TEST(test_a_name_that_was_given_is_seen)
{
    gruvi_fiber_options_t options = {.name = "reader"};
    gruvi_fiber_t *fiber;
    gruvi__fiber_view_t view;

    fiber = gruvi_fiber_new(sleep_for_ever, NULL, &options);
    ck_assert_ptr_nonnull(fiber);
    ck_assert_int_eq(gruvi_fiber_start(fiber), 0);
    gruvi__fiber_look(fiber, &view);
    ck_assert_str_eq(view.name, "reader");
    end_one(fiber);
}

int
main(void)
{
    Suite *suite = suite_create("fiber_list");
    TCase *tc = tcase_create("fiber_list");

    tcase_add_test(tc, test_each_fiber_is_visited_once_in_any_slices);
    tcase_add_test(tc, test_fibers_may_end_between_two_slices);
    tcase_add_test(tc, test_fibers_that_begin_meanwhile_are_not_visited);
    tcase_add_test(tc, test_all_fibers_may_end_meanwhile);
    tcase_add_test(tc, test_one_visit_at_a_time);
    tcase_add_test(tc, test_a_visit_may_end_early);
    tcase_add_test(tc, test_a_hub_may_close_during_a_visit);
    tcase_add_test(tc, test_a_fiber_that_waits_says_for_what_and_how_long);
    tcase_add_test(tc, test_each_wait_counts_from_its_beginning);
    tcase_add_test(tc, test_the_fiber_that_runs_does_not_wait);
    tcase_add_test(tc, test_a_name_that_was_given_is_seen);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
