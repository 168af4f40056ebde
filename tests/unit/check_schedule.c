/* SPDX-License-Identifier: MIT */
/*
 * Who runs when: switch and throw out of callbacks, the order of a turn.
 */
#include <string.h>

#include "base/context_tools.h"
#include "core/schedule.h"
#include "unit/harness.h"

/* --- gruvi_fiber_switch() and gruvi_fiber_throw() ------------------------ */

static int
switch_and_return(void *arg)
{
    void *value = arg;
    int err = gruvi_hub_switch(gruvi_get_hub(), &value);

    record("%s", gruvi_fiber_name(gruvi_current_fiber()));
    return err < 0 ? err : (int)(intptr_t)value;
}

static void
switch_to_it(void *arg)
{
    ck_assert_int_eq(gruvi_fiber_switch(arg, (void *)42), 0);
    ck_assert_int_eq(gruvi_fiber_switch(arg, (void *)43), UV_EBUSY);
}

HUB_TEST(test_switch_hands_a_value_to_one_that_waits_in_hub_switch)
{
    gruvi_fiber_t *fiber = spawn(switch_and_return, NULL);

    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_int_eq(gruvi_fiber_switch(fiber, NULL), UV_EPERM);
    ck_assert_int_eq(
        gruvi_hub_run_callback(gruvi_get_hub(), switch_to_it, fiber), 0);
    ck_assert_int_eq(finish(fiber), 42);
}

static void
switch_fails_busy(void *arg)
{
    ck_assert_int_eq(gruvi_fiber_switch(arg, NULL), UV_EBUSY);
    record("busy");
}

HUB_TEST(test_switch_to_one_that_waits_for_something_else_is_refused)
{
    gruvi_fiber_t *fiber = spawn(sleep_for_ever, NULL);

    ck_assert_int_eq(gruvi_sleep(0), 0);
    gruvi_hub_run_callback(gruvi_get_hub(), switch_fails_busy, fiber);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_str_eq(recorded(), "busy");
    gruvi_fiber_cancel(fiber, NULL);
    finish(fiber);
}

struct two {
    gruvi_fiber_t *woken, *switched;
    gruvi_hub_t *hub;
};

static void
wake_one_and_switch_to_the_other(void *arg)
{
    struct two *two = arg;

    gruvi_fiber_start(two->woken);
    ck_assert_int_eq(gruvi_fiber_switch(two->switched, NULL), 0);
}

HUB_TEST(test_switch_starts_a_new_fiber_and_runs_it_first)
{
    struct two two = {gruvi_fiber_new(note_and_return, "woken", NULL),
                      gruvi_fiber_new(note_and_return, "switched", NULL), hub};

    gruvi_hub_run_callback(gruvi_get_hub(), wake_one_and_switch_to_the_other,
                           &two);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_str_eq(recorded(), "switched woken");
    finish(two.woken);
    finish(two.switched);
}

static void
throw_into(void *arg)
{
    ck_assert_int_eq(gruvi_fiber_throw(arg, 1, NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_fiber_throw(arg, UV_EPROTO, "bad hello"), 0);
    ck_assert_int_eq(gruvi_fiber_throw(arg, UV_EPROTO, NULL), UV_EBUSY);
}

static int
expect_throw(void *arg)
{
    int err = gruvi_sleep(GRUVI_FOREVER);

    (void)arg;
    ck_assert_str_eq(gruvi_error_message(), "bad hello");
    ck_assert_int_eq(gruvi_sleep(0), 0);
    return err == UV_EPROTO ? 0 : 1;
}

HUB_TEST(test_throw_ends_the_wait_once)
{
    gruvi_fiber_t *fiber = spawn(expect_throw, NULL);

    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_int_eq(gruvi_fiber_throw(fiber, UV_EPROTO, NULL), UV_EPERM);
    gruvi_hub_run_callback(gruvi_get_hub(), throw_into, fiber);
    ck_assert_int_eq(finish(fiber), 0);
}

HUB_TEST(test_throw_into_one_that_has_not_run_ends_it)
{
    gruvi_fiber_t *fresh = gruvi_fiber_new(note_and_return, "ran", NULL);

    gruvi_hub_run_callback(gruvi_get_hub(), throw_into, fresh);
    ck_assert_int_eq(finish(fresh), UV_EPROTO);
    ck_assert_str_eq(recorded(), "");
}

/* --- the order of a turn ------------------------------------------------- */

static void
start_it(void *arg)
{
    record("callback");
    gruvi_fiber_unref(gruvi_spawn(note_and_return, arg));
}

HUB_TEST(test_sleep_0_returns_after_what_was_queued_and_whom_that_woke)
{
    gruvi_fiber_t *started = spawn(note_and_return, "started");

    gruvi_hub_run_callback(gruvi_get_hub(), start_it, "woken");
    ck_assert_int_eq(gruvi_sleep(0), 0);
    record("root");
    ck_assert_str_eq(recorded(), "callback started woken root");
    finish(started);
}

static int
respawn(void *arg)
{
    int *left = arg;

    if (--*left > 0)
        gruvi_fiber_unref(gruvi_spawn(respawn, arg));
    return 0;
}

static int
yield_until(void *arg)
{
    int *stop = arg;

    while (!*stop)
        if (gruvi_sleep(0) < 0)
            return 1;
    return 0;
}

static int
set_after_a_while(void *arg)
{
    int err = gruvi_sleep(0.002);

    *(int *)arg = 1;
    return err;
}

HUB_TEST(test_fibers_that_wake_each_other_starve_no_timer)
{
    int stop = 0;
    gruvi_fiber_t *a = spawn(yield_until, &stop);
    gruvi_fiber_t *b = spawn(yield_until, &stop);
    gruvi_fiber_t *timer = spawn(set_after_a_while, &stop);

    ck_assert_int_eq(finish(timer), 0);
    ck_assert_int_eq(finish(a), 0);
    ck_assert_int_eq(finish(b), 0);
}

HUB_TEST(test_a_turn_runs_what_was_ready_when_it_began)
{
    int left = 1000;

    gruvi_fiber_unref(spawn(respawn, &left));
    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_int_eq(left, 999);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_int_eq(left, 998);
    while (left > 0)
        gruvi_sleep(0);
}

HUB_TEST(test_sleep_is_never_too_short)
{
    static const double lengths[] = {1e-6, 1e-4, 0.0013, 0.007};
    size_t n;

    for (n = 0; n < sizeof lengths / sizeof *lengths; n++) {
        uint64_t before = uv_hrtime();

        ck_assert_int_eq(gruvi_sleep(lengths[n]), 0);
        ck_assert_uint_ge(uv_hrtime() - before, (uint64_t)(lengths[n] * 1e9));
    }
    ck_assert_int_eq(gruvi_sleep(0.0 / 0.0), UV_EINVAL);
}

static void
try_anothers(void *arg)
{
    gruvi_fiber_options_t options = {.hub = ((struct two *)arg)->hub};
    gruvi_fiber_t *theirs = ((struct two *)arg)->woken;

    ck_assert_int_eq(gruvi_fiber_start(theirs), UV_EPERM);
    ck_assert_int_eq(gruvi_fiber_cancel(theirs, NULL), UV_EPERM);
    ck_assert_int_eq(gruvi_fiber_join(theirs, 0), UV_EPERM);
    ck_assert_ptr_null(gruvi_fiber_new(return_arg, NULL, &options));
    ck_assert_int_eq(gruvi_last_error(), UV_EPERM);
    ck_assert_int_eq(gruvi_hub_close(options.hub), UV_EPERM);
    ck_assert_int_eq(gruvi_hub_switch(options.hub, NULL), UV_EPERM);
    gruvi_hub_close(gruvi_get_hub());
}

HUB_TEST(test_a_fiber_of_another_hub_is_refused)
{
    struct two two = {spawn(sleep_for_ever, NULL), NULL, hub};

    ck_assert_int_eq(gruvi_sleep(0), 0);
    in_thread(try_anothers, &two);
    gruvi_fiber_cancel(two.woken, NULL);
    finish(two.woken);
}

/* --- more fibers than a near cache holds ---------------------------------- */

#ifdef GRUVI__TSAN
enum { MANY = 301 }; /* a stack of its own for each, and more */
#else
enum { MANY = 3001 };
#endif

static long ran[2 * MANY];
static int n_ran;
static gruvi_event_t all_ran;

/* Every third yields, the others wait for the last. */
static int
run_twice(void *arg)
{
    long i = (long)(intptr_t)arg;

    ran[n_ran++] = i;
    if (i == MANY - 1)
        gruvi_event_set(&all_ran);
    ck_assert_int_eq(i % 3 == 0 ? gruvi_sleep(0)
                                : gruvi_event_wait(&all_ran, GRUVI_FOREVER),
                     0);
    ran[n_ran++] = i;
    return 0;
}

HUB_TEST(test_very_many_that_are_ready_run_in_order)
{
    gruvi_fiber_t *fibers[MANY];
    int n = 0;

    gruvi_event_init(&all_ran);
    for (i = 0; i < MANY; i++)
        fibers[i] = spawn(run_twice, (void *)(intptr_t)i);
    for (i = 0; i < MANY; i++)
        ck_assert_int_eq(finish(fibers[i]), 0);
    for (i = 0; i < MANY; i++)
        ck_assert_int_eq(ran[n++], i);
    for (i = 0; i < MANY; i++)
        if (i % 3 != 0)
            ck_assert_int_eq(ran[n++], i);
    for (i = 0; i < MANY; i += 3)
        ck_assert_int_eq(ran[n++], i);
    ck_assert_int_eq(n, n_ran);
}

/* While it is queued, what it waits for makes room for something else. */
HUB_TEST(test_one_that_was_woken_in_vain_still_says_what_it_waits_for)
{
    gruvi_fiber_t *fiber = spawn(sleep_for_ever, NULL), *others[MANY];

    ck_assert_int_eq(gruvi_sleep(0), 0);
    for (i = 0; i < MANY; i++)
        others[i] = spawn(return_arg, NULL);
    gruvi__ready(fiber);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "");
    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "timer");
    for (i = 0; i < MANY; i++)
        finish(others[i]);
    gruvi_fiber_cancel(fiber, NULL);
    finish(fiber);
}

int
main(void)
{
    Suite *suite = suite_create("schedule");
    TCase *tc = tcase_create("turn");

    tcase_add_test(tc,
                   test_switch_hands_a_value_to_one_that_waits_in_hub_switch);
    tcase_add_test(tc,
                   test_switch_to_one_that_waits_for_something_else_is_refused);
    tcase_add_test(tc, test_switch_starts_a_new_fiber_and_runs_it_first);
    tcase_add_test(tc, test_throw_ends_the_wait_once);
    tcase_add_test(tc, test_throw_into_one_that_has_not_run_ends_it);
    tcase_add_test(
        tc, test_sleep_0_returns_after_what_was_queued_and_whom_that_woke);
    tcase_add_test(tc, test_fibers_that_wake_each_other_starve_no_timer);
    tcase_add_test(tc, test_a_turn_runs_what_was_ready_when_it_began);
    tcase_add_test(tc, test_sleep_is_never_too_short);
    tcase_add_test(tc, test_a_fiber_of_another_hub_is_refused);
    tcase_add_test(tc, test_very_many_that_are_ready_run_in_order);
    tcase_add_test(
        tc, test_one_that_was_woken_in_vain_still_says_what_it_waits_for);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
