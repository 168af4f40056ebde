/* SPDX-License-Identifier: MIT */
/*
 * Every switchpoint without memory, by the sweep of failing.h.
 *
 *   each allocation fails    the call              the next call
 *   while it is not ready    UV_ENOMEM, or waits   waits, and is granted
 *   where it is ready        UV_ENOMEM, or works   works
 */
#include <string.h>

#include "support/valgrind.h"
#include "unit/failing.h"
#include "unit/scenes.h"

#ifdef HAVE_OPENSSL
#include "unit/certificates.h"
#endif

static const struct scene_row *row;
static struct scene scene;

static int
call(void *arg)
{
    (void)arg;
    return row->call(&scene, GRUVI_FOREVER);
}

/* Begin to call, and see that it waits, or has ended. */
static gruvi_fiber_t *
begin_call(int n, bool all)
{
    gruvi_fiber_t *fiber = gruvi_fiber_new(call, NULL, NULL);

    ck_assert_ptr_nonnull(fiber);
    fail_allocation(n, all);
    ck_assert_int_eq(gruvi_fiber_start(fiber), 0);
    while (strcmp(gruvi_fiber_waiting_for(fiber), row->what) != 0 &&
           gruvi_fiber_alive(fiber))
        turns(1); /* wait_until() would ask for memory */
    return fiber;
}

static void
try_to_wait(void *arg)
{
    struct trial *trial = arg;
    gruvi_fiber_t *fiber;

    count_allocations();
    open_scene(&scene, gruvi_get_hub(), row);
    fiber = begin_call(trial->n, trial->all);
    trial->failed = stop_failing() > 0;
    if (!gruvi_fiber_alive(fiber)) {
        ck_assert(trial->failed);
        ck_assert_int_eq(finish(fiber), UV_ENOMEM);
        fiber = begin_call(0, false);
    }
    if (row->flags & SCENE_GRANTED) {
        grant_scene(&scene);
        ck_assert_int_eq(finish(fiber), row->granted);
    } else {
        ck_assert_int_eq(gruvi_fiber_cancel(fiber, NULL), 0);
        ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    }
    close_scene(&scene);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

static void
try_what_is_ready(void *arg)
{
    struct trial *trial = arg;
    int result;

    count_allocations();
    open_scene(&scene, gruvi_get_hub(), row);
    make_scene_ready(&scene);
    fail_allocation(trial->n, trial->all);
    result = row->call(&scene, GRUVI_FOREVER);
    trial->failed = stop_failing() > 0;
    if (result != row->granted) {
        ck_assert(trial->failed);
        ck_assert_int_eq(result, UV_ENOMEM);
        ck_assert_int_eq(row->call(&scene, GRUVI_FOREVER), row->granted);
    }
    close_scene(&scene);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

/* Valgrind is told enough by the first. */
static int
sweep_both(void (*try)(void *trial))
{
    int n = sweep(try, false);

    return RUNNING_ON_VALGRIND ? n : n + sweep(try, true);
}

THREAD_TEST(test_each_switchpoint_survives_each_allocation_that_fails)
{
    int n = 0;

    start_io_pool();
    row = scene_row(0, i);
    if (!scene_is_whole(row))
        return;
    if (row->flags & SCENE_WAITS)
        n += sweep_both(try_to_wait);
    if (row->flags & SCENE_READY)
        n += sweep_both(try_what_is_ready);
    ck_assert_msg((n > 0) == ((row->flags & SCENE_ALLOCATES) > 0),
                  "%s: %d allocations", row->name, n);
}

int
main(void)
{
    Suite *suite = suite_create("no memory for switchpoints");
    TCase *tc = tcase_create("every switchpoint");

#ifdef HAVE_OPENSSL
    certificate("ca.pem");
#endif
    failing_begin();
    tcase_add_loop_test(
        tc, test_each_switchpoint_survives_each_allocation_that_fails, 0,
        scene_count(0));
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
